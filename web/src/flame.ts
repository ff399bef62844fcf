// The flame graph, hanging from the top: a canvas that draws what can be seen of the tree, and nothing else.
// Invariant: the work of one picture depends on the frames that are at least half a pixel wide, not on the tree.

import type { Tree } from "./calls";
import { counted } from "./format";

const ROW = 22;
const LEAST_WIDTH = 0.5;
/** Narrower frames are shown as one box, from this width of it on. */
const LEAST_TOGETHER = 4;
const FONT = '12px system-ui, -apple-system, "Segoe UI", sans-serif';

export interface FlameNames {
  title(node: number): string;
  /** What is told behind the title where there is room, the first thing first. */
  details(node: number): string[];
  /** 0 the user's, 1 a library, 2 Python's own, 3 a thread or the program, 4 smaller ones. */
  colour(node: number): number;
  matches(node: number): boolean;
}

interface Box {
  /** The frame; of frames that are too narrow to be drawn, their caller. */
  node: number;
  /** How many frames are too narrow to be drawn and stand here together; 0 for a frame. */
  narrow: number;
  depth: number;
  x: number;
  width: number;
}

export class Flame {
  private readonly canvas = document.createElement("canvas");
  private readonly spacer = document.createElement("div");
  private readonly tip = document.createElement("div");
  private tree: Tree | null = null;
  private totals: Float64Array = new Float64Array(0);
  private names!: FlameNames;
  private searching = false;
  private boxes: Box[] = [];
  private sorted = new Map<number, number[]>();
  private zoomed = 0;
  private focused = -1;
  private hovered = -1;
  private colours: string[] = [];
  private inks: string[] = [];
  private mark = "";
  private scheduled = false;

  constructor(
    private readonly box: HTMLElement,
    private readonly onZoom: (node: number) => void,
    private readonly onHover: (node: number) => void,
  ) {
    this.canvas.setAttribute("aria-hidden", "true");
    this.spacer.className = "flame-spacer";
    this.tip.className = "tip";
    this.tip.hidden = true;
    box.append(this.canvas, this.spacer);
    document.body.append(this.tip);
    box.addEventListener("scroll", () => this.schedule());
    this.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.addEventListener("pointerleave", () => this.leave());
    this.canvas.addEventListener("click", (event) => {
      const hit = this.hit(event);
      if (hit >= 0) this.onZoom(hit);
    });
    new ResizeObserver(() => this.layout()).observe(box);
  }

  show(tree: Tree, totals: Float64Array, names: FlameNames, zoomed: number, searching: boolean): void {
    if (tree !== this.tree) this.focused = -1;
    this.tree = tree;
    this.totals = totals;
    this.names = names;
    this.searching = searching;
    this.sorted.clear();
    if (this.zoomed !== zoomed) this.box.scrollTop = 0;
    this.zoomed = zoomed;
    this.layout();
  }

  /** Reads the colours of the style sheet again. */
  restyle(): void {
    const style = getComputedStyle(document.documentElement);
    const read = (name: string): string => style.getPropertyValue(name).trim();
    this.colours = ["--user", "--library", "--python", "--program", "--smaller"].map(read);
    this.inks = ["--user-ink", "--library-ink", "--python-ink", "--program-ink", "--smaller-ink"].map(read);
    this.mark = read("--mark");
    this.schedule();
  }

  /** The frame under the pointer or the keyboard's. */
  get current(): number {
    return this.hovered >= 0 ? this.hovered : this.focused;
  }

  /** Moves the keyboard's frame; whether there is one in that direction. */
  move(direction: "in" | "out" | "left" | "right"): number {
    const tree = this.tree;
    if (!tree) return -1;
    if (this.focused < 0) {
      this.focused = this.zoomed;
    } else {
      const parent = tree.parent[this.focused];
      if (direction === "out" && this.focused !== this.zoomed) this.focused = parent;
      if (direction === "in") this.focused = this.children(this.focused)[0] ?? this.focused;
      if ((direction === "left" || direction === "right") && this.focused !== this.zoomed) {
        const siblings = this.children(parent);
        const at = siblings.indexOf(this.focused) + (direction === "left" ? -1 : 1);
        this.focused = siblings[at] ?? this.focused;
      }
    }
    this.schedule();
    return this.focused;
  }

  get focus(): number {
    return this.focused;
  }

  private children(node: number): number[] {
    let children = this.sorted.get(node);
    if (!children) {
      const totals = this.totals;
      children = this.tree!.children[node].filter((child) => totals[child] > 0);
      children.sort((a, b) => totals[b] - totals[a] || a - b);
      this.sorted.set(node, children);
    }
    return children;
  }

  private layout(): void {
    if (!this.tree) return;
    const width = this.box.clientWidth;
    const boxes: Box[] = [];
    // What calls the zoomed frame stands above it, as wide as it.
    const path = [];
    for (let node = this.zoomed; ; node = this.tree.parent[node]) {
      path.unshift(node);
      if (node === 0) break;
    }
    path.slice(0, -1).forEach((node, depth) => boxes.push({ node, narrow: 0, depth, x: 0, width }));
    let deepest = path.length;
    if (this.totals[this.zoomed] > 0) {
      const todo: Box[] = [{ node: this.zoomed, narrow: 0, depth: path.length - 1, x: 0, width }];
      while (todo.length > 0) {
        const it = todo.pop()!;
        boxes.push(it);
        deepest = Math.max(deepest, it.depth + 1);
        let x = it.x;
        const children = this.children(it.node);
        const widthOf = (child: number): number => (this.totals[child] / this.totals[it.node]) * it.width;
        for (const [at, child] of children.entries()) {
          const childWidth = widthOf(child);
          if (childWidth < LEAST_WIDTH) {
            const rest = children.slice(at).reduce((sum, other) => sum + widthOf(other), 0);
            if (rest >= LEAST_TOGETHER) {
              boxes.push({ node: it.node, narrow: children.length - at, depth: it.depth + 1, x, width: rest });
              deepest = Math.max(deepest, it.depth + 2);
            }
            break;
          }
          todo.push({ node: child, narrow: 0, depth: it.depth + 1, x, width: childWidth });
          x += childWidth;
        }
      }
    }
    this.boxes = boxes;
    this.spacer.style.height = `${deepest * ROW}px`;
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.draw();
    });
  }

  private draw(): void {
    if (!this.tree || this.colours.length === 0) return;
    const width = this.box.clientWidth;
    const height = this.box.clientHeight;
    const ratio = window.devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
    }
    const context = this.canvas.getContext("2d");
    if (!context) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = FONT;
    context.textBaseline = "middle";
    const letter = context.measureText("abcdefghij0123456789").width / 20;
    const top = this.box.scrollTop;
    for (const { node, narrow, depth, x, width: wide } of this.boxes) {
      const y = depth * ROW - top;
      if (y > height || y + ROW < 0) continue;
      const colour = narrow > 0 ? 4 : this.names.colour(node);
      const matches = this.searching && narrow === 0 && this.names.matches(node);
      context.globalAlpha = this.searching && !matches ? 0.35 : 1;
      context.fillStyle = matches ? this.mark : this.colours[colour];
      const gap = wide > 3 ? 1 : 0;
      context.fillRect(x, y, Math.max(wide - gap, LEAST_WIDTH), ROW - 1);
      if (wide > 34) {
        context.fillStyle = matches ? "#000" : this.inks[colour];
        const room = Math.floor((wide - 10) / letter);
        let text = narrow > 0 ? counted(narrow, "narrow frame") : this.names.title(node);
        for (const more of narrow > 0 ? [] : this.names.details(node)) if (more && text.length + more.length + 3 <= room) text += `   ${more}`;
        if (text.length > room) text = `${text.slice(0, Math.max(0, room - 1))}…`;
        if (room > 2) context.fillText(text, x + 5, y + ROW / 2, wide - 7);
      }
      context.globalAlpha = 1;
      if (narrow === 0 && (node === this.focused || node === this.hovered)) {
        context.strokeStyle = this.inks[3];
        context.lineWidth = 2;
        context.strokeRect(x + 1, y + 1, Math.max(1, wide - gap - 2), ROW - 3);
      }
    }
  }

  private hit(event: PointerEvent | MouseEvent): number {
    const area = this.canvas.getBoundingClientRect();
    const x = event.clientX - area.left;
    const depth = Math.floor((event.clientY - area.top + this.box.scrollTop) / ROW);
    const found = this.boxes.find((it) => it.narrow === 0 && it.depth === depth && x >= it.x && x < it.x + it.width);
    return found ? found.node : -1;
  }

  private hover(event: PointerEvent): void {
    const hit = this.hit(event);
    if (hit !== this.hovered) {
      this.hovered = hit;
      this.onHover(hit);
      this.schedule();
    }
    this.tip.hidden = hit < 0;
    if (hit < 0) return;
    this.canvas.style.cursor = "pointer";
    const { clientX, clientY } = event;
    this.tip.style.left = `${Math.max(8, Math.min(clientX + 14, window.innerWidth - this.tip.offsetWidth - 12))}px`;
    const below = clientY + 18 + this.tip.offsetHeight < window.innerHeight;
    this.tip.style.top = `${below ? clientY + 18 : clientY - this.tip.offsetHeight - 12}px`;
  }

  /** Fills the box beside the pointer. */
  tell(lines: Node[]): void {
    this.tip.replaceChildren(...lines);
  }

  private leave(): void {
    this.hovered = -1;
    this.tip.hidden = true;
    this.onHover(-1);
    this.schedule();
  }

  /** How a node is written in the address. */
  static step(tree: Tree, node: number): string {
    return `${tree.kind[node]}.${tree.ref[node]}`;
  }

  /** The path to a node as the address has it. */
  static path(tree: Tree, node: number): string[] {
    const path = [];
    for (let it = node; it !== 0; it = tree.parent[it]) path.unshift(Flame.step(tree, it));
    return path;
  }

  /** The node at the end of a path, or as far along it as there is one. */
  static find(tree: Tree, path: string[]): number {
    let node = 0;
    for (const step of path) {
      const child = tree.children[node].find((it) => Flame.step(tree, it) === step);
      if (child === undefined) break;
      node = child;
    }
    return node;
  }
}
