//! Anonymous mappings: which addresses are mapped, which of them can be used, and who made them so.
//!
//! Owns the rules by which mapped bytes count as heap: a byte counts while it is accessible, for the stack that
//! made it accessible last. Reserving address space costs nothing; committing a part of it does.
//!
//! Invariant: pieces do not overlap and are not empty; the ledger holds exactly the accessible ones, each as
//! one block.

use std::collections::BTreeMap;

use crate::TEMPORARY_MS;
use crate::account::{Books, Holder, Weight};

/// A run of mapped addresses with one history.
#[derive(Debug, Clone, Copy)]
struct Piece {
    end: u64,
    accessible: bool,
    /// Who made it accessible, or mapped it.
    holder: Holder,
    /// When.
    since_ms: u64,
    /// The number of the event that did.
    since: u64,
}

/// An accessible run of mapped addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MappedRun {
    /// Where it starts.
    pub(crate) start: u64,
    /// Where it ends.
    pub(crate) end: u64,
    /// Who made it accessible.
    pub(crate) holder: Holder,
    /// The number of the event that did.
    pub(crate) since: u64,
}

/// All anonymous mappings, by their first address.
#[derive(Debug, Default)]
pub(crate) struct Mappings {
    pieces: BTreeMap<u64, Piece>,
    /// Starts of the pieces that an event touches; kept to save allocations.
    touched: Vec<u64>,
}

/// A range of addresses, and whether it is accessible from now on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    pub(crate) address: u64,
    pub(crate) length: u64,
    pub(crate) accessible: bool,
    pub(crate) holder: Holder,
    pub(crate) now_ms: u64,
    /// The number of the event.
    pub(crate) sequence: u64,
}

impl Change {
    fn end(&self) -> u64 {
        self.address.saturating_add(self.length)
    }
}

impl Mappings {
    /// The range was mapped, in place of whatever was there.
    pub(crate) fn map(&mut self, ledger: &mut impl Books, change: &Change) {
        self.unmap(ledger, change.address, change.length, change.now_ms);
        if change.end() > change.address {
            self.insert(ledger, change.address, change.end(), change);
        }
    }

    /// Nothing is mapped in the range any more.
    pub(crate) fn unmap(&mut self, ledger: &mut impl Books, address: u64, length: u64, now_ms: u64) {
        let end = address.saturating_add(length);
        self.touch(address, end);
        while let Some(start) = self.touched.pop() {
            self.cut(ledger, start, address, end, now_ms);
        }
    }

    /// What is mapped in the range became accessible or inaccessible. Where it is so already, it keeps its
    /// history.
    pub(crate) fn protect(&mut self, ledger: &mut impl Books, change: &Change) {
        self.touch(change.address, change.end());
        while let Some(start) = self.touched.pop() {
            if self.pieces[&start].accessible != change.accessible {
                let (from, to) = self.cut(ledger, start, change.address, change.end(), change.now_ms);
                self.insert(ledger, from, to, change);
            }
        }
    }

    /// The accessible run that contains an address.
    pub(crate) fn run_at(&self, address: u64) -> Option<MappedRun> {
        let (&start, piece) = self.pieces.range(..=address).next_back()?;
        (piece.accessible && address < piece.end).then_some(MappedRun {
            start,
            end: piece.end,
            holder: piece.holder,
            since: piece.since,
        })
    }

    /// All accessible runs, by address.
    pub(crate) fn runs(&self) -> impl Iterator<Item = MappedRun> {
        self.pieces.iter().filter(|(_, piece)| piece.accessible).map(|(&start, piece)| MappedRun {
            start,
            end: piece.end,
            holder: piece.holder,
            since: piece.since,
        })
    }

    /// Lists the pieces that overlap the range.
    fn touch(&mut self, address: u64, end: u64) {
        self.touched.clear();
        if address < end {
            let overlapping = self.pieces.range(..end).rev().take_while(|(_, piece)| piece.end > address);
            self.touched.extend(overlapping.map(|(&start, _)| start));
        }
    }

    /// Takes out of the piece at `start` what lies in the range, leaves the rest of it in place, and says what
    /// was taken.
    fn cut(
        &mut self,
        ledger: &mut impl Books,
        start: u64,
        address: u64,
        end: u64,
        now_ms: u64,
    ) -> (u64, u64) {
        let Some(piece) = self.pieces.remove(&start) else { return (start, start) };
        let (from, to) = (start.max(address), piece.end.min(end));
        let mut blocks = 1.0;
        if start < from {
            self.pieces.insert(start, Piece { end: from, ..piece });
            blocks -= 1.0;
        }
        if to < piece.end {
            self.pieces.insert(to, piece);
            blocks -= 1.0;
        }
        if piece.accessible {
            let weight = Weight { blocks, ..Weight::certain(to - from) };
            ledger.release(piece.holder, weight, now_ms - piece.since_ms <= TEMPORARY_MS);
        }
        (from, to)
    }

    fn insert(&mut self, ledger: &mut impl Books, from: u64, to: u64, change: &Change) {
        let Change { accessible, holder, now_ms, sequence, .. } = *change;
        self.pieces.insert(from, Piece { end: to, accessible, holder, since_ms: now_ms, since: sequence });
        if accessible {
            ledger.allocate(holder, Weight::certain(to - from));
        }
    }
}
