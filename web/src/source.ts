// The source view: the text of a file as it was when it ran, with bytes beside each line.

import { bar, element } from "./dom";
import { bytes, count, counted, sourceText, visible } from "./format";
import type { Payload } from "./payload";

export interface SourceView {
  file: number;
  line: number;
  /** By line number of the file: bytes held by it, and with callees. */
  held: Map<number, [number, number]>;
  /** Files with text, by bytes: number and bytes. */
  files: [number, number][];
  ownTitle: string;
  onFile(file: number): void;
  copyPlace(line: number): void;
}

export function show(box: HTMLElement, payload: Payload, view: SourceView): void {
  if (view.files.length === 0) {
    box.replaceChildren(element("p", { class: "none" }, "No source text: the capture has none of the lines that are shown."));
    return;
  }
  const choice = element("select", { "aria-label": "File" });
  for (const [file, held] of view.files) {
    const option = element("option", { value: file }, `${visible(payload.places.files[file].short)}  (${bytes(held)})`);
    option.selected = file === view.file;
    choice.append(option);
  }
  choice.addEventListener("change", () => view.onFile(Number(choice.value)));
  const source = payload.sources.find((it) => it.file === view.file);
  const parts: Node[] = [element("div", { class: "source-head" }, choice, element("span", { class: "muted" }, `${view.ownTitle} · with callees`))];
  if (!source) {
    parts.push(element("p", { class: "none" }, "The capture has no text of this file."));
    box.replaceChildren(...parts);
    return;
  }
  const highest = Math.max(1, ...[...view.held.values()].map(([, total]) => total));
  const list = element("div", { class: "code", role: "table", "aria-label": "Source with bytes by line" });
  let before = 0;
  let chosen: HTMLElement | null = null;
  // Where no line is asked for, the one that holds most is brought into sight.
  const most = [...view.held].reduce((best, it) => (it[1][0] > best[1][0] ? it : best), [0, [0, 0]] as [number, [number, number]]);
  const sought = view.line > 0 ? view.line : most[0];
  for (const [first, text] of source.parts) {
    if (first > before + 1) list.append(element("div", { class: "gap" }, `… ${counted(first - before - 1, "line")} …`));
    const lines = text.split("\n");
    lines.forEach((line, offset) => {
      const number = first + offset;
      const [own, total] = view.held.get(number) ?? [0, 0];
      const row = element(
        "div",
        { class: `row${number === view.line ? " chosen" : ""}${total > 0 ? " holds" : ""}`, role: "row", "data-line": number },
        element("span", { class: "own number", role: "cell" }, own > 0 ? bytes(own) : ""),
        element("span", { class: "total number", role: "cell" }, total > 0 ? bytes(total) : ""),
        element("span", { role: "cell", class: "bar-cell" }, total > 0 ? bar(total / highest) : null),
        element("button", { type: "button", class: "line-number", title: "Copy path:line", "aria-label": `Copy the place of line ${number}`, click: () => view.copyPlace(number) }, count(number)),
        element("code", { role: "cell" }, sourceText(line) || " "),
      );
      if (number === sought) chosen = row;
      list.append(row);
    });
    before = first + lines.length - 1;
  }
  if (before < source.lines) list.append(element("div", { class: "gap" }, `… ${counted(source.lines - before, "line")} …`));
  parts.push(list);
  box.replaceChildren(...parts);
  const row = chosen as HTMLElement | null;
  if (row) list.scrollTop = row.offsetTop - list.offsetTop - list.clientHeight / 3;
}
