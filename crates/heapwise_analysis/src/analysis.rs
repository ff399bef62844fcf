//! The result of replaying a capture.

use heapwise_profile::{Problem, Sampling, StackId};

use crate::account::StackTotals;
use crate::resident::ResidentPoint;
use crate::slots::Slots;
use crate::time_line::{TimeLine, TimePoint};
use crate::totals::Totals;

/// What one replay of all events found.
///
/// Invariant: [`Self::stack`] summed over all stacks, and [`Self::threads`] summed, give [`Self::total`] (up to
/// rounding in sampled captures); `total.peak_bytes` is `peak.heap_bytes`.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// The high-water mark.
    pub peak: Peak,
    /// The whole program.
    pub total: Totals,
    /// Each thread, in the order of `Profile::threads`. A block counts for the thread that allocated it.
    pub threads: Vec<ThreadTotals>,
    /// The coarsest sampling in force at any time: blocks of at least `threshold` bytes were all recorded,
    /// smaller ones sampled. `Sampling::EXACT` if every block was recorded.
    pub sampling: Sampling,
    /// Events replayed.
    pub events: u64,
    /// Time of the last event, milliseconds since the start of recording.
    pub duration_ms: u64,
    /// Of the heap at the high-water mark, bytes of reservations: known by looks at what of them was in memory, and
    /// held by whoever ran when they grew.
    pub committed_at_peak: u64,
    /// Resident memory around the high-water mark of the heap: the last look at the process before it, or the
    /// first one behind it if there was none before. `None` if nobody ever looked.
    pub resident_at_peak: Option<ResidentPoint>,
    /// The look at the process that found the most resident memory.
    pub resident_maximum: Option<ResidentPoint>,
    /// The highest resident set of the run, bytes: what the kernel says if it was asked, else what the looks at
    /// the process found; `None` if nothing is known.
    pub max_rss_bytes: Option<u64>,
    /// What was asked for in vain.
    pub refusals: Refusals,
    /// The stack of the last recorded allocation: where the process was last seen.
    pub last_stack: StackId,
    /// All that is wrong with the capture, the problems of the profile included. Not empty means that the
    /// numbers are partial.
    pub problems: Vec<Problem>,
    pub(crate) stacks: StackTotals,
    pub(crate) time_line: TimeLine,
    /// What later replays of the same events need not find out again; of several processes together nothing.
    pub(crate) slots: Slots,
}

/// The moment at which the heap was highest; the first of several equal ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Peak {
    /// Bytes live.
    pub heap_bytes: u64,
    /// Blocks live.
    pub heap_blocks: u64,
    /// One standard error of `heap_bytes`; 0 if all was recorded.
    pub error_bytes: u64,
    /// When, milliseconds since the start of recording.
    pub time_ms: u64,
    /// The number of the event that reached it; 0 if nothing was ever allocated.
    pub sequence: u64,
    /// The number of the thread whose allocation reached it; 0 if nothing was ever allocated.
    pub thread: u32,
    /// The stack that reached it.
    pub stack: StackId,
}

/// Requests for memory that were refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refusals {
    /// How many.
    pub count: u64,
    /// The last ones, at most [`Self::KEPT`], by ascending time.
    pub last: Vec<Refusal>,
}

impl Refusals {
    /// How many are kept.
    pub const KEPT: usize = 20;

    pub(crate) fn add(&mut self, refusal: Refusal) {
        self.count += 1;
        if self.last.len() == Self::KEPT {
            self.last.remove(0);
        }
        self.last.push(refusal);
    }
}

/// One request for memory that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// When, milliseconds since the start of recording.
    pub time_ms: u64,
    /// Bytes asked for.
    pub size: u64,
    /// The limit of the address space then, bytes; 0 if there was none.
    pub limit: u64,
    /// Who asked.
    pub stack: StackId,
    /// Bytes live at that moment.
    pub heap_bytes: u64,
}

/// What one thread allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadTotals {
    /// Its number; name and more are in `Profile::threads`.
    pub number: u32,
    /// What it allocated, and what of that was live at the high-water mark, leaked, temporary.
    pub own: Totals,
}

impl Analysis {
    /// What a stack itself allocated, that is with its innermost frame as the innermost one. `NO_STACK` is what
    /// no Python frame asked for.
    pub fn stack(&self, stack: StackId) -> Totals {
        self.stacks.of(stack)
    }

    /// The heap over time in at most `buckets` points by ascending time; at least one bucket is made. The
    /// high-water mark is always the highest `max_heap_bytes` among them.
    pub fn time_line(&self, buckets: usize) -> Vec<TimePoint> {
        self.time_line.points(buckets)
    }
}
