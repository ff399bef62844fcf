// The choice of one process or one thread, which everything below the head of the page follows.

import type { Chosen } from "./details";
import { element } from "./dom";
import { bytes, shortened, visible } from "./format";
import type { Names } from "./names";
import type { Payload } from "./payload";
import type { Part } from "./state";

export class PartChoice {
  readonly element: HTMLElement | null;
  private readonly select: HTMLSelectElement;

  constructor(
    private readonly payload: Payload,
    private readonly names: Names,
    peakOfThread: ArrayLike<number>,
    onPart: (part: Part | null) => void,
  ) {
    const { threads, processes } = payload;
    const several = processes.length > 1;
    this.select = element("select", { "aria-label": several ? "Process or thread" : "Thread", title: "What everything below is of (w)" });
    this.element = threads.length > 1 ? this.select : null;
    const option = (value: string, text: string): HTMLOptionElement => element("option", { value }, text);
    this.select.append(option("", several ? "all processes" : "all threads"));
    const thread = (number: number): HTMLOptionElement => option(`thread.${number}`, `${names.thread(number)} · ${bytes(peakOfThread[number])} at the peak`);
    const of = (process: number | null): number[] => Array.from(threads.keys()).filter((number) => threads[number].process === process);
    processes.forEach((process, number) => {
      const its = of(number);
      if (!several) {
        this.select.append(...its.map(thread));
        return;
      }
      const group = element("optgroup", { label: `${names.process(number)} · ${visible(shortened(process.name, 60))}` });
      group.append(option(`process.${number}`, `${names.process(number)} · peak ${bytes(process.own_peak_bytes)}`));
      if (its.length > 1) group.append(...its.map(thread));
      this.select.append(group);
    });
    this.select.append(...of(null).map(thread));
    this.select.addEventListener("change", () => {
      const [kind, index] = this.select.value.split(".");
      onPart(kind === "process" || kind === "thread" ? { kind, index: Number(index) } : null);
    });
  }

  show(part: Part | null): void {
    this.select.value = part ? `${part.kind}.${part.index}` : "";
  }

  focus(): void {
    this.select.focus();
  }

  name(part: Part): string {
    if (part.kind === "process") return this.names.process(part.index);
    const { process } = this.payload.threads[part.index];
    const of = process !== null && this.payload.processes.length > 1 ? ` of ${this.names.process(process)}` : "";
    return this.names.thread(part.index) + of;
  }

  /** The process that a part is, or belongs to; `null` if all are shown. */
  process(part: Part | null): Chosen | null {
    const number = part?.kind === "thread" ? this.payload.threads[part.index].process : (part?.index ?? null);
    return number === null ? null : { pid: this.payload.processes[number].pid, name: this.names.process(number) };
  }

  /** By thread: whether it belongs to the part; `null` if all do. */
  within(part: Part | null): Uint8Array | null {
    if (!part) return null;
    const { threads } = this.payload;
    return Uint8Array.from(threads, (thread, number) => Number(part.kind === "thread" ? number === part.index : thread.process === part.index));
  }
}
