//! The values that an export can tell of each stack.

use heapwise_analysis::Totals;

/// Which bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// Live at the high-water mark.
    Peak,
    /// Allocated over the whole run.
    Allocated,
    /// Live when the program ended.
    Leaked,
    /// Freed within [`heapwise_analysis::TEMPORARY_MS`] milliseconds.
    Temporary,
}

impl Value {
    /// All of them; the default first.
    pub const ALL: [Self; 4] = [Self::Peak, Self::Allocated, Self::Leaked, Self::Temporary];

    /// The value's bytes.
    pub fn bytes(self, totals: &Totals) -> u64 {
        match self {
            Self::Peak => totals.peak_bytes,
            Self::Allocated => totals.allocated_bytes,
            Self::Leaked => totals.leaked_bytes,
            Self::Temporary => totals.temporary_bytes,
        }
    }

    /// The number of blocks of those bytes.
    pub fn blocks(self, totals: &Totals) -> u64 {
        match self {
            Self::Peak => totals.peak_blocks,
            Self::Allocated => totals.allocations,
            Self::Leaked => totals.leaked_blocks,
            Self::Temporary => totals.temporaries,
        }
    }

    /// What people read where several values stand next to each other.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Peak => "live at the peak",
            Self::Allocated => "allocated in all",
            Self::Leaked => "leaked",
            Self::Temporary => "temporary",
        }
    }

    /// Where the value stands in [`Self::ALL`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }
}
