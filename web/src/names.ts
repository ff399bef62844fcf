// How places, threads and processes are called. Invariant: every text that is returned has nothing unseen in it.

import { element } from "./dom";
import { shortened, visible } from "./format";
import type { Payload } from "./payload";

export class Names {
  private readonly sourceLines = new Map<number, Map<number, string>>();

  constructor(private readonly payload: Payload) {
    for (const source of payload.sources) {
      const lines = new Map<number, string>();
      for (const [first, text] of source.parts) text.split("\n").forEach((line, i) => lines.set(first + i, line.trim()));
      this.sourceLines.set(source.file, lines);
    }
  }

  fileOf(line: number): number {
    const { lines, functions } = this.payload.places;
    return functions.file[lines.function[line]];
  }

  function(number: number): string {
    return visible(this.payload.places.functions.name[number].replaceAll("<locals>.", ""));
  }

  functionOf(line: number): string {
    return this.function(this.payload.places.lines.function[line]);
  }

  place(line: number): string {
    return this.placeIn(this.fileOf(line), this.payload.places.lines.line[line]);
  }

  /** `file:number`, or what is said where one of them is not known. */
  placeIn(file: number, number: number): string {
    const { name, short } = this.payload.places.files[file];
    if (!name) return file === 0 ? "(no Python line)" : "(unknown file)";
    return shortened(visible(number > 0 ? `${short}:${number}` : short), 160);
  }

  shortFile(name: string): string {
    const known = this.payload.places.files.find((file) => file.name === name)?.short ?? name.replace(/.*\//, "");
    return shortened(visible(known), 160);
  }

  hasSource(file: number): boolean {
    return this.sourceLines.has(file);
  }

  /** The text of a line; empty if it is not known. */
  sourceOf(line: number): string {
    return visible(this.sourceLines.get(this.fileOf(line))?.get(this.payload.places.lines.line[line]) ?? "");
  }

  thread(number: number): string {
    const { threads } = this.payload;
    const { name, os_id, process } = threads[number];
    if (process === null) return "other threads";
    const id = os_id || number + 1;
    const alone = threads.filter((it) => it.process === process && it.name === name).length === 1;
    return `thread ${[shortened(visible(name), 80), name && alone ? "" : id].filter(Boolean).join(" ")}`;
  }

  process(number: number): string {
    return `process ${this.payload.processes[number].pid}`;
  }
}

/** A place with its folder in an element of its own, which narrow pages leave out. */
export function folderApart(place: string): (HTMLElement | string)[] {
  const at = place.lastIndexOf("/") + 1;
  return at > 0 ? [element("span", { class: "folder" }, place.slice(0, at)), place.slice(at)] : [place];
}
