//! `array-not-list`: long lists of numbers of one type.
//!
//! Invariant: proposed only where every element that was looked at is an int or every one a float, and ints fit 64 bits.

use serde_json::json;

use crate::candidate::{Candidate, Certainty, Rule};
use crate::case::Case;
use crate::holding::Held;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct ArrayNotList;

/// Bytes of an element of the array.
const ELEMENT_BYTES: u64 = 8;

impl Rule for ArrayNotList {
    fn id(&self) -> &'static str {
        "array-not-list"
    }

    fn summary(&self) -> &'static str {
        "a long list of numbers, each an object of its own"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/array-not-list.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        case.held(case.least_bytes()).into_iter().filter_map(|held| candidate(case, &held)).collect()
    }
}

fn candidate(case: &Case<'_>, held: &Held<'_>) -> Option<Candidate> {
    let kind = held.object.kind.as_str();
    if kind != "list" && kind != "tuple" {
        return None;
    }
    let types: Vec<&str> = held.object.facts.element_types.keys().map(String::as_str).collect();
    let (code, dtype) = match types.as_slice() {
        ["float"] => ("d", "float64"),
        ["int"] => ("q", "int64"),
        _ => return None,
    };
    let facts = case.lasting_facts(held);
    if code == "q" {
        // The range must be known: a larger int fits no array.
        facts.minimum.as_ref()?.as_i64()?;
        facts.maximum.as_ref()?.as_i64()?;
    }
    let count = held.count();
    let new_bytes = count * ELEMENT_BYTES;
    let old_bytes = held.object.own_bytes;
    // Small integers are shared by the interpreter: a list of these is as small as it gets.
    if old_bytes < 2 * new_bytes {
        return None;
    }
    let mut candidate = case.candidate(&held.place, held.symbol());
    candidate.title = format!(
        "`{}` is a {kind} of {} {}s: {} bytes each",
        held.object.name,
        words::count(count),
        types[0],
        old_bytes / count.max(1)
    );
    candidate.message = format!(
        "Each number is an object of its own behind a pointer. An array keeps them side by side: {} instead of {}.",
        words::bytes(new_bytes),
        words::bytes(old_bytes)
    );
    candidate.instead = format!(
        "array.array(\"{code}\", ...), which has append and indexing like a list, or a NumPy array with dtype={dtype} if you \
         compute with it"
    );
    candidate.certainty = if code == "d" { Certainty::Certain } else { Certainty::Likely };
    candidate.evidence.insert("elements", json!(count));
    candidate.evidence.insert("element_type", json!(types[0]));
    candidate.evidence.insert("bytes", json!(old_bytes));
    candidate.evidence.insert("new_bytes", json!(new_bytes));
    candidate.changes = case.shrunk(held.object, new_bytes);
    Some(candidate)
}
