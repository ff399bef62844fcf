// The tables of lines and functions by the bytes that they hold.

import { element } from "./dom";
import { bytes, counted, share, shortened } from "./format";
import { folderApart, type Names } from "./names";
import type { Payload } from "./payload";
import { amount, type Column } from "./table";

export interface Ranking {
  of: "lines" | "functions";
  /** By line or function. */
  own: ArrayLike<number>;
  total: ArrayLike<number>;
  whole: number;
  fold: boolean;
  search: string;
  copyButton(text: string): HTMLElement;
}

/** The rows of the table, numbers of lines or functions, and its columns. */
export function ranking(payload: Payload, names: Names, view: Ranking): { rows: number[]; columns: Column[] } {
  const { places } = payload;
  const { own, total, whole, fold } = view;
  const lines = view.of === "lines";
  const fileOf = (row: number): number => (lines ? names.fileOf(row) : places.functions.file[row]);
  const functionOf = (row: number): string => (lines ? names.functionOf(row) : names.function(row));
  const numberOf = (row: number): number => (lines ? places.lines.line[row] : places.functions.line[row]);
  const rows: number[] = [];
  for (let row = 0; row < own.length; row++) {
    if (own[row] <= 0 && total[row] <= 0) continue;
    const file = places.files[fileOf(row)];
    if (fold && own[row] <= 0 && file.nearness <= 1) continue;
    if (view.search && !`${functionOf(row)} ${file.short}:${numberOf(row)} ${file.library} ${lines ? names.sourceOf(row) : ""}`.toLowerCase().includes(view.search)) continue;
    rows.push(row);
  }
  const columns: Column[] = [
    {
      id: "bytes",
      title: fold ? "Held" : "Held itself",
      explanation: fold ? "Bytes of this line as your innermost one: its own, and what libraries asked for below it" : "Bytes for which this was the innermost Python line",
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
      cell: (row) => element("span", { class: "place" }, element("bdi", {}, ...folderApart(names.placeIn(fileOf(row), numberOf(row)))), places.files[fileOf(row)].name ? view.copyButton(`${places.files[fileOf(row)].name}:${numberOf(row)}`) : null),
    },
    { id: "function", title: "Function", explanation: "The qualified name", numeric: false, value: functionOf, cell: (row) => element("bdi", {}, shortened(functionOf(row), 120)) },
  ];
  if (lines)
    columns.push({ id: "source", title: "Source", explanation: "The text as it was when it ran", numeric: false, value: (row) => names.sourceOf(row), cell: (row) => element("code", {}, shortened(names.sourceOf(row), 200)) });
  return { rows, columns };
}
