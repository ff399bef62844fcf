// The tree of calls: what each node held at a moment, or allocated in an interval, and the trees that are drawn of it.
// Invariant: a node's parent has a smaller number, in the payload's tree and in every tree that is drawn.

import type { Payload } from "./payload";

/** What the numbers are of. Moments are indices; an interval begins behind `from` (-1: the start). */
export interface Selection {
  mode: "live" | "allocated" | "leaked";
  at: number;
  from: number;
  to: number;
}

export const enum Kind {
  Program,
  Thread,
  Line,
  Library,
  Smaller,
  NoPython,
  Process,
}

/** A tree to draw: columns by node. */
export interface Tree {
  count: number;
  parent: Int32Array;
  kind: Uint8Array;
  /** The line, the library's number in `libraries`, the thread, or the process. */
  ref: Int32Array;
  /** By node of the payload: the node that it is drawn in. */
  of: Int32Array;
  children: number[][];
}

export interface LineSums {
  own: Float64Array;
  user: Float64Array;
  total: Float64Array;
}

export class Calls {
  readonly count: number;
  readonly parent: Int32Array;
  /** The line; -1 for "smaller"; 0 for what no Python line asked for. */
  readonly line: Int32Array;
  readonly libraries: string[] = [];
  /** By node: its thread; -1 for the program. */
  private readonly thread: Int32Array;
  private readonly first: Int32Array;
  private readonly moment: Int32Array;
  private readonly change: Float64Array;
  private readonly allocated: Float64Array;
  private readonly kept: Float64Array;
  /** By node: the innermost line of the user's own above it, itself included. */
  private readonly userLine: Int32Array;
  /** By node: whether no caller of it is on the same line, or in the same function. */
  private readonly outermostLine: Uint8Array;
  private readonly outermostFunction: Uint8Array;
  private readonly libraryNumbers = new Map<string, number>();

  constructor(private readonly payload: Payload) {
    const { nodes, threads, places } = payload;
    const count = nodes.up.length;
    this.count = count;
    this.parent = new Int32Array(count);
    this.line = Int32Array.from(nodes.line);
    this.thread = new Int32Array(count).fill(-1);
    this.first = new Int32Array(count + 1);
    const steps = nodes.gap.length;
    this.moment = new Int32Array(steps);
    this.change = Float64Array.from(nodes.change);
    this.allocated = new Float64Array(steps);
    this.kept = Float64Array.from(nodes.kept);
    this.userLine = new Int32Array(count);
    const nearness = new Int8Array(count).fill(-1);
    const near = (line: number): number => places.files[places.functions.file[places.lines.function[line]]].nearness;
    let step = 0;
    for (let node = 0; node < count; node++) {
      const parent = node - nodes.up[node];
      this.parent[node] = parent;
      this.thread[node] = node > 0 && node <= threads.length ? node - 1 : this.thread[parent];
      this.first[node] = step;
      let moment = -1;
      for (const end = step + nodes.steps[node]; step < end; step++) {
        moment += nodes.gap[step];
        this.moment[step] = moment;
        this.allocated[step] = nodes.surplus[step] + Math.max(0, nodes.change[step]);
      }
      if (node > threads.length) {
        const line = this.line[node];
        const here = line >= 0 ? near(line) : -1;
        // What is on a line that matters as much to the user as those of its callers is the line's.
        if (here < 0 || nearness[parent] > here) {
          nearness[node] = nearness[parent];
          this.userLine[node] = this.userLine[parent];
        } else {
          nearness[node] = here;
          this.userLine[node] = line;
        }
      }
    }
    this.first[count] = step;
    this.outermostLine = this.outermost((node) => this.line[node], places.lines.line.length);
    this.outermostFunction = this.outermost((node) => places.lines.function[this.line[node]], places.functions.name.length);
  }

  private outermost(place: (node: number) => number, places: number): Uint8Array {
    const result = new Uint8Array(this.count);
    const children = childrenOf(this.parent, this.count);
    const onPath = new Int32Array(places);
    const stack = [0];
    while (stack.length > 0) {
      const node = stack.pop()!;
      const leaving = node < 0;
      const it = leaving ? ~node : node;
      if (it > this.payload.threads.length && this.line[it] >= 0) {
        const at = place(it);
        if (leaving) onPath[at]--;
        else if (onPath[at]++ === 0) result[it] = 1;
      }
      if (!leaving) {
        stack.push(~it);
        for (const child of children[it]) stack.push(child);
      }
    }
    return result;
  }

  /** Bytes of each node itself, if its thread is among those `within`. */
  own(selection: Selection, within: Uint8Array | null): Float64Array {
    const own = new Float64Array(this.count);
    const { mode, at, from, to } = selection;
    for (let node = 0; node < this.count; node++) {
      if (within && !within[this.thread[node]]) continue;
      let sum = 0;
      for (let step = this.first[node]; step < this.first[node + 1]; step++) {
        const moment = this.moment[step];
        if (mode === "live") {
          if (moment > at) break;
          sum += this.change[step];
        } else {
          if (moment > to) break;
          if (moment > from) sum += mode === "allocated" ? this.allocated[step] : this.kept[step];
        }
      }
      own[node] = sum;
    }
    return own;
  }

  /** Bytes live at every moment in the threads `within`. */
  course(within: Uint8Array): Float64Array {
    const course = new Float64Array(this.payload.moments.time_ms.length);
    for (let node = 0; node < this.count; node++) if (within[this.thread[node]]) for (let step = this.first[node]; step < this.first[node + 1]; step++) course[this.moment[step]] += this.change[step];
    for (let moment = 1; moment < course.length; moment++) course[moment] += course[moment - 1];
    return course;
  }

  /** Sums by thread of bytes of the nodes. */
  byThread(own: Float64Array): Float64Array {
    const sums = new Float64Array(this.payload.threads.length);
    for (let node = 1; node < this.count; node++) sums[this.thread[node]] += own[node];
    return sums;
  }

  /** Sums by line and by function of bytes of the nodes. */
  sums(own: Float64Array): { lines: LineSums; functions: LineSums; smaller: number } {
    const { places } = this.payload;
    const make = (size: number): LineSums => ({
      own: new Float64Array(size),
      user: new Float64Array(size),
      total: new Float64Array(size),
    });
    const lines = make(places.lines.line.length);
    const functions = make(places.functions.name.length);
    const below = Float64Array.from(own);
    let smaller = 0;
    for (let node = this.count - 1; node > this.payload.threads.length; node--) {
      below[this.parent[node]] += below[node];
      const line = this.line[node];
      const user = this.userLine[node];
      lines.user[user] += own[node];
      functions.user[places.lines.function[user]] += own[node];
      if (line < 0) {
        smaller += own[node];
        continue;
      }
      lines.own[line] += own[node];
      functions.own[places.lines.function[line]] += own[node];
      if (this.outermostLine[node]) lines.total[line] += below[node];
      if (this.outermostFunction[node]) functions.total[places.lines.function[line]] += below[node];
    }
    return { lines, functions, smaller };
  }

  /** The tree to draw. */
  tree(foldLibraries: boolean, split: boolean): Tree {
    const { places, threads, processes } = this.payload;
    const parent: number[] = [0];
    const kind: number[] = [Kind.Program];
    const ref: number[] = [0];
    const near: number[] = [-1];
    const of = new Int32Array(this.count);
    const known = new Map<number, number>();
    const threadsOf = new Int32Array(processes.length);
    for (const { process } of threads) if (process !== null) threadsOf[process]++;
    const most = Math.max(places.lines.line.length, threads.length, places.files.length) + 1;
    const enter = (above: number, itsKind: Kind, itsRef: number, itsNearness: number): number => {
      const key = (above * 8 + itsKind) * most + itsRef;
      let node = known.get(key);
      if (node === undefined) {
        node = parent.length;
        known.set(key, node);
        parent.push(above);
        kind.push(itsKind);
        ref.push(itsRef);
        near.push(itsNearness);
      }
      return node;
    };
    for (let node = 1; node < this.count; node++) {
      const above = of[this.parent[node]];
      if (node <= threads.length) {
        const { process } = threads[node - 1];
        const around = split && processes.length > 1 && process !== null ? enter(0, Kind.Process, process, -1) : 0;
        if (split) of[node] = around > 0 && threadsOf[process!] === 1 ? around : enter(around, Kind.Thread, node - 1, -1);
        continue;
      }
      const line = this.line[node];
      if (line < 0) {
        of[node] = foldLibraries && kind[above] === Kind.Library ? above : enter(above, Kind.Smaller, 0, -1);
        continue;
      }
      if (line === 0) {
        of[node] = enter(above, Kind.NoPython, 0, -1);
        continue;
      }
      const file = places.files[places.functions.file[places.lines.function[line]]];
      if (foldLibraries && file.nearness <= 1) {
        of[node] = kind[above] === Kind.Library ? above : enter(above, Kind.Library, this.library(file.library), 1);
      } else if (foldLibraries && file.nearness === 2 && near[above] >= 1) {
        // Code made at run time is a detail of the line that called it.
        of[node] = above;
      } else if (foldLibraries && kind[above] === Kind.Line && ref[above] === line) {
        of[node] = above;
      } else {
        of[node] = enter(above, Kind.Line, line, file.nearness);
      }
    }
    const count = parent.length;
    const parents = Int32Array.from(parent);
    return { count, parent: parents, kind: Uint8Array.from(kind), ref: Int32Array.from(ref), of, children: childrenOf(parents, count) };
  }

  private library(name: string): number {
    let number = this.libraryNumbers.get(name);
    if (number === undefined) {
      number = this.libraries.push(name) - 1;
      this.libraryNumbers.set(name, number);
    }
    return number;
  }
}

/** Bytes of each drawn node with all below it. */
export function totals(tree: Tree, own: Float64Array): Float64Array {
  const sums = new Float64Array(tree.count);
  for (let node = 0; node < own.length; node++) sums[tree.of[node]] += own[node];
  for (let node = tree.count - 1; node > 0; node--) sums[tree.parent[node]] += sums[node];
  return sums;
}

function childrenOf(parent: Int32Array, count: number): number[][] {
  const children: number[][] = Array.from({ length: count }, () => []);
  for (let node = 1; node < count; node++) children[parent[node]].push(node);
  return children;
}
