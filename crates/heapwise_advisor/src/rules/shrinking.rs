//! `smaller-dtype`, `float32`, `category-strings` and `arrow-strings` share what they propose: arrays, or columns of one
//! table, that take fewer bytes with another type.
//!
//! Invariant: one candidate for all columns of a table.

use heapwise_analysis::{Block, Change, Effect};
use rustc_hash::FxHashSet;
use serde_json::json;

use crate::candidate::{Candidate, Certainty};
use crate::case::Case;
use crate::changes::made_bytes;
use crate::holding::Held;

/// An array or column that would take fewer bytes.
#[derive(Debug)]
pub(super) struct Shrinking<'a, T> {
    pub(super) held: Held<'a>,
    pub(super) new_bytes: u64,
    /// What the rule knows of it besides.
    pub(super) facts: T,
}

/// The candidates for all things, one for each owner. A table that was chosen or copied from one that a reader made has
/// its types from there: its columns of the same names shrink with those, and are not said again.
pub(super) fn candidates<'a, T>(
    case: &Case<'a>,
    things: impl Iterator<Item = Shrinking<'a, T>>,
    candidate: impl Fn(&[Shrinking<'a, T>]) -> Candidate,
) -> Vec<Candidate> {
    // A view of all of an array or column is made with it.
    let mut seen = FxHashSet::default();
    let things = things.filter(|it| {
        let block = case.blocks_at_peak(it.held.object).first().copied();
        let block = block.filter(|block| 2 * made_bytes(it.held.object) > block.bytes);
        block.is_none_or(|block| seen.insert((block.born, last_key(&it.held.object.name))))
    });
    let is_read = |group: &Vec<Shrinking<'a, T>>| is_reader(case, &group[0].held);
    let (read, made): (Vec<_>, Vec<_>) = by_owner(things).into_iter().partition(is_read);
    let mut candidates: Vec<Candidate> = read.iter().map(|group| candidate(group)).collect();
    for group in made {
        let source = read.iter().position(|source| {
            let of_source = |it: &Shrinking<'a, T>| source.iter().any(|known| is_same_column(known, it));
            group.iter().any(of_source)
        });
        let Some(source) = source else {
            candidates.push(candidate(&group));
            continue;
        };
        let from_source = |it: &Shrinking<'a, T>| read[source].iter().any(|known| is_same_column(known, it));
        let (copies, own): (Vec<_>, Vec<_>) = group.into_iter().partition(from_source);
        let changes = copies.iter().flat_map(|it| case.shrunk(it.held.object, it.new_bytes));
        candidates[source].changes.extend(changes);
        if !own.is_empty() {
            candidates.push(candidate(&own));
        }
    }
    candidates
}

/// Whether the line that made a thing calls a reader of pandas.
pub(super) fn is_reader(case: &Case<'_>, held: &Held<'_>) -> bool {
    let Some((module, id)) = case.statement(&held.place) else { return false };
    let reads = |path: String| path.starts_with("pandas.read_");
    module.calls_in(id).any(|call| module.resolve(&call.func).is_some_and(reads))
}

fn is_same_column<T>(a: &Shrinking<'_, T>, b: &Shrinking<'_, T>) -> bool {
    let column = |it: &Shrinking<'_, T>| last_key(&it.held.object.name).map(str::to_owned);
    column(a).is_some_and(|name| column(b) == Some(name)) && a.held.dtype() == b.held.dtype()
}

/// The innermost key of a name: `['year']` of `tables['flights']['year']`.
pub(super) fn last_key(name: &str) -> Option<&str> {
    name.rfind("['").map(|at| &name[at..])
}

/// Those of the same owner together (the columns of a table), the groups and the things in each in their order.
fn by_owner<'a, T>(things: impl Iterator<Item = Shrinking<'a, T>>) -> Vec<Vec<Shrinking<'a, T>>> {
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
    let old = group.iter().map(|it| made_bytes(it.held.object)).sum();
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
    let objects: Vec<_> = group.iter().map(|it| (it.held.object, it.new_bytes)).collect();
    candidate.changes = case.shrunk_together(&objects);
    candidate.changes.extend(case.smaller_around(held.owner, &held.place, &objects));
    candidate.changes.extend(smaller_pieces(case, held, old.saturating_sub(new)));
    candidate
}

/// While a table is being made, there are pieces of it besides, as large as it is at most: they shrink as it does.
fn smaller_pieces(case: &Case<'_>, held: &Held<'_>, saved_bytes: u64) -> Vec<Change> {
    let pieces = case.pieces_at_peak(held.owner, &held.place);
    let bytes: u64 = pieces.iter().map(|block| block.bytes).sum();
    let all = held.owner.own_bytes.max(1);
    let share = saved_bytes as f64 / all as f64 * (all as f64 / bytes.max(1) as f64).min(1.0);
    let smaller = |block: Block| Change::Block { born: block.born, effect: Effect::Factor(1.0 - share) };
    pieces.into_iter().map(smaller).collect()
}
