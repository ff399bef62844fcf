//! The recorded blocks that are live, and the code objects whose end must be noticed.
//!
//! A free looks at [`maybe`] first: one byte of a filter, addressed so that neighbours in memory are neighbours
//! in the filter. Only where that byte is not 0 does it go on to the exact tables, which are divided among locks
//! by address. Where every free is to be seen, the whole filter is full. Invariant: a recorded block is in the filter and in its table from before the program learns
//! its address until the program gives it back.

use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustc_hash::{FxHashMap, FxHashSet};

const FILTER_BITS: u32 = 18;
const SHARDS: usize = 64;
/// A counter that reached this stays there: it stands for "many".
const FULL: u8 = u8::MAX;

/// Counts the recorded blocks and code objects at the addresses that share a byte.
static FILTER: [AtomicU8; 1 << FILTER_BITS] = [const { AtomicU8::new(0) }; 1 << FILTER_BITS];
static BLOCKS: [Mutex<Option<FxHashMap<usize, u64>>>; SHARDS] = [const { Mutex::new(None) }; SHARDS];
static CODES: Mutex<Option<FxHashSet<usize>>> = Mutex::new(None);
/// The same for code objects alone, coarser.
static CODE_FILTER: [AtomicU8; 4096] = [const { AtomicU8::new(0) }; 4096];
/// Where every block is recorded, those from this size on are kept here too, for the height of the heap.
pub(crate) const LARGE: usize = 32 * 1024;
/// Counts these, where the filter above is full.
static LARGE_FILTER: [AtomicU8; 1 << 16] = [const { AtomicU8::new(0) }; 1 << 16];
static LIVE_BYTES: AtomicI64 = AtomicI64::new(0);

#[inline]
fn counter(address: usize) -> &'static AtomicU8 {
    &FILTER[((address >> 4) ^ (address >> (4 + FILTER_BITS))) & ((1 << FILTER_BITS) - 1)]
}

fn shard(address: usize) -> &'static Mutex<Option<FxHashMap<usize, u64>>> {
    // Addresses differ most above the size of small blocks and below the size of arenas.
    &BLOCKS[((address >> 4) ^ (address >> 14)) % SHARDS]
}

fn code_counter(address: usize) -> &'static AtomicU8 {
    &CODE_FILTER[(address >> 4) % CODE_FILTER.len()]
}

fn count_in(counter: &AtomicU8) {
    let _ = counter
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| (count != FULL).then(|| count + 1));
}

fn count_out(counter: &AtomicU8) {
    let _ = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
        (count != FULL && count != 0).then(|| count - 1)
    });
}

/// Makes every free go on to the tables, or (with `false`) none.
pub(crate) fn see_every_free(every: bool) {
    for counter in &FILTER {
        counter.store(if every { FULL } else { 0 }, Ordering::Relaxed);
    }
}

/// Whether the address may be one of a recorded block or of a watched code object. Never wrong with "no".
#[inline]
pub(crate) fn maybe(address: usize) -> bool {
    counter(address).load(Ordering::Relaxed) != 0
}

/// Everything that threads share here, so that a fork finds it whole.
pub(crate) struct Held {
    _blocks: [MutexGuard<'static, Option<FxHashMap<usize, u64>>>; SHARDS],
    _codes: MutexGuard<'static, Option<FxHashSet<usize>>>,
}

/// Takes it from all threads until the result is dropped.
pub(crate) fn hold() -> Held {
    Held {
        _blocks: std::array::from_fn(|shard| BLOCKS[shard].lock().unwrap_or_else(PoisonError::into_inner)),
        _codes: CODES.lock().unwrap_or_else(PoisonError::into_inner),
    }
}

/// Forgets all that the parent of a fork knew.
pub(crate) fn forget_parent() {
    for shard in &BLOCKS {
        *shard.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
    *CODES.lock().unwrap_or_else(PoisonError::into_inner) = None;
    for counter in FILTER.iter().chain(&CODE_FILTER).chain(&LARGE_FILTER) {
        // Pages that are as they should be stay shared with the parent.
        if counter.load(Ordering::Relaxed) != 0 {
            counter.store(0, Ordering::Relaxed);
        }
    }
    LIVE_BYTES.store(0, Ordering::Relaxed);
}

/// Notes a recorded block that stands for `bytes`.
pub(crate) fn insert(address: usize, bytes: u64) {
    let mut shard = shard(address).lock().unwrap_or_else(PoisonError::into_inner);
    let change = match shard.get_or_insert_default().entry(address) {
        // Its free was not seen; the new block takes its place.
        Entry::Occupied(mut entry) => bytes.cast_signed() - entry.insert(bytes).cast_signed(),
        Entry::Vacant(entry) => {
            entry.insert(bytes);
            count_in(counter(address));
            bytes.cast_signed()
        }
    };
    LIVE_BYTES.fetch_add(change, Ordering::Relaxed);
}

/// Forgets a recorded block; the bytes that it stood for, or `None` if it was not recorded.
pub(crate) fn remove(address: usize) -> Option<u64> {
    let mut shard = shard(address).lock().unwrap_or_else(PoisonError::into_inner);
    let bytes = shard.as_mut()?.remove(&address)?;
    count_out(counter(address));
    LIVE_BYTES.fetch_sub(bytes.cast_signed(), Ordering::Relaxed);
    Some(bytes)
}

fn large_counter(address: usize) -> &'static AtomicU8 {
    &LARGE_FILTER[((address >> 4) ^ (address >> 20)) % LARGE_FILTER.len()]
}

/// Notes a large block where every block is recorded.
pub(crate) fn insert_large(address: usize, bytes: u64) {
    count_in(large_counter(address));
    insert(address, bytes);
}

/// Forgets a large block where every block is recorded; its bytes, if it was one.
pub(crate) fn remove_large(address: usize) -> Option<u64> {
    let counter = large_counter(address);
    if counter.load(Ordering::Relaxed) == 0 {
        return None;
    }
    let bytes = remove(address)?;
    count_out(counter);
    Some(bytes)
}

/// An estimate of the bytes in live blocks.
pub(crate) fn live_bytes() -> u64 {
    LIVE_BYTES.load(Ordering::Relaxed).max(0).cast_unsigned()
}

/// Watches for the end of a code object.
pub(crate) fn watch_code(address: usize) {
    let mut codes = CODES.lock().unwrap_or_else(PoisonError::into_inner);
    if codes.get_or_insert_default().insert(address) {
        count_in(counter(address));
        count_in(code_counter(address));
    }
}

/// Whether the address is one of a watched code object, which is then watched no more.
pub(crate) fn code_ended(address: usize) -> bool {
    if code_counter(address).load(Ordering::Relaxed) == 0 {
        return false;
    }
    let mut codes = CODES.lock().unwrap_or_else(PoisonError::into_inner);
    let ended = codes.as_mut().is_some_and(|codes| codes.remove(&address));
    if ended {
        count_out(counter(address));
        count_out(code_counter(address));
    }
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_known_from_insert_to_remove() {
        let (address, alias) = (0x5000_0010, 0x5000_0010 + (1 << (8 + 2 * FILTER_BITS)));
        assert!(!maybe(address));
        insert(address, 100);
        assert!(maybe(address));
        assert!(!code_ended(address), "a block is no code");
        assert_eq!(remove(alias), None, "what only looks alike is not removed");
        assert_eq!(remove(address), Some(100));
        assert!(!maybe(address));
        assert_eq!(remove(address), None);
        watch_code(address);
        assert!(maybe(address));
        assert!(code_ended(address));
        assert!(!code_ended(address));
    }
}
