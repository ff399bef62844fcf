//! Where the live blocks are kept, by address: each has a slot of its own while it lives.
//!
//! Looking addresses up is the most costly part of a replay. So the first replay of a capture notes what it found, and
//! later ones are told ([`Slots`]). Invariants: at most one block at an address has a slot; slots are given in an order
//! that depends on the allocations and frees alone, so that every replay of the same events gives the same ones.
//!
//! The addresses are spread over small tables, because a table takes three times its room while it grows. Blocks that are
//! neighbours in the program's memory are neighbours in a table ([`NeighbourHash`]): programs allocate and free in runs,
//! and a run then needs few cache lines.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

/// Tables; a power of two.
const TABLES: usize = 64;
/// In [`Slots::freed`]: nothing lived at the address.
const NONE: u32 = u32::MAX;

/// What the first replay found out about the addresses of a capture.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slots {
    /// By free, in the order of the events: the slot of the block, or [`NONE`].
    freed: Vec<u32>,
    /// Allocations, numbered from 0, at whose address a block still lived, and its slot; ascending.
    replaced: Vec<(u64, u32)>,
}

/// Finds the slots of blocks.
#[derive(Debug)]
pub(crate) enum Finder<'a> {
    /// By address; what is found is noted.
    Addresses {
        /// Slots by address.
        tables: Box<[HashMap<u64, u32, BuildHasherDefault<NeighbourHash>>; TABLES]>,
        /// Allocations so far.
        allocations: u64,
        /// What was found so far.
        found: Slots,
    },
    /// As it is known.
    Known {
        /// What is to come of the frees.
        freed: &'a [u32],
        /// What is to come of the allocations that replace a block.
        replaced: &'a [(u64, u32)],
        /// Allocations so far.
        allocations: u64,
    },
}

impl<'a> Finder<'a> {
    /// Of a capture that is replayed for the first time.
    pub(crate) fn new() -> Self {
        let tables = Box::new(std::array::from_fn(|_| HashMap::default()));
        Self::Addresses { tables, allocations: 0, found: Slots::default() }
    }

    /// Of a capture that is replayed again.
    pub(crate) fn known(slots: &'a Slots) -> Self {
        Self::Known { freed: &slots.freed, replaced: &slots.replaced, allocations: 0 }
    }

    /// The slot of a new block: that of the block that still lives at the address, else `vacant`.
    #[inline]
    pub(crate) fn allocate(&mut self, address: u64, vacant: u32) -> u32 {
        match self {
            Self::Addresses { tables, allocations, found } => {
                *allocations += 1;
                match tables[table(address)].entry(address) {
                    Entry::Vacant(entry) => *entry.insert(vacant),
                    Entry::Occupied(entry) => {
                        found.replaced.push((*allocations - 1, *entry.get()));
                        *entry.get()
                    }
                }
            }
            Self::Known { replaced, allocations, .. } => {
                *allocations += 1;
                match *replaced {
                    [(allocation, slot), rest @ ..] if *allocation == *allocations - 1 => {
                        *replaced = rest;
                        *slot
                    }
                    _ => vacant,
                }
            }
        }
    }

    /// The slot of the block at an address, which is freed.
    #[inline]
    pub(crate) fn free(&mut self, address: u64) -> Option<u32> {
        match self {
            Self::Addresses { tables, found, .. } => {
                let slot = tables[table(address)].remove(&address);
                found.freed.push(slot.unwrap_or(NONE));
                slot
            }
            Self::Known { freed, .. } => {
                let (&slot, rest) = freed.split_first()?;
                *freed = rest;
                (slot != NONE).then_some(slot)
            }
        }
    }

    /// What was found, for later replays.
    pub(crate) fn into_slots(self) -> Slots {
        match self {
            Self::Addresses { found, .. } => found,
            Self::Known { .. } => Slots::default(),
        }
    }
}

/// Blocks of one stretch of memory, this many bits of address, are neighbours in one table.
const STRETCH_BITS: u32 = 10;
/// An odd number without pattern: 2^64 divided by the golden ratio.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/// The table for an address.
#[inline]
fn table(address: u64) -> usize {
    ((address >> STRETCH_BITS).wrapping_mul(MIX) >> (u64::BITS - TABLES.ilog2())) as usize
}

/// Hashes addresses so that those of one stretch come into neighbouring buckets.
///
/// The table takes the low bits for the bucket and the top seven bits to tell apart what is in a bucket.
#[derive(Debug, Default)]
pub(crate) struct NeighbourHash(u64);

impl Hasher for NeighbourHash {
    #[inline]
    fn write_u64(&mut self, address: u64) {
        // Blocks are multiples of 16 apart, as a rule.
        const SLOT_BITS: u32 = STRETCH_BITS - 4;
        const TAG: u64 = 0x7f << 57;
        let slot = (address >> 4) & ((1 << SLOT_BITS) - 1);
        // Bits 20 and up of the product depend on all bits of the stretch below them.
        let stretch = (address >> STRETCH_BITS).wrapping_mul(MIX) >> 20;
        let tag = address.wrapping_mul(MIX) & TAG;
        self.0 = (((stretch << SLOT_BITS) | slot) & !TAG) | tag;
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(self.0 ^ u64::from(byte));
        }
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}
