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
}

/// The resident memory, split; all in bytes, and all but `not_resident` sum up to `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResidentParts {
    /// The resident set.
    pub total: u64,
    /// The program's heap.
    pub heap: u64,
    /// What allocators hold but nobody uses: free room in CPython's arenas, and what malloc keeps.
    pub held_free: u64,
    /// Libraries and other mapped files, and shared memory.
    pub files: u64,
    /// The profiler itself.
    pub agent: u64,
    /// Anonymous memory that none of this explains: interpreter state outside the hooks, allocator
    /// headers, thread stacks.
    pub rest: u64,
    /// Bytes of heap, held free memory and agent that cannot be in memory, because there are not so many
    /// anonymous pages: asked for but never touched, or swapped out. Not 0 means that the split is a bound.
    pub not_resident: u64,
}

impl ResidentPoint {
    /// Splits the resident memory. Where the parts are more than the pages, they are filled in the order
    /// agent, heap, held free, and what does not fit is `not_resident`.
    pub fn parts(&self) -> ResidentParts {
        let resident = &self.resident;
        let mut left = resident.anonymous;
        let mut not_resident = 0u64;
        let mut take = |wanted: u64| {
            let taken = wanted.min(left);
            left -= taken;
            not_resident = not_resident.saturating_add(wanted - taken);
            taken
        };
        let agent = take(resident.agent);
        // Parts of the capture that were mapped but not yet written to have no pages.
        let capture = resident.capture.min(resident.file);
        let heap = take(self.heap_bytes);
        let held_free = take(
            resident.arenas.saturating_sub(self.small_object_bytes).saturating_add(resident.malloc_free),
        );
        ResidentParts {
            total: resident.total(),
            heap,
            held_free,
            files: (resident.file - capture).saturating_add(resident.shared),
            agent: agent.saturating_add(capture),
            rest: left,
            not_resident,
        }
    }
}

/// The looks at the process that matter, gathered during the replay.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    latest: Option<ResidentPoint>,
    maximum: Option<ResidentPoint>,
    at_heap_peak: Option<ResidentPoint>,
    /// Whether the heap reached a new high-water mark since the latest look.
    higher: bool,
}

impl Looks {
    /// The process was looked at.
    pub(crate) fn add(&mut self, point: ResidentPoint) {
        self.at_heap_peak = self.at_heap_peak().or(Some(point));
        self.higher = false;
        self.latest = Some(point);
        if self.maximum.is_none_or(|known| point.resident.total() > known.resident.total()) {
            self.maximum = Some(point);
        }
    }

    /// The heap reached a new high-water mark.
    #[inline]
    pub(crate) fn heap_peak(&mut self) {
        self.higher = true;
    }

    /// The last look before the high-water mark, or the first one behind it if there was none before.
    pub(crate) fn at_heap_peak(&self) -> Option<ResidentPoint> {
        if self.higher { self.latest } else { self.at_heap_peak }
    }

    /// The look that found the most resident memory, the first of equal ones.
    pub(crate) fn maximum(&self) -> Option<ResidentPoint> {
        self.maximum
    }
}
