//! Turns findings into edits, diffs and verdicts.
//!
//! Everything here is pure: who calls it reads and writes the files and runs the programs.
//!
//! 1. [`Plan::of`] takes findings and the state of their files, and gives the new texts; what cannot be done is
//!    [`Withdrawn`], with the reason in words.
//! 2. Runs without and with the new texts in place give [`Outcome`]s; [`compare`] says what the program did otherwise, and
//!    [`judge`] whether the edit is proven.
//! 3. [`Plan::diff`] is what a person sees, [`Plan::undo`] what takes it back.

#![forbid(unsafe_code)]

mod likeness;
mod outcome;
mod plan;
mod verdict;

pub use likeness::Allowed;
pub use outcome::{Difference, Outcome, Tolerance, compare, in_words, last_line};
pub use plan::{FileChange, FileState, Plan, Withdrawal, Withdrawn};
pub use verdict::{Verdict, judge};
