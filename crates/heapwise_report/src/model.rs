//! The report as data: what `heapwise report --format json` prints, field by field.
//!
//! The structs are the contract; `schema/report.schema.json` describes the same fields with their units, and
//! a test holds the two together. Invariants: bytes are whole bytes, times are seconds since recording began,
//! the peak bytes of [`Report::lines`] add up to [`Peak::heap_bytes`] (up to rounding in sampled captures), and
//! so do those of [`Report::user_lines`], [`Report::functions`], [`Report::files`] and [`Report::libraries`].

use heapwise_advisor::{Finding, Together};
use heapwise_analysis::profile::inspection::{Facts, HolderKind, Shared};
use serde::Serialize;

/// The version of the interface; raised when a field changes its meaning or goes away.
pub const SCHEMA: u32 = 1;

/// Everything there is to tell of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// What was run, how, and how it ended.
    pub run: Run,
    /// The highest point of the heap.
    pub peak: Peak,
    /// Bytes still live when the process ended.
    pub leaked_bytes: u64,
    /// Blocks that were freed soon after they were allocated.
    pub temporary: Temporary,
    /// The heap and the resident set over time, by ascending time.
    pub timeline: Vec<Moment>,
    /// What the resident set consisted of; `None` if it was never looked at.
    pub resident: Option<Resident>,
    /// Each block once, under the innermost line of the user's own code on its stack; by peak bytes.
    pub user_lines: Vec<UserLine>,
    /// Each block under its innermost line, and with callees under every line of its stack. All lines that
    /// ever allocated anything or called for what was live at the peak; by peak bytes, then file and line.
    pub lines: Vec<Line>,
    /// The same by function.
    pub functions: Vec<Function>,
    /// The same by file.
    pub files: Vec<File>,
    /// The same by whose code it is: each library, the user's, Python's own.
    pub libraries: Vec<Library>,
    /// Who called whom for what was live at the peak, without calls that matter little.
    pub call_tree: Vec<Call>,
    /// The objects that held the bytes at the look nearest to the peak, largest first; empty if there was none.
    pub objects: Vec<HeldObject>,
    /// Bytes of the peak that have a name: those of blocks of these objects, and of small objects that these lead to.
    pub objects_explain_bytes: u64,
    /// What looking at the objects took of the processor.
    pub looks: Looks,
    /// The moment of the end; `None` if the exit handlers of the process ran or heapwise stopped before.
    pub death: Option<Death>,
    /// Requests for memory that were refused, the last ones, by ascending time.
    pub refused: Vec<Refused>,
    /// Advice, by the bytes that it saves.
    pub findings: Vec<Finding>,
    /// What all findings lead to together; `None` if there are fewer than two.
    #[serde(skip)]
    pub together: Option<Together>,
}

/// What was run, how, and how it ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// The command line of the program, interpreter first; empty if the capture does not tell.
    pub command: Vec<String>,
    /// The working directory at the start; `None` if the capture does not tell.
    pub folder: Option<String>,
    /// The version of CPython, such as `3.12.1`.
    pub python: String,
    /// How blocks were chosen for recording.
    pub mode: Mode,
    /// What sampled means in this run; `None` if every block was recorded.
    pub sampling: Option<Sampling>,
    /// Run time in seconds; to the last event where nobody saw the end.
    pub duration_s: f64,
    /// How the process ended; `None` if it still runs or nobody waited for it.
    pub exit: Option<Exit>,
    /// What the kernel counted of processes killed because memory had run out; `None` if nobody asked it.
    pub memory_kills: Option<MemoryKills>,
    /// How far recording came.
    pub recording: Recording,
    /// What the resident memory of the run is.
    pub resident_kind: ResidentKind,
    /// The processes of the run by their start, the launched one first.
    pub processes: Vec<Process>,
    /// Processes of the run that were not recorded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_followed: Vec<NotFollowed>,
    /// What is missing from the capture or damaged in it, in words.
    pub problems: Vec<String>,
}

/// How blocks were chosen for recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Large blocks all, small ones by chance, with weights that make every sum unbiased.
    Sampled,
    /// Every block.
    Exact,
}

/// The rule by which small blocks were chosen where it was coarsest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sampling {
    /// Blocks of at least so many bytes were all recorded.
    pub threshold_bytes: u64,
    /// Mean bytes of small blocks between two that were recorded.
    pub interval_bytes: u64,
}

/// What counts as the resident memory of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ResidentKind {
    /// The resident set. Of several processes, their sets added up, where the system does not tell what they share.
    Rss,
    /// Of several processes: the sets added up, a page that several processes have divided among them.
    Pss,
}

impl ResidentKind {
    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rss => "RSS",
            Self::Pss => "PSS",
        }
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Exit {
    /// It returned this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

/// What the kernel counted, during the run, of processes that it killed because memory had run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MemoryKills {
    /// In the cgroup of the process; `None` if not known.
    pub cgroup: Option<u32>,
    /// In the whole system; `None` if not known.
    pub system: Option<u32>,
    /// The memory limit of the cgroup in bytes; `None` if it has none or it is not known.
    pub cgroup_limit_bytes: Option<u64>,
}

/// The moment of the end of a process that ended without its exit handlers, or of the last event of one that runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Death {
    /// When the last event was recorded, in seconds since recording began.
    pub time_s: f64,
    /// Bytes of heap live then. What each line held of them is its `leaked_bytes`.
    pub heap_bytes: u64,
    /// Where the last recorded allocation was; `None` if no Python line asked for it.
    pub last: Option<LastSeen>,
}

/// Where a process was last seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastSeen {
    /// The innermost line of the user's own code, else the innermost line.
    pub file: String,
    /// The line, from 1; 0 if not known.
    pub line: u32,
    /// The qualified name of the function.
    pub function: String,
    /// Frames on the whole stack.
    pub depth: u64,
}

/// A request for memory that was refused.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refused {
    /// When, in seconds since recording began.
    pub time_s: f64,
    /// Bytes asked for.
    pub bytes: u64,
    /// Bytes of heap live at that moment.
    pub heap_bytes: u64,
    /// The limit of the address space then (`ulimit -v`), in bytes; `None` if there was none.
    pub address_space_limit_bytes: Option<u64>,
    /// The innermost line of the user's own code that asked, else the innermost line; empty for what no Python
    /// line asked for.
    pub file: String,
    /// The line, from 1; 0 if not known.
    pub line: u32,
    /// The qualified name of the function.
    pub function: String,
}

/// How far recording came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Recording {
    /// The exit handlers of the process ran and recording ended behind them.
    Complete,
    /// The process still runs, or ended without its exit handlers: what is there is whole up to that moment.
    Open,
    /// heapwise switched itself off before the end; `problems` says why.
    StoppedEarly,
}

/// One process of the run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Process {
    /// Its process id.
    pub pid: u32,
    /// The process id of its parent.
    pub parent: u32,
    /// Its command line.
    pub command: Vec<String>,
    /// The highest heap of this process, in bytes; of another moment, perhaps, than the peak of the run.
    pub peak_heap_bytes: u64,
    /// Its place among the others; `None` if there are none.
    #[serde(flatten)]
    pub among_others: Option<AmongOthers>,
}

/// What there is to say of a process that is one of several.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AmongOthers {
    /// Bytes of heap that it held at the peak of the run.
    pub peak_bytes: u64,
    /// The most resident memory that was seen of it, in bytes, pages that it shares with others included; 0 if nobody
    /// looked.
    pub rss_bytes: u64,
    /// Of `rss_bytes`, its share where each page is divided evenly among the processes that have it; `None` if not known.
    pub pss_bytes: Option<u64>,
    /// How it came to be.
    pub begun: Begun,
    /// When it was first recorded, in seconds since recording of the run began.
    pub start_s: f64,
    /// When it ended or was last heard of, in seconds since recording of the run began.
    pub end_s: f64,
    /// How it ended; `None` if that is not known: it was killed, perhaps, or still runs.
    pub exit: Option<Exit>,
    /// It still ran when the program had ended; what it did later is not known.
    pub still_running: bool,
}

/// How a process came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Begun {
    /// `heapwise run` started it.
    Launched,
    /// Its parent was copied: as `os.fork` does, and `multiprocessing` with `fork`.
    Fork,
    /// An interpreter was started.
    Exec,
}

/// A process of the run that was not recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotFollowed {
    /// Its process id.
    pub pid: u32,
    /// The process id of its parent.
    pub parent: u32,
    /// Its command line.
    pub command: Vec<String>,
    /// Why, in words.
    pub reason: String,
}

/// The highest point of the heap.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Peak {
    /// Bytes of heap live at that moment.
    pub heap_bytes: u64,
    /// Of `heap_bytes`, what lies in reservations of libraries' own allocators (Polars, for one): counted by the pages
    /// in memory, for the lines that ran when they grew.
    pub reserve_bytes: u64,
    /// Standard error of `heap_bytes`; 0 if every block was recorded.
    pub error_bytes: u64,
    /// When it was, in seconds since recording began.
    pub time_s: f64,
    /// The highest resident set of the run in bytes, which may be of another moment; 0 if not known.
    pub rss_bytes: u64,
}

/// Blocks that were freed soon after they were allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Temporary {
    /// Bytes of all of them together; they were not live at once.
    pub bytes: u64,
    /// How many blocks.
    pub allocations: u64,
}

/// A point of the time line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Moment {
    /// Seconds since recording began.
    pub time_s: f64,
    /// Bytes of heap live then.
    pub heap_bytes: u64,
    /// The resident set as last looked at, in bytes; 0 before the first look.
    pub rss_bytes: u64,
}

/// What the resident set consisted of when it was last looked at before the peak of the heap. The parts from
/// `heap_bytes` to `other_bytes` add up to `rss_bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Resident {
    /// When it was looked at, in seconds since recording began.
    pub time_s: f64,
    /// The resident set, in bytes.
    pub rss_bytes: u64,
    /// The program's heap.
    pub heap_bytes: u64,
    /// What allocators add to the program's blocks: headers, and sizes rounded up.
    pub allocator_overhead_bytes: u64,
    /// What allocators hold free for later use, those of libraries too.
    pub allocator_free_bytes: u64,
    /// Pages of libraries and other mapped files, and shared memory.
    pub file_bytes: u64,
    /// Libraries' own variables and tables: private copies of their pages.
    pub library_variable_bytes: u64,
    /// Stacks of all threads.
    pub stack_bytes: u64,
    /// What was there before recording began: the start of the interpreter.
    pub startup_bytes: u64,
    /// heapwise itself, the part of the capture in memory included.
    pub profiler_bytes: u64,
    /// Anonymous memory that none of this explains.
    pub other_bytes: u64,
    /// Bytes that were asked for and cannot have been in memory, because they were never touched or were
    /// swapped out; no part of `rss_bytes`. If not 0, the split is a bound.
    pub not_resident_bytes: u64,
}

/// What a line of the user's own code holds, everything below it included that is not the user's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserLine {
    /// The file as the code names it; empty for what no Python line asked for.
    pub file: String,
    /// The line, from 1; 0 if not known.
    pub line: u32,
    /// The qualified name of the function.
    pub function: String,
    /// The text of the line as it was when run; `None` if the capture does not have it.
    pub source: Option<String>,
    /// Bytes live at the peak.
    pub peak_bytes: u64,
    /// Bytes of all allocations together.
    pub allocated_bytes: u64,
    /// How many allocations.
    pub allocations: u64,
    /// Bytes still live when the process ended.
    pub leaked_bytes: u64,
    /// Bytes of blocks that were freed soon.
    pub temporary_bytes: u64,
    /// How many blocks were freed soon.
    pub temporary_allocations: u64,
    /// The libraries below the line that held part of its peak bytes; by bytes.
    pub libraries: Vec<Below>,
}

/// What a line holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The file as the code names it; empty for what no Python line asked for.
    pub file: String,
    /// The line, from 1; 0 if not known.
    pub line: u32,
    /// The qualified name of the function.
    pub function: String,
    /// Bytes live at the peak for which this was the innermost line.
    pub peak_bytes: u64,
    /// Bytes live at the peak with this line anywhere on the stack; each block once.
    pub peak_bytes_total: u64,
    /// Bytes of all allocations for which this was the innermost line.
    pub allocated_bytes: u64,
    /// How many allocations these were.
    pub allocations: u64,
    /// Bytes of these still live when the process ended.
    pub leaked_bytes: u64,
    /// Bytes of these that were freed soon.
    pub temporary_bytes: u64,
    /// How many of these were freed soon.
    pub temporary_allocations: u64,
}

/// What a function holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Function {
    /// The file as the code names it; empty for what no Python line asked for.
    pub file: String,
    /// The line of its `def`, from 1; 0 if not known.
    pub line: u32,
    /// The qualified name.
    pub function: String,
    /// Bytes live at the peak for which this was the innermost function.
    pub peak_bytes: u64,
    /// Bytes live at the peak with this function anywhere on the stack; each block once.
    pub peak_bytes_total: u64,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    /// The file as the code names it; empty for what no Python line asked for.
    pub file: String,
    /// Bytes live at the peak for which this was the innermost file.
    pub peak_bytes: u64,
    /// Bytes live at the peak with this file anywhere on the stack; each block once.
    pub peak_bytes_total: u64,
}

/// Whose code held bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The user's own.
    User,
    /// Code that has no file, such as that of `-c`.
    NoFile,
    /// An installed library.
    Library,
    /// Python's own library.
    Python,
    /// No Python line asked for them.
    NoPython,
}

/// What an installed library holds, or all of the user's code, or all of Python's own library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Library {
    /// Whose code it is.
    pub whose: Whose,
    /// The top-level name under `site-packages`; empty if `whose` is not `library`.
    pub name: String,
    /// Bytes live at the peak for which this was the innermost code.
    pub peak_bytes: u64,
    /// Bytes live at the peak with this code anywhere on the stack; each block once.
    pub peak_bytes_total: u64,
}

/// A library that held bytes for a line of the user's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Below {
    /// The top-level name of an installed library, or of a module of Python's own.
    pub name: String,
    /// Bytes live at the peak for which its code was the innermost.
    pub peak_bytes: u64,
}

/// A chain of calls in which each line made only one call that matters, and what its last line called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The chain, outermost first; never empty.
    pub steps: Vec<Step>,
    /// Bytes live at the peak that were allocated by the first step and all below it.
    pub peak_bytes_total: u64,
    /// What the last step called, without what is below a hundredth of the peak; by bytes.
    pub calls: Vec<Call>,
}

/// One line of a chain of calls, or the libraries between two lines of the user's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The file as the code names it; empty for a library.
    pub file: String,
    /// The line, from 1; 0 for a library.
    pub line: u32,
    /// The qualified name of the function; empty for a library.
    pub function: String,
    /// The text of the line as it was when run; `None` if the capture does not have it.
    pub source: Option<String>,
    /// The library that was called if this is not a line of the user's; its inner lines are not told.
    pub library: Option<String>,
    /// How often the line stands on the deepest stack that counts here; more than 1 if it recurs.
    pub depth: u32,
}

/// The looks at the live objects, of all processes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Looks {
    /// How many there were.
    pub count: u64,
    /// What they took of the processor, seconds.
    pub cpu_s: f64,
    /// What they were allowed by the time of the last one, seconds.
    pub allowed_s: f64,
}

/// An object, or a part of one, that kept bytes alive.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeldObject {
    /// The process that keeps it alive, by its id; left out where there is only one, and of a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<u32>,
    /// Where it is to be found: `load.orders` for a local of `load`, `orders` for a global of the program, else
    /// `module.orders`; of a part, `orders['day']`.
    pub name: String,
    /// Its type with its module: `pandas.DataFrame`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its element type; `None` if it has none.
    pub dtype: Option<String>,
    /// Its shape; of what has none but a length, that. `None` if it has neither.
    pub shape: Option<Vec<u64>>,
    /// Bytes that it keeps alive, each buffer once.
    pub bytes: u64,
    /// Bytes that nothing else keeps alive.
    pub own_bytes: u64,
    /// The line of the user's that most of it was allocated at; `None` if not known.
    pub allocated_at: Option<AllocatedAt>,
    /// What is known of its values.
    pub facts: Facts,
    /// Who refers to it; `None` for a part.
    pub holder: Option<HeldBy>,
    /// The name of an object above that is this very one; `None` if it is the first.
    pub same_as: Option<String>,
    /// Who else keeps a part of it alive.
    pub shared_with: Vec<Shared>,
    /// Columns, attributes, elements that hold much of it, largest first.
    pub parts: Vec<HeldObject>,
    /// What the same name held at each look at the objects, by time; empty for a part.
    pub growth: Vec<Held>,
}

/// A place that allocated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AllocatedAt {
    /// Its file, as code objects name it.
    pub file: String,
    /// Its line.
    pub line: u32,
    /// Its function.
    pub function: String,
}

/// Where a name stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldBy {
    /// What kind of place it is.
    pub kind: HolderKind,
    /// The name there.
    pub name: String,
    /// The file of its code.
    pub file: String,
    /// The function, class or module.
    pub function: String,
    /// The line that the code was at; 0 if it was not running.
    pub line: u32,
    /// Of a library's function, the line of the user's that had called it; `None` for the user's own.
    pub called_from: Option<AllocatedAt>,
}

/// What a name held at some time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Held {
    /// Seconds since recording began.
    pub time_s: f64,
    /// Bytes.
    pub bytes: u64,
}
