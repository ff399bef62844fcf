// The page: puts its parts together and keeps them on what is selected.
// Invariant: everything shown follows from the payload and the state, and the state stands in the address.

import { CallView } from "./call_view";
import { Calls, totals, type Selection, type Tree } from "./calls";
import * as details from "./details";
import { copy, element, legendKey } from "./dom";
import { bytes, count, counted, seconds, shortened, visible } from "./format";
import { heading } from "./heading";
import { listen } from "./keys";
import { Names } from "./names";
import { PartChoice } from "./parts";
import { unpack, type Payload } from "./payload";
import { ranking } from "./ranking";
import * as sourceView from "./source";
import { fromHash, TABS, toHash, type Part, type State, type Tab } from "./state";
import { Table } from "./table";
import { TimeLine } from "./timeline";

const TAB_NAMES: Record<Tab, string> = { lines: "Lines", functions: "Functions", source: "Source", objects: "Objects", advice: "Advice", run: "Run" };

class Page {
  private readonly calls: Calls;
  private readonly names: Names;
  private readonly parts: PartChoice;
  private readonly peak: number;
  private readonly last: number;
  private state: State;
  private tree!: Tree;
  private treeKey = "";
  private own: Float64Array = new Float64Array(0);
  private ownKey = "";
  private sums!: ReturnType<Calls["sums"]>;
  private totals: Float64Array = new Float64Array(0);
  /** The heap of the chosen part by moment; `null` if all is chosen. */
  private course: Float64Array | null = null;
  private courseOf: Part | null = null;
  private readonly callView: CallView;
  private readonly timeline: TimeLine;
  private readonly table: Table;

  private readonly status = element("p", { class: "status", "aria-live": "polite" });
  private readonly pointValues = element("span", { class: "values" });
  private readonly search = element("input", { type: "search", placeholder: "Search  /", "aria-label": "Search functions, files and libraries", autocomplete: "off", spellcheck: "false" });
  private readonly modes = element("div", { class: "segments", role: "group", "aria-label": "What is counted" });
  private readonly foldBox = element("input", { type: "checkbox" });
  private readonly splitBox = element("input", { type: "checkbox" });
  private readonly tabs = element("div", { class: "tabs", role: "tablist", "aria-label": "Details" });
  private readonly content = element("div");
  private readonly panel = element("section", { class: "panel details", role: "tabpanel", tabindex: -1 }, this.content);
  private readonly toast = element("div", { class: "toast", role: "status" });

  constructor(
    private readonly payload: Payload,
    app: HTMLElement,
  ) {
    this.calls = new Calls(payload);
    this.names = new Names(payload);
    this.peak = payload.moments.peak;
    this.last = payload.moments.time_ms.length - 1;
    const atPeak = this.calls.own({ mode: "live", at: this.peak, from: -1, to: -1 }, null);
    this.parts = new PartChoice(payload, this.names, this.calls.byThread(atPeak), (part) => this.choose(part));
    this.state = this.read();
    this.callView = new CallView(payload, this.calls, this.names, {
      zoom: (zoom) => this.go({ zoom }),
      told: (text) => (text === null ? this.renderControls() : this.status.replaceChildren(text)),
    });
    this.table = new Table(this.content);
    const timeBox = element("div", { class: "timeline", tabindex: 0, role: "slider", "aria-label": "Moment of the run", "aria-valuemin": 0, "aria-valuemax": this.last });
    timeBox.addEventListener("keydown", (event) => this.timeKey(event));
    const links = {
      advice: (id?: string) => this.showTab("advice", id),
      line: (line: number) => this.showLine(line),
      part: (part: Part) => this.choose(part),
      run: () => this.showTab("run"),
    };
    app.append(heading(payload, this.names, links), this.timeSection(timeBox), this.bar(), this.callView.element, this.tabs, this.panel, footer(), this.keys(), this.toast);
    this.timeline = new TimeLine(timeBox, payload, this.state.selection, (at) => this.go({ selection: { mode: "live", at, from: -1, to: -1 } }), (from, to) => this.interval(from, to), (index) => this.point(index));
    window.addEventListener("hashchange", () => {
      this.state = this.read();
      this.render();
    });
    this.point(null);
    this.render();
  }

  private keys(): HTMLDialogElement {
    return listen({
      search: this.search,
      endSearch: () => this.go({ search: "" }, true),
      peak: () => this.toPeak(),
      mode: (mode) => this.mode(mode),
      step: (by) => this.step(by),
      foldOrOpen: () => this.go({ fold: !this.state.fold, zoom: [] }),
      splitOrJoin: () => this.parts.element && this.go({ split: !this.state.split, zoom: [] }),
      choose: () => this.parts.focus(),
      unzoom: () => this.go({ zoom: [] }),
      copyPlace: () => {
        const place = this.callView.place();
        if (place !== null) void this.copied(place);
      },
      tab: (tab) => this.showTab(tab),
    });
  }

  // --- State ---

  private read(): State {
    const { threads, processes } = this.payload;
    return fromHash(location.hash, { moments: this.last + 1, peak: this.peak, processes: processes.length, threads: threads.length });
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

  private choose(part: Part | null): void {
    this.go({ part, zoom: [] });
    // A part that holds nothing at this moment is shown where it holds most.
    if (part && this.state.selection.mode === "live" && this.whole <= 0) this.go({ selection: { mode: "live", at: this.highest, from: -1, to: -1 } }, true);
  }

  private interval(from: number, to: number): void {
    const mode = this.state.selection.mode === "leaked" ? "leaked" : "allocated";
    this.go({ selection: { mode, at: to, from, to } });
  }

  private mode(mode: Selection["mode"]): void {
    const { selection } = this.state;
    if (mode === "live") this.go({ selection: { mode, at: selection.mode === "live" ? selection.at : this.peak, from: -1, to: -1 } });
    else if (selection.mode === "live") this.go({ selection: { mode, at: this.last, from: -1, to: this.last } });
    else this.go({ selection: { ...selection, mode } });
  }

  private step(by: number): void {
    const { selection } = this.state;
    const at = Math.max(0, Math.min(this.last, (selection.mode === "live" ? selection.at : selection.to) + by));
    this.go({ selection: { mode: "live", at, from: -1, to: -1 } }, true);
  }

  private get isPeak(): boolean {
    return this.state.selection.mode === "live" && this.state.selection.at === this.peak;
  }

  /** The moment at which the chosen part holds most. */
  private get highest(): number {
    return this.course ? this.course.reduce((best, held, at, course) => (held > course[best] ? at : best), 0) : this.peak;
  }

  private toPeak(): void {
    this.go({ selection: { mode: "live", at: this.highest, from: -1, to: -1 } });
  }

  /** What resident memory is called: RSS or PSS. */
  private get resident(): string {
    return this.payload.run.resident_kind.toUpperCase();
  }

  // --- Parts ---

  private timeSection(box: HTMLElement): HTMLElement {
    const known = this.payload.timeline.anonymous.some((part) => part !== null);
    if (this.payload.timeline.heap.length < 2) box.hidden = true;
    return element(
      "section",
      { class: "panel", "aria-label": "Time line" },
      element("div", { class: "legend" }, legendKey("heap", "heap"), this.partKey, known ? legendKey("rss-anonymous", `${this.resident}: private`) : null, known ? legendKey("rss-shared", "shared") : null, known ? legendKey("rss-file", "files") : null, this.payload.looks.length > 0 ? legendKey("look", "look at the objects") : null, this.pointValues),
      box,
      box.hidden ? element("p", { class: "none" }, "The capture has no time line: all happened at one moment.") : null,
    );
  }

  private readonly partKey = element("span", { class: "key part", hidden: true });

  private bar(): HTMLElement {
    for (const [mode, text, explanation] of [
      ["live", "Live", "What was live at the chosen moment"],
      ["allocated", "Allocated", "What was allocated in the chosen interval"],
      ["leaked", "Never freed", "What was allocated in the chosen interval and still live at the end"],
    ] as const)
      this.modes.append(element("button", { type: "button", "data-mode": mode, title: explanation, click: () => this.mode(mode) }, text));
    this.foldBox.addEventListener("change", () => this.go({ fold: this.foldBox.checked, zoom: [] }));
    this.splitBox.addEventListener("change", () => this.go({ split: this.splitBox.checked, zoom: [] }));
    this.search.addEventListener("input", () => this.go({ search: this.search.value.slice(0, 200) }, true));
    const several = this.payload.processes.length > 1;
    return element(
      "div",
      { class: "controls" },
      this.status,
      this.modes,
      element("button", { type: "button", class: "plain", title: "The highest moment (p)", click: () => this.toPeak() }, "Peak"),
      this.parts.element,
      this.parts.element ? element("label", { title: `A tree for each ${several ? "process" : "thread"} (t)` }, this.splitBox, several ? "split processes" : "split threads") : null,
      element("label", { title: "Show the frames within libraries as one (l)" }, this.foldBox, "fold libraries"),
      element("span", { class: "search" }, this.search, this.callView.found),
      element("button", { type: "button", class: "plain keys", title: "Keys (?)", "aria-label": "Keys", click: () => document.querySelector("dialog")?.showModal() }, "?"),
    );
  }

  /** A place that opens the source and can be copied. */
  private placeLink(file: string, number: number): HTMLElement {
    const known = this.payload.places.files.findIndex((it) => it.name === file);
    const text = `${this.names.shortFile(file)}:${number}`;
    const link = element("button", { type: "button", class: "link", title: "Show the source", click: () => this.go({ tab: "source", file: known, line: number }) }, element("bdi", {}, text));
    if (known < 0 || !this.names.hasSource(known)) return element("span", {}, element("bdi", {}, text), this.copyButton(`${file}:${number}`));
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
    const treeKey = `${state.fold}${state.split}`;
    const ownKey = JSON.stringify([state.selection, state.part]);
    const part = JSON.stringify(state.part);
    if (part !== JSON.stringify(this.courseOf)) {
      const within = this.parts.within(state.part);
      this.course = within && this.calls.course(within);
      this.courseOf = state.part;
      this.timeline.showPart(this.course, this.parts.process(state.part)?.pid ?? null);
    }
    if (ownKey !== this.ownKey) {
      this.own = this.calls.own(state.selection, this.parts.within(state.part));
      this.sums = this.calls.sums(this.own);
    }
    if (treeKey !== this.treeKey) this.tree = this.calls.tree(state.fold, state.split);
    if (treeKey !== this.treeKey || ownKey !== this.ownKey) this.totals = totals(this.tree, this.own);
    this.treeKey = treeKey;
    this.ownKey = ownKey;
    this.renderControls();
    this.callView.show({ tree: this.tree, totals: this.totals, zoom: state.zoom, search: state.search });
    this.renderDetails();
    this.timeline.select(state.selection);
  }

  private get whole(): number {
    return this.totals[0];
  }

  private what(): string {
    const { selection, part } = this.state;
    const time = (moment: number): string => seconds(moment < 0 ? 0 : this.payload.moments.time_ms[moment] / 1000);
    const of = part ? ` in ${this.parts.name(part)}` : "";
    if (selection.mode === "live") {
      const its = part && !this.isPeak && selection.at === this.highest ? "its highest moment, " : "";
      return `live${of} at ${this.isPeak ? "the peak, " : its}${time(selection.at)}`;
    }
    const whole = selection.from < 0 && selection.to === this.last;
    const span = whole ? "over the whole run" : `from ${time(selection.from)} to ${time(selection.to)}`;
    return selection.mode === "allocated" ? `allocated${of} ${span}` : `allocated${of} ${span} and never freed`;
  }

  private renderControls(): void {
    const { state } = this;
    this.status.replaceChildren(element("b", { id: "selected", "data-bytes": Math.round(this.whole) }, bytes(this.whole)), ` ${this.what()}`);
    for (const button of this.modes.children) button.setAttribute("aria-pressed", String(button.getAttribute("data-mode") === state.selection.mode));
    this.foldBox.checked = state.fold;
    this.splitBox.checked = state.split;
    this.parts.show(state.part);
    this.partKey.hidden = state.part === null;
    this.partKey.replaceChildren(element("i", { "aria-hidden": "true" }), state.part ? this.parts.name(state.part) : "");
    if (this.search.value !== state.search) this.search.value = state.search;
    const slider = document.querySelector(".timeline");
    slider?.setAttribute("aria-valuenow", String(state.selection.mode === "live" ? state.selection.at : state.selection.to));
    slider?.setAttribute("aria-valuetext", `${bytes(this.whole)} ${this.what()}`);
    this.tabs.replaceChildren();
    const counts: Partial<Record<Tab, number>> = { objects: details.objectsOf(this.payload, this.parts.process(state.part)).length, advice: this.payload.findings.length };
    TABS.forEach((tab, index) => {
      const selected = tab === state.tab;
      const number = counts[tab];
      this.tabs.append(
        element("button", { type: "button", role: "tab", "aria-selected": String(selected), tabindex: selected ? 0 : -1, "data-tab": tab, title: `Key ${index + 1}`, click: () => this.showTab(tab) }, TAB_NAMES[tab], number ? element("span", { class: "count" }, count(number)) : null),
      );
    });
    this.panel.setAttribute("aria-label", TAB_NAMES[state.tab]);
  }

  private point(index: number | null): void {
    const { timeline } = this.payload;
    if (index === null || index >= timeline.time_ms.length) {
      this.pointValues.textContent = "click for a moment, drag for an interval";
      return;
    }
    const rss = timeline.anonymous[index] === null ? "" : ` · ${this.resident} ${bytes((timeline.anonymous[index] ?? 0) + (timeline.file[index] ?? 0) + (timeline.shared[index] ?? 0))}`;
    this.pointValues.textContent = `${seconds(timeline.time_ms[index] / 1000)}: heap ${bytes(timeline.heap[index])}${rss}`;
  }

  // --- Details ---

  private showTab(tab: Tab, id?: string): void {
    this.go({ tab });
    if (id) document.getElementById(id)?.scrollIntoView({ block: "center" });
    else if (this.panel.getBoundingClientRect().top > window.innerHeight) this.panel.scrollIntoView({ block: "nearest" });
  }

  private showLine(line: number): void {
    const file = this.names.fileOf(line);
    if (!this.names.hasSource(file)) {
      this.say(`The capture has no source text of ${this.names.place(line)}.`);
      return;
    }
    this.go({ tab: "source", file, line: this.payload.places.lines.line[line] });
    this.panel.scrollIntoView({ block: "nearest" });
  }

  private renderDetails(): void {
    const { state } = this;
    const links = { place: (file: string, line: number) => this.placeLink(file, line) };
    const search = state.search.toLowerCase();
    if (state.tab === "lines" || state.tab === "functions") this.renderTable(state.tab);
    else if (state.tab === "source") this.renderSource();
    else if (state.tab === "objects") this.content.replaceChildren(details.objects(this.payload, links, search, this.parts.process(state.part)));
    else if (state.tab === "advice") this.content.replaceChildren(details.findings(this.payload, links, search));
    else this.content.replaceChildren(details.run(this.payload));
  }

  /** Whether the numbers are those of the report itself, of all lines, however small. */
  private get isReport(): boolean {
    return this.isPeak && this.state.part === null;
  }

  /** Bytes by line or function. */
  private held(of: "lines" | "functions"): { own: ArrayLike<number>; total: ArrayLike<number> } {
    const sums = this.sums[of];
    const { places } = this.payload;
    if (!this.isReport) return { own: this.state.fold ? sums.user : sums.own, total: sums.total };
    if (of === "functions") return { own: this.state.fold ? sums.user : places.functions.own, total: places.functions.total };
    return { own: this.state.fold ? places.lines.user : places.lines.own, total: places.lines.total };
  }

  private renderTable(of: "lines" | "functions"): void {
    const { payload, state, isReport } = this;
    const { places, folded } = payload;
    const lines = of === "lines";
    const search = state.search.toLowerCase();
    const whole = isReport ? payload.peak.heap_bytes : this.whole;
    const { rows, columns } = ranking(payload, this.names, { of, ...this.held(of), whole, fold: state.fold, search, copyButton: (text) => this.copyButton(text) });
    const notes = [];
    if (isReport && lines && folded.lines > 0) notes.push(`${counted(folded.lines, "smaller line")} with ${bytes(folded.line_bytes)} are not listed, to keep this page small.`);
    if (!isReport && this.sums.smaller > 0) notes.push(`${bytes(this.sums.smaller)} are in smaller calls that this page does not tell apart.`);
    this.table.show(
      {
        caption: `${TAB_NAMES[of]}: bytes ${this.what()}`,
        columns,
        rows,
        sort: state.sort,
        onSort: (column, descending) => this.go({ sort: { column, descending } }, true),
        onRow: (row) => {
          if (lines) this.showLine(row);
          else if (this.names.hasSource(places.functions.file[row])) this.go({ tab: "source", file: places.functions.file[row], line: places.functions.line[row] });
        },
        note: notes.join(" "),
        empty: search ? "Nothing matches the search." : "Nothing was held then.",
      },
      `${of} ${JSON.stringify([state.selection, state.part])} ${search}`,
    );
  }

  private renderSource(): void {
    const { places, sources } = this.payload;
    const { own, total } = this.held("lines");
    const byFile = new Map<number, number>(sources.map((source) => [source.file, 0]));
    for (let line = 0; line < places.lines.line.length; line++) {
      const file = this.names.fileOf(line);
      const sum = byFile.get(file);
      if (sum !== undefined) byFile.set(file, sum + own[line]);
    }
    const files = [...byFile].sort(([, a], [, b]) => b - a);
    const file = byFile.has(this.state.file) ? this.state.file : (files[0]?.[0] ?? -1);
    const held = new Map<number, [number, number]>();
    for (let line = 0; line < places.lines.line.length; line++) {
      if (this.names.fileOf(line) !== file) continue;
      const number = places.lines.line[line];
      const [a, b] = held.get(number) ?? [0, 0];
      held.set(number, [a + own[line], b + total[line]]);
    }
    sourceView.show(this.content, this.payload, {
      file,
      line: file === this.state.file ? this.state.line : 0,
      held,
      files,
      ownTitle: this.state.fold ? "held, libraries below included" : "held itself",
      onFile: (chosen) => this.go({ file: chosen, line: 0 }),
      copyPlace: (line) => void this.copied(`${places.files[file].name}:${line}`),
    });
  }

  private timeKey(event: KeyboardEvent): void {
    const by = { ArrowLeft: -1, ArrowRight: 1, PageDown: 10, PageUp: -10, Home: -this.last, End: this.last }[event.key];
    if (by === undefined) return;
    this.step(by);
    event.preventDefault();
    event.stopPropagation();
  }
}

function footer(): HTMLElement {
  return element("footer", { class: "muted" }, "heapwise · 1 MB is 1,000,000 bytes · heap is what the program asked for and can use");
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
