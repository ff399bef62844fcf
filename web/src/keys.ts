// The keyboard: what each key does, and the list of them.

import { element } from "./dom";
import { TABS, type Tab } from "./state";

const KEYS: [string, string][] = [
  ["/", "search names; Escape ends it"],
  ["← →", "the moment before, the moment after"],
  ["p", "the peak"],
  ["a", "what was allocated over the whole run"],
  ["e", "what was still live at the end"],
  ["l", "open or fold libraries"],
  ["t", "split or join processes and threads"],
  ["w", "choose a process or a thread"],
  ["1 … 6", "lines, functions, source, objects, advice, run"],
  ["Backspace", "back to what was seen before"],
  ["0", "the whole flame graph"],
  ["arrows, Enter", "in the flame graph: walk, zoom"],
  ["c", "copy path:line of the frame in focus"],
  ["?", "these keys"],
];

export interface Commands {
  search: HTMLInputElement;
  endSearch(): void;
  peak(): void;
  mode(mode: "allocated" | "leaked"): void;
  step(by: number): void;
  foldOrOpen(): void;
  splitOrJoin(): void;
  choose(): void;
  unzoom(): void;
  copyPlace(): void;
  tab(tab: Tab): void;
}

/** Listens to the keyboard; the list of keys, which is to be put into the page. */
export function listen(commands: Commands): HTMLDialogElement {
  const help = element(
    "dialog",
    { "aria-label": "Keys" },
    element("h2", {}, "Keys"),
    element("dl", {}, ...KEYS.flatMap(([key, text]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, text)])),
    element("p", { class: "muted" }, "Click the time line for a moment, drag on it for an interval. The address of this page always leads back to what you see."),
    element("form", { method: "dialog" }, element("button", {}, "Close")),
  );
  const does: Record<string, () => void> = {
    "/": () => {
      commands.search.focus();
      commands.search.select();
    },
    "?": () => help.showModal(),
    p: () => commands.peak(),
    a: () => commands.mode("allocated"),
    e: () => commands.mode("leaked"),
    l: () => commands.foldOrOpen(),
    t: () => commands.splitOrJoin(),
    w: () => commands.choose(),
    c: () => commands.copyPlace(),
    "0": () => commands.unzoom(),
    Backspace: () => history.back(),
    Escape: () => commands.endSearch(),
    ArrowLeft: () => commands.step(-1),
    ArrowRight: () => commands.step(1),
  };
  TABS.forEach((tab, index) => (does[String(index + 1)] = () => commands.tab(tab)));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const target = event.target as HTMLElement;
    if (target === commands.search) {
      if (event.key === "Escape") {
        commands.endSearch();
        commands.search.blur();
      }
      return;
    }
    if (["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName) && event.key !== "/") return;
    if (!Object.hasOwn(does, event.key)) return;
    does[event.key]();
    event.preventDefault();
  });
  return help;
}
