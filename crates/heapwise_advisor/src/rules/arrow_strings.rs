//! `arrow-strings`: pandas strings as Python objects where Arrow keeps them side by side.
//!
//! Invariant: proposed only for columns of strings and nothing else, and for those that categories would not serve better.

use super::category_strings::{column_name, only_text};
use super::shrinking::{self, Shrinking};
use crate::candidate::{Candidate, ProposedFix, Rule};
use crate::case::Case;
use crate::changes::made_bytes;
use crate::edits;
use crate::holding::{Held, listed};
use crate::versions::Version;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct ArrowStrings;

/// Bytes of an offset of Arrow's large strings, which pandas uses.
const OFFSET_BYTES: u64 = 8;

impl Rule for ArrowStrings {
    fn id(&self) -> &'static str {
        "arrow-strings"
    }

    fn summary(&self) -> &'static str {
        "pandas strings as Python objects"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/arrow-strings.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        let found = case.held(case.least_bytes() / 20).into_iter().filter(fits).map(|held| Shrinking {
            held,
            new_bytes: new_bytes(&held),
            facts: (),
        });
        shrinking::candidates(case, found, |group| candidate(case, group))
    }
}

fn fits(held: &Held<'_>) -> bool {
    let as_objects = match held.dtype() {
        "object" => only_text(held),
        "str" | "string" | "string[python]" | "str[python]" => true,
        _ => false,
    };
    held.is_of("pandas")
        && as_objects
        && held.object.facts.text_bytes.is_some()
        && new_bytes(held) * 2 < made_bytes(held.object)
}

fn new_bytes(held: &Held<'_>) -> u64 {
    let rows = held.count();
    held.object.facts.text_bytes.unwrap_or(0) + (rows + 1) * OFFSET_BYTES + rows / 8
}

fn candidate(case: &Case<'_>, group: &[Shrinking<'_, ()>]) -> Candidate {
    let mut candidate = shrinking::candidate(case, group);
    let (old, new) = shrinking::bytes(group);
    let rows: u64 = group.iter().map(|it| it.held.count()).sum();
    candidate.title = format!(
        "{} keeps each string as a Python object: {} bytes a string where Arrow takes {}",
        listed(&shrinking::names(group)),
        old / rows.max(1),
        new / rows.max(1)
    );
    candidate.message = format!(
        "Arrow keeps the texts of a column side by side: {} instead of {}. Elements come out as `str` all the same; a \
         column that must hold other objects too cannot be one.",
        words::bytes(new),
        words::bytes(old)
    );
    let columns: Vec<String> = group.iter().take(4).map(|it| column_name(&it.held)).collect();
    let installed = case.library("pyarrow").is_some();
    candidate.instead = if case.library("pandas").is_some_and(|version| version >= Version::new(3, 0))
        && !installed
    {
        "pip install pyarrow: pandas 3 then keeps its `str` columns in Arrow by itself; make the columns without \
         dtype=object"
            .to_owned()
    } else {
        format!(
            "dtype=\"string[pyarrow]\" for {} where the table is read or made (needs pyarrow)",
            columns.join(", ")
        )
    };
    candidate.fix = installed.then(|| fix(case, group)).flatten();
    candidate
}

/// The type where the table is read.
fn fix(case: &Case<'_>, group: &[Shrinking<'_, ()>]) -> Option<ProposedFix> {
    let columns: Vec<_> = group.iter().map(|it| (&it.held, "\"string[pyarrow]\"".to_owned())).collect();
    edits::typed_columns(case, &columns).map(ProposedFix::from)
}
