// The page: puts its parts together and keeps them on what is selected.
// Invariant: everything shown follows from the payload and the state, and the state stands in the address.

import { Calls, Kind, totals, type Selection, type Tree } from "./calls";
import * as details from "./details";
import { copy, element } from "./dom";
import { Flame } from "./flame";
import { bytes, count, counted, seconds, share, shortened, visible } from "./format";
import { unpack, type Payload } from "./payload";
import * as sourceView from "./source";
import { fromHash, TABS, toHash, type State, type Tab } from "./state";
import { amount, Table, type Column } from "./table";
import { TimeLine } from "./timeline";

const TAB_NAMES: Record<Tab, string> = { lines: "Lines", functions: "Functions", source: "Source", objects: "Objects", advice: "Advice", run: "Run" };

const KEYS: [string, string][] = [
  ["/", "search names; Escape ends it"],
  ["← →", "the moment before, the moment after"],
  ["p", "the peak"],
  ["a", "what was allocated over the whole run"],
  ["e", "what was still live at the end"],
  ["l", "open or fold libraries"],
  ["t", "split or join threads"],
  ["1 … 6", "lines, functions, source, objects, advice, run"],
  ["Backspace", "back to what was seen before"],
  ["0", "the whole flame graph"],
  ["arrows, Enter", "in the flame graph: walk, zoom"],
  ["c", "copy path:line of the frame in focus"],
  ["?", "these keys"],
];

class Page {
  private readonly calls: Calls;
  private state: State;
  private tree!: Tree;
  private treeKey = "";
  private own: Float64Array = new Float64Array(0);
  private ownKey = "";
  private sums!: ReturnType<Calls["sums"]>;
  private totals: Float64Array = new Float64Array(0);
  private readonly flame: Flame;
  private readonly timeline: TimeLine;
  private readonly table: Table;
  private readonly matching = new Map<string, Uint8Array>();
  private readonly peak: number;
  private readonly sourceLines = new Map<number, Map<number, string>>();

  private readonly status = element("p", { class: "status", "aria-live": "polite" });
  private readonly pointValues = element("span", { class: "values" });
  private readonly search = element("input", { type: "search", placeholder: "Search  /", "aria-label": "Search functions, files and libraries", autocomplete: "off", spellcheck: "false" });
  private readonly found = element("span", { class: "muted found" });
  private readonly modes = element("div", { class: "segments", role: "group", "aria-label": "What is counted" });
  private readonly foldBox = element("input", { type: "checkbox" });
  private readonly threadBox = element("input", { type: "checkbox" });
  private readonly tabs = element("div", { class: "tabs", role: "tablist", "aria-label": "Details" });
  private readonly panel = element("section", { class: "panel details", role: "tabpanel", tabindex: -1 });
  private readonly crumbs = element("nav", { class: "crumbs", "aria-label": "Zoom" });
  private readonly help: HTMLDialogElement;
  private readonly toast = element("div", { class: "toast", role: "status" });

  constructor(
    private readonly payload: Payload,
    app: HTMLElement,
  ) {
    this.calls = new Calls(payload);
    this.peak = payload.moments.peak;
    this.state = this.read();
    for (const source of payload.sources) {
      const lines = new Map<number, string>();
      for (const [first, text] of source.parts) text.split("\n").forEach((line, i) => lines.set(first + i, line.trim()));
      this.sourceLines.set(source.file, lines);
    }
    const timeBox = element("div", { class: "timeline", tabindex: 0, role: "slider", "aria-label": "Moment of the run", "aria-valuemin": 0, "aria-valuemax": payload.moments.time_ms.length - 1 });
    const flameBox = element("div", { class: "flame", tabindex: 0, role: "application", "aria-label": "Flame graph of calls: arrows walk, Enter zooms" });
    this.help = this.makeHelp();
    const tableBox = element("div");
    this.table = new Table(tableBox);
    app.append(this.header(), this.timeSection(timeBox), this.bar(), this.flameSection(flameBox), this.tabs, this.panel, this.footer(), this.help, this.toast);
    this.panel.append(tableBox);
    this.timeline = new TimeLine(timeBox, payload, this.state.selection, (at) => this.go({ selection: { mode: "live", at, from: -1, to: -1 } }), (from, to) => this.interval(from, to), (index) => this.point(index));
    this.flame = new Flame(flameBox, (node) => this.zoom(node), (node) => this.hover(node));
    this.flame.restyle();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.flame.restyle());
    timeBox.addEventListener("keydown", (event) => this.timeKey(event));
    flameBox.addEventListener("keydown", (event) => this.flameKey(event));
    document.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("hashchange", () => {
      this.state = this.read();
      this.render();
    });
    window.addEventListener("beforeprint", () => this.flame.restyle());
    this.point(null);
    this.render();
  }

  // --- State ---

  private read(): State {
    return fromHash(location.hash, this.peak, this.payload.moments.time_ms.length);
  }

  /** Changes the state; `quietly` without a step of "back". */
  private go(change: Partial<State>, quietly = false): void {
    this.state = { ...this.state, ...change };
    const hash = toHash(this.state, this.peak);
    const address = `#${hash}`;
    if (location.hash !== address && !(hash === "" && location.hash === "")) {
      if (quietly) history.replaceState(null, "", address);
      else history.pushState(null, "", address);
    }
    this.render();
  }

  private interval(from: number, to: number): void {
    const mode = this.state.selection.mode === "leaked" ? "leaked" : "allocated";
    this.go({ selection: { mode, at: to, from, to } });
  }

  private mode(mode: Selection["mode"]): void {
    const last = this.payload.moments.time_ms.length - 1;
    const { selection } = this.state;
    if (mode === "live") this.go({ selection: { mode, at: selection.mode === "live" ? selection.at : this.peak, from: -1, to: -1 } });
    else if (selection.mode === "live") this.go({ selection: { mode, at: last, from: -1, to: last } });
    else this.go({ selection: { ...selection, mode } });
  }

  private step(by: number): void {
    const { selection } = this.state;
    const last = this.payload.moments.time_ms.length - 1;
    const at = Math.max(0, Math.min(last, (selection.mode === "live" ? selection.at : selection.to) + by));
    this.go({ selection: { mode: "live", at, from: -1, to: -1 } }, true);
  }

  private get isPeak(): boolean {
    return this.state.selection.mode === "live" && this.state.selection.at === this.peak;
  }

  // --- Parts ---

  private header(): HTMLElement {
    const { payload } = this;
    const { run, peak } = payload;
    const top = element("header", { class: "top" });
    for (const problem of run.problems.slice(0, 3)) top.append(element("p", { class: "warning" }, "Partial report: ", visible(problem)));
    if (run.problems.length > 3) top.append(element("p", { class: "warning" }, `and ${count(run.problems.length - 3)} more problems`));
    if (peak.heap_bytes === 0) {
      top.append(element("h1", {}, "Nothing was allocated while heapwise recorded."));
    } else {
      const error = peak.error_bytes >= peak.heap_bytes / 100 && peak.error_bytes > 0 ? ` ± ${bytes(peak.error_bytes)}` : "";
      top.append(
        element(
          "h1",
          {},
          element("span", { class: "muted" }, "Peak heap "),
          element("b", { id: "peak", "data-bytes": peak.heap_bytes }, bytes(peak.heap_bytes) + error),
          element("span", { class: "muted" }, ` at ${seconds(peak.time_s)} of ${seconds(Math.max(run.duration_s, peak.time_s))}`),
          peak.rss_bytes > 0 ? element("small", { class: "muted" }, ` RSS peak ${bytes(peak.rss_bytes)}`) : null,
        ),
      );
    }
    const command = run.command.length > 0 ? run.command.map((word, i) => (i === 0 ? word.replace(/.*\//, "") : word)).join(" ") : "a program whose command line is not recorded";
    const ending = run.exit === null ? null : "signal" in run.exit ? `ended by signal ${run.exit.signal}` : run.exit.code !== 0 ? `exit code ${run.exit.code}` : null;
    top.append(
      element("p", { class: "command" }, element("code", {}, element("bdi", {}, visible(shortened(command, 300)))), element("span", { class: "muted" }, [` Python ${run.python}`, run.mode, ending, run.recording === "open" ? "no end recorded" : null].filter(Boolean).join(" · "))),
    );
    if (peak.heap_bytes > 0) top.append(this.summary());
    return top;
  }

  /** What to change, and who held most: the answer in one look. */
  private summary(): HTMLElement {
    const { payload } = this;
    const whole = payload.peak.heap_bytes;
    const box = element("div", { class: "summary" });
    if (payload.findings.length > 0) {
      const list = element("ol");
      for (const finding of payload.findings.slice(0, 3)) {
        const button = element(
          "button",
          { type: "button", class: "card advice", click: () => this.showTab("advice", `finding-${finding.id}`) },
          element("b", { class: "saving" }, details.saving(finding)),
          element("span", { class: "what" }, element("bdi", {}, visible(shortened(finding.title, 160)))),
          element("span", { class: "muted where" }, `${visible(this.shortFile(finding.file))}:${finding.line}`, finding.verified ? ` · proven ${bytes(finding.verified.peak_before_bytes)} → ${bytes(finding.verified.peak_after_bytes)}` : ""),
        );
        list.append(element("li", {}, button));
      }
      const more = payload.findings.length - 3;
      box.append(element("section", { "aria-label": "Advice" }, element("h2", {}, "Lower the peak"), list, more > 0 ? element("button", { type: "button", class: "more", click: () => this.showTab("advice") }, `${count(more)} more`) : null));
    }
    const { lines } = payload.places;
    const order = Array.from(lines.user.keys()).filter((line) => lines.user[line] > 0);
    order.sort((a, b) => lines.user[b] - lines.user[a]);
    const list = element("ol");
    for (const line of order.slice(0, payload.findings.length > 0 ? 4 : 5)) {
      list.append(
        element(
          "li",
          {},
          element(
            "button",
            { type: "button", class: "card", click: () => this.showLine(line) },
            amount(lines.user[line], whole),
            element("span", { class: "muted percent" }, share(lines.user[line], whole)),
            element("span", { class: "what" }, element("code", {}, element("bdi", {}, visible(shortened(this.sourceOf(line) || this.functionName(line), 160))))),
            element("span", { class: "muted where" }, element("bdi", {}, `${this.place(line)}`)),
          ),
        ),
      );
    }
    box.append(element("section", { "aria-label": "Held by" }, element("h2", {}, "Held at the peak by"), list));
    return box;
  }

  private timeSection(box: HTMLElement): HTMLElement {
    const key = (name: string, text: string): HTMLElement => element("span", { class: `key ${name}` }, element("i", { "aria-hidden": "true" }), text);
    const known = this.payload.timeline.anonymous.some((part) => part !== null);
    if (this.payload.timeline.heap.length < 2) box.hidden = true;
    return element(
      "section",
      { class: "panel", "aria-label": "Time line" },
      element("div", { class: "legend" }, key("heap", "heap"), known ? key("rss-anonymous", "RSS: private") : null, known ? key("rss-shared", "shared") : null, known ? key("rss-file", "files") : null, this.payload.looks.length > 0 ? key("look", "look at the objects") : null, this.pointValues),
      box,
      box.hidden ? element("p", { class: "none" }, "The capture has no time line: all happened at one moment.") : null,
    );
  }

  private bar(): HTMLElement {
    for (const [mode, text, explanation] of [
      ["live", "Live", "What was live at the chosen moment"],
      ["allocated", "Allocated", "What was allocated in the chosen interval"],
      ["leaked", "Never freed", "What was allocated in the chosen interval and still live at the end"],
    ] as const)
      this.modes.append(element("button", { type: "button", "data-mode": mode, title: explanation, click: () => this.mode(mode) }, text));
    this.foldBox.addEventListener("change", () => this.go({ fold: this.foldBox.checked, zoom: [] }));
    this.threadBox.addEventListener("change", () => this.go({ threads: this.threadBox.checked, zoom: [] }));
    this.search.addEventListener("input", () => this.go({ search: this.search.value.slice(0, 200) }, true));
    return element(
      "div",
      { class: "controls" },
      this.status,
      this.modes,
      element("button", { type: "button", class: "plain", title: "The highest moment (p)", click: () => this.toPeak() }, "Peak"),
      element("label", { title: "Show the frames within libraries as one (l)" }, this.foldBox, "fold libraries"),
      this.payload.threads.length > 1 ? element("label", { title: "A tree for each thread (t)" }, this.threadBox, "split threads") : null,
      element("span", { class: "search" }, this.search, this.found),
      element("button", { type: "button", class: "plain keys", title: "Keys (?)", "aria-label": "Keys", click: () => this.help.showModal() }, "?"),
    );
  }

  private flameSection(box: HTMLElement): HTMLElement {
    const key = (name: string, text: string): HTMLElement => element("span", { class: `key ${name}` }, element("i", { "aria-hidden": "true" }), text);
    return element("section", { class: "panel", "aria-label": "Flame graph" }, element("div", { class: "legend" }, key("user", "your code"), key("library", "libraries"), key("python", "Python"), this.crumbs), box);
  }

  private footer(): HTMLElement {
    return element("footer", { class: "muted" }, "heapwise · 1 MB is 1,000,000 bytes · heap is what the program asked for and can use");
  }

  private makeHelp(): HTMLDialogElement {
    return element(
      "dialog",
      { "aria-label": "Keys" },
      element("h2", {}, "Keys"),
      element("dl", {}, ...KEYS.flatMap(([key, text]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, text)])),
      element("p", { class: "muted" }, "Click the time line for a moment, drag on it for an interval. The address of this page always leads back to what you see."),
      element("form", { method: "dialog" }, element("button", {}, "Close")),
    );
  }

  // --- Names ---

  private fileOf(line: number): number {
    return this.payload.places.functions.file[this.payload.places.lines.function[line]];
  }

  private functionName(line: number): string {
    return this.payload.places.functions.name[this.payload.places.lines.function[line]].replaceAll("<locals>.", "");
  }

  private place(line: number): string {
    const file = this.payload.places.files[this.fileOf(line)];
    const number = this.payload.places.lines.line[line];
    if (!file.name) return line === 0 ? "(no Python line)" : "(unknown file)";
    return shortened(visible(number > 0 ? `${file.short}:${number}` : file.short), 160);
  }

  /** A place with its folder in an element of its own, which narrow pages leave out. */
  private folderApart(place: string): (HTMLElement | string)[] {
    const at = place.lastIndexOf("/") + 1;
    return at > 0 ? [element("span", { class: "folder" }, place.slice(0, at)), place.slice(at)] : [place];
  }

  private shortFile(name: string): string {
    return this.payload.places.files.find((file) => file.name === name)?.short ?? name.replace(/.*\//, "");
  }

  private sourceOf(line: number): string {
    return this.sourceLines.get(this.fileOf(line))?.get(this.payload.places.lines.line[line]) ?? "";
  }

  private threadName(thread: number): string {
    const { name, os_id } = this.payload.threads[thread];
    return `thread ${visible(name) || (os_id ? String(os_id) : String(thread + 1))}`;
  }

  /** A place that opens the source and can be copied. */
  private placeLink(file: string, number: number): HTMLElement {
    const known = this.payload.places.files.findIndex((it) => it.name === file);
    const text = `${visible(shortened(this.shortFile(file), 160))}:${number}`;
    const link = element("button", { type: "button", class: "link", title: "Show the source", click: () => this.go({ tab: "source", file: known, line: number }) }, element("bdi", {}, text));
    if (known < 0 || !this.sourceLines.has(known)) return element("span", {}, element("bdi", {}, text), this.copyButton(`${file}:${number}`));
    return element("span", {}, link, this.copyButton(`${file}:${number}`));
  }

  private copyButton(text: string): HTMLElement {
    return element("button", { type: "button", class: "copy", title: `Copy ${visible(shortened(text, 200))}`, "aria-label": "Copy path and line", click: () => void this.copied(text) }, "copy");
  }

  private async copied(text: string): Promise<void> {
    this.say((await copy(text)) ? `Copied ${visible(shortened(text, 120))}` : "The browser does not allow copying here.");
  }

  private say(text: string): void {
    this.toast.textContent = text;
    this.toast.classList.remove("shown");
    void this.toast.offsetWidth;
    this.toast.classList.add("shown");
  }

  // --- What is seen ---

  private render(): void {
    const { state } = this;
    const treeKey = `${state.fold}${state.threads}`;
    const ownKey = JSON.stringify(state.selection);
    if (ownKey !== this.ownKey) {
      this.own = this.calls.own(state.selection);
      this.sums = this.calls.sums(this.own);
    }
    if (treeKey !== this.treeKey) {
      this.tree = this.calls.tree(state.fold, state.threads);
      this.matching.clear();
    }
    if (treeKey !== this.treeKey || ownKey !== this.ownKey) this.totals = totals(this.tree, this.own);
    this.treeKey = treeKey;
    this.ownKey = ownKey;
    this.renderControls();
    this.renderFlame();
    this.renderDetails();
    this.timeline.select(state.selection);
  }

  private get whole(): number {
    return this.totals[0];
  }

  private what(): string {
    const { selection } = this.state;
    const time = (moment: number): string => seconds(moment < 0 ? 0 : this.payload.moments.time_ms[moment] / 1000);
    if (selection.mode === "live") return `live at ${this.isPeak ? "the peak, " : ""}${time(selection.at)}`;
    const whole = selection.from < 0 && selection.to === this.payload.moments.time_ms.length - 1;
    const span = whole ? "over the whole run" : `from ${time(selection.from)} to ${time(selection.to)}`;
    return selection.mode === "allocated" ? `allocated ${span}` : `allocated ${span} and never freed`;
  }

  private renderControls(): void {
    const { state } = this;
    this.status.replaceChildren(element("b", { id: "selected", "data-bytes": Math.round(this.whole) }, bytes(this.whole)), ` ${this.what()}`);
    for (const button of this.modes.children) button.setAttribute("aria-pressed", String(button.getAttribute("data-mode") === state.selection.mode));
    this.foldBox.checked = state.fold;
    this.threadBox.checked = state.threads;
    if (this.search.value !== state.search) this.search.value = state.search;
    const slider = document.querySelector(".timeline");
    slider?.setAttribute("aria-valuenow", String(state.selection.mode === "live" ? state.selection.at : state.selection.to));
    slider?.setAttribute("aria-valuetext", `${bytes(this.whole)} ${this.what()}`);
    this.tabs.replaceChildren();
    const counts: Partial<Record<Tab, number>> = { objects: this.payload.objects.length, advice: this.payload.findings.length };
    TABS.forEach((tab, index) => {
      const selected = tab === state.tab;
      const number = counts[tab];
      this.tabs.append(
        element("button", { type: "button", role: "tab", "aria-selected": String(selected), tabindex: selected ? 0 : -1, "data-tab": tab, title: `Key ${index + 1}`, click: () => this.showTab(tab) }, TAB_NAMES[tab], number ? element("span", { class: "count" }, count(number)) : null),
      );
    });
    this.panel.setAttribute("aria-label", TAB_NAMES[state.tab]);
  }

  private nodeTitle(node: number): string {
    const { tree } = this;
    const ref = tree.ref[node];
    switch (tree.kind[node]) {
      case Kind.Program:
        return "the program";
      case Kind.Thread:
        return this.threadName(ref);
      case Kind.Library:
        return visible(this.calls.libraries[ref] || "library");
      case Kind.Smaller:
        return "smaller calls";
      case Kind.NoPython:
        return "no Python line";
      default:
        return shortened(visible(this.functionName(ref)), 300);
    }
  }

  private nodeText(node: number): string {
    const { tree } = this;
    switch (tree.kind[node]) {
      case Kind.Line:
        return `${visible(this.functionName(tree.ref[node]))} ${this.place(tree.ref[node])} ${visible(this.payload.places.files[this.fileOf(tree.ref[node])].library)}`.trim();
      default:
        return this.nodeTitle(node);
    }
  }

  private matches(): Uint8Array {
    const search = this.state.search.toLowerCase();
    let found = this.matching.get(search);
    if (!found) {
      found = new Uint8Array(this.tree.count);
      for (let node = 1; node < this.tree.count; node++) if (this.nodeText(node).toLowerCase().includes(search)) found[node] = 1;
      this.matching.clear();
      this.matching.set(search, found);
    }
    return found;
  }

  private renderFlame(): void {
    const { tree, payload, state } = this;
    const searching = state.search !== "";
    const matches = searching ? this.matches() : null;
    this.flame.show(
      tree,
      this.totals,
      {
        title: (node) => this.nodeTitle(node),
        details: (node) => [tree.kind[node] === Kind.Line ? this.place(tree.ref[node]).replace(/^.*\//, "") : "", bytes(this.totals[node])],
        colour: (node) => {
          const kind = tree.kind[node];
          if (kind === Kind.Smaller || kind === Kind.NoPython) return 4;
          if (kind === Kind.Library) return payload.places.files.some((file) => file.nearness === 1 && file.library === this.calls.libraries[tree.ref[node]]) ? 1 : 2;
          if (kind !== Kind.Line) return 3;
          const { nearness } = payload.places.files[this.fileOf(tree.ref[node])];
          return nearness >= 2 ? 0 : nearness === 1 ? 1 : 2;
        },
        matches: (node) => matches !== null && matches[node] === 1,
      },
      Flame.find(tree, state.zoom),
      searching,
    );
    this.renderCrumbs();
    if (matches) {
      // Bytes below a match count once, however many of their callers match too.
      let sum = 0;
      const inside = new Uint8Array(tree.count);
      for (let node = 1; node < tree.count; node++) {
        if (inside[tree.parent[node]]) inside[node] = 1;
        else if (matches[node]) {
          inside[node] = 1;
          sum += this.totals[node];
        }
      }
      this.found.textContent = sum > 0 ? `${bytes(sum)} · ${share(sum, this.whole)}` : "no frame";
    } else {
      this.found.textContent = "";
    }
  }

  private renderCrumbs(): void {
    const zoomed = Flame.find(this.tree, this.state.zoom);
    this.crumbs.replaceChildren();
    if (zoomed === 0) return;
    this.crumbs.append(element("button", { type: "button", class: "plain", title: "The whole flame graph (0)", click: () => this.go({ zoom: [] }) }, "whole"), " › ", element("bdi", {}, shortened(this.nodeTitle(zoomed), 60)), element("span", { class: "muted" }, ` ${bytes(this.totals[zoomed])}`));
  }

  private zoom(node: number): void {
    const path = Flame.path(this.tree, node);
    if (path.join("_") !== this.state.zoom.join("_")) this.go({ zoom: path });
  }

  private hover(node: number): void {
    if (node < 0) return;
    const { tree } = this;
    const lines: Node[] = [element("b", {}, this.nodeTitle(node))];
    if (tree.kind[node] === Kind.Line) {
      const line = tree.ref[node];
      lines.push(element("div", { class: "muted" }, this.place(line)));
      const source = this.sourceOf(line);
      if (source) lines.push(element("code", {}, visible(shortened(source, 200))));
    }
    const total = this.totals[node];
    const below = tree.children[node].reduce((sum, child) => sum + this.totals[child], 0);
    lines.push(element("div", {}, `${bytes(total)} · ${share(total, this.whole)}`, below > 0 && total - below >= 1 ? ` · itself ${bytes(total - below)}` : ""));
    this.flame.tell(lines);
  }

  private point(index: number | null): void {
    const { timeline } = this.payload;
    if (index === null || index >= timeline.time_ms.length) {
      this.pointValues.textContent = "click for a moment, drag for an interval";
      return;
    }
    const rss = timeline.anonymous[index] === null ? "" : ` · RSS ${bytes((timeline.anonymous[index] ?? 0) + (timeline.file[index] ?? 0) + (timeline.shared[index] ?? 0))}`;
    this.pointValues.textContent = `${seconds(timeline.time_ms[index] / 1000)}: heap ${bytes(timeline.heap[index])}${rss}`;
  }

  // --- Details ---

  private showTab(tab: Tab, id?: string): void {
    this.go({ tab });
    if (id) document.getElementById(id)?.scrollIntoView({ block: "center" });
    else if (this.panel.getBoundingClientRect().top > window.innerHeight) this.panel.scrollIntoView({ block: "nearest" });
  }

  private showLine(line: number): void {
    const file = this.fileOf(line);
    if (!this.sourceLines.has(file)) {
      this.say(`The capture has no source text of ${this.place(line)}.`);
      return;
    }
    this.go({ tab: "source", file, line: this.payload.places.lines.line[line] });
    this.panel.scrollIntoView({ block: "nearest" });
  }

  private renderDetails(): void {
    const { state } = this;
    const box = this.panel.firstElementChild as HTMLElement;
    const links = { place: (file: string, line: number) => this.placeLink(file, line) };
    const search = state.search.toLowerCase();
    if (state.tab === "lines" || state.tab === "functions") this.renderTable(state.tab);
    else if (state.tab === "source") this.renderSource(box);
    else if (state.tab === "objects") box.replaceChildren(details.objects(this.payload, links, search));
    else if (state.tab === "advice") box.replaceChildren(details.findings(this.payload, links, search));
    else box.replaceChildren(details.run(this.payload));
  }

  /** Bytes by line or function. At the peak they are the report's own, of all lines, however small. */
  private held(of: "lines" | "functions"): { own: ArrayLike<number>; total: ArrayLike<number> } {
    const sums = this.sums[of];
    const { places } = this.payload;
    if (!this.isPeak) return { own: this.state.fold ? sums.user : sums.own, total: sums.total };
    if (of === "functions") return { own: this.state.fold ? sums.user : places.functions.own, total: places.functions.total };
    return { own: this.state.fold ? places.lines.user : places.lines.own, total: places.lines.total };
  }

  private renderTable(of: "lines" | "functions"): void {
    const { payload, state } = this;
    const { places, folded } = payload;
    const lines = of === "lines";
    const { own, total } = this.held(of);
    const whole = this.isPeak ? payload.peak.heap_bytes : this.whole;
    const fileOf = (row: number): number => (lines ? this.fileOf(row) : places.functions.file[row]);
    const functionOf = (row: number): string => (lines ? this.functionName(row) : places.functions.name[row].replaceAll("<locals>.", ""));
    const numberOf = (row: number): number => (lines ? places.lines.line[row] : places.functions.line[row]);
    const placeOf = (row: number): string => {
      if (lines) return this.place(row);
      const file = places.files[fileOf(row)];
      if (!file.name) return row === 0 ? "(no Python line)" : "(unknown file)";
      return shortened(visible(numberOf(row) > 0 ? `${file.short}:${numberOf(row)}` : file.short), 160);
    };
    const search = state.search.toLowerCase();
    const rows: number[] = [];
    const count_ = lines ? places.lines.line.length : places.functions.name.length;
    for (let row = 0; row < count_; row++) {
      if (own[row] <= 0 && total[row] <= 0) continue;
      const file = places.files[fileOf(row)];
      if (state.fold && own[row] <= 0 && file.nearness <= 1) continue;
      if (search && !`${functionOf(row)} ${file.short}:${numberOf(row)} ${file.library} ${lines ? this.sourceOf(row) : ""}`.toLowerCase().includes(search)) continue;
      rows.push(row);
    }
    const columns: Column[] = [
      {
        id: "bytes",
        title: state.fold ? "Held" : "Held itself",
        explanation: state.fold ? "Bytes of this line as your innermost one: its own, and what libraries asked for below it" : "Bytes for which this was the innermost Python line",
        numeric: true,
        value: (row) => own[row],
        cell: (row) => amount(own[row], whole),
      },
      { id: "share", title: "Share", explanation: "Share of all bytes of the selection", numeric: true, value: (row) => own[row], cell: (row) => document.createTextNode(share(own[row], whole)) },
      { id: "total", title: "With callees", explanation: "Bytes with this anywhere on the stack, each block once", numeric: true, value: (row) => total[row], cell: (row) => element("span", { title: counted(Math.round(total[row]), "byte") }, bytes(total[row])) },
      {
        id: "place",
        title: lines ? "Line" : "Function begins at",
        explanation: "File and line",
        numeric: false,
        value: (row) => `${places.files[fileOf(row)].short}:${String(numberOf(row)).padStart(7, "0")}`,
        cell: (row) => element("span", { class: "place" }, element("bdi", {}, ...this.folderApart(placeOf(row))), places.files[fileOf(row)].name ? this.copyButton(`${places.files[fileOf(row)].name}:${numberOf(row)}`) : null),
      },
      { id: "function", title: "Function", explanation: "The qualified name", numeric: false, value: functionOf, cell: (row) => element("bdi", {}, visible(shortened(functionOf(row), 120))) },
    ];
    if (lines)
      columns.push({ id: "source", title: "Source", explanation: "The text as it was when it ran", numeric: false, value: (row) => this.sourceOf(row), cell: (row) => element("code", {}, visible(shortened(this.sourceOf(row), 200))) });
    const notes = [];
    if (this.isPeak && lines && folded.lines > 0) notes.push(`${counted(folded.lines, "smaller line")} with ${bytes(folded.line_bytes)} are not listed, to keep this page small.`);
    if (!this.isPeak && this.sums.smaller > 0) notes.push(`${bytes(this.sums.smaller)} are in smaller calls that this page does not tell apart.`);
    this.table.show(
      {
        caption: `${lines ? "Lines" : "Functions"}: bytes ${this.what()}`,
        columns,
        rows,
        sort: state.sort,
        onSort: (column, descending) => this.go({ sort: { column, descending } }, true),
        onRow: (row) => {
          if (lines) this.showLine(row);
          else if (this.sourceLines.has(fileOf(row))) this.go({ tab: "source", file: fileOf(row), line: numberOf(row) });
        },
        note: notes.join(" "),
        empty: search ? "Nothing matches the search." : "Nothing was held then.",
      },
      `${of} ${JSON.stringify(state.selection)} ${search}`,
    );
  }

  private renderSource(box: HTMLElement): void {
    const { places, sources } = this.payload;
    const { own, total } = this.held("lines");
    const byFile = new Map<number, number>(sources.map((source) => [source.file, 0]));
    for (let line = 0; line < places.lines.line.length; line++) {
      const file = this.fileOf(line);
      const sum = byFile.get(file);
      if (sum !== undefined) byFile.set(file, sum + own[line]);
    }
    const files = [...byFile].sort(([, a], [, b]) => b - a);
    const file = byFile.has(this.state.file) ? this.state.file : (files[0]?.[0] ?? -1);
    const held = new Map<number, [number, number]>();
    for (let line = 0; line < places.lines.line.length; line++) {
      if (this.fileOf(line) !== file) continue;
      const number = places.lines.line[line];
      const [a, b] = held.get(number) ?? [0, 0];
      held.set(number, [a + own[line], b + total[line]]);
    }
    sourceView.show(box, this.payload, {
      file,
      line: file === this.state.file ? this.state.line : 0,
      held,
      files,
      ownTitle: this.state.fold ? "held, libraries below included" : "held itself",
      onFile: (chosen) => this.go({ file: chosen, line: 0 }),
      copyPlace: (line) => void this.copied(`${places.files[file].name}:${line}`),
    });
  }

  // --- Keys ---

  private toPeak(): void {
    this.go({ selection: { mode: "live", at: this.peak, from: -1, to: -1 } });
  }

  private timeKey(event: KeyboardEvent): void {
    const by = { ArrowLeft: -1, ArrowRight: 1, PageDown: 10, PageUp: -10 }[event.key];
    if (by !== undefined) {
      this.step(by);
    } else if (event.key === "Home" || event.key === "End") {
      this.step(event.key === "Home" ? -1e6 : 1e6);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private flameKey(event: KeyboardEvent): void {
    const direction = ({ ArrowUp: "out", ArrowDown: "in", ArrowLeft: "left", ArrowRight: "right" } as const)[event.key];
    if (direction) {
      const node = this.flame.move(direction);
      if (node >= 0) this.status.replaceChildren(`${this.nodeText(node)}: ${bytes(this.totals[node])}, ${share(this.totals[node], this.whole)}`);
    } else if (event.key === "Enter" && this.flame.focus >= 0) {
      this.zoom(this.flame.focus);
    } else if (event.key === "Escape") {
      this.renderControls();
      return;
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || this.help.open) return;
    const target = event.target as HTMLElement;
    if (target === this.search) {
      if (event.key === "Escape") {
        this.go({ search: "" }, true);
        this.search.blur();
      }
      return;
    }
    if (["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName) && event.key !== "/") return;
    const tab = /^[1-6]$/.test(event.key) ? TABS[Number(event.key) - 1] : undefined;
    if (event.key === "/") {
      this.search.focus();
      this.search.select();
    } else if (event.key === "?") this.help.showModal();
    else if (event.key === "p") this.toPeak();
    else if (event.key === "a") this.mode("allocated");
    else if (event.key === "e") this.mode("leaked");
    else if (event.key === "l") this.go({ fold: !this.state.fold, zoom: [] });
    else if (event.key === "t" && this.payload.threads.length > 1) this.go({ threads: !this.state.threads, zoom: [] });
    else if (event.key === "0") this.go({ zoom: [] });
    else if (event.key === "Backspace") history.back();
    else if (event.key === "Escape" && this.state.search) this.go({ search: "" }, true);
    else if (event.key === "ArrowLeft") this.step(-1);
    else if (event.key === "ArrowRight") this.step(1);
    else if (event.key === "c") this.copyCurrent();
    else if (tab) this.showTab(tab);
    else return;
    event.preventDefault();
  }

  private copyCurrent(): void {
    const node = this.flame.current;
    if (node < 0 || this.tree.kind[node] !== Kind.Line) return;
    const line = this.tree.ref[node];
    void this.copied(`${this.payload.places.files[this.fileOf(line)].name}:${this.payload.places.lines.line[line]}`);
  }
}

async function start(): Promise<void> {
  const app = document.getElementById("app")!;
  const text = document.getElementById("text")!;
  try {
    const page = new Page(await unpack(document.getElementById("payload")!), app);
    void page;
    text.remove();
    document.documentElement.dataset.ready = "yes";
  } catch (error) {
    // The report as text stays, so the page is never empty.
    app.replaceChildren(element("p", { class: "warning" }, `This browser cannot show the page (${error instanceof Error ? error.message : String(error)}); this is the report as text:`));
    document.documentElement.dataset.ready = "failed";
  }
}

void start();
