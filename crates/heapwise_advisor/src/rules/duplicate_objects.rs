//! `duplicate-objects`: equal tuples, bytes and numbers, each an object of its own.
//!
//! Invariant: only immutable things count, since one can stand for all.

use super::{duplicate_strings, duplicates};
use crate::candidate::{Candidate, Rule};
use crate::case::Case;
use crate::holding::Held;

/// The rule.
#[derive(Debug)]
pub(super) struct DuplicateObjects;

impl Rule for DuplicateObjects {
    fn id(&self) -> &'static str {
        "duplicate-objects"
    }

    fn summary(&self) -> &'static str {
        "equal immutable objects, each there many times"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/duplicate-objects.md")
    }

    fn by_hand(&self) -> &'static str {
        "where the dict of known values lives, and how long, is for you to say"
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        let found =
            duplicates::holders(case, |held| !duplicate_strings::holds_text(held) && !held.is_of("pandas"));
        let make = |(held, bytes): (Held<'_>, u64)| {
            let mut candidate = duplicates::candidate(case, &held, bytes, "objects");
            candidate.message = "They are immutable, so one of each value can stand for all of them; a dict from each value to \
                                 itself finds it."
                .into();
            candidate.instead =
                "value = known.setdefault(value, value), with known = {} beside the container".into();
            candidate
        };
        found.into_iter().map(make).collect()
    }
}
