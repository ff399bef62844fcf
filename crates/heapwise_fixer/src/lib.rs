//! Turns findings into edits, diffs and verdicts.
//!
//! Everything here is pure: who calls it reads and writes the files and runs the programs.
//!
//! 1. [`Plan::of`] takes findings and the state of their files, and gives the new texts; what cannot be done is
//!    [`Withdrawn`], with the reason in words.
//! 2. A run with the new texts in place gives two [`Outcome`]s; [`compare`] says whether the program did the same, and
//!    [`judge`] whether the edit is proven.
//! 3. [`Plan::diff`] is what a person sees, [`Plan::undo`] what takes it back.

#![forbid(unsafe_code)]

mod outcome;
mod plan;
mod verdict;

pub use outcome::{Difference, Outcome, Tolerance, compare};
pub use plan::{FileChange, FileState, Plan, Withdrawal, Withdrawn};
pub use verdict::{Verdict, judge};
