//! Sums by line, function, file and origin.
//!
//! Invariant: every byte of the analysis is in exactly one `own` and exactly one `user` of the lines, and at
//! most once in the `total` of each place, however often the place is on the stack.

use heapwise_profile::{Origin, Profile};

use crate::Analysis;
use crate::totals::Totals;

/// A place in a program.
///
/// What no Python frame asked for has the place [`Place::NO_PYTHON`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place<'a> {
    /// Its file, as the code object names it; empty if not known.
    pub file: &'a str,
    /// The line, from 1; 0 if not known.
    pub line: u32,
    /// The qualified name of the function.
    pub function: &'a str,
}

impl Place<'_> {
    /// The place of what no Python frame asked for.
    pub const NO_PYTHON: Self = Self { file: "", line: 0, function: crate::NO_PYTHON };
}

/// Whose code a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose<'a> {
    /// By its file.
    Code(Origin<'a>),
    /// No Python frame asked.
    NoPython,
}

/// What a line allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineTotals<'a> {
    /// The line.
    pub place: Place<'a>,
    /// The line of its function's `def`; 0 if not known.
    pub first_line: u32,
    /// Whose code it is.
    pub whose: Whose<'a>,
    /// What was allocated while it was the innermost line.
    pub own: Totals,
    /// What was allocated by it and all that it called, each block once.
    pub total: Totals,
    /// What was allocated while it was the innermost line of the user's code (`Origin::User` or `NoFile`): its
    /// own and what libraries allocated for it. Bytes with no user code on the stack count for the
    /// innermost line of a library, else for the innermost line.
    pub user: Totals,
}

/// What a function allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionTotals<'a> {
    /// The function; the line is that of its `def`.
    pub place: Place<'a>,
    /// Whose code it is.
    pub whose: Whose<'a>,
    /// What was allocated while it was the innermost function.
    pub own: Totals,
    /// With all that it called, each block once.
    pub total: Totals,
}

/// What a file allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileTotals<'a> {
    /// The file as code objects name it; [`crate::NO_PYTHON`] for what no Python frame asked for.
    pub file: &'a str,
    /// Whose code it is.
    pub whose: Whose<'a>,
    /// What was allocated while its code was innermost.
    pub own: Totals,
    /// With all that its code called, each block once.
    pub total: Totals,
}

/// What a library, the user's code, or Python's own library allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OriginTotals<'a> {
    /// Whose code it is.
    pub whose: Whose<'a>,
    /// What was allocated while its code was innermost.
    pub own: Totals,
    /// With all that its code called, each block once.
    pub total: Totals,
}

/// Sums by place. Each list is sorted by bytes live at the high-water mark, highest first: `own`, then `total`,
/// then the place.
#[derive(Debug, Clone, Default)]
pub struct Places<'a> {
    /// By (file, line, function).
    pub lines: Vec<LineTotals<'a>>,
    /// By (file, function, line of its `def`).
    pub functions: Vec<FunctionTotals<'a>>,
    /// By file.
    pub files: Vec<FileTotals<'a>>,
    /// By origin: each library, the user's code, Python's own.
    pub origins: Vec<OriginTotals<'a>>,
}

/// Sums an analysis up by place. `analysis` must be that of `profile`.
pub fn places<'a>(profile: &'a Profile, analysis: &Analysis) -> Places<'a> {
    let _ = (profile, analysis);
    todo!("sums by place")
}
