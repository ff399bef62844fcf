//! `smaller-dtype`, `float32`, `category-strings` and `arrow-strings` share what they propose: arrays, or columns of one
//! table, that take fewer bytes with another type.
//!
//! Invariant: one candidate for all columns of a table.

use serde_json::json;

use crate::candidate::{Candidate, Certainty};
use crate::case::Case;
use crate::holding::Held;

/// An array or column that would take fewer bytes.
#[derive(Debug)]
pub(super) struct Shrinking<'a, T> {
    pub(super) held: Held<'a>,
    pub(super) new_bytes: u64,
    /// What the rule knows of it besides.
    pub(super) facts: T,
}

/// Those of the same owner together (the columns of a table), the groups and the things in each in their order.
pub(super) fn by_owner<'a, T>(things: impl Iterator<Item = Shrinking<'a, T>>) -> Vec<Vec<Shrinking<'a, T>>> {
    let mut groups: Vec<Vec<Shrinking<'a, T>>> = Vec::new();
    for thing in things {
        let owner = thing.held.owner.address;
        match groups.iter_mut().find(|group| group[0].held.owner.address == owner) {
            Some(group) => group.push(thing),
            None => groups.push(vec![thing]),
        }
    }
    groups
}

/// The names of a group's things.
pub(super) fn names<T>(group: &[Shrinking<'_, T>]) -> Vec<String> {
    group.iter().map(|it| it.held.object.name.clone()).collect()
}

/// Bytes of a group now, and with the other types.
pub(super) fn bytes<T>(group: &[Shrinking<'_, T>]) -> (u64, u64) {
    let old = group.iter().map(|it| it.held.object.own_bytes).sum();
    (old, group.iter().map(|it| it.new_bytes).sum())
}

/// A candidate for a group, with what all these rules say alike; what other data would break is for the rule to say.
pub(super) fn candidate<T>(case: &Case<'_>, group: &[Shrinking<'_, T>]) -> Candidate {
    let held = &group[0].held;
    let (old, new) = bytes(group);
    let mut candidate = case.candidate(&held.place, held.symbol());
    candidate.certainty = Certainty::Likely;
    candidate.evidence.insert("names", json!(names(group)));
    candidate.evidence.insert("bytes", json!(old));
    candidate.evidence.insert("new_bytes", json!(new));
    candidate.changes = group.iter().flat_map(|it| case.shrunk(it.held.object, it.new_bytes)).collect();
    candidate
}
