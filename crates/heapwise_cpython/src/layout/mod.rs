//! Where the fields of thread states, frames and code objects stand, by version.
//!
//! The one place where a version is told from another; everything else works on [`Layout`]. Offsets are those
//! of release builds for 64-bit Linux, read from each version's headers (`Include/cpython/code.h`,
//! `Include/cpython/pystate.h`, `Include/internal/pycore_frame.h`; 3.13 and 3.14 publish the same numbers in
//! `_Py_DebugOffsets`). [`crate::self_check`] compares what they give with the interpreter's own word.

mod v3_10;
mod v3_11;
mod v3_12;
mod v3_13;
mod v3_14;

use crate::Version;

/// How to get from a thread state to its innermost frame.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CurrentFrame {
    /// The field of the thread state at this offset.
    Direct(usize),
    /// The thread state points to a `_PyCFrame` at the first offset, and that to the frame at the second.
    ThroughCFrame(usize, usize),
}

/// What a frame keeps of the instruction it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instruction {
    /// `f_lasti`: a 32-bit count of two-byte instructions from the start of the code, -1 before the first.
    Index,
    /// A pointer into the code object, whose instructions start at this offset in it.
    Pointer {
        /// Bytes from the start of the code object.
        code_start: usize,
    },
}

/// The coding of `co_linetable`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineTable {
    /// 3.10: pairs of a byte difference and a line difference.
    Pairs,
    /// 3.11 and later: variable-length entries with columns.
    Locations,
}

/// Offsets in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) current_frame: CurrentFrame,
    pub(crate) frame_code: usize,
    /// Bits of the code pointer that are tags.
    pub(crate) code_tag_mask: usize,
    pub(crate) frame_previous: usize,
    pub(crate) frame_instruction: usize,
    pub(crate) instruction: Instruction,
    /// The byte that tells who owns the frame, and the first value that means "no Python frame".
    pub(crate) frame_owner: Option<(usize, u8)>,
    pub(crate) code_file: usize,
    pub(crate) code_name: usize,
    /// The name to show: the qualified one where there is one.
    pub(crate) code_qualified_name: usize,
    pub(crate) code_first_line: usize,
    pub(crate) code_line_table: usize,
    pub(crate) line_table: LineTable,
}

impl Layout {
    /// The layout of a version, if it is known.
    pub(crate) const fn of(version: Version) -> Option<Self> {
        if version.major == 3 { Self::of_minor(version.minor) } else { None }
    }

    /// The layout of 3.`minor`, if it is known.
    pub(crate) const fn of_minor(minor: u8) -> Option<Self> {
        match minor {
            10 => Some(v3_10::LAYOUT),
            11 => Some(v3_11::LAYOUT),
            12 => Some(v3_12::LAYOUT),
            13 => Some(v3_13::LAYOUT),
            14 => Some(v3_14::LAYOUT),
            _ => None,
        }
    }
}
