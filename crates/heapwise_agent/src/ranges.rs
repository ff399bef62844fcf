//! The anonymous memory that the program mapped: which ranges of addresses are its, and of which kind.
//!
//! Needed to tell its mappings from those of files and of libc when a range is unmapped, moved or protected; the
//! reader of the capture does the accounting. Invariant: ranges are disjoint and not empty.

use std::collections::BTreeMap;

use heapwise_capture::table::{NO_STACK, StackId};

/// What a range is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Memory of the program's that counts as far as it is accessible.
    Heap,
    /// A reservation that is accessible as a whole: what is in memory of it counts, by looks.
    Reserve(Reserve),
    /// Mapped by an allocator whose blocks are recorded: does not count.
    Pool,
}

/// What is known of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reserve {
    /// Who mapped it; [`NO_STACK`] if it was a thread without Python.
    pub(crate) stack: StackId,
    /// Bytes that were in memory at the last look; `None` before the first.
    pub(crate) committed: Option<u64>,
}

/// Disjoint ranges, by start: end and kind.
#[derive(Debug, Default)]
pub(crate) struct Ranges(BTreeMap<usize, (usize, Kind)>);

impl Ranges {
    /// An empty set.
    pub(crate) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds a range, over whatever was there.
    pub(crate) fn insert(&mut self, start: usize, length: usize, kind: Kind) {
        self.remove(start, length);
        if length > 0 {
            self.0.insert(start, (start.saturating_add(length), kind));
        }
    }

    /// Takes a range out; whether any of it was in.
    pub(crate) fn remove(&mut self, start: usize, length: usize) -> bool {
        if length == 0 {
            return false;
        }
        let end = start.saturating_add(length);
        let mut any = false;
        while let Some((&first, &(last, kind))) = self.0.range(..end).next_back() {
            if last <= start {
                break;
            }
            any = true;
            self.0.remove(&first);
            if last > end {
                self.0.insert(end, (last, kind));
            }
            if first < start {
                self.0.insert(first, (start, kind));
                break;
            }
        }
        any
    }

    /// Whether any of a range is in.
    pub(crate) fn overlaps(&self, start: usize, length: usize) -> bool {
        let before_end = self.0.range(..start.saturating_add(length)).next_back();
        length > 0 && before_end.is_some_and(|(_, &(last, _))| last > start)
    }

    /// The first range from an address on that is no [`Kind::Heap`]: start, length and kind.
    pub(crate) fn next_managed(&self, from: usize) -> Option<(usize, usize, Kind)> {
        let mut ranges = self.0.range(from..);
        ranges.find_map(|(&start, &(end, kind))| (kind != Kind::Heap).then_some((start, end - start, kind)))
    }

    /// Notes what a look found of the reservation that starts at an address; who made it what it is, if it changed:
    /// at the first look he who mapped it, if that is known, and later `latest`, who ran last.
    pub(crate) fn committed(&mut self, start: usize, bytes: u64, latest: StackId) -> Option<StackId> {
        let (_, Kind::Reserve(reserve)) = self.0.get_mut(&start)? else { return None };
        let before = reserve.committed.replace(bytes);
        let first = before.is_none() && reserve.stack != NO_STACK;
        (before.unwrap_or(0) != bytes).then_some(if first { reserve.stack } else { latest })
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
                    ranges.insert(start, length, Kind::Heap);
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

    #[test]
    fn a_reservation_tells_what_changed() {
        let mut ranges = Ranges::new();
        let reserve = Kind::Reserve(Reserve { stack: 7, committed: None });
        ranges.insert(10, 5, Kind::Heap);
        ranges.insert(20, 10, reserve);
        assert_eq!(ranges.next_managed(0), Some((20, 10, reserve)));
        assert_eq!(ranges.committed(20, 0, 9), None, "nothing of it is used yet");
        ranges.insert(20, 10, reserve);
        assert_eq!(ranges.committed(20, 4, 9), Some(7), "the first look: it is his who mapped it");
        assert_eq!(ranges.committed(20, 4, 9), None);
        ranges.remove(20, 2);
        assert_eq!(ranges.committed(22, 3, 9), Some(9));
        assert_eq!(ranges.committed(10, 3, 9), None, "no reservation");
        assert_eq!(ranges.next_managed(23), None);
    }
}
