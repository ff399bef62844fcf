//! The blocks that are live, by address.
//!
//! Invariant: at most one block at an address. One allocated where another still lives replaces it, because a
//! free was missed; a free of an address where nothing lives is of a block that was never recorded.

use std::collections::HashMap;

use heapwise_profile::Allocator;
use rustc_hash::FxBuildHasher;

use crate::TEMPORARY_MS;
use crate::account::{Holder, Ledger, Weight};

/// The largest block that CPython's small-object allocator gives; larger ones it takes from malloc.
const LARGEST_SMALL_OBJECT: u64 = 512;
/// Its blocks are multiples of this.
const SMALL_OBJECT_STEP: u64 = 16;
/// Set in [`Block::thread`] if the block is one of the small-object allocator's.
const SMALL_OBJECT: u32 = 1 << 31;

/// A live block, packed: there can be ten million of them.
#[derive(Debug, Clone, Copy)]
struct Block {
    size: u64,
    stack: u32,
    /// Index of the thread, and [`SMALL_OBJECT`].
    thread: u32,
    /// Milliseconds; runs of more than 49 days are cut there.
    born_ms: u32,
    probability: f32,
}

/// All live blocks.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    live: HashMap<u64, Block, FxBuildHasher>,
    small_object_bytes: f64,
}

impl Blocks {
    /// Bytes live in CPython's small-object arenas, rounded up block by block as that allocator does.
    pub(crate) fn small_object_bytes(&self) -> f64 {
        self.small_object_bytes
    }

    /// A block was allocated.
    #[inline]
    pub(crate) fn allocate(&mut self, ledger: &mut Ledger, new: &NewBlock, now_ms: u64) {
        let NewBlock { address, size, allocator, probability, holder } = *new;
        let small = matches!(allocator, Allocator::PythonMem | Allocator::PythonObject)
            && size <= LARGEST_SMALL_OBJECT;
        let block = Block {
            size,
            stack: holder.stack,
            thread: holder.thread | if small { SMALL_OBJECT } else { 0 },
            born_ms: cut_to_u32(now_ms),
            probability: probability as f32,
        };
        if let Some(old) = self.live.insert(address, block) {
            self.release(ledger, old, now_ms);
        }
        ledger.allocate(holder, Weight::new(size, block.probability));
        if small {
            self.small_object_bytes += small_object_weight(&block);
        }
    }

    /// A block was freed.
    #[inline]
    pub(crate) fn free(&mut self, ledger: &mut Ledger, address: u64, now_ms: u64) {
        if let Some(block) = self.live.remove(&address) {
            self.release(ledger, block, now_ms);
        }
    }

    #[inline]
    fn release(&mut self, ledger: &mut Ledger, block: Block, now_ms: u64) {
        let holder = Holder { stack: block.stack, thread: block.thread & !SMALL_OBJECT };
        let temporary = u64::from(cut_to_u32(now_ms) - block.born_ms) <= TEMPORARY_MS;
        ledger.release(holder, Weight::new(block.size, block.probability), temporary);
        if block.thread & SMALL_OBJECT != 0 {
            self.small_object_bytes -= small_object_weight(&block);
        }
    }
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

#[inline]
fn cut_to_u32(time_ms: u64) -> u32 {
    u32::try_from(time_ms).unwrap_or(u32::MAX)
}

#[inline]
fn small_object_weight(block: &Block) -> f64 {
    let rounded = block.size.max(1).next_multiple_of(SMALL_OBJECT_STEP);
    Weight::new(rounded, block.probability).bytes
}
