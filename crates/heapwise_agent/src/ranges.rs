//! The anonymous memory that the program mapped: which ranges of addresses are its.
//!
//! Needed to tell its mappings from those of files and of libc when a range is unmapped, moved or protected; the
//! reader of the capture does the accounting. Invariant: ranges are disjoint and not empty.

use std::collections::BTreeMap;

/// Disjoint ranges, by start.
#[derive(Debug, Default)]
pub(crate) struct Ranges(BTreeMap<usize, usize>);

impl Ranges {
    /// An empty set.
    pub(crate) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds a range, over whatever was there.
    pub(crate) fn insert(&mut self, start: usize, length: usize) {
        self.remove(start, length);
        if length > 0 {
            self.0.insert(start, start.saturating_add(length));
        }
    }

    /// Takes a range out; whether any of it was in.
    pub(crate) fn remove(&mut self, start: usize, length: usize) -> bool {
        if length == 0 {
            return false;
        }
        let end = start.saturating_add(length);
        let mut any = false;
        while let Some((&first, &last)) = self.0.range(..end).next_back() {
            if last <= start {
                break;
            }
            any = true;
            self.0.remove(&first);
            if last > end {
                self.0.insert(end, last);
            }
            if first < start {
                self.0.insert(first, start);
                break;
            }
        }
        any
    }

    /// Whether any of a range is in.
    pub(crate) fn overlaps(&self, start: usize, length: usize) -> bool {
        let before_end = self.0.range(..start.saturating_add(length)).next_back();
        length > 0 && before_end.is_some_and(|(_, &last)| last > start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_a_set_of_pages_would(steps in prop::collection::vec((any::<bool>(), 0usize..60, 0usize..20), 0..60)) {
            let mut ranges = Ranges::new();
            let mut pages = [false; 100];
            for (add, start, length) in steps {
                let slice = &mut pages[start..start + length];
                let any = slice.contains(&true);
                prop_assert_eq!(ranges.overlaps(start, length), any);
                if add {
                    ranges.insert(start, length);
                } else {
                    prop_assert_eq!(ranges.remove(start, length), any);
                }
                slice.fill(add);
                for (page, &held) in pages.iter().enumerate() {
                    prop_assert_eq!(ranges.overlaps(page, 1), held, "page {}", page);
                }
            }
        }
    }
}
