//! The sums that are kept for every stack and added up for every place.

use std::ops::AddAssign;

/// What a stack, a line, a thread or the whole program did with memory.
///
/// Blocks are allocations of the malloc family and of CPython's allocators, and accessible pieces of anonymous
/// mappings. In sampled captures all numbers are estimates, each rounded to a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Bytes live at the high-water mark.
    pub peak_bytes: u64,
    /// Blocks live at the high-water mark.
    pub peak_blocks: u64,
    /// Bytes allocated over the whole run.
    pub allocated_bytes: u64,
    /// Blocks allocated over the whole run.
    pub allocations: u64,
    /// Bytes live when the capture ends.
    pub leaked_bytes: u64,
    /// Blocks live when the capture ends.
    pub leaked_blocks: u64,
    /// Bytes that were freed at most [`crate::TEMPORARY_MS`] milliseconds after they were allocated.
    pub temporary_bytes: u64,
    /// Blocks that were freed at most [`crate::TEMPORARY_MS`] milliseconds after they were allocated.
    pub temporaries: u64,
}

impl Totals {
    /// The same, or without what was live at the end.
    pub(crate) fn with_leaks(self, with_leaks: bool) -> Self {
        if with_leaks { self } else { Self { leaked_bytes: 0, leaked_blocks: 0, ..self } }
    }

    /// Whether all sums are zero.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        // Saturating: sizes in a damaged capture can be anything.
        for (mine, more) in [
            (&mut self.peak_bytes, other.peak_bytes),
            (&mut self.peak_blocks, other.peak_blocks),
            (&mut self.allocated_bytes, other.allocated_bytes),
            (&mut self.allocations, other.allocations),
            (&mut self.leaked_bytes, other.leaked_bytes),
            (&mut self.leaked_blocks, other.leaked_blocks),
            (&mut self.temporary_bytes, other.temporary_bytes),
            (&mut self.temporaries, other.temporaries),
        ] {
            *mine = mine.saturating_add(more);
        }
    }
}
