//! `duplicate-strings` and `duplicate-objects` share how they are found: equal values, each an object of its own.
//!
//! Invariant: what is counted is bytes of equal immutable objects beyond the first of each, as the look found them.

use crate::candidate::Candidate;
use crate::case::Case;
use crate::holding::Held;
use crate::words;
use serde_json::json;

/// The holders of at least the least worthwhile bytes of duplicates whose elements satisfy `wanted`.
pub(super) fn holders<'a>(case: &Case<'a>, wanted: impl Fn(&Held<'a>) -> bool) -> Vec<(Held<'a>, u64)> {
    let least = case.least_bytes();
    let with_bytes = |held: Held<'a>| {
        let bytes = held.object.facts.duplicate_bytes?.min(held.object.own_bytes);
        (bytes >= least && wanted(&held)).then_some((held, bytes))
    };
    case.held(least).into_iter().filter_map(with_bytes).collect()
}

/// A candidate with what both rules say alike.
pub(super) fn candidate(case: &Case<'_>, held: &Held<'_>, bytes: u64, what: &str) -> Candidate {
    let mut candidate = case.candidate(&held.place, held.symbol());
    candidate.title = format!(
        "`{}` holds equal {what} many times over: {} of copies",
        held.object.name,
        words::bytes(bytes)
    );
    candidate.evidence.insert("duplicate_bytes", json!(bytes));
    candidate.evidence.insert("elements", json!(held.count()));
    if let Some(distinct) = held.object.facts.distinct {
        candidate.evidence.insert("values", json!(distinct));
    }
    candidate.changes = case.shrunk(held.object, held.object.own_bytes - bytes);
    candidate
}
