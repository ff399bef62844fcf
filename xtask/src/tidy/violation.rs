//! What a rule reports, and how it reads on a terminal.

use std::fmt;

/// One broken rule at one place. Ordered by place, so that a report reads file by file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    /// Path from the root of the repository, with `/`.
    pub(crate) path: String,
    /// Line, from 1; 0 where the whole file is meant.
    pub(crate) line: usize,
    /// Short name of the rule.
    pub(crate) rule: &'static str,
    /// What is wrong, and why that is a rule.
    pub(crate) message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.path)?;
        if self.line > 0 {
            write!(out, ":{}", self.line)?;
        }
        write!(out, ": [{}] {}", self.rule, self.message)
    }
}

/// The result of all rules.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// How many files were read.
    pub(crate) files: usize,
    /// Everything found, sorted.
    pub(crate) violations: Vec<Violation>,
}

impl Outcome {
    /// Whether no rule is broken.
    pub(crate) fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for violation in &self.violations {
            writeln!(out, "{violation}")?;
        }
        match self.violations.len() {
            0 => writeln!(out, "tidy: {} files, every rule holds", self.files),
            1 => writeln!(out, "tidy: {} files, 1 violation", self.files),
            count => writeln!(out, "tidy: {} files, {count} violations", self.files),
        }
    }
}
