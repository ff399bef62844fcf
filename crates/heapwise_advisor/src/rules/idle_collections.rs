//! `idle-collections`: dicts, sets and lists that are empty or nearly so, in great number.
//!
//! Invariant: what is saved is the bytes of these containers alone, as the look counted them.

use serde_json::json;

use crate::candidate::{Candidate, Rule};
use crate::case::Case;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct IdleCollections;

impl Rule for IdleCollections {
    fn id(&self) -> &'static str {
        "idle-collections"
    }

    fn summary(&self) -> &'static str {
        "many dicts, sets and lists with nothing in them"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/idle-collections.md")
    }

    fn by_hand(&self) -> &'static str {
        "all code that reads the collections would have to expect None"
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        let least = case.least_bytes();
        let mut candidates = Vec::new();
        for held in case.held(least) {
            let (Some(count), Some(bytes)) =
                (held.object.facts.idle_collections, held.object.facts.idle_bytes)
            else {
                continue;
            };
            let bytes = bytes.min(held.object.own_bytes);
            if bytes < least {
                continue;
            }
            let mut candidate = case.candidate(&held.place, held.symbol());
            candidate.title = format!(
                "`{}` holds {} collections that are empty or nearly so: {}",
                held.object.name,
                words::count(count),
                words::bytes(bytes)
            );
            candidate.message = "An empty list takes 56 bytes, an empty dict 64, an empty set 216, each with its place in the \
                                 collector's list. One that is made when there is something to put into it costs nothing until \
                                 then."
                .into();
            candidate.instead =
                "None (or one shared empty tuple) until there is a first element; for a dict of lists, setdefault or defaultdict"
                    .into();
            candidate.evidence.insert("collections", json!(count));
            candidate.evidence.insert("bytes", json!(bytes));
            candidate.changes = case.shrunk(held.object, held.object.own_bytes - bytes);
            candidates.push(candidate);
        }
        candidates
    }
}
