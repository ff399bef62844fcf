// The parts of the page that are lists of things: objects, advice, the run.

import { bar, element, prose } from "./dom";
import { bytes, count, counted, seconds, share, shortened, visible } from "./format";
import type { Finding, HeldObject, Payload } from "./payload";

export interface Links {
  place(file: string, line: number): HTMLElement;
}

/** The process that the page is of. */
export interface Chosen {
  pid: number;
  name: string;
}

function facts(object: HeldObject): string[] {
  const out: string[] = [];
  for (const [name, value] of Object.entries(object.facts ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    const words = name.replaceAll("_", " ");
    if (value === true) out.push(words);
    else if (typeof value === "number") out.push(`${words} ${name.endsWith("bytes") ? bytes(value) : name.endsWith("share") ? share(value, 1) : Number.isInteger(value) ? count(value) : value.toPrecision(4)}`);
    else if (typeof value === "string") {
      if (name !== "content_hash") out.push(`${words} ${visible(shortened(value, 120))}`);
    } else {
      const inner = Object.entries(value as Record<string, unknown>).slice(0, 6);
      if (inner.length > 0) out.push(`${words}: ${inner.map(([key, it]) => `${visible(shortened(key, 60))} ${visible(shortened(typeof it === "number" ? count(it) : String(it), 60))}`).join(", ")}`);
    }
  }
  return out;
}

function shape(object: HeldObject): string {
  if (object.shape && object.shape.length > 0) return object.shape.map(count).join(" × ");
  return typeof object.length === "number" ? counted(object.length, "element") : "";
}

/** The objects of a process, or of all, each once. */
export function objectsOf(payload: Payload, chosen: Chosen | null): HeldObject[] {
  const several = payload.processes.length > 1;
  return payload.objects.filter((it) => !it.same_as && (!chosen || !several || it.process === chosen.pid));
}

/** The other names of an object. */
function otherNames(payload: Payload, object: HeldObject): string[] {
  return payload.objects.filter((it) => it.same_as === object.name && it.process === object.process).map((it) => it.name);
}

function objectRow(object: HeldObject, whole: number, links: Links, depth: number, others: string[] = []): HTMLElement {
  const { holder, allocated_at: at } = object;
  const kind = [object.type, object.dtype, shape(object)].filter(Boolean).map((it) => visible(shortened(String(it), 120)));
  const process = object.process === undefined ? null : `process ${object.process}`;
  const where = holder ? [holder.kind?.replaceAll("_", " "), holder.function || holder.module, process].filter(Boolean).map((it) => visible(shortened(String(it), 120))).join(" · ") : "";
  const shared = object.shared_with ?? [];
  const parts = object.parts ?? [];
  const head = [
    element("span", { class: "amount", title: counted(object.bytes, "byte") }, bar(whole > 0 ? object.bytes / whole : 0), element("b", {}, bytes(object.bytes))),
    element("bdi", { class: "name" }, visible(shortened(object.name, 200))),
    element("span", { class: "muted" }, kind.join(" · ")),
  ];
  const body = element("div", { class: "object-body" });
  if (where || at) body.append(element("p", {}, where, where && at ? " · " : "", at ? element("span", {}, "allocated at ", links.place(at.file, at.line)) : null));
  if (others.length > 0) body.append(element("p", {}, `the same object as ${others.slice(0, 6).map((name) => visible(shortened(name, 100))).join(", ")}`));
  if (object.own_bytes !== undefined && object.own_bytes !== object.bytes) body.append(element("p", {}, `${bytes(object.own_bytes)} would be free without it; the rest is held by others too`));
  if (shared.length > 0) body.append(element("p", {}, `also held by ${shared.slice(0, 6).map((it) => `${visible(shortened(it.name, 100))} (${bytes(it.bytes)})`).join(", ")}`));
  const known = facts(object);
  if (known.length > 0) body.append(element("p", { class: "muted" }, known.join(" · ")));
  for (const part of parts.slice(0, 40)) body.append(objectRow(part, whole, links, depth + 1));
  if (parts.length > 40) body.append(element("p", { class: "muted" }, `${count(parts.length - 40)} smaller parts`));
  if (!body.hasChildNodes()) return element("div", { class: "object plain" }, ...head);
  return element("details", { class: "object", open: depth === 0 && parts.length === 0 }, element("summary", {}, ...head), body);
}

export function objects(payload: Payload, links: Links, search: string, chosen: Chosen | null): HTMLElement {
  const box = element("div", { class: "objects" });
  const all = objectsOf(payload, chosen);
  if (all.length === 0) {
    const whose = payload.objects.length > 0 && chosen ? ` of ${chosen.name}` : "";
    box.append(element("p", { class: "none" }, `No objects${whose}: none was large enough to be looked at, or heapwise did not look at the objects of this ${whose ? "process" : "run"}.`));
    return box;
  }
  const found = all.filter((it) => !search || [it.name, it.type, it.holder?.function, ...otherNames(payload, it)].some((text) => text?.toLowerCase().includes(search)));
  box.append(element("p", { class: "note" }, `Large objects ${payload.processes.length > 1 ? `of ${chosen?.name ?? "all processes"} ` : ""}at the look nearest to the peak, by the bytes that each keeps alive. They can share bytes, so they do not add up.`));
  for (const object of found) box.append(objectRow(object, payload.peak.heap_bytes, links, 0, otherNames(payload, object)));
  if (found.length === 0) box.append(element("p", { class: "none" }, "No object matches the search."));
  if (payload.folded.objects > 0) box.append(element("p", { class: "note" }, `${counted(payload.folded.objects, "smaller object")} left out for the size of this page; the JSON report has them.`));
  return box;
}

function diff(text: string): HTMLElement {
  const box = element("pre", { class: "diff", tabindex: 0, "aria-label": "The change as a diff" });
  for (const line of text.split("\n")) {
    const kind = line.startsWith("+") && !line.startsWith("+++") ? "added" : line.startsWith("-") && !line.startsWith("---") ? "removed" : "";
    box.append(element("span", { class: kind }, visible(line.replace(/\t/g, "    "))), "\n");
  }
  return box;
}

function evidence(name: string, value: unknown): string {
  if (typeof value === "number" && name.endsWith("bytes")) return bytes(value);
  if (typeof value === "number") return Number.isInteger(value) ? count(value) : value.toPrecision(4);
  if (typeof value === "string") return visible(shortened(value, 300));
  return visible(shortened(JSON.stringify(value), 300));
}

export function saving(finding: Finding): string {
  return `−${bytes(finding.peak_saving_bytes)}`;
}

/** What a run with the change showed. */
function verdict(finding: Finding): HTMLElement | string {
  const { verified } = finding;
  if (!verified) return finding.fix ? "Not proven yet: heapwise fix --verify runs the program again with the change." : "";
  const peaks = `${bytes(verified.peak_before_bytes)} → ${bytes(verified.peak_after_bytes)}`;
  if (isProven(finding)) return element("b", { class: "saving" }, `Proven: ${peaks}, same output.`);
  return element("b", { class: "disproven" }, `Tried: ${peaks}, but ${verified.same_output ? "the peak is not lower" : "the output differs"}.`);
}

/** Whether a run with the change lowered the peak and did the same: `Verified::is_proof` in heapwise_advisor. */
export function isProven({ verified }: Finding): boolean {
  if (!verified?.same_output) return false;
  const saved = verified.peak_before_bytes - verified.peak_after_bytes;
  return saved > 0 && saved >= 0.01 * verified.peak_before_bytes;
}

export function findings(payload: Payload, links: Links, search: string): HTMLElement {
  const box = element("div", { class: "findings" });
  const found = payload.findings.filter((it) => !search || [it.title, it.message, it.rule, it.file, it.symbol].some((text) => text?.toLowerCase().includes(search)));
  if (payload.findings.length === 0) box.append(element("p", { class: "none" }, payload.processes.length > 1 ? `No advice: it is given for a run of one process, and this run had ${count(payload.processes.length)}.` : "No advice for this run."));
  else if (found.length === 0) box.append(element("p", { class: "none" }, "No advice matches the search."));
  for (const finding of found) {
    const known = Object.entries(finding.evidence ?? {}).filter(([, value]) => value !== null && value !== undefined && value !== "");
    box.append(
      element(
        "article",
        { class: "finding", id: `finding-${finding.id}` },
        element("h3", {}, element("b", { class: "saving" }, saving(finding)), " ", element("bdi", {}, ...prose(visible(shortened(finding.title, 300))))),
        element("p", { class: "muted" }, links.place(finding.file, finding.line), ` · ${visible(finding.rule)}`),
        element("p", {}, ...prose(visible(shortened(finding.message, 4000)))),
        element(
          "p",
          {},
          `Predicted: peak ${bytes(payload.peak.heap_bytes)} → ${bytes(finding.new_peak_bytes ?? payload.peak.heap_bytes - finding.peak_saving_bytes)}. `,
          verdict(finding),
        ),
        known.length > 0 ? element("details", {}, element("summary", {}, "Evidence"), element("dl", {}, ...known.flatMap(([name, value]) => [element("dt", {}, visible(name.replaceAll("_", " "))), element("dd", {}, evidence(name, value))]))) : null,
        finding.fix?.diff ? element("details", { open: true }, element("summary", {}, `The change (${visible(finding.fix.safety)})`), diff(finding.fix.diff)) : null,
      ),
    );
  }
  if (payload.folded.findings > 0) box.append(element("p", { class: "note" }, `${counted(payload.folded.findings, "smaller finding")} left out for the size of this page; heapwise advise lists all.`));
  return box;
}

/** The names of the threads, each once, with how many have it. */
function threads(payload: Payload): string {
  const known = new Map<string, number>();
  for (const { name, process } of payload.threads) {
    const text = process === null ? "others" : visible(name) || "unnamed";
    known.set(text, (known.get(text) ?? 0) + 1);
  }
  const all = [...known].map(([name, times]) => (times > 1 ? `${name} (${count(times)})` : name));
  return `${all.slice(0, 50).join(", ")}${all.length > 50 ? `, and ${counted(all.length - 50, "other name")}` : ""}`;
}

/** What the resident set was made of, and all else that is known of the run. */
export function run(payload: Payload): HTMLElement {
  const { run: it, peak, resident, temporary, folded } = payload;
  const box = element("div", { class: "run" });
  const rows: [string, string][] = [];
  const add = (name: string, text: string): void => void rows.push([name, text]);
  add("Command", it.command.length > 0 ? visible(it.command.join(" ")) : "not recorded");
  if (it.folder) add("Folder", visible(it.folder));
  add("Python", it.python);
  const ending = it.exit === null ? (it.recording === "open" ? "still ran, or ended without its exit handlers" : "not known") : "code" in it.exit ? `exit code ${it.exit.code}` : `signal ${it.exit.signal}`;
  add("Run time", `${seconds(it.duration_s)}, ${ending}`);
  add("Accuracy", it.sampling ? `peak ± ${bytes(peak.error_bytes)} (one standard error): blocks under ${bytes(it.sampling.threshold_bytes)} were sampled, larger ones all recorded` : "exact: every block was recorded");
  add("Live at the end", bytes(payload.leaked_bytes));
  add("Temporary", `${bytes(temporary.bytes)} in ${counted(temporary.allocations, "block")} freed within 10 ms`);
  if (payload.processes.length > 1)
    for (const process of payload.processes)
      add(`Process ${process.pid}`, `own peak ${bytes(process.own_peak_bytes)}, ${bytes(process.peak_bytes)} at the peak of all, ${seconds(process.start_s)} to ${seconds(process.end_s)} · ${visible(process.name)}`);
  for (const other of it.not_followed ?? []) add(`Process ${other.pid}`, `not followed: ${visible(shortened(other.reason, 300))} · ${visible(shortened(other.command.join(" "), 300))}`);
  add("Threads", threads(payload));
  box.append(element("dl", {}, ...rows.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, element("bdi", {}, text))])));
  if (resident) {
    const parts: [string, number][] = [
      ["heap", resident.heap_bytes],
      ["added by allocators: headers, sizes rounded up", resident.allocator_overhead_bytes],
      ["held free by allocators for later use", resident.allocator_free_bytes],
      ["libraries and other files", resident.file_bytes],
      ["libraries' variables", resident.library_variable_bytes],
      ["stacks of threads", resident.stack_bytes],
      ["the start of Python", resident.startup_bytes],
      ["heapwise itself", resident.profiler_bytes],
      ["not explained", resident.other_bytes],
    ];
    box.append(element("h3", {}, `${it.resident_kind.toUpperCase()} ${bytes(resident.rss_bytes)} at ${seconds(resident.time_s)}, the last look before the peak`));
    const list = element("ul", { class: "parts" });
    for (const [name, part] of parts) if (part > 0) list.append(element("li", {}, bar(part / resident.rss_bytes), element("b", { "data-bytes": part }, bytes(part)), ` ${share(part, resident.rss_bytes)}  ${name}`));
    box.append(list);
    if (resident.not_resident_bytes > 0) box.append(element("p", { class: "note" }, `${bytes(resident.not_resident_bytes)} more were asked for and cannot have been in memory: never touched, or swapped out. The split is a bound.`));
  }
  const notes: string[] = [];
  if (folded.threads > 0) notes.push(`${counted(folded.threads, "thread")} are not told apart`);
  if (folded.calls > 0) notes.push(`${counted(folded.calls, "small call")} (${bytes(folded.call_bytes)} at the peak) are summed up as “smaller calls”`);
  if (folded.lines > 0) notes.push(`${counted(folded.lines, "line")} (${bytes(folded.line_bytes)} at the peak) are not listed`);
  if (folded.source_lines > 0) notes.push(`${counted(folded.source_lines, "line")} of source text are left out`);
  box.append(element("p", { class: "note" }, notes.length > 0 ? `To keep this page small: ${notes.join("; ")}. The JSON report has everything.` : "Nothing was left out of this page."));
  return box;
}
