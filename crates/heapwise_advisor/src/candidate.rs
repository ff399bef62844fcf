//! What a rule hands in: a change that would save bytes, before it is weighed.
//!
//! Invariant: a candidate says how the memory would differ ([`Candidate::changes`]) and never what is saved; that
//! is the replay's to say, in the same way for all rules.

use std::collections::BTreeMap;

use heapwise_analysis::Change;
use heapwise_source::{Edit, Span};
use serde::Serialize;
use serde_json::Value;

use crate::case::Case;

/// One kind of waste, and what to do about it.
pub trait Rule: Sync {
    /// Its name, as people type it: `dead-variable`.
    fn id(&self) -> &'static str;

    /// What it is about in one line, for the list of rules.
    fn summary(&self) -> &'static str;

    /// Its page.
    fn page(&self) -> &'static str;

    /// Why a finding of it without an edit must be followed by hand.
    fn by_hand(&self) -> &'static str {
        "the code is not of a form that can be edited without reading what it means"
    }

    /// All that it would change in this run. What saves too little is dropped later.
    fn find(&self, case: &Case<'_>) -> Vec<Candidate>;
}

/// Facts that speak for a finding, by name; numbers of bytes end in `_bytes`.
pub type Evidence = BTreeMap<&'static str, Value>;

/// A change that would save bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The file of the code to change.
    pub file: String,
    /// The first line of it, from 1.
    pub line: u32,
    /// The last line of it.
    pub end_line: u32,
    /// The name that holds the bytes, or the function or class that is meant.
    pub symbol: String,
    /// One line, without a full stop: "`raw` is not read after line 12 and still there at the peak".
    pub title: String,
    /// Why: one to three sentences.
    pub message: String,
    /// What to write instead: a sentence with the code.
    pub instead: String,
    /// What of this run speaks for it.
    pub evidence: Evidence,
    /// Whether other data could make it wrong.
    pub certainty: Certainty,
    /// How the memory would differ.
    pub changes: Vec<Change>,
    /// The edit that does it, if it can be written down.
    pub fix: Option<ProposedFix>,
}

/// An edit as a rule proposes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedFix {
    /// What applying it takes.
    pub safety: Safety,
    /// Changes of the text of [`Candidate::file`].
    pub edits: Vec<Replacement>,
}

impl From<Edit> for ProposedFix {
    fn from(edit: Edit) -> Self {
        let safety = match edit.safety() {
            heapwise_source::Safety::Safe => Safety::Safe,
            heapwise_source::Safety::Unsafe => Safety::Unsafe,
            heapwise_source::Safety::Manual => Safety::Manual,
        };
        let replaced = edit.replacements().iter().map(|one| Replacement {
            start: one.span.start,
            end: one.span.end,
            text: one.text.clone(),
        });
        Self { safety, edits: replaced.collect() }
    }
}

impl ProposedFix {
    /// The text with the edit in it; `None` if it is not the text that the edit was made for.
    pub fn apply(&self, text: &str) -> Option<String> {
        let replacements: Vec<_> = self
            .edits
            .iter()
            .map(|edit| heapwise_source::Replacement {
                span: Span::new(edit.start, edit.end),
                text: edit.text.clone(),
            })
            .collect();
        heapwise_source::apply(text, &replacements).ok()
    }
}

/// New text for some bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// Offset of the first byte that is replaced.
    pub start: usize,
    /// Offset behind the last one; equal to `start` to insert.
    pub end: usize,
    /// What stands there instead.
    pub text: String,
}

/// Whether a finding holds for other data too. In the order of trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Certainty {
    /// It follows from the code.
    #[default]
    Certain,
    /// It follows from the values of this run: the message says what would break it.
    Likely,
}

/// What applying an edit takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Safety {
    /// The program does the same afterwards.
    Safe,
    /// It does the same on data like that of this run: to be proven by a run.
    Unsafe,
    /// A sketch that a person must finish.
    Manual,
}
