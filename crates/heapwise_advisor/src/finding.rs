//! Findings as data: what `heapwise advise --format json` prints, field by field.
//!
//! The structs are the contract; `schema/advice.schema.json` describes the same fields, and a test holds the two
//! together. Invariants: bytes are whole bytes; findings are ranked by [`Finding::peak_saving_bytes`], what is
//! certain before what is not; no two findings save the same bytes.

use serde::Serialize;

use crate::candidate::{Certainty, Evidence, ProposedFix, Safety};

/// All advice on one run.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Advice {
    /// The highest heap of the run, bytes.
    pub peak_bytes: u64,
    /// What to change, the most worthwhile first.
    pub findings: Vec<Finding>,
    /// What all findings lead to together; `None` if there are fewer than two.
    #[serde(skip)]
    pub together: Option<Together>,
}

/// What several findings lead to together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Together {
    /// How many findings.
    pub findings: usize,
    /// The highest heap with all of them followed, bytes.
    pub new_peak_bytes: u64,
}

/// One thing to change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What to call it by: short, and the same for the same waste in the next run.
    pub id: String,
    /// The rule that found it.
    pub rule: &'static str,
    /// The file of the code to change, as the capture names it.
    pub file: String,
    /// The first line of it, from 1.
    pub line: u32,
    /// The last line of it.
    pub end_line: u32,
    /// The name that holds the bytes, or the function or class that is meant.
    pub symbol: String,
    /// One line.
    pub title: String,
    /// Why, and what to write instead; whole sentences.
    pub message: String,
    /// What of this run speaks for it.
    pub evidence: Evidence,
    /// Bytes that the highest heap falls by.
    pub peak_saving_bytes: u64,
    /// The highest heap afterwards, bytes.
    pub new_peak_bytes: u64,
    /// The edit that does it, if there is one.
    pub fix: Option<Fix>,
    /// What a run with the edit in place showed, if there was one.
    pub verified: Option<Verified>,
    /// The lines `line` to `end_line` of the source, without line ends; empty if the capture does not have them.
    #[serde(skip)]
    pub excerpt: Vec<String>,
    /// Whether the program could do otherwise on other data.
    #[serde(skip)]
    pub certainty: Certainty,
    /// The edit as changes of the source, for who applies it.
    #[serde(skip)]
    pub proposal: Option<ProposedFix>,
}

/// An edit that follows a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// What applying it takes.
    pub safety: Safety,
    /// A unified diff against the file as it was run.
    pub diff: String,
}

/// What a run with the edit in place showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The highest heap without the edit, bytes.
    pub peak_before_bytes: u64,
    /// The highest heap with it, bytes.
    pub peak_after_bytes: u64,
    /// Whether the program did the same.
    pub same_output: bool,
}

/// A run that lowers the peak by less than this share proves nothing.
const LEAST_SHARE: f64 = 0.01;

impl Verified {
    /// Whether it speaks for the edit: the program did the same, with a lower peak.
    pub fn is_proof(&self) -> bool {
        let saved = self.peak_before_bytes.saturating_sub(self.peak_after_bytes);
        self.same_output && saved > 0 && saved as f64 >= LEAST_SHARE * self.peak_before_bytes as f64
    }
}
