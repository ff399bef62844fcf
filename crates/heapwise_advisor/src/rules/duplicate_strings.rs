//! `duplicate-strings`: the same text as many `str` objects.
//!
//! Invariant: columns of pandas are left to `category-strings`; strings that are shared already count once.

use super::duplicates;
use crate::candidate::{Candidate, Rule};
use crate::case::Case;
use crate::holding::Held;

/// The rule.
#[derive(Debug)]
pub(super) struct DuplicateStrings;

impl Rule for DuplicateStrings {
    fn id(&self) -> &'static str {
        "duplicate-strings"
    }

    fn summary(&self) -> &'static str {
        "the same text as many strings"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/duplicate-strings.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        let found = duplicates::holders(case, |held| holds_text(held) && !held.is_of("pandas"));
        let make = |(held, bytes): (Held<'_>, u64)| {
            let mut candidate = duplicates::candidate(case, &held, bytes, "strings");
            candidate.message = "Strings made while the program runs (by split, format, a reader) are new objects even where \
                                 the text is the same. Interned, each text is there once and all else refers to it; nothing \
                                 in the program can tell the difference but `is`."
                .into();
            candidate.instead = "sys.intern(text) where the string is stored".into();
            candidate
        };
        found.into_iter().map(make).collect()
    }
}

/// Whether the elements, or the values of a dict, are strings.
pub(super) fn holds_text(held: &Held<'_>) -> bool {
    let types = &held.object.facts.element_types;
    types.keys().any(|kind| matches!(kind.as_str(), "str" | "value: str" | "key: str"))
}
