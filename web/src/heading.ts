// The head of the page: the peak, when it was, what to change, who held it. It does not depend on what is selected.

import { isProven, saving } from "./details";
import { element, prose } from "./dom";
import { bytes, count, seconds, share, shortened, visible } from "./format";
import type { Names } from "./names";
import type { Part } from "./state";
import type { Payload } from "./payload";
import { amount } from "./table";

/** Rows of each list. */
const ROWS = 5;

export interface Links {
  advice(id?: string): void;
  line(line: number): void;
  part(part: Part): void;
  run(): void;
}

export function heading(payload: Payload, names: Names, links: Links): HTMLElement {
  const { run, peak } = payload;
  const top = element("header", { class: "top" });
  for (const problem of run.problems.slice(0, 3)) top.append(element("p", { class: "warning" }, "Partial report: ", visible(problem)));
  if (run.problems.length > 3) top.append(element("p", { class: "warning" }, `and ${count(run.problems.length - 3)} more problems`));
  if (peak.heap_bytes === 0) {
    top.append(element("h1", {}, "Nothing was allocated while heapwise recorded."));
  } else {
    const error = peak.error_bytes >= peak.heap_bytes / 100 && peak.error_bytes > 0 ? ` ± ${bytes(peak.error_bytes)}` : "";
    top.append(
      element(
        "h1",
        {},
        element("span", { class: "muted" }, "Peak heap "),
        element("b", { id: "peak", "data-bytes": peak.heap_bytes }, bytes(peak.heap_bytes) + error),
        element("span", { class: "muted" }, ` at ${seconds(peak.time_s)} of ${seconds(Math.max(run.duration_s, peak.time_s))}`),
        peak.rss_bytes > 0 ? element("small", { class: "muted" }, ` ${run.resident_kind.toUpperCase()} peak ${bytes(peak.rss_bytes)}`) : null,
      ),
    );
  }
  const command = run.command.length > 0 ? run.command.map((word, i) => (i === 0 ? word.replace(/.*\//, "") : word)).join(" ") : "a program whose command line is not recorded";
  const ending = run.exit === null ? null : "signal" in run.exit ? `ended by signal ${run.exit.signal}` : run.exit.code !== 0 ? `exit code ${run.exit.code}` : null;
  const told = [`Python ${run.python}`, run.mode, payload.processes.length > 1 ? `${count(payload.processes.length)} processes` : null, ending, run.recording === "open" ? "no end recorded" : null];
  top.append(element("p", { class: "command" }, element("code", {}, element("bdi", {}, visible(shortened(command, 300)))), element("span", { class: "muted" }, ` ${told.filter(Boolean).join(" · ")}`)));
  if (payload.tiny && peak.heap_bytes > 0) top.append(element("p", { class: "muted" }, "The program itself held next to nothing; what follows is mostly the start of Python."));
  if (peak.heap_bytes > 0) {
    const box = element("div", { class: "summary" }, advice(payload, names, links), holders(payload, names, links));
    if (payload.processes.length > 1) box.append(processes(payload, names, links));
    top.append(box);
  }
  return top;
}

function advice(payload: Payload, names: Names, links: Links): HTMLElement | null {
  const { findings } = payload;
  if (findings.length === 0) return null;
  const list = element("ol");
  for (const finding of findings.slice(0, 3)) {
    const proven = finding.verified;
    list.append(
      element(
        "li",
        {},
        element(
          "button",
          { type: "button", class: "card advice", click: () => links.advice(`finding-${finding.id}`) },
          element("b", { class: "saving" }, saving(finding)),
          element("span", { class: "what" }, element("bdi", {}, ...prose(visible(shortened(finding.title, 160))))),
          element(
            "span",
            { class: "muted where" },
            element("bdi", {}, `${names.shortFile(finding.file)}:${finding.line}`),
            proven ? ` · ${isProven(finding) ? "proven" : "tried, not proven:"} ${bytes(proven.peak_before_bytes)} → ${bytes(proven.peak_after_bytes)}` : "",
          ),
        ),
      ),
    );
  }
  const more = findings.length - 3;
  return element("section", { "aria-label": "Advice" }, element("h2", {}, "Lower the peak"), list, more > 0 ? element("button", { type: "button", class: "more", click: () => links.advice() }, `${count(more)} more`) : null);
}

function holders(payload: Payload, names: Names, links: Links): HTMLElement {
  const whole = payload.peak.heap_bytes;
  const { lines } = payload.places;
  const order = Array.from(lines.user.keys()).filter((line) => lines.user[line] > 0);
  order.sort((a, b) => lines.user[b] - lines.user[a]);
  const list = element("ol");
  for (const line of order.slice(0, ROWS)) list.append(card(lines.user[line], whole, shortened(names.sourceOf(line) || names.functionOf(line), 160), `${names.place(line)} · ${shortened(names.functionOf(line), 80)}`, () => links.line(line)));
  return element("section", { "aria-label": "Held by" }, element("h2", {}, "Held at the peak by"), list);
}

function processes(payload: Payload, names: Names, links: Links): HTMLElement {
  const order = Array.from(payload.processes.keys());
  order.sort((a, b) => payload.processes[b].peak_bytes - payload.processes[a].peak_bytes);
  const list = element("ol");
  for (const number of order.slice(0, ROWS)) {
    const { name, peak_bytes } = payload.processes[number];
    list.append(card(peak_bytes, payload.peak.heap_bytes, visible(shortened(name, 160)), names.process(number), () => links.part({ kind: "process", index: number })));
  }
  const more = order.length - ROWS;
  return element("section", { "aria-label": "Processes" }, element("h2", {}, "Processes at the peak"), list, more > 0 ? element("button", { type: "button", class: "more", click: () => links.run() }, `${count(more)} more`) : null);
}

function card(held: number, whole: number, what: string, where: string, click: () => void): HTMLElement {
  return element(
    "li",
    {},
    element(
      "button",
      { type: "button", class: "card", click },
      amount(held, whole),
      element("span", { class: "muted percent" }, share(held, whole)),
      element("code", { class: "what" }, element("bdi", {}, what)),
      element("span", { class: "muted where" }, element("bdi", {}, where)),
    ),
  );
}
