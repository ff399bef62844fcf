// What the page is given: the contract with crates/heapwise_page/src/payload.rs, and how it is unpacked.

export interface Payload {
  run: Run;
  peak: { heap_bytes: number; error_bytes: number; time_s: number; rss_bytes: number };
  /** Whether the peak is next to nothing. */
  tiny: boolean;
  leaked_bytes: number;
  temporary: { bytes: number; allocations: number };
  resident: Resident | null;
  timeline: {
    time_ms: number[];
    heap: number[];
    anonymous: (number | null)[];
    file: (number | null)[];
    shared: (number | null)[];
  };
  moments: { time_ms: number[]; heap: number[]; peak: number };
  /** `process` is null where an entry stands for all threads that are not told apart. */
  threads: { name: string; os_id: number; process: number | null }[];
  processes: { pid: number; name: string; own_peak_bytes: number; peak_bytes: number; start_s: number; end_s: number }[];
  places: Places;
  nodes: Nodes;
  sources: { file: number; parts: [number, string][]; lines: number }[];
  looks: { process: number; time_ms: number; complete: boolean; garbage_bytes: number }[];
  objects: HeldObject[];
  findings: Finding[];
  folded: {
    calls: number;
    call_bytes: number;
    lines: number;
    line_bytes: number;
    source_lines: number;
    objects: number;
    findings: number;
    threads: number;
  };
}

export interface Run {
  command: string[];
  folder: string | null;
  python: string;
  mode: "sampled" | "exact";
  sampling: { threshold_bytes: number; interval_bytes: number } | null;
  duration_s: number;
  exit: { code: number } | { signal: number } | null;
  recording: "complete" | "open" | "stopped_early";
  /** Of several processes, "pss": a page that several have counts once. */
  resident_kind: "rss" | "pss";
  not_followed?: { pid: number; command: string[]; reason: string }[];
  problems: string[];
}

export interface Resident {
  time_s: number;
  rss_bytes: number;
  heap_bytes: number;
  allocator_overhead_bytes: number;
  allocator_free_bytes: number;
  file_bytes: number;
  library_variable_bytes: number;
  stack_bytes: number;
  startup_bytes: number;
  profiler_bytes: number;
  other_bytes: number;
  not_resident_bytes: number;
}

export interface Places {
  /** `nearness`: 3 the user's, 2 code without a file, 1 a library's, 0 Python's own or no Python at all. */
  files: { name: string; short: string; nearness: number; library: string }[];
  functions: { name: string[]; file: number[]; line: number[]; own: number[]; total: number[] };
  lines: { function: number[]; line: number[]; own: number[]; total: number[]; user: number[] };
}

/** The tree of calls, in columns: node 0 the program, then the threads, then lines; -1 are "smaller" ones. */
export interface Nodes {
  up: number[];
  line: number[];
  steps: number[];
  gap: number[];
  change: number[];
  surplus: number[];
  kept: number[];
}

/** As in the JSON report; every field but name and bytes may be absent. */
export interface HeldObject {
  /** The id of its process, if there are several. */
  process?: number;
  name: string;
  bytes: number;
  own_bytes?: number;
  type?: string;
  dtype?: string | null;
  shape?: number[] | null;
  length?: number | null;
  holder?: { kind?: string; function?: string; file?: string; line?: number; module?: string } | null;
  allocated_at?: { file: string; line: number; function?: string } | null;
  /** The name of an object above that is this very one. */
  same_as?: string | null;
  shared_with?: { name: string; bytes: number }[];
  parts?: HeldObject[];
  facts?: Record<string, unknown>;
}

export interface Finding {
  id: string;
  rule: string;
  file: string;
  line: number;
  end_line?: number;
  symbol?: string;
  title: string;
  message: string;
  evidence?: Record<string, unknown>;
  peak_saving_bytes: number;
  new_peak_bytes?: number;
  fix?: { safety: string; diff: string } | null;
  verified?: { peak_before_bytes: number; peak_after_bytes: number; same_output: boolean } | null;
}

/** Unpacks the base64 of gzipped JSON that stands in the element. */
export async function unpack(element: HTMLElement): Promise<Payload> {
  const text = atob(element.textContent ?? "");
  const packed = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) packed[i] = text.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return (await new Response(stream).json()) as Payload;
}
