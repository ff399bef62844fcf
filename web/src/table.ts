// A table that can be sorted and searched, of any number of rows: it makes elements for those that are seen only.

import { append, bar, element } from "./dom";
import { bytes, count, counted } from "./format";

const FIRST_ROWS = 40;
const MORE_ROWS = 400;

export interface Column {
  id: string;
  title: string;
  explanation: string;
  numeric: boolean;
  /** What the row is sorted by. */
  value(row: number): number | string;
  cell(row: number): Node;
}

export interface TableView {
  caption: string;
  columns: Column[];
  rows: number[];
  sort: { column: string; descending: boolean };
  onSort(column: string, descending: boolean): void;
  onRow(row: number): void;
  /** Said below the rows. */
  note: string;
  empty: string;
}

export class Table {
  private shown = FIRST_ROWS;
  private key = "";

  constructor(private readonly box: HTMLElement) {}

  show(view: TableView, key: string): void {
    if (key !== this.key) this.shown = FIRST_ROWS;
    this.key = key;
    const column = view.columns.find((it) => it.id === view.sort.column) ?? view.columns[0];
    const sign = view.sort.descending ? -1 : 1;
    const keyed = view.rows.map((row) => [column.value(row), row] as const);
    keyed.sort(([a, rowA], [b, rowB]) => (a < b ? -sign : a > b ? sign : rowA - rowB));
    const head = element("tr");
    for (const it of view.columns) {
      const sorted = it.id === column.id;
      const button = element(
        "button",
        {
          type: "button",
          title: it.explanation,
          click: () => view.onSort(it.id, sorted ? !view.sort.descending : it.numeric),
        },
        it.title,
        element("span", { "aria-hidden": "true", class: "arrow" }, sorted ? (view.sort.descending ? " ▾" : " ▴") : ""),
      );
      head.append(
        element(
          "th",
          { scope: "col", class: `${it.id}${it.numeric ? " number" : ""}`, "aria-sort": sorted ? (view.sort.descending ? "descending" : "ascending") : null },
          button,
        ),
      );
    }
    const body = element("tbody");
    const add = (from: number, to: number): void => {
      for (const [, row] of keyed.slice(from, to)) {
        const line = element("tr", { tabindex: 0, "data-row": row });
        for (const it of view.columns) line.append(element("td", { class: `${it.id}${it.numeric ? " number" : ""}` }, it.cell(row)));
        line.addEventListener("click", (event) => {
          if (!(event.target as HTMLElement).closest("button")) view.onRow(row);
        });
        line.addEventListener("keydown", (event) => {
          if (event.key === "Enter" && event.target === line) view.onRow(row);
        });
        body.append(line);
      }
    };
    add(0, this.shown);
    const more = element("button", { type: "button", class: "more" });
    const label = (): void => {
      const left = keyed.length - this.shown;
      more.hidden = left <= 0;
      more.textContent = `${count(Math.min(left, MORE_ROWS))} more of ${count(Math.max(left, 0))}`;
    };
    more.addEventListener("click", () => {
      add(this.shown, this.shown + MORE_ROWS);
      this.shown += MORE_ROWS;
      label();
    });
    label();
    const table = element("table", {}, element("caption", { class: "offscreen" }, view.caption), element("thead", {}, head), body);
    this.box.replaceChildren(
      keyed.length > 0 ? element("div", { class: "scroller" }, table) : element("p", { class: "none" }, view.empty),
      more,
      element("p", { class: "note" }, view.note),
    );
  }
}

/** Bytes with a bar of their share. */
export function amount(value: number, whole: number, kind = ""): HTMLElement {
  const cell = element("span", { class: "amount", title: counted(value, "byte") });
  append(cell, [bar(whole > 0 ? value / whole : 0, kind), element("b", {}, bytes(value))]);
  return cell;
}
