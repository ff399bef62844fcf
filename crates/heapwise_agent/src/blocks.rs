//! The recorded blocks that are live, and the code objects whose end must be noticed.
//!
//! A free looks at [`maybe`] first: one byte of a filter, addressed so that neighbours in memory are neighbours
//! in the filter. Where that byte is not 0 it asks a second one, addressed otherwise ([`likely`]), since with many
//! recorded blocks the first is often wrong; only then does it go on to the exact tables, which are divided among
//! locks by address. Where every free is to be seen, the first filter is full. Invariants: a recorded block is in the
//! filters and in its table from before the program learns its address until the program gives it back; bytes of the
//! filters are written under the lock of the part that they belong to.

use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::platform::Alone;

const FILTER_BITS: u32 = 18;
/// Addresses that differ only in so many of their lowest bits share a byte of the filter: fewer bytes of it are in use, and
/// stay in the processor's cache.
const SHARED_BITS: u32 = 8;
const PARTS: usize = 64;
/// Bytes of the second filter that belong to one part.
const SECOND: usize = (1 << FILTER_BITS) / PARTS;
/// A counter that reached this stays there: it stands for "many".
const FULL: u8 = u8::MAX;

/// By address, what a block stands for.
type Table = Option<FxHashMap<usize, Weight>>;

/// What a recorded block stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weight(u64);

impl Weight {
    /// So many bytes; `drawn` if the block was recorded by chance, so that it stands for others too.
    pub(crate) const fn new(bytes: u64, drawn: bool) -> Self {
        Self(bytes << 1 | drawn as u64)
    }

    const fn bytes(self) -> i64 {
        (self.0 >> 1).cast_signed()
    }

    const fn drawn_bytes(self) -> i64 {
        if self.0 & 1 == 1 { self.bytes() } else { 0 }
    }
}

/// Counts the recorded blocks and code objects at the addresses that share a byte.
static FILTER: [AtomicU8; 1 << FILTER_BITS] = [const { AtomicU8::new(0) }; 1 << FILTER_BITS];
/// The same by other addresses.
static SECOND_FILTER: [AtomicU8; 1 << FILTER_BITS] = [const { AtomicU8::new(0) }; 1 << FILTER_BITS];
/// Every free is to be seen.
static EVERY: AtomicBool = AtomicBool::new(false);
static BLOCKS: [Alone<Mutex<Table>>; PARTS] = [const { Alone(Mutex::new(None)) }; PARTS];
static CODES: Mutex<Option<FxHashSet<usize>>> = Mutex::new(None);
/// The same for code objects alone, coarser.
static CODE_FILTER: [AtomicU8; 4096] = [const { AtomicU8::new(0) }; 4096];
/// Where every block is recorded, those from this size on are kept here too, for the height of the heap.
pub(crate) const LARGE: usize = 2048;
/// Counts these, where the filter above is full.
static LARGE_FILTER: [AtomicU8; 1 << 16] = [const { AtomicU8::new(0) }; 1 << 16];
/// Of all live blocks, and of those that were drawn.
static LIVE_BYTES: Alone<[AtomicI64; 2]> = Alone([AtomicI64::new(0), AtomicI64::new(0)]);

#[inline]
fn place(address: usize) -> usize {
    ((address >> SHARED_BITS) ^ (address >> (SHARED_BITS + FILTER_BITS))) & ((1 << FILTER_BITS) - 1)
}

/// The part that an address belongs to: one for all addresses that share a byte of the filter.
#[inline]
fn part(address: usize) -> usize {
    // Addresses differ most above the size of small blocks and below the size of arenas.
    let place = place(address);
    (place ^ (place >> 10)) % PARTS
}

#[inline]
fn second_place(address: usize) -> usize {
    let spread = (address >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    part(address) * SECOND + spread % SECOND
}

fn table(address: usize) -> MutexGuard<'static, Table> {
    BLOCKS[part(address)].0.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Counts in both filters by `step`. The lock of the address's part is held, so that nobody else writes there.
#[inline]
fn count(address: usize, step: i8) {
    for counter in [&FILTER[place(address)], &SECOND_FILTER[second_place(address)]] {
        let count = counter.load(Ordering::Relaxed);
        if count != FULL {
            counter.store(count.saturating_add_signed(step), Ordering::Relaxed);
        }
    }
}

/// Makes every free go on to the tables, or (with `false`) none.
pub(crate) fn see_every_free(every: bool) {
    EVERY.store(every, Ordering::Relaxed);
    for counter in &FILTER {
        counter.store(if every { FULL } else { 0 }, Ordering::Relaxed);
    }
}

/// Whether the address may be one of a recorded block or of a watched code object. Never wrong with "no".
#[inline]
pub(crate) fn maybe(address: usize) -> bool {
    FILTER[place(address)].load(Ordering::Relaxed) != 0
}

/// The same where [`maybe`] did not say no, and more often right.
#[inline]
pub(crate) fn likely(address: usize) -> bool {
    EVERY.load(Ordering::Relaxed) || SECOND_FILTER[second_place(address)].load(Ordering::Relaxed) != 0
}

/// Everything that threads share here, so that a fork finds it whole.
pub(crate) struct Held {
    _blocks: [MutexGuard<'static, Table>; PARTS],
    _codes: MutexGuard<'static, Option<FxHashSet<usize>>>,
}

/// Takes it from all threads until the result is dropped.
pub(crate) fn hold() -> Held {
    Held {
        _blocks: std::array::from_fn(|part| BLOCKS[part].0.lock().unwrap_or_else(PoisonError::into_inner)),
        _codes: CODES.lock().unwrap_or_else(PoisonError::into_inner),
    }
}

/// Forgets all that the parent of a fork knew.
pub(crate) fn forget_parent() {
    for part in &BLOCKS {
        *part.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
    *CODES.lock().unwrap_or_else(PoisonError::into_inner) = None;
    for counter in FILTER.iter().chain(&SECOND_FILTER).chain(&CODE_FILTER).chain(&LARGE_FILTER) {
        // Pages that are as they should be stay shared with the parent.
        if counter.load(Ordering::Relaxed) != 0 {
            counter.store(0, Ordering::Relaxed);
        }
    }
    for bytes in &LIVE_BYTES.0 {
        bytes.store(0, Ordering::Relaxed);
    }
}

/// Notes a recorded block.
pub(crate) fn insert(address: usize, weight: Weight) {
    let mut table = table(address);
    let before = match table.get_or_insert_default().entry(address) {
        // Its free was not seen; the new block takes its place.
        Entry::Occupied(mut entry) => Some(entry.insert(weight)),
        Entry::Vacant(entry) => {
            entry.insert(weight);
            count(address, 1);
            None
        }
    };
    drop(table);
    add_live(weight.bytes(), weight.drawn_bytes());
    if let Some(before) = before {
        add_live(-before.bytes(), -before.drawn_bytes());
    }
}

/// Forgets a recorded block; what it stood for, or `None` if it was not recorded.
pub(crate) fn remove(address: usize) -> Option<Weight> {
    let mut table = table(address);
    let weight = table.as_mut()?.remove(&address)?;
    count(address, -1);
    drop(table);
    add_live(-weight.bytes(), -weight.drawn_bytes());
    Some(weight)
}

fn add_live(bytes: i64, drawn: i64) {
    LIVE_BYTES.0[0].fetch_add(bytes, Ordering::Relaxed);
    if drawn != 0 {
        LIVE_BYTES.0[1].fetch_add(drawn, Ordering::Relaxed);
    }
}

fn large_counter(address: usize) -> &'static AtomicU8 {
    &LARGE_FILTER[((address >> 4) ^ (address >> 20)) % LARGE_FILTER.len()]
}

/// Notes a large block where every block is recorded.
pub(crate) fn insert_large(address: usize, weight: Weight) {
    count_in(large_counter(address));
    insert(address, weight);
}

/// Forgets a large block where every block is recorded; what it stood for, if it was one.
pub(crate) fn remove_large(address: usize) -> Option<Weight> {
    let counter = large_counter(address);
    if counter.load(Ordering::Relaxed) == 0 {
        return None;
    }
    let weight = remove(address)?;
    count_out(counter);
    Some(weight)
}

/// An estimate of the bytes in live blocks.
pub(crate) fn live_bytes() -> u64 {
    LIVE_BYTES.0[0].load(Ordering::Relaxed).max(0).cast_unsigned()
}

/// The same of those that are recorded by chance.
pub(crate) fn drawn_bytes() -> u64 {
    LIVE_BYTES.0[1].load(Ordering::Relaxed).max(0).cast_unsigned()
}

/// Watches for the end of a code object.
pub(crate) fn watch_code(address: usize) {
    let mut codes = CODES.lock().unwrap_or_else(PoisonError::into_inner);
    let new = codes.get_or_insert_default().insert(address);
    drop(codes);
    if new {
        count_in(code_counter(address));
        // Taken for the filters' sake, and after the other lock is let go: a fork takes them the other way round.
        let _table = table(address);
        count(address, 1);
    }
}

/// Whether the address is one of a watched code object, which is then watched no more.
pub(crate) fn code_ended(address: usize) -> bool {
    if code_counter(address).load(Ordering::Relaxed) == 0 {
        return false;
    }
    let mut codes = CODES.lock().unwrap_or_else(PoisonError::into_inner);
    let ended = codes.as_mut().is_some_and(|codes| codes.remove(&address));
    drop(codes);
    if ended {
        count_out(code_counter(address));
        let _table = table(address);
        count(address, -1);
    }
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_known_from_insert_to_remove() {
        let (address, alias) = (0x5000_0010, 0x5000_0010 + (1 << (SHARED_BITS + 2 * FILTER_BITS)));
        assert!(!maybe(address));
        let weight = Weight::new(100, true);
        insert(address, weight);
        assert!(maybe(address));
        assert!(likely(address));
        assert!(!code_ended(address), "a block is no code");
        assert_eq!(remove(alias), None, "what only looks alike is not removed");
        assert_eq!(remove(address), Some(weight));
        assert!(!maybe(address));
        assert!(!likely(address));
        assert_eq!(remove(address), None);
        watch_code(address);
        assert!(maybe(address) && likely(address));
        assert!(code_ended(address));
        assert!(!code_ended(address));
    }
}
