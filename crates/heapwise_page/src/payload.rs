//! What the page is given, field by field: the contract with `web/src/payload.ts`.
//!
//! Lists of like things are columns, one array for each of their numbers: that is what compresses and decodes
//! best. Invariants: all columns of a table have one length; every index is valid; bytes are whole bytes; a node's
//! parent comes before it. `folded` says what is only there as a sum.

use serde::Serialize;
use serde_json::Value;

/// All of it.
#[derive(Debug, Serialize)]
pub(crate) struct Payload<'a> {
    /// Command, Python, mode, exit, problems, processes: `run` of the JSON report.
    pub(crate) run: Value,
    /// `peak` of the JSON report.
    pub(crate) peak: Value,
    /// Whether that is next to nothing.
    pub(crate) tiny: bool,
    pub(crate) leaked_bytes: u64,
    pub(crate) temporary: Value,
    /// `resident` of the JSON report.
    pub(crate) resident: Value,
    pub(crate) timeline: TimeLine,
    pub(crate) moments: Moments,
    pub(crate) threads: Vec<Thread<'a>>,
    /// Those of the threads.
    pub(crate) processes: Vec<Process>,
    pub(crate) places: Places,
    pub(crate) nodes: Nodes,
    pub(crate) sources: Vec<Source>,
    pub(crate) looks: Vec<Look>,
    pub(crate) objects: Value,
    pub(crate) findings: Value,
    pub(crate) folded: Folded,
}

/// The heap and the resident set over time, in columns.
#[derive(Debug, Default, Serialize)]
pub(crate) struct TimeLine {
    pub(crate) time_ms: Vec<u64>,
    /// Bytes live.
    pub(crate) heap: Vec<u64>,
    /// The parts of the resident set when it was last looked at; `None` before the first look.
    pub(crate) anonymous: Vec<Option<u64>>,
    pub(crate) file: Vec<Option<u64>>,
    pub(crate) shared: Vec<Option<u64>>,
}

/// The moments that can be looked at, in columns.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Moments {
    pub(crate) time_ms: Vec<u64>,
    pub(crate) heap: Vec<u64>,
    /// The index of the highest one.
    pub(crate) peak: usize,
}

/// A thread.
#[derive(Debug, Serialize)]
pub(crate) struct Thread<'a> {
    pub(crate) name: &'a str,
    /// As the system numbers it; 0 if not known.
    pub(crate) os_id: u32,
    /// The index of its process; `None` if this stands for all threads that are not told apart.
    pub(crate) process: Option<usize>,
}

/// A process.
#[derive(Debug, Serialize)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// What it is, as the report names it: its command line, or which helper or fork it is.
    pub(crate) name: String,
    /// The highest heap of this process alone.
    pub(crate) own_peak_bytes: u64,
    /// What it held at the peak of the run.
    pub(crate) peak_bytes: u64,
    /// When it was first and last recorded.
    pub(crate) start_s: f64,
    pub(crate) end_s: f64,
}

/// Files, functions and lines.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Places {
    pub(crate) files: Vec<File>,
    pub(crate) functions: Functions,
    pub(crate) lines: Lines,
}

/// A file.
#[derive(Debug, Serialize)]
pub(crate) struct File {
    /// As the code names it; empty for what no Python line asked for.
    pub(crate) name: String,
    /// The shortest name that still tells which one it is.
    pub(crate) short: String,
    /// 3 the user's, 2 code without a file, 1 a library, 0 Python's own or no Python at all.
    pub(crate) nearness: u8,
    /// The library or the module of Python's own; empty for the user's code.
    pub(crate) library: String,
}

/// Functions, in columns.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Functions {
    pub(crate) name: Vec<String>,
    pub(crate) file: Vec<u32>,
    /// The line of the `def`; 0 if not known.
    pub(crate) line: Vec<u32>,
    /// At the peak, as in the JSON report.
    pub(crate) own: Vec<u64>,
    pub(crate) total: Vec<u64>,
}

/// Lines, in columns. The numbers are those of the JSON report.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Lines {
    pub(crate) function: Vec<u32>,
    /// From 1; 0 if not known.
    pub(crate) line: Vec<u32>,
    /// At the peak, as the innermost line.
    pub(crate) own: Vec<u64>,
    /// At the peak, with callees.
    pub(crate) total: Vec<u64>,
    /// At the peak, as the innermost line of the user's own.
    pub(crate) user: Vec<u64>,
}

/// The tree of calls, in columns. Node 0 is the program, nodes 1 to `threads.len()` are the threads, then lines.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Nodes {
    /// How far before the node its parent stands.
    pub(crate) up: Vec<u32>,
    /// The line; -1 where `count` smaller lines of calls were summed up. 0 for the program and the threads.
    pub(crate) line: Vec<i64>,
    /// How many steps the node has. The steps of all nodes stand one after the other in the columns below.
    pub(crate) steps: Vec<u32>,
    /// By step: moments since the step before of the same node, the first since moment -1.
    pub(crate) gap: Vec<u32>,
    /// By step: bytes by which what is live changed.
    pub(crate) change: Vec<i64>,
    /// By step: bytes allocated since the moment before, less `change` where that is positive.
    pub(crate) surplus: Vec<i64>,
    /// By step: bytes allocated since the moment before that were still live at the end.
    pub(crate) kept: Vec<u64>,
}

/// The text of a file, or parts of it.
#[derive(Debug, Serialize)]
pub(crate) struct Source {
    pub(crate) file: u32,
    /// Parts in order: the number of the first line, and the lines.
    pub(crate) parts: Vec<(u32, String)>,
    /// How many lines the whole file has.
    pub(crate) lines: u32,
}

/// A look at the live objects.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Look {
    /// The process that was looked at, by its id.
    pub(crate) process: u32,
    /// Since the start of the first process.
    pub(crate) time_ms: u64,
    pub(crate) complete: bool,
    pub(crate) garbage_bytes: u64,
}

/// What is there only as a sum, or not at all, because the page would be too large.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Folded {
    /// Lines of calls (nodes) that were summed up into their callers' "smaller" ones.
    pub(crate) calls: usize,
    /// Bytes at the peak in them.
    pub(crate) call_bytes: u64,
    /// Lines of the report that no table shows, and their bytes at the peak.
    pub(crate) lines: usize,
    pub(crate) line_bytes: u64,
    /// Lines of source text that were left out.
    pub(crate) source_lines: usize,
    /// Objects that were left out.
    pub(crate) objects: usize,
    /// Findings that were left out.
    pub(crate) findings: usize,
    /// Threads that are not told apart.
    pub(crate) threads: usize,
}
