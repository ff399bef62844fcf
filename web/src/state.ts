// What is looked at, and how it stands in the address, so that a link brings it back.

import type { Selection } from "./calls";

export const TABS = ["lines", "functions", "source", "objects", "advice", "run"] as const;
export type Tab = (typeof TABS)[number];

/** One process or one thread. */
export interface Part {
  kind: "process" | "thread";
  index: number;
}

/** How much there is to select from. */
export interface Counts {
  moments: number;
  peak: number;
  processes: number;
  threads: number;
}

export interface State {
  selection: Selection;
  part: Part | null;
  tab: Tab;
  fold: boolean;
  split: boolean;
  search: string;
  /** The steps from the root to the frame that fills the flame graph, `kind.ref`. */
  zoom: string[];
  file: number;
  line: number;
  sort: { column: string; descending: boolean };
}

export function initial(peak: number): State {
  return {
    selection: { mode: "live", at: peak, from: -1, to: -1 },
    part: null,
    tab: "lines",
    fold: true,
    split: false,
    search: "",
    zoom: [],
    file: -1,
    line: 0,
    sort: { column: "bytes", descending: true },
  };
}

/** The part of the address behind #; empty for what is seen at first. */
export function toHash(state: State, peak: number): string {
  const out = new URLSearchParams();
  const { mode, at, from, to } = state.selection;
  if (mode === "live") {
    if (at !== peak) out.set("at", String(at));
  } else {
    out.set(mode, `${from}..${to}`);
  }
  if (state.tab !== "lines") out.set("tab", state.tab);
  if (!state.fold) out.set("libraries", "open");
  if (state.part) out.set("of", `${state.part.kind}.${state.part.index}`);
  if (state.split) out.set("threads", "split");
  if (state.search) out.set("search", state.search);
  if (state.zoom.length > 0) out.set("zoom", state.zoom.join("_"));
  if (state.file >= 0) out.set("file", String(state.file));
  if (state.line > 0) out.set("line", String(state.line));
  if (state.sort.column !== "bytes" || !state.sort.descending)
    out.set("sort", (state.sort.descending ? "-" : "") + state.sort.column);
  return out.toString();
}

/** Reads the part behind #. Whatever stands there, the result is valid. */
export function fromHash(hash: string, { moments, peak, processes, threads }: Counts): State {
  const state = initial(peak);
  const read = new URLSearchParams(hash.replace(/^#/, ""));
  const whole = (text: string | null, from: number, to: number, otherwise: number): number => {
    const number = text !== null && /^-?\d+$/.test(text) ? Number(text) : NaN;
    return number >= from && number <= to ? number : otherwise;
  };
  state.selection.at = whole(read.get("at"), 0, moments - 1, peak);
  for (const mode of ["allocated", "leaked"] as const) {
    const [from, to] = (read.get(mode) ?? "").split("..");
    if (to !== undefined) {
      state.selection.mode = mode;
      state.selection.from = whole(from, -1, moments - 2, -1);
      state.selection.to = whole(to, state.selection.from + 1, moments - 1, moments - 1);
    }
  }
  const tab = TABS.find((it) => it === read.get("tab"));
  if (tab) state.tab = tab;
  state.fold = read.get("libraries") !== "open";
  state.split = read.get("threads") === "split";
  const [kind, index] = (read.get("of") ?? "").split(".");
  if (kind === "process" || kind === "thread") {
    const part = whole(index ?? null, 0, (kind === "process" ? processes : threads) - 1, -1);
    if (part >= 0) state.part = { kind, index: part };
  }
  state.search = (read.get("search") ?? "").slice(0, 200);
  state.zoom = (read.get("zoom") ?? "").split("_").filter((step) => /^\d+\.\d+$/.test(step));
  state.file = whole(read.get("file"), 0, 1e9, -1);
  state.line = whole(read.get("line"), 1, 1e9, 0);
  const sort = read.get("sort");
  if (sort) state.sort = { column: sort.replace(/^-/, ""), descending: sort.startsWith("-") };
  return state;
}
