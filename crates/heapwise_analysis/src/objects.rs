//! The objects that held the bytes: what a look at the live objects saw, joined with the recorded blocks.
//!
//! Owns the join by address: each buffer of an object is the block that was live at its address at the moment
//! of the look, and that block has a stack, a birth and a death. Invariants: a block of the join was live at
//! the look; nothing is joined that is not at that address; the look that is chosen shares about as many large blocks as
//! any with the high-water mark.

use std::collections::BTreeMap;

use heapwise_profile::inspection::{HolderKind, Inspection, Object};
use heapwise_profile::{EventKind, NO_STACK, Origin, Profile, StackId};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::account::{Holder, Ledger};
use crate::analysis::Peak;
use crate::held::{Held, MadeNext};
use crate::mappings::{Change, Mappings};
use crate::number_filter::NumberFilter;
use crate::{Analysis, Place};

/// Smaller blocks do not count for the choice of the look, and are found by their first byte only.
const LARGE: u64 = 4096;

/// A recorded block that an object consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Where it starts.
    pub address: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// The number of the event that allocated it.
    pub born: u64,
    /// The number of the event that freed it; `None` if it was live at the end.
    pub freed: Option<u64>,
    /// Who asked for it.
    pub stack: StackId,
    /// Whether `bytes` are only a part of what was allocated there at once: of a mapping, of a block of columns.
    pub partial: bool,
}

impl Block {
    /// Whether it was live at a moment.
    pub fn lives_at(&self, moment: u64) -> bool {
        self.born <= moment && self.freed.is_none_or(|freed| freed > moment)
    }
}

/// The objects at the high-water mark, and what else a second pass over the events tells.
#[derive(Debug)]
pub struct Objects<'a> {
    /// The look nearest to the high-water mark; `None` if there was none.
    pub inspection: Option<&'a Inspection>,
    /// The objects of that look; those of other looks whose blocks were live at the high-water mark and that it does not
    /// have; what was being made.
    pub held: Vec<Object>,
    /// What the line made that was running at the high-water mark.
    pub made_next: Vec<MadeNext<'a>>,
    /// By address of a buffer of these: its block.
    blocks: FxHashMap<u64, Block>,
    /// Bytes of small objects that the look reached.
    small_bytes: u64,
    /// By stack: the number of the last event, up to the high-water mark, with it on the thread's stack, and
    /// in any deeper one.
    last_seen: Vec<u64>,
}

/// What one name held at the looks of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Nanoseconds since recording began.
    pub time_ns: u64,
    /// Bytes it kept alive.
    pub bytes: u64,
}

/// Joins the objects of a profile with its blocks. `analysis` must be that of `profile`.
pub fn objects<'a>(profile: &'a Profile, analysis: &Analysis) -> Objects<'a> {
    objects_at(profile, &analysis.peak)
}

/// Joins the objects with the blocks of another moment than the high-water mark, which `peak` is.
pub fn objects_at<'a>(profile: &'a Profile, peak: &Peak) -> Objects<'a> {
    if profile.inspections().is_empty() {
        return Objects {
            inspection: None,
            held: Vec::new(),
            made_next: Vec::new(),
            blocks: FxHashMap::default(),
            small_bytes: 0,
            last_seen: Vec::new(),
        };
    }
    let mut join = Join::new(profile, peak);
    for (thread, event) in profile.events() {
        join.event(thread, event.sequence, event.time_ms, &event.kind);
    }
    join.finish(profile)
}

impl<'a> Objects<'a> {
    /// The block that holds the buffer at an address, as it was at the look.
    pub fn block(&self, buffer: u64) -> Option<Block> {
        self.blocks.get(&buffer).copied()
    }

    /// The blocks of an object itself and of its parts, each once, largest first.
    pub fn blocks_of(&self, object: &Object) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut seen = FxHashSet::default();
        self.gather(object, &mut seen, &mut blocks);
        blocks.sort_by_key(|block| (std::cmp::Reverse(block.bytes), block.address));
        blocks
    }

    fn gather(&self, object: &Object, seen: &mut FxHashSet<u64>, blocks: &mut Vec<Block>) {
        for buffer in &object.buffers {
            if let Some(block) = self.block(buffer.address)
                && seen.insert(buffer.address)
            {
                // Allocators and libraries round up; what goes beyond that is somebody else's.
                let partial = block.partial || buffer.bytes + block.bytes / 8 + LARGE < block.bytes;
                let bytes = if partial { buffer.bytes.min(block.bytes) } else { block.bytes };
                blocks.push(Block { bytes, partial, ..block });
            }
        }
        for part in &object.parts {
            self.gather(part, seen, blocks);
        }
    }

    /// Where most of an object's bytes were allocated: the innermost line of the user's code, else the
    /// innermost line, of the stacks of its blocks.
    pub fn allocated_at(&self, profile: &'a Profile, object: &Object) -> Option<Place<'a>> {
        let mut sums: BTreeMap<(&str, u32, &str), u64> = BTreeMap::new();
        for block in self.blocks_of(object) {
            if let Some(place) = user_place(profile, block.stack) {
                *sums.entry((place.file, place.line, place.function)).or_default() += block.bytes;
            }
        }
        let most = sums.into_iter().rev().max_by_key(|(_, bytes)| *bytes)?;
        let (file, line, function) = most.0;
        Some(Place { file, line, function })
    }

    /// The stack that asked for the block of the look that was born with this event.
    pub fn stack_of_block(&self, born: u64) -> Option<StackId> {
        self.blocks.values().find(|block| block.born == born).map(|block| block.stack)
    }

    /// The number of the last event up to the high-water mark that happened while `stack`, or one called from
    /// it, was the thread's; 0 if there was none.
    pub fn last_seen(&self, stack: StackId) -> u64 {
        self.last_seen.get(stack as usize).copied().unwrap_or(0)
    }

    /// What the name held at every look that saw it, by time.
    pub fn growth(&self, profile: &Profile, object: &Object) -> Vec<Size> {
        // What has no name cannot be told apart from one look to the next.
        if object.holder.as_ref().is_some_and(|holder| holder.kind == HolderKind::Stack) {
            return Vec::new();
        }
        let looks = profile.inspections().iter();
        looks
            .filter_map(|look| {
                let known = look.objects.iter().find(|other| is_same(other, object))?;
                Some(Size { time_ns: look.time_ns, bytes: known.bytes })
            })
            .collect()
    }

    /// Bytes that have a name: of the blocks of all objects that were live at a moment, each block once, and of the small
    /// objects that the look reached.
    pub fn explained_bytes(&self, moment: u64) -> u64 {
        let mut seen = FxHashSet::default();
        let mut blocks = Vec::new();
        for object in &self.held {
            self.gather(object, &mut seen, &mut blocks);
        }
        let of_blocks: u64 =
            blocks.iter().filter(|block| block.lives_at(moment)).map(|block| block.bytes).sum();
        of_blocks + self.small_bytes
    }
}

/// Whether two objects are what the same name of the same holder stood for.
pub(crate) fn is_same(a: &Object, b: &Object) -> bool {
    let same_holder = match (&a.holder, &b.holder) {
        (Some(a), Some(b)) => {
            (a.kind, &a.file, &a.function, a.first_line) == (b.kind, &b.file, &b.function, b.first_line)
        }
        (None, None) => true,
        _ => false,
    };
    same_holder && a.name == b.name
}

/// The innermost line of the user's code on a stack, else the innermost line; `None` for no stack.
pub fn user_place(profile: &Profile, stack: StackId) -> Option<Place<'_>> {
    let place = |frame| Place {
        file: profile.file_of(frame),
        line: profile.frame(frame).position.line,
        function: profile.function_of(frame),
    };
    let mut without_file = None;
    for frame in profile.outwards(stack) {
        match profile.origin_of(frame) {
            Origin::User => return Some(place(frame)),
            Origin::NoFile if without_file.is_none() => without_file = Some(frame),
            _ => {}
        }
    }
    without_file.or_else(|| profile.outwards(stack).next()).map(place)
}

/// A live block, as the pass knows it.
#[derive(Debug, Clone, Copy)]
struct Live {
    size: u64,
    born: u64,
    stack: StackId,
}

pub(crate) struct Join<'a> {
    pub(crate) profile: &'a Profile,
    /// The looks by moment: (moment, index).
    pub(crate) looks: Vec<(u64, usize)>,
    next_look: usize,
    /// Addresses of buffers of any look.
    wanted: FxHashSet<u64>,
    large: BTreeMap<u64, Live>,
    small: FxHashMap<u64, Live>,
    /// Of `wanted`.
    may_be_wanted: NumberFilter,
    /// Of all that ever was in `large` and `small`.
    may_be_kept: NumberFilter,
    mappings: Mappings,
    ledger: Ledger,
    stack_of: Vec<StackId>,
    /// By look: by address of buffer, its block.
    pub(crate) found: Vec<FxHashMap<u64, Block>>,
    /// When blocks that were found died.
    deaths: FxHashMap<u64, u64>,
    /// Of blocks that were resized behind the high-water mark, by their birth: that of the block they were at it.
    resized: FxHashMap<u64, u64>,
    /// The last event of its thread, while it is the free of a large block: thread, number, block.
    last_free: Option<(u32, u64, Live)>,
    pub(crate) peak: u64,
    pub(crate) peak_bytes: u64,
    pub(crate) peak_stack: StackId,
    /// The thread that reached the high-water mark, by the system's id.
    pub(crate) peak_thread: u32,
    /// The large blocks of the high-water mark.
    pub(crate) at_peak: Vec<Block>,
    /// Bytes of large blocks of the high-water mark that are still live, once it is behind.
    remaining: u64,
    /// By look: bytes that it shares with the high-water mark.
    shared: Vec<u64>,
    last_seen: Vec<u64>,
}

impl<'a> Join<'a> {
    fn new(profile: &'a Profile, peak: &Peak) -> Self {
        let threads = profile.threads();
        let thread = threads.iter().find(|thread| thread.number == peak.thread);
        let inspections = profile.inspections();
        let mut looks: Vec<_> =
            inspections.iter().enumerate().map(|(index, look)| (look.sequence, index)).collect();
        looks.sort_unstable();
        let mut wanted = FxHashSet::default();
        for object in inspections.iter().flat_map(|look| &look.objects) {
            want(object, &mut wanted);
        }
        let mut may_be_wanted = NumberFilter::new();
        for &address in &wanted {
            may_be_wanted.add(address);
        }
        Self {
            profile,
            next_look: 0,
            wanted,
            large: BTreeMap::new(),
            small: FxHashMap::default(),
            may_be_wanted,
            may_be_kept: NumberFilter::new(),
            mappings: Mappings::default(),
            ledger: Ledger::new(profile.stack_count(), 1),
            stack_of: Vec::new(),
            found: looks.iter().map(|_| FxHashMap::default()).collect(),
            deaths: FxHashMap::default(),
            resized: FxHashMap::default(),
            last_free: None,
            peak: peak.sequence,
            peak_bytes: peak.heap_bytes,
            peak_stack: peak.stack,
            peak_thread: thread.map_or(0, |thread| thread.os_id),
            at_peak: Vec::new(),
            remaining: 0,
            shared: vec![0; looks.len()],
            looks,
            last_seen: vec![0; profile.stack_count() + 1],
        }
    }

    fn event(&mut self, thread: u32, sequence: u64, time_ms: u64, kind: &EventKind) {
        while let Some(&(moment, index)) = self.looks.get(self.next_look)
            && moment < sequence
        {
            self.look(index, moment);
            self.next_look += 1;
        }
        match *kind {
            EventKind::Allocation { address, size, stack, .. } => {
                self.see(stack, sequence);
                self.free(address, sequence);
                let large = size >= LARGE;
                let kept = large || (self.may_be_wanted.may_have(address) && self.wanted.contains(&address));
                if kept || self.last_free.is_some() {
                    let live = Live { size, born: sequence, stack: self.stack(thread, stack) };
                    self.resize(thread, &live);
                    if kept {
                        self.may_be_kept.add(address);
                    }
                    if large {
                        self.large.insert(address, live);
                    } else if kept {
                        self.small.insert(address, live);
                    }
                }
            }
            EventKind::Free { address } => {
                let may_be_large = sequence > self.peak && self.may_be_kept.may_have(address);
                let freed = if may_be_large { self.large.get(&address).copied() } else { None };
                self.last_free = freed.map(|live| (thread, sequence, live));
                self.free(address, sequence);
            }
            EventKind::Map { address, length, stack, accessible } => {
                self.see(stack, sequence);
                let change = self.change(thread, sequence, time_ms, (address, length, stack, accessible));
                self.mappings.map(&mut self.ledger, &change);
            }
            EventKind::Protect { address, length, stack, accessible } => {
                self.see(stack, sequence);
                let change = self.change(thread, sequence, time_ms, (address, length, stack, accessible));
                self.mappings.protect(&mut self.ledger, &change);
            }
            EventKind::Unmap { address, length }
            | EventKind::Reserve { address, length, .. }
            | EventKind::Pool { address, length } => {
                self.mappings.unmap(&mut self.ledger, address, length, time_ms);
            }
            // What lies in a reservation cannot be told apart.
            EventKind::Committed { .. } | EventKind::Resident(_) | EventKind::Refused { .. } => {}
        }
        if sequence == self.peak {
            self.at_peak();
        }
    }

    fn stack(&self, thread: u32, stack: StackId) -> StackId {
        if stack != NO_STACK {
            return stack;
        }
        let threads = self.profile.threads();
        let index = threads.binary_search_by_key(&thread, |known| known.number);
        index.map_or(NO_STACK, |index| threads[index].started_by)
    }

    fn change(
        &mut self,
        thread: u32,
        sequence: u64,
        now_ms: u64,
        (address, length, stack, accessible): (u64, u64, StackId, bool),
    ) -> Change {
        let stack = self.stack(thread, stack);
        let account = self.ledger.account_of(stack);
        if account as usize == self.stack_of.len() {
            self.stack_of.push(stack);
        }
        Change {
            address,
            length,
            accessible,
            reserve: false,
            holder: Holder { account, thread: 0 },
            now_ms,
            sequence,
        }
    }

    #[inline]
    fn see(&mut self, stack: StackId, sequence: u64) {
        if sequence <= self.peak {
            self.last_seen[stack as usize] = sequence;
        }
    }

    #[inline]
    fn free(&mut self, address: u64, sequence: u64) {
        if self.may_be_kept.may_have(address) {
            self.forget(address, sequence);
        }
    }

    fn forget(&mut self, address: u64, sequence: u64) {
        let large = self.large.remove(&address);
        if let Some(live) = large
            && sequence > self.peak
            && live.born <= self.peak
        {
            self.remaining -= live.size.min(self.remaining);
        }
        let live = match large {
            None if !self.small.is_empty() => self.small.remove(&address),
            other => other,
        };
        if let Some(live) = live {
            self.deaths.entry(live.born).and_modify(|death| *death = sequence);
        }
    }

    /// A block that becomes smaller where it is or elsewhere is freed and allocated, by the same line, with nothing between.
    #[inline]
    fn resize(&mut self, thread: u32, new: &Live) {
        let Some((of_thread, freed, old)) = self.last_free.take() else { return };
        if of_thread != thread || new.born != freed + 1 || new.stack != old.stack || new.size > old.size {
            return;
        }
        let at_peak = self.resized.get(&old.born).copied().or((old.born <= self.peak).then_some(old.born));
        if let Some(born) = at_peak {
            self.resized.insert(new.born, born);
        }
    }

    fn at_peak(&mut self) {
        self.remaining = self.large.values().map(|live| live.size).sum();
        let blocks = self.large.iter().map(|(&address, live)| block(address, live));
        self.at_peak = blocks.collect();
        for &(moment, index) in &self.looks[..self.next_look] {
            let shared = self.large.values().filter(|live| live.born <= moment).map(|live| live.size);
            self.shared[index] = shared.sum();
            // Of mappings only this is told: whether what a look saw is there still.
            for block in self.found[index].values().filter(|block| block.partial) {
                if self.mappings.run_at(block.address).is_none_or(|run| run.since != block.born) {
                    self.deaths.insert(block.born, self.peak);
                }
            }
        }
    }

    /// Finds the blocks of all buffers of a look.
    fn look(&mut self, index: usize, moment: u64) {
        if moment >= self.peak {
            self.shared[index] = self.remaining;
        }
        let mut addresses = FxHashSet::default();
        for object in &self.profile.inspections()[index].objects {
            want(object, &mut addresses);
        }
        for buffer in addresses {
            if let Some(block) = self.block_at(buffer) {
                self.found[index].insert(buffer, block);
                self.deaths.entry(block.born).or_insert(u64::MAX);
            }
        }
    }

    fn block_at(&self, buffer: u64) -> Option<Block> {
        if let Some(live) = self.small.get(&buffer) {
            return Some(block(buffer, live));
        }
        if let Some((&address, live)) = self.large.range(..=buffer).next_back()
            && buffer - address < live.size
        {
            return Some(block(address, live));
        }
        let run = self.mappings.run_at(buffer)?;
        Some(Block {
            address: run.start,
            bytes: run.end - run.start,
            born: run.since,
            freed: None,
            stack: self.stack_of[run.holder.account as usize],
            partial: true,
        })
    }

    /// Whether another look at the same state of the heap met everything, and this one a sample: its estimate may be higher,
    /// and is not better for it.
    fn is_outdone(&self, moment: u64, index: usize) -> bool {
        let inspections = self.profile.inspections();
        let look = &inspections[index];
        let outdoes =
            |other: &Inspection| other.complete && other.explained_bytes() >= look.explained_bytes() / 10 * 9;
        !look.complete && self.looks.iter().any(|&(at, other)| at == moment && outdoes(&inspections[other]))
    }

    fn finish(mut self, profile: &'a Profile) -> Objects<'a> {
        while let Some(&(moment, index)) = self.looks.get(self.next_look) {
            self.look(index, moment);
            self.next_look += 1;
        }
        let mut last_seen = std::mem::take(&mut self.last_seen);
        for id in (1..last_seen.len()).rev() {
            if let Some(stack) = profile.stack(id as StackId) {
                let parent = stack.parent as usize;
                last_seen[parent] = last_seen[parent].max(last_seen[id]);
            }
        }
        // Of the looks that share nearly as much as any with the high-water mark, one that found names for it: while a
        // value is being made it has none.
        let most = self.shared.iter().copied().max().unwrap_or(0);
        // What is in small blocks is not shared by this count, so a tenth of the whole may be missing.
        let tolerated = self.peak_bytes / 10;
        let named = |index: usize| {
            let look = &profile.inspections()[index];
            let bytes = look.explained_bytes();
            // In hundredths, so that of two that found about the same the nearer one is taken.
            bytes.min(self.peak_bytes) * 100 / self.peak_bytes.max(1)
        };
        let candidates = self.looks.iter().filter(|&&(moment, index)| {
            self.shared[index] + tolerated >= most && !self.is_outdone(moment, index)
        });
        let best = candidates.max_by_key(|&&(moment, index)| {
            (named(index), self.shared[index], std::cmp::Reverse(moment.abs_diff(self.peak)))
        });
        let index = best.map(|&(_, index)| index);
        for blocks in &mut self.found {
            for block in blocks.values_mut() {
                block.freed = self.deaths.get(&block.born).copied().filter(|&death| death != u64::MAX);
                block.born = self.resized.get(&block.born).copied().unwrap_or(block.born);
            }
        }
        self.last_seen = last_seen;
        let mut held = Held::new(&self, index);
        let made_next = held.made_next();
        held.add_the_rest();
        held.add_what_is_being_made();
        let Held { objects, blocks, small_bytes, .. } = held;
        Objects {
            inspection: index.map(|index| &profile.inspections()[index]),
            held: objects,
            made_next,
            blocks,
            small_bytes,
            last_seen: self.last_seen,
        }
    }
}

const fn block(address: u64, live: &Live) -> Block {
    Block { address, bytes: live.size, born: live.born, freed: None, stack: live.stack, partial: false }
}

/// Adds the addresses of all buffers of an object.
fn want(object: &Object, addresses: &mut FxHashSet<u64>) {
    addresses.extend(object.buffers.iter().map(|buffer| buffer.address));
    for part in &object.parts {
        want(part, addresses);
    }
}
