//! `in-place` and `growing-array` share what they save: an array that is replaced by a new one of (nearly) its size.
//!
//! Invariant: a block is only taken to be freed early if the block that replaces it comes while it lives, and dies soon
//! after that.

use heapwise_analysis::{Change, Effect, Place, site_blocks};

use crate::case::Case;

/// More blocks of one line are not looked at.
const MOST: usize = 20_000;

/// What is saved if each block that the line makes took the place of the one before: those of the line itself, and the
/// first one, which one of `first_places` made. Also how many were replaced.
pub(super) fn replaced(
    case: &Case<'_>,
    place: &Place<'_>,
    first_places: &[Place<'_>],
) -> (Vec<Change>, usize) {
    let least = case.least_bytes() / 4;
    let stacks_of = |place: &Place<'_>| case.site(place.file, place.line, place.line).stacks;
    let of_line = site_blocks(case.profile, &stacks_of(place), least, MOST);
    let mut all = of_line.clone();
    let others: Vec<_> = first_places.iter().filter(|it| it.line != place.line).flat_map(stacks_of).collect();
    all.extend(site_blocks(case.profile, &others, least, MOST));
    let mut changes = Vec::new();
    let mut used = rustc_hash::FxHashSet::default();
    for new in &of_line {
        // The old one: alive when the new one came, dead before the next look at it could matter.
        let old = all
            .iter()
            .filter(|old| old.born < new.born && old.bytes <= new.bytes + new.bytes / 4)
            .filter(|old| old.bytes * 4 >= new.bytes && old.lives_at(new.born) && !used.contains(&old.born))
            .filter(|old| old.freed.is_some_and(|freed| new.freed.is_none_or(|end| freed <= end)))
            .min_by_key(|old| old.freed);
        if let Some(old) = old {
            used.insert(old.born);
            changes
                .push(Change::Block { born: old.born, effect: Effect::FreedAt(new.born.saturating_sub(1)) });
        }
    }
    let replaced = changes.len();
    (changes, replaced)
}

/// The places at which a variable gets its value, but for the one in `place`.
pub(super) fn first_places<'a>(case: &Case<'a>, place: &Place<'a>, name: &str) -> Vec<Place<'a>> {
    let Some((module, id)) = case.statement(place) else { return Vec::new() };
    let Some(variable) = module.variable_in(module.statement(id).scope, name) else { return Vec::new() };
    let writes = module.occurrences_of(variable).filter(|it| it.access.rebinds());
    writes.map(|it| Place { line: module.lines().line(it.span.start), ..*place }).collect()
}
