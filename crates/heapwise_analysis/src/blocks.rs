//! The blocks that are live, by address.
//!
//! Invariant: at most one block at an address. One allocated where another still lives replaces it, because a
//! free was missed; a free of an address where nothing lives is of a block that was never recorded.
//!
//! There can be ten million blocks, so what many of them have in common is told by a number ([`Kind`]), which leaves 16
//! bytes a block; how they are found is in [`crate::slots`].

use heapwise_profile::Allocator;
use rustc_hash::FxHashMap;

use crate::TEMPORARY_MS;
use crate::account::{Books, Holder, Weight};
use crate::slots::{Finder, Slots};

/// The largest block that CPython's small-object allocator gives; larger ones it takes from malloc.
const LARGEST_SMALL_OBJECT: u64 = 512;
/// Its blocks are multiples of this.
const SMALL_OBJECT_STEP: u64 = 16;
/// From here on glibc's malloc maps a block alone, until it has seen how the program frees such.
const MAPPED_ALONE: u64 = 128 * 1024;
/// In [`Block::size`]: the size is in [`Blocks::huge`].
const HUGE: u32 = u32::MAX;
/// In [`Block::kind`]: there is no block in the slot.
const VACANT: u32 = u32::MAX;

/// A live block, packed.
#[derive(Debug, Clone, Copy)]
struct Block {
    size: u32,
    /// Index of the stack's account.
    account: u32,
    /// Index in [`Kinds`].
    kind: u32,
    /// Milliseconds; runs of more than 49 days are cut there.
    born_ms: u32,
}

/// What many blocks have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Kind {
    /// Index of the thread that allocated.
    thread: u32,
    /// The chance with which it was recorded, as the bits of an `f32`.
    probability_bits: u32,
    home: Home,
}

/// Where a block lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Home {
    /// In an arena of CPython's small-object allocator.
    Arena,
    /// In a pool of an allocator of a library's.
    Pool,
    /// Elsewhere: malloc has it.
    Malloc,
}

/// All kinds of blocks, numbered.
#[derive(Debug, Default)]
struct Kinds {
    list: Vec<Kind>,
    numbers: FxHashMap<Kind, u32>,
    /// The last one asked for, by home.
    last: [Option<(Kind, u32)>; 3],
}

impl Kinds {
    #[inline]
    fn number(&mut self, kind: Kind) -> u32 {
        match self.last[kind.home as usize] {
            Some((last, number)) if last == kind => number,
            _ => self.find(kind),
        }
    }

    fn find(&mut self, kind: Kind) -> u32 {
        let number = *self.numbers.entry(kind).or_insert_with(|| {
            self.list.push(kind);
            self.list.len() as u32 - 1
        });
        self.last[kind.home as usize] = Some((kind, number));
        number
    }
}

/// All live blocks.
#[derive(Debug)]
pub(crate) struct Blocks<'a> {
    finder: Finder<'a>,
    /// By slot.
    list: Vec<Block>,
    /// Slots without a block; the last one is taken first.
    vacant: Vec<u32>,
    /// The sizes of blocks of 4 GiB and more, by slot.
    huge: FxHashMap<u32, u64>,
    kinds: Kinds,
    /// Disjoint ranges of pools, start and end; there are a few of them or none.
    pools: Vec<(u64, u64)>,
    /// By home, with what the allocator there adds to a block.
    bytes: [f64; 3],
}

/// What there is to know of a block that was allocated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewBlock {
    pub(crate) address: u64,
    pub(crate) size: u64,
    pub(crate) allocator: Allocator,
    pub(crate) probability: f64,
    pub(crate) holder: Holder,
}

impl<'a> Blocks<'a> {
    /// Of a capture that is replayed for the first time.
    pub(crate) fn new() -> Self {
        Self::with(Finder::new())
    }

    /// Of a capture that is replayed again.
    pub(crate) fn known(slots: &'a Slots) -> Self {
        Self::with(Finder::known(slots))
    }

    fn with(finder: Finder<'a>) -> Self {
        Self {
            finder,
            list: Vec::new(),
            vacant: Vec::new(),
            huge: FxHashMap::default(),
            kinds: Kinds::default(),
            pools: Vec::new(),
            bytes: [0.0; 3],
        }
    }

    /// Bytes live in CPython's small-object arenas, rounded up block by block as that allocator does.
    pub(crate) fn small_object_bytes(&self) -> f64 {
        self.bytes[Home::Arena as usize]
    }

    /// Bytes live in pools.
    pub(crate) fn pool_bytes(&self) -> f64 {
        self.bytes[Home::Pool as usize]
    }

    /// Bytes that live blocks take, with what their allocators add to them.
    pub(crate) fn taken_bytes(&self) -> f64 {
        self.bytes.iter().sum()
    }

    /// An allocator took a range for the blocks that it gives from now on.
    pub(crate) fn add_pool(&mut self, address: u64, length: u64) {
        self.remove_pool(address, length);
        self.pools.push((address, address.saturating_add(length)));
    }

    /// Nothing in the range is of a pool any more.
    pub(crate) fn remove_pool(&mut self, address: u64, length: u64) {
        let end = address.saturating_add(length);
        let mut rest = Vec::new();
        self.pools.retain(|&(from, to)| {
            let apart = to <= address || end <= from;
            if !apart {
                rest.extend([(from, address), (end, to)].into_iter().filter(|(from, to)| from < to));
            }
            apart
        });
        self.pools.append(&mut rest);
    }

    #[inline]
    fn home(&self, address: u64, size: u64, allocator: Allocator) -> Home {
        if matches!(allocator, Allocator::PythonMem | Allocator::PythonObject) && size <= LARGEST_SMALL_OBJECT
        {
            Home::Arena
        } else if self.pools.iter().any(|&(from, to)| (from..to).contains(&address)) {
            Home::Pool
        } else {
            Home::Malloc
        }
    }

    /// A block was allocated.
    #[inline]
    pub(crate) fn allocate(&mut self, ledger: &mut impl Books, new: &NewBlock, now_ms: u64) {
        let NewBlock { address, size, allocator, probability, holder } = *new;
        let home = self.home(address, size, allocator);
        let probability = probability as f32;
        let kind = Kind { thread: holder.thread, probability_bits: probability.to_bits(), home };
        let block = Block {
            size: cut(size),
            account: holder.account,
            kind: self.kinds.number(kind),
            born_ms: cut(now_ms),
        };
        let vacant = self.vacant.last().copied().unwrap_or(self.list.len() as u32);
        let slot = self.finder.allocate(address, vacant);
        if slot != vacant {
            self.release(ledger, slot, now_ms);
            self.list[slot as usize] = block;
        } else if self.vacant.pop().is_some() {
            self.list[slot as usize] = block;
        } else {
            self.list.push(block);
        }
        if block.size == HUGE {
            self.huge.insert(slot, size);
        }
        ledger.allocate(holder, Weight::new(size, probability));
        self.bytes[home as usize] += taken(home, size, probability);
    }

    /// A block was freed.
    #[inline]
    pub(crate) fn free(&mut self, ledger: &mut impl Books, address: u64, now_ms: u64) {
        if let Some(slot) = self.finder.free(address) {
            self.release(ledger, slot, now_ms);
            self.list[slot as usize].kind = VACANT;
            self.vacant.push(slot);
        }
    }

    /// The blocks that are live: who holds each, its weight, and when it was allocated.
    pub(crate) fn live(&self) -> impl Iterator<Item = (Holder, Weight, u32)> {
        let slots = self.list.iter().enumerate().filter(|(_, block)| block.kind != VACANT);
        slots.map(|(slot, block)| {
            let size = match block.size {
                HUGE => self.huge.get(&(slot as u32)).copied().unwrap_or_default(),
                size => u64::from(size),
            };
            let kind = self.kinds.list[block.kind as usize];
            let weight = Weight::new(size, f32::from_bits(kind.probability_bits));
            (Holder { account: block.account, thread: kind.thread }, weight, block.born_ms)
        })
    }

    /// What was found out about addresses, for later replays.
    pub(crate) fn into_slots(self) -> Slots {
        self.finder.into_slots()
    }

    #[inline]
    fn release(&mut self, ledger: &mut impl Books, slot: u32, now_ms: u64) {
        let block = self.list[slot as usize];
        let size = match block.size {
            HUGE => self.huge.remove(&slot).unwrap_or_default(),
            size => u64::from(size),
        };
        let Kind { thread, probability_bits, home } = self.kinds.list[block.kind as usize];
        let probability = f32::from_bits(probability_bits);
        let temporary = u64::from(cut(now_ms).saturating_sub(block.born_ms)) <= TEMPORARY_MS;
        let holder = Holder { account: block.account, thread };
        ledger.release(holder, Weight::new(size, probability), temporary);
        self.bytes[home as usize] -= taken(home, size, probability);
    }
}

#[inline]
fn cut(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// What a block takes where it lies. For malloc that is glibc's: a word before each block, steps of 16 bytes, and
/// whole pages for large ones.
#[inline]
fn taken(home: Home, size: u64, probability: f32) -> f64 {
    let taken = match home {
        Home::Arena => size.max(1).next_multiple_of(SMALL_OBJECT_STEP),
        Home::Malloc if size < MAPPED_ALONE => size.saturating_add(8).max(32).next_multiple_of(16),
        Home::Malloc => size.saturating_add(16).checked_next_multiple_of(4096).unwrap_or(size),
        Home::Pool => size,
    };
    Weight::new(taken, probability).bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::account::Ledger;

    /// Allocates a block of so many bytes at an address, or frees the one there.
    type Step = (u64, Option<u64>);

    /// Replays the steps; what is live behind each, and the blocks at the end.
    fn replay(blocks: &mut Blocks<'_>, steps: &[Step]) -> (Vec<f64>, Vec<(Holder, Weight, u32)>) {
        let mut ledger = Ledger::new(steps.len(), 1);
        let live = (0..).zip(steps).map(|(now_ms, &(address, size))| {
            match size {
                Some(size) => {
                    let holder = Holder { account: ledger.account_of(now_ms as u32), thread: 0 };
                    let allocator = Allocator::Malloc;
                    let new = NewBlock { address, size, allocator, probability: 1.0, holder };
                    blocks.allocate(&mut ledger, &new, now_ms);
                }
                None => blocks.free(&mut ledger, address, now_ms),
            }
            ledger.live_bytes()
        });
        let live = live.collect();
        (live, blocks.live().collect())
    }

    proptest! {
        /// Frees of what was never recorded, and allocations where a block still lives, are among the steps.
        #[test]
        fn a_later_replay_needs_no_addresses(
            steps in prop::collection::vec((0u64..12, prop::option::of(prop_oneof![0u64..5000, Just(5 << 32)])), 0..200),
        ) {
            let mut first = Blocks::new();
            let found = replay(&mut first, &steps);
            // What a plain table says.
            let mut plain = std::collections::BTreeMap::new();
            for &(address, size) in &steps {
                plain.remove(&address);
                plain.extend(size.map(|size| (address, size)));
            }
            let bytes: f64 = found.1.iter().map(|(_, weight, _)| weight.bytes).sum();
            prop_assert_eq!((found.1.len(), bytes), (plain.len(), plain.values().sum::<u64>() as f64));
            let slots = first.into_slots();
            let blind: Vec<Step> = steps.iter().map(|&(_, size)| (0, size)).collect();
            prop_assert_eq!(replay(&mut Blocks::known(&slots), &blind), found);
        }
    }
}
