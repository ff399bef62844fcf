//! Named objects and their parts, as rules go through them: who holds what, where it was made, what its values are.
//!
//! Invariants: a thing is handed out once, under the name that a person would use; what is said of its values holds
//! at every look that saw it, not only at the one nearest to the peak.

use heapwise_analysis::{Block, Place};
use heapwise_profile::inspection::{Buffer, Facts, Holder, HolderKind, Object};
use heapwise_source::{Module, StatementId};
use serde_json::Number;

use crate::candidate::{Candidate, Certainty};
use crate::case::Case;
use crate::changes::made_bytes;

/// How deep parts of parts are looked at.
const DEPTH: usize = 4;

/// So many values, from all over an object, stand for the rest: with 19 in 20 chances fewer than 3 in so many are otherwise.
const ENOUGH: u64 = 1_000;
/// The same of numbers in an array.
const ENOUGH_NUMBERS: u64 = 100_000;

/// An object or a part of one, with the name that holds it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held<'a> {
    /// The object with the name.
    pub(crate) owner: &'a Object,
    /// The object itself, which may be the owner.
    pub(crate) object: &'a Object,
    /// The user's line that made most of it.
    pub(crate) place: Place<'a>,
}

impl<'a> Held<'a> {
    /// The variable or attribute that holds it: `orders` also for `orders['tailnum']`.
    pub(crate) fn symbol(&self) -> &'a str {
        let name = self.owner.name.as_str();
        &name[..name.find('[').unwrap_or(name.len())]
    }

    /// The element type; empty if it has none.
    pub(crate) fn dtype(&self) -> &'a str {
        self.object.dtype.as_deref().unwrap_or("")
    }

    /// The number of elements.
    pub(crate) fn count(&self) -> u64 {
        count_of(self.object)
    }

    /// Whether it is of a type of this library.
    pub(crate) fn is_of(&self, library: &str) -> bool {
        let of = |object: &Object| object.kind.split('.').next() == Some(library);
        of(self.object) || of(self.owner)
    }
}

impl<'a> Case<'a> {
    /// All named objects and their parts that hold at least `least` bytes at the peak, or were being made then, were made
    /// by a line of the user's, and are seen by nobody else first; those that hold most first.
    pub(crate) fn held(&self, least: u64) -> Vec<Held<'a>> {
        let mut all = Vec::new();
        for owner in self.large_objects() {
            // The locals of a library's functions are not the user's to change.
            let users = |file: &str| self.is_user_file(file) || self.module(file).is_some();
            let named = |holder: &Holder| holder.kind != HolderKind::Garbage && users(&holder.file);
            if owner.holder.as_ref().is_some_and(named) {
                self.gather(owner, owner, least, 0, &mut all);
            }
        }
        let line = self.user_place(self.analysis.peak.stack).filter(|place| self.is_users(place));
        for made in self.objects.made_next.iter().filter(|made| made.object.bytes >= least) {
            all.extend(line.map(|place| Held { owner: made.owner, object: made.object, place }));
        }
        let mut seen = rustc_hash::FxHashSet::default();
        all.retain(|held| held.object.address == 0 || seen.insert(held.object.address));
        all.sort_by_key(|held| std::cmp::Reverse(held.object.bytes));
        all
    }

    fn gather(
        &self,
        owner: &'a Object,
        object: &'a Object,
        least: u64,
        depth: usize,
        all: &mut Vec<Held<'a>>,
    ) {
        if object.bytes < least {
            return;
        }
        let place = self.allocated_at(object).or_else(|| self.allocated_at(owner));
        if let Some(place) = place.filter(|place| self.is_users(place)) {
            all.push(Held { owner, object, place });
        }
        if depth < DEPTH {
            for part in object.parts.iter().filter(|part| !is_library_inner(object, part)) {
                self.gather(owner, part, least, depth + 1, all);
            }
        }
    }

    /// Whether a line is one that the user can change.
    pub(crate) fn is_users(&self, place: &Place<'_>) -> bool {
        place.line != 0 && (self.is_user_file(place.file) || self.module(place.file).is_some())
    }

    /// What is known of the values of an object at every look that saw it under this name or, in the same memory, under
    /// another of the user's: minima of minima, and yes only where all say yes. A value that some look lacks is absent.
    /// Where no such look came to the values, what was seen of them without a name, such as a result before it is assigned.
    pub(crate) fn lasting_facts(&self, held: &Held<'_>) -> Facts {
        let own = &held.object.facts;
        let mut facts = looked_at(own).then(|| own.clone());
        let mut before = None;
        let memory = self.memory_of(held.object);
        // A look that ran out of time says nothing.
        let is_same_type = |other: &&Object| other.dtype == held.object.dtype && looked_at(&other.facts);
        for look in self.profile.inspections() {
            let buffer = memory.filter(|(_, block)| block.lives_at(look.sequence)).map(|(buffer, _)| buffer);
            let is_there = |other: &&Object| {
                buffer.is_some() && largest(other) == buffer && count_of(other) == held.count()
            };
            for owner in &look.objects {
                let of_name = same_name(owner, held.owner).then(|| find_part(owner, &held.object.name, 0));
                let of_name = of_name.flatten().filter(|other| other.kind == held.object.kind);
                let there = std::iter::once(owner).chain(&owner.parts).find(is_there);
                let Some(other) = of_name.or(there).filter(is_same_type) else { continue };
                // What has no name yet may be half made.
                let is_named = of_name.is_some() || owner.has_users_name();
                let known = if is_named { &mut facts } else { &mut before };
                match known {
                    Some(facts) => join(facts, &other.facts, count_of(other)),
                    None => *known = Some(other.facts.clone()),
                }
            }
        }
        facts.or(before).unwrap_or_else(|| own.clone())
    }

    /// Bytes of an object whose name nobody reads behind the peak that another name of the user's holds at a later look:
    /// it held them at the peak too, though a look that was cut short may not have come to it.
    pub(crate) fn held_by_others_later(&self, object: &Object) -> u64 {
        let blocks = self.objects.blocks_of(object);
        let looks = self.profile.inspections().iter().filter(|look| look.sequence >= self.peak_moment());
        let held = looks.flat_map(|look| {
            let living = blocks.iter().filter(|block| block.lives_at(look.sequence));
            let living: Vec<Buffer> =
                living.map(|block| Buffer { address: block.address, bytes: block.bytes }).collect();
            let others =
                look.objects.iter().filter(|other| other.has_users_name() && !same_name(other, object));
            others.map(move |other| overlap(other, &living, 0))
        });
        held.max().unwrap_or(0)
    }

    /// Where most of an object is.
    fn memory_of(&self, object: &Object) -> Option<(Buffer, Block)> {
        let blocks = match self.made_next(object) {
            Some(made) => made.blocks.clone(),
            None => self.objects.blocks_of(object),
        };
        let buffer = largest(object).filter(|buffer| 2 * buffer.bytes > made_bytes(object))?;
        Some((buffer, blocks.into_iter().find(|block| block.address == buffer.address)?))
    }

    /// The statement on a line of the user's.
    pub(crate) fn statement(&self, place: &Place<'_>) -> Option<(&Module, StatementId)> {
        let module = self.module(place.file)?;
        Some((module, module.statement_at_line(place.line)?))
    }

    /// A candidate for a place, with everything else empty. It reaches to the end of the simple statement or of the
    /// head of the compound one.
    pub(crate) fn candidate(&self, place: &Place<'_>, symbol: &str) -> Candidate {
        let (line, end_line) = match self.statement(place) {
            Some((module, id)) => {
                let header = module.statement(id).header;
                let lines = module.lines();
                let last = lines.line(header.end.saturating_sub(1).max(header.start));
                (place.line, last.max(place.line))
            }
            None => (place.line, place.line),
        };
        Candidate {
            file: place.file.to_owned(),
            line,
            end_line,
            symbol: symbol.to_owned(),
            title: String::new(),
            message: String::new(),
            instead: String::new(),
            evidence: std::collections::BTreeMap::new(),
            certainty: Certainty::Certain,
            changes: Vec::new(),
            fix: None,
        }
    }
}

/// Whether a part is what a library keeps for itself in an object of its own: private attributes, the index of a table.
fn is_library_inner(object: &Object, part: &Object) -> bool {
    let of_library = ["numpy.", "pandas.", "polars.", "pyarrow.", "scipy.", "sklearn."];
    let label = part.name.strip_prefix(object.name.as_str()).unwrap_or("");
    of_library.iter().any(|library| object.kind.starts_with(library))
        && (label.starts_with("._") || label == ".index")
}

/// Whether two objects of different looks are held by the same name.
fn same_name(a: &Object, b: &Object) -> bool {
    let place = |object: &Object| {
        object.holder.as_ref().map(|it| (it.kind == HolderKind::Global, it.file.clone(), it.function.clone()))
    };
    a.name == b.name && place(a) == place(b)
}

/// Bytes of these ranges that an object or a part of it lies in.
fn overlap(object: &Object, ranges: &[Buffer], depth: usize) -> u64 {
    let shared = |a: &Buffer, b: &Buffer| {
        let end = a.address.saturating_add(a.bytes).min(b.address.saturating_add(b.bytes));
        end.saturating_sub(a.address.max(b.address))
    };
    let own = object.buffers.iter().flat_map(|buffer| ranges.iter().map(move |range| shared(buffer, range)));
    let own: u64 = own.sum();
    let parts = object.parts.iter().filter(|_| depth < DEPTH);
    own + parts.map(|part| overlap(part, ranges, depth + 1)).sum::<u64>()
}

fn largest(object: &Object) -> Option<Buffer> {
    object.buffers.iter().copied().max_by_key(|buffer| (buffer.bytes, buffer.address))
}

/// Whether values were looked at.
pub(crate) fn looked_at(facts: &Facts) -> bool {
    let of_values = facts.minimum.is_some() || facts.zero_share.is_some() || facts.distinct.is_some();
    of_values || !facts.element_types.is_empty()
}

/// Whether a quarter of the values or more were looked at.
fn is_quarter(facts: &Facts, count: u64) -> bool {
    facts.sampled.is_none_or(|looked| looked >= count / 4)
}

/// Whether enough elements of a container were looked at to speak of all of them: the others are like these as far as can
/// be told.
pub(crate) fn is_enough_of_elements(facts: &Facts, count: u64) -> bool {
    facts.sampled >= Some(ENOUGH) || is_quarter(facts, count)
}

/// The same of the numbers in an array. Many more are wanted, since those that lie together may be of one column.
pub(crate) fn is_enough_of_numbers(facts: &Facts, count: u64) -> bool {
    facts.sampled >= Some(ENOUGH_NUMBERS) || is_quarter(facts, count)
}

fn find_part<'o>(object: &'o Object, name: &str, depth: usize) -> Option<&'o Object> {
    if object.name == name {
        return Some(object);
    }
    if depth == DEPTH {
        return None;
    }
    object.parts.iter().find_map(|part| find_part(part, name, depth + 1))
}

fn count_of(object: &Object) -> u64 {
    if object.shape.is_empty() { object.length.unwrap_or(0) } else { object.shape.iter().product() }
}

/// Adds what another look saw of the same name, of which there were `count` elements then.
fn join(facts: &mut Facts, other: &Facts, count: u64) {
    facts.minimum = extreme(facts.minimum.take(), other.minimum.as_ref(), true);
    facts.maximum = extreme(facts.maximum.take(), other.maximum.as_ref(), false);
    facts.all_integers = both(facts.all_integers, other.all_integers);
    facts.float32_exact = both(facts.float32_exact, other.float32_exact);
    facts.zero_share = match (facts.zero_share, other.zero_share) {
        (Some(a), Some(b)) => Some(a.min(b)),
        _ => None,
    };
    facts.distinct = match (facts.distinct, other.distinct) {
        (Some(a), Some(b)) => Some(a.max(b)),
        _ => None,
    };
    facts.missing = facts.missing.max(other.missing);
    facts.sampled = facts.sampled.map(|looked| looked.max(other.sampled.unwrap_or(count)));
}

fn extreme(a: Option<Number>, b: Option<&Number>, least: bool) -> Option<Number> {
    let (a, b) = (a?, b?);
    let (x, y) = (a.as_f64()?, b.as_f64()?);
    Some(if (x < y) == least { a } else { b.clone() })
}

fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    Some(a? && b?)
}

/// Several names for a sentence: "`a`, `b` and 3 more".
pub(crate) fn listed(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let quoted: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => String::new(),
        1 => quoted[0].clone(),
        more if more > SHOWN => format!("{} and {} more", quoted.join(", "), more - SHOWN),
        _ => format!("{} and {}", quoted[..quoted.len() - 1].join(", "), quoted[quoted.len() - 1]),
    }
}
