//! `smaller-dtype`: whole numbers in more bytes each than the values of this run need.
//!
//! Invariant: a type is proposed only if it holds every value seen at every look, with room to twice the range where
//! that costs no wider type; floats that happen to be whole are left to other rules.

use serde_json::json;

use super::shrinking::{self, Shrinking};
use crate::candidate::{Candidate, ProposedFix, Rule};
use crate::case::Case;
use crate::changes::made_bytes;
use crate::edits;
use crate::holding::{Held, is_enough_of_numbers, listed};
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct SmallerDtype;

/// The types by width: name, least and greatest value, bytes.
const TYPES: [(&str, i128, i128, u64); 6] = [
    ("int8", -128, 127, 1),
    ("uint8", 0, 255, 1),
    ("int16", -32_768, 32_767, 2),
    ("uint16", 0, 65_535, 2),
    ("int32", -2_147_483_648, 2_147_483_647, 4),
    ("uint32", 0, 4_294_967_295, 4),
];

/// What one array or column would become.
struct Narrower {
    dtype: &'static str,
    range: (String, String),
}

impl Rule for SmallerDtype {
    fn id(&self) -> &'static str {
        "smaller-dtype"
    }

    fn summary(&self) -> &'static str {
        "whole numbers in a wider type than their values need"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/smaller-dtype.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        let found = case.held(case.least_bytes() / 20).into_iter().filter_map(|held| narrower(case, held));
        shrinking::candidates(case, found, |group| candidate(case, group))
    }
}

fn narrower<'a>(case: &Case<'a>, held: Held<'a>) -> Option<Shrinking<'a, Narrower>> {
    let width = match held.dtype() {
        "int64" | "uint64" => 8,
        "int32" | "uint32" => 4,
        "int16" | "uint16" => 2,
        _ => return None,
    };
    if !(held.is_of("numpy") || held.is_of("pandas")) || held.object.facts.mapped_file {
        return None;
    }
    // A sparse matrix chooses the type of its places itself, 32 or 64 bits.
    if held.owner.kind.starts_with("scipy.sparse.") && held.object.name.rsplit('.').next() != Some("data") {
        return None;
    }
    let facts = case.lasting_facts(&held);
    if !is_enough_of_numbers(&facts, held.count()) {
        return None;
    }
    let whole = |number: &serde_json::Number| {
        number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
    };
    let (low, high) = (whole(facts.minimum.as_ref()?)?, whole(facts.maximum.as_ref()?)?);
    if low == 0 && high <= 1 {
        // Yes or no: that is what `bitmask` is about.
        return None;
    }
    let (dtype, _, _, bytes) = *TYPES.iter().find(|(_, least, most, _)| *least <= low && high <= *most)?;
    let new_bytes = made_bytes(held.object).min(held.count() * width) / width * bytes;
    let facts = Narrower { dtype, range: (low.to_string(), high.to_string()) };
    (bytes < width).then_some(Shrinking { held, new_bytes, facts })
}

fn candidate(case: &Case<'_>, group: &[Shrinking<'_, Narrower>]) -> Candidate {
    let Shrinking { held, facts: first, .. } = &group[0];
    let mut candidate = shrinking::candidate(case, group);
    let (old, new) = shrinking::bytes(group);
    candidate.title = if group.len() == 1 {
        format!(
            "{} holds {} to {} as {}: {} is enough",
            listed(&shrinking::names(group)),
            first.range.0,
            first.range.1,
            held.dtype(),
            first.dtype
        )
    } else {
        format!("{} columns of `{}` hold small whole numbers in wide types", group.len(), held.symbol())
    };
    candidate.message = format!(
        "{} of whole numbers would fit {} by the values of this run. A value outside the narrower range would wrap \
         around without a word, and so do sums of two narrow arrays; `sum()` itself widens.",
        words::bytes(old),
        words::bytes(new)
    );
    let types: Vec<String> =
        group.iter().take(6).map(|it| format!("{}: {}", it.held.object.name, it.facts.dtype)).collect();
    candidate.instead = if group.len() == 1 && !held.is_of("pandas") {
        format!(
            "make it with dtype=np.{}, not by astype afterwards, which holds both for a moment",
            first.dtype
        )
    } else {
        format!("name the types where the table is read or made: {}", types.join(", "))
    };
    candidate.fix = fix(case, group);
    candidate.evidence.insert("dtype", json!(held.dtype()));
    candidate.evidence.insert("new_dtype", json!(first.dtype));
    candidate.evidence.insert("minimum", json!(first.range.0));
    candidate.evidence.insert("maximum", json!(first.range.1));
    candidate
}

/// The type where the array is made or the table is read.
fn fix(case: &Case<'_>, group: &[Shrinking<'_, Narrower>]) -> Option<ProposedFix> {
    if let [one] = group
        && !one.held.is_of("pandas")
    {
        return edits::typed_array(case, &one.held, one.facts.dtype);
    }
    let columns: Vec<_> = group.iter().map(|it| (&it.held, format!("\"{}\"", it.facts.dtype))).collect();
    edits::typed_columns(case, &columns).map(ProposedFix::from)
}
