//! What explains the resident memory of a process.
//!
//! Invariant: the parts sum up to the whole, whatever the capture says.

use heapwise_profile::Resident;

/// The memory of the process at one look, with what the heap was then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResidentPoint {
    /// When, milliseconds since the start of recording.
    pub time_ms: u64,
    /// What the look found.
    pub resident: Resident,
    /// Bytes live on the heap at that moment.
    pub heap_bytes: u64,
    /// Of these, bytes in CPython's small-object arenas (estimated from the sizes of blocks).
    pub small_object_bytes: u64,
    /// Of the heap, bytes in the pools of hooked allocators.
    pub pool_bytes: u64,
    /// What allocators add to the live blocks: headers, and sizes rounded up (estimated from the sizes).
    pub overhead_bytes: u64,
}

/// The resident memory, split; all in bytes, and all but `not_resident` sum up to `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResidentParts {
    /// The resident set.
    pub total: u64,
    /// The program's heap.
    pub heap: u64,
    /// What allocators add to the program's blocks: headers, and sizes rounded up.
    pub overhead: u64,
    /// What allocators hold but nobody uses: free room in CPython's arenas, in malloc and in libraries' pools.
    pub held_free: u64,
    /// Libraries and other mapped files, and shared memory.
    pub files: u64,
    /// Libraries' own variables and relocated tables: private copies of their pages.
    pub variables: u64,
    /// Stacks of threads.
    pub stacks: u64,
    /// What was there before recording began: the start of the interpreter.
    pub before: u64,
    /// The profiler itself.
    pub agent: u64,
    /// Anonymous memory that none of this explains.
    pub rest: u64,
    /// Bytes of heap and agent that cannot be in memory, because there are not so many anonymous pages: asked for
    /// but never touched, or swapped out. Not 0 means that the split is a bound.
    pub not_resident: u64,
}

impl ResidentPoint {
    /// Splits the resident memory. Where the parts are more than the pages, they are filled in the order agent,
    /// variables, stacks, heap, overhead, held free, before; what does not fit of agent and heap is `not_resident`.
    pub fn parts(&self) -> ResidentParts {
        let resident = &self.resident;
        let mut left = resident.anonymous;
        let mut take = |wanted: u64| {
            let taken = wanted.min(left);
            left -= taken;
            taken
        };
        let agent = take(resident.agent);
        let variables = take(resident.private);
        let stacks = take(resident.stacks);
        let heap = take(self.heap_bytes);
        let overhead = take(self.overhead_bytes);
        let in_arenas = resident.arenas.saturating_sub(self.small_object_bytes);
        let in_pools = resident.pools.saturating_sub(self.pool_bytes);
        let held_free = take(in_arenas.saturating_add(in_pools).saturating_add(resident.malloc_free));
        let before = take(resident.before);
        // Parts of the capture that were mapped but not yet written to have no pages.
        let capture = resident.capture.min(resident.file);
        ResidentParts {
            total: resident.total(),
            heap,
            overhead,
            held_free,
            files: (resident.file - capture).saturating_add(resident.shared),
            variables,
            stacks,
            before,
            agent: agent.saturating_add(capture),
            rest: left,
            not_resident: (resident.agent - agent).saturating_add(self.heap_bytes - heap),
        }
    }
}

/// The looks at the process that matter, gathered during the replay.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    latest: Option<ResidentPoint>,
    maximum: Option<ResidentPoint>,
    /// The last look before the high-water mark and the first one behind it.
    around_peak: [Option<ResidentPoint>; 2],
}

impl Looks {
    /// The process was looked at.
    pub(crate) fn add(&mut self, point: ResidentPoint) {
        self.around_peak[1].get_or_insert(point);
        self.latest = Some(point);
        if self.maximum.is_none_or(|known| point.resident.total() > known.resident.total()) {
            self.maximum = Some(point);
        }
    }

    /// The heap reached a new high-water mark.
    #[inline]
    pub(crate) fn heap_peak(&mut self) {
        self.around_peak = [self.latest, None];
    }

    /// Of the last look before the high-water mark and the first one behind it the one that found the heap nearest
    /// to it; if both are as near the one behind, when the memory has been written to.
    pub(crate) fn at_heap_peak(&self, peak_bytes: u64) -> Option<ResidentPoint> {
        let behind_first = self.around_peak.iter().rev().flatten();
        behind_first.min_by_key(|point| point.heap_bytes.abs_diff(peak_bytes)).copied()
    }

    /// The look that found the most resident memory, the first of equal ones.
    pub(crate) fn maximum(&self) -> Option<ResidentPoint> {
        self.maximum
    }
}
