// The flame graph with what is around it: names, search, zoom, the text beside the pointer, the keyboard's walk.

import { Kind, type Calls, type Tree } from "./calls";
import { element, legendKey } from "./dom";
import { Flame } from "./flame";
import { bytes, share, shortened, visible } from "./format";
import type { Names } from "./names";
import type { Payload } from "./payload";

export interface CallSelection {
  tree: Tree;
  totals: Float64Array;
  zoom: string[];
  search: string;
}

export interface CallEvents {
  zoom(path: string[]): void;
  /** The keyboard came to a frame, or left. */
  told(text: string | null): void;
}

export class CallView {
  readonly element: HTMLElement;
  readonly found = element("span", { class: "muted found", "aria-live": "polite" });
  private readonly flame: Flame;
  private readonly crumbs = element("nav", { class: "crumbs", "aria-label": "Zoom" });
  private readonly matching = new Map<string, Uint8Array>();
  private shown!: CallSelection;

  constructor(
    private readonly payload: Payload,
    private readonly calls: Calls,
    private readonly names: Names,
    private readonly events: CallEvents,
  ) {
    const box = element("div", { class: "flame", tabindex: 0, role: "application", "aria-label": "Flame graph of calls: arrows walk, Enter zooms" });
    this.element = element("section", { class: "panel", "aria-label": "Flame graph" }, element("div", { class: "legend" }, legendKey("user", "your code"), legendKey("library", "libraries"), legendKey("python", "Python"), this.crumbs), box);
    this.flame = new Flame(box, (node) => this.zoom(node), (node) => this.hover(node));
    this.flame.restyle();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.flame.restyle());
    window.addEventListener("beforeprint", () => this.flame.restyle());
    box.addEventListener("keydown", (event) => this.key(event));
  }

  show(selection: CallSelection): void {
    if (selection.tree !== this.shown?.tree) this.matching.clear();
    this.shown = selection;
    const { tree, totals } = selection;
    const searching = selection.search !== "";
    const matches = searching ? this.matches() : null;
    const names = {
      title: (node: number) => this.title(node),
      details: (node: number) => [tree.kind[node] === Kind.Line ? this.names.place(tree.ref[node]).replace(/^.*\//, "") : "", bytes(totals[node])],
      colour: (node: number) => this.colour(node),
      matches: (node: number) => matches !== null && matches[node] === 1,
    };
    this.flame.show(tree, totals, names, Flame.find(tree, selection.zoom), searching);
    this.showCrumbs();
    this.found.textContent = matches ? this.sumOf(matches) : "";
  }

  /** The path and the line of the frame under the pointer or the keyboard's. */
  place(): string | null {
    const node = this.flame.current;
    const { tree } = this.shown;
    if (node < 0 || tree.kind[node] !== Kind.Line) return null;
    const line = tree.ref[node];
    return `${this.payload.places.files[this.names.fileOf(line)].name}:${this.payload.places.lines.line[line]}`;
  }

  private get whole(): number {
    return this.shown.totals[0];
  }

  private title(node: number): string {
    const { tree } = this.shown;
    const ref = tree.ref[node];
    switch (tree.kind[node]) {
      case Kind.Program:
        return "the program";
      case Kind.Process:
        return `${this.names.process(ref)} · ${visible(shortened(this.payload.processes[ref].name, 100))}`;
      case Kind.Thread:
        return this.names.thread(ref);
      case Kind.Library:
        return visible(this.calls.libraries[ref] || "library");
      case Kind.Smaller:
        return "smaller calls";
      case Kind.NoPython:
        return "no Python line";
      default:
        return shortened(this.names.functionOf(ref), 300);
    }
  }

  /** What is searched, and told to those who do not see the picture. */
  private text(node: number): string {
    const { tree } = this.shown;
    if (tree.kind[node] !== Kind.Line) return this.title(node);
    const line = tree.ref[node];
    return `${this.names.functionOf(line)} ${this.names.place(line)} ${visible(this.payload.places.files[this.names.fileOf(line)].library)}`.trim();
  }

  private colour(node: number): number {
    const { tree } = this.shown;
    const { files } = this.payload.places;
    const kind = tree.kind[node];
    if (kind === Kind.Smaller || kind === Kind.NoPython) return 4;
    if (kind === Kind.Library) return files.some((file) => file.nearness === 1 && file.library === this.calls.libraries[tree.ref[node]]) ? 1 : 2;
    if (kind !== Kind.Line) return 3;
    const { nearness } = files[this.names.fileOf(tree.ref[node])];
    return nearness >= 2 ? 0 : nearness === 1 ? 1 : 2;
  }

  private matches(): Uint8Array {
    const { tree } = this.shown;
    const search = this.shown.search.toLowerCase();
    let found = this.matching.get(search);
    if (!found) {
      found = new Uint8Array(tree.count);
      for (let node = 1; node < tree.count; node++) if (this.text(node).toLowerCase().includes(search)) found[node] = 1;
      this.matching.clear();
      this.matching.set(search, found);
    }
    return found;
  }

  /** Bytes below a match count once, however many of their callers match too. */
  private sumOf(matches: Uint8Array): string {
    const { tree, totals } = this.shown;
    let sum = 0;
    const inside = new Uint8Array(tree.count);
    for (let node = 1; node < tree.count; node++) {
      if (inside[tree.parent[node]]) inside[node] = 1;
      else if (matches[node]) {
        inside[node] = 1;
        sum += totals[node];
      }
    }
    return sum > 0 ? `${bytes(sum)} · ${share(sum, this.whole)}` : "no frame";
  }

  private showCrumbs(): void {
    const { tree, totals, zoom } = this.shown;
    const zoomed = Flame.find(tree, zoom);
    this.crumbs.replaceChildren();
    if (zoomed === 0) return;
    this.crumbs.append(element("button", { type: "button", class: "plain", title: "The whole flame graph (0)", click: () => this.events.zoom([]) }, "whole"), " › ", element("bdi", {}, shortened(this.title(zoomed), 60)), element("span", { class: "muted" }, ` ${bytes(totals[zoomed])}`));
  }

  private zoom(node: number): void {
    const path = Flame.path(this.shown.tree, node);
    if (path.join("_") !== this.shown.zoom.join("_")) this.events.zoom(path);
  }

  private hover(node: number): void {
    if (node < 0) return;
    const { tree, totals } = this.shown;
    const lines: Node[] = [element("b", {}, this.title(node))];
    if (tree.kind[node] === Kind.Line) {
      const line = tree.ref[node];
      lines.push(element("div", { class: "muted" }, this.names.place(line)));
      const source = this.names.sourceOf(line);
      if (source) lines.push(element("code", {}, shortened(source, 200)));
    }
    const total = totals[node];
    const below = tree.children[node].reduce((sum, child) => sum + totals[child], 0);
    lines.push(element("div", {}, `${bytes(total)} · ${share(total, this.whole)}`, below > 0 && total - below >= 1 ? ` · itself ${bytes(total - below)}` : ""));
    this.flame.tell(lines);
  }

  private key(event: KeyboardEvent): void {
    const direction = ({ ArrowUp: "out", ArrowDown: "in", ArrowLeft: "left", ArrowRight: "right" } as const)[event.key];
    if (direction) {
      const node = this.flame.move(direction);
      if (node >= 0) this.events.told(`${this.text(node)}: ${bytes(this.shown.totals[node])}, ${share(this.shown.totals[node], this.whole)}`);
    } else if (event.key === "Enter" && this.flame.focus >= 0) {
      this.zoom(this.flame.focus);
    } else {
      if (event.key === "Escape") this.events.told(null);
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
