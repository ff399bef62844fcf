//! Turns findings into edits, diffs and verdicts.
