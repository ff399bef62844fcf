//! Pairs of things of two runs, found by keys. Invariant: each thing is in one pair at most.

use std::hash::Hash;

use rustc_hash::FxHashMap;

use super::Match;

/// A thing of the old run and the one of the new run that it is; one of them is `None` where there is none.
pub(super) type Pair<'a, T> = (Match, Option<&'a T>, Option<&'a T>);

/// What to do where several things have the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Several {
    /// Match them in their order.
    InOrder,
    /// Match none of them.
    None,
}

/// What is not matched yet, in order; and what is.
#[derive(Debug)]
pub(super) struct Left<'a, T> {
    old: Vec<&'a T>,
    new: Vec<&'a T>,
    pairs: Vec<Pair<'a, T>>,
}

impl<'a, T> Left<'a, T> {
    pub(super) fn new(old: Vec<&'a T>, new: Vec<&'a T>) -> Self {
        Self { old, new, pairs: Vec::new() }
    }

    /// What is left of the old run.
    pub(super) fn of_old(&self) -> &[&'a T] {
        &self.old
    }

    /// What is left of the new run.
    pub(super) fn of_new(&self) -> &[&'a T] {
        &self.new
    }

    /// Matches things of equal keys. Things without a key stay.
    pub(super) fn pair<K: Hash + Eq>(
        &mut self,
        matched: Match,
        old_key: impl Fn(&'a T) -> Option<K>,
        new_key: impl Fn(&'a T) -> Option<K>,
        several: Several,
    ) {
        // By key: the indices in `old` and in `new`, last first.
        let mut found: FxHashMap<K, [Vec<usize>; 2]> = FxHashMap::default();
        for (side, things) in [(0, &self.old), (1, &self.new)] {
            for (index, thing) in things.iter().enumerate().rev() {
                let key = if side == 0 { old_key(thing) } else { new_key(thing) };
                if let Some(key) = key {
                    found.entry(key).or_default()[side].push(index);
                }
            }
        }
        let mut taken: Vec<(usize, usize)> = Vec::new();
        for [mut olds, mut news] in found.into_values() {
            if several == Several::None && (olds.len() > 1 || news.len() > 1) {
                continue;
            }
            while let (Some(old), Some(new)) = (olds.pop(), news.pop()) {
                taken.push((old, new));
                if olds.is_empty() || news.is_empty() {
                    break;
                }
            }
        }
        taken.sort_unstable();
        self.take(matched, &taken);
    }

    /// Makes pairs of what stands at these indices, of the old and of the new run.
    pub(super) fn take(&mut self, matched: Match, taken: &[(usize, usize)]) {
        let mut keep = [vec![true; self.old.len()], vec![true; self.new.len()]];
        for &(old, new) in taken {
            keep[0][old] = false;
            keep[1][new] = false;
            self.pairs.push((matched, Some(self.old[old]), Some(self.new[new])));
        }
        for (things, keep) in [&mut self.old, &mut self.new].into_iter().zip(keep) {
            let mut keep = keep.into_iter();
            things.retain(|_| keep.next().unwrap_or(true));
        }
    }

    /// All pairs; what is left is gone or new.
    pub(super) fn finish(self) -> Vec<Pair<'a, T>> {
        let mut pairs = self.pairs;
        pairs.extend(self.old.into_iter().map(|thing| (Match::Gone, Some(thing), None)));
        pairs.extend(self.new.into_iter().map(|thing| (Match::New, None, Some(thing))));
        pairs
    }
}
