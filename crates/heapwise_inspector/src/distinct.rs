//! How many different values there are: exact up to a limit, then estimated from the smallest hashes.
//!
//! Of evenly spread hashes the k-th smallest stands at about k / n of their range, so n can be told from it with a
//! relative error of 1 / sqrt(k): 0.8 % here.

use std::collections::{BTreeSet, HashSet};

use rustc_hash::FxBuildHasher;

/// Counted exactly up to here.
const EXACT: usize = 65_536;
/// The smallest hashes that are kept beyond.
const KEPT: usize = 16_384;

/// A count of different hashes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Distinct {
    all: HashSet<u64, FxBuildHasher>,
    smallest: BTreeSet<u64>,
    beyond: bool,
}

impl Distinct {
    /// Counts a value by its hash.
    pub(crate) fn add(&mut self, hash: u64) {
        if !self.beyond {
            self.all.insert(hash);
            if self.all.len() > EXACT {
                self.beyond = true;
                let mut all: Vec<u64> = std::mem::take(&mut self.all).into_iter().collect();
                all.sort_unstable();
                self.smallest = all.into_iter().take(KEPT).collect();
            }
            return;
        }
        if self.smallest.last().is_some_and(|&last| hash < last) && self.smallest.insert(hash) {
            self.smallest.pop_last();
        }
    }

    /// The number, and whether it is exact.
    pub(crate) fn count(&self) -> (u64, bool) {
        if !self.beyond {
            return (self.all.len() as u64, true);
        }
        let last = self.smallest.last().copied().unwrap_or(u64::MAX);
        let share = (last as f64 + 1.0) / (u64::MAX as f64);
        (((self.smallest.len() - 1) as f64 / share) as u64, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xxhash_rust::xxh3::xxh3_64;

    fn counted(different: u64) -> (u64, bool) {
        let mut distinct = Distinct::default();
        for turn in 0..2 * different {
            distinct.add(xxh3_64(&(turn % different).to_le_bytes()));
        }
        distinct.count()
    }

    #[test]
    fn few_are_counted_exactly_and_many_within_three_percent() {
        assert_eq!(counted(0), (0, true));
        assert_eq!(counted(16), (16, true));
        assert_eq!(counted(65_536), (65_536, true));
        let (estimate, exact) = counted(1_000_000);
        assert!(!exact);
        assert!(estimate.abs_diff(1_000_000) < 30_000, "{estimate}");
    }
}
