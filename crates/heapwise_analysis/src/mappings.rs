//! Anonymous mappings: which addresses are mapped, which of them can be used, and who made them so.
//!
//! Owns the rules by which mapped bytes count as heap: a byte counts while it is accessible, for the stack that
//! made it accessible last. Reserving address space costs nothing; committing a part of it does. Of a reservation
//! that is accessible as a whole, what counts is told from time to time ([`Mappings::commit`]); what it grew by is
//! held by whoever is told with it, and what it shrank by is taken from those who came last.
//!
//! Invariant: pieces do not overlap and are not empty; the ledger holds exactly the accessible ones, each as
//! one block, and of reservations exactly their shares, each as one block.

use std::collections::BTreeMap;

use crate::TEMPORARY_MS;
use crate::account::{Books, Holder, Weight};

/// A run of mapped addresses with one history.
#[derive(Debug, Clone, Copy)]
struct Piece {
    end: u64,
    accessible: bool,
    /// What counts of it is in [`Mappings::shares`].
    reserve: bool,
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

/// Bytes of a reservation that are in memory, by who made it grow, in that order.
type Shares = Vec<(Holder, u64)>;

/// All anonymous mappings, by their first address.
#[derive(Debug, Default)]
pub(crate) struct Mappings {
    pieces: BTreeMap<u64, Piece>,
    /// Of each piece that is reserve and accessible, by its first address.
    shares: BTreeMap<u64, Shares>,
    /// Bytes in all mappings that count.
    bytes: u64,
    /// Of these, bytes of reservations.
    committed: u64,
    /// Starts of the pieces that an event touches; kept to save allocations.
    touched: Vec<u64>,
}

/// A range of addresses, and whether it is accessible from now on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    pub(crate) address: u64,
    pub(crate) length: u64,
    pub(crate) accessible: bool,
    pub(crate) reserve: bool,
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

    /// Bytes that count, in all mappings.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Of these, bytes of reservations.
    pub(crate) fn committed(&self) -> u64 {
        self.committed
    }

    /// Of the reservation at the address, `committed` bytes are in memory now; `holder` made it grow if it did.
    /// Whether it did.
    pub(crate) fn commit(
        &mut self,
        ledger: &mut impl Books,
        address: u64,
        committed: u64,
        holder: Holder,
    ) -> bool {
        let Some((&start, piece)) = self.pieces.range(..=address).next_back() else { return false };
        if piece.end <= address || !piece.reserve || !piece.accessible {
            return false;
        }
        let committed = committed.min(piece.end - start);
        let shares = self.shares.entry(start).or_default();
        let known: u64 = shares.iter().map(|share| share.1).sum();
        if committed < known {
            shrink(ledger, shares, known - committed);
            self.bytes -= known - committed;
            self.committed -= known - committed;
            return false;
        }
        let growth = committed - known;
        if growth == 0 {
            return false;
        }
        let grown = Weight::certain(growth);
        if let Some(share) = shares.iter_mut().find(|share| share.0 == holder) {
            share.1 += growth;
            ledger.allocate(holder, Weight { blocks: 0.0, ..grown });
        } else {
            shares.push((holder, growth));
            ledger.allocate(holder, grown);
        }
        self.bytes += growth;
        self.committed += growth;
        true
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
            let Piece { accessible, reserve, .. } = self.pieces[&start];
            if accessible != change.accessible {
                let (from, to) = self.cut(ledger, start, change.address, change.end(), change.now_ms);
                self.insert(ledger, from, to, &Change { reserve, ..*change });
            }
        }
    }

    /// The accessible run that contains an address.
    pub(crate) fn run_at(&self, address: u64) -> Option<MappedRun> {
        let (&start, piece) = self.pieces.range(..=address).next_back()?;
        (piece.accessible && !piece.reserve && address < piece.end).then_some(MappedRun {
            start,
            end: piece.end,
            holder: piece.holder,
            since: piece.since,
        })
    }

    /// All accessible runs that are no reservations, by address.
    pub(crate) fn runs(&self) -> impl Iterator<Item = MappedRun> {
        self.pieces.iter().filter(|(_, piece)| piece.accessible && !piece.reserve).map(|(&start, piece)| {
            MappedRun { start, end: piece.end, holder: piece.holder, since: piece.since }
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
        if piece.reserve {
            self.cut_shares(ledger, start, piece.end, from, to);
        } else if piece.accessible {
            self.bytes -= to - from;
            let weight = Weight { blocks, ..Weight::certain(to - from) };
            ledger.release(piece.holder, weight, now_ms.saturating_sub(piece.since_ms) <= TEMPORARY_MS);
        }
        (from, to)
    }

    /// Takes from the shares of the reservation from `start` to `end` what lay between `from` and `to`, as much as
    /// is likely, and leaves the rest to what is left of it. The next look at it says how much is right.
    fn cut_shares(&mut self, ledger: &mut impl Books, start: u64, end: u64, from: u64, to: u64) {
        let Some(mut shares) = self.shares.remove(&start) else { return };
        let known: u64 = shares.iter().map(|share| share.1).sum();
        let part = u128::from(known) * u128::from(to - from) / u128::from(end - start);
        let gone = if (from, to) == (start, end) { known } else { part as u64 };
        shrink(ledger, &mut shares, gone);
        self.bytes -= gone;
        self.committed -= gone;
        if !shares.is_empty() {
            self.shares.insert(if start < from { start } else { to }, shares);
        }
    }

    fn insert(&mut self, ledger: &mut impl Books, from: u64, to: u64, change: &Change) {
        let Change { accessible, reserve, holder, now_ms, sequence, .. } = *change;
        self.pieces
            .insert(from, Piece { end: to, accessible, reserve, holder, since_ms: now_ms, since: sequence });
        if accessible && !reserve {
            self.bytes += to - from;
            ledger.allocate(holder, Weight::certain(to - from));
        }
    }
}

/// Takes bytes away from those who came last.
fn shrink(ledger: &mut impl Books, shares: &mut Shares, mut bytes: u64) {
    while bytes > 0
        && let Some(share) = shares.last_mut()
    {
        let taken = share.1.min(bytes);
        let whole = taken == share.1;
        let blocks = if whole { 1.0 } else { 0.0 };
        ledger.release(share.0, Weight { blocks, ..Weight::certain(taken) }, false);
        share.1 -= taken;
        bytes -= taken;
        if whole {
            shares.pop();
        }
    }
}
