//! What held the high-water mark: the objects of the look that was chosen, completed from the other looks and from the
//! events.
//!
//! A look has little time, and may have come before a value got its name or while a library was at work. What another
//! look saw is added where its blocks were live at the high-water mark and nothing else names them. Invariant: a block
//! counts for one look only; of functions that had ended by then nothing is added.

use heapwise_profile::inspection::{Buffer, Holder, HolderKind, Object, Shared};
use heapwise_profile::{Origin, StackId, origin};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::objects::{Block, Join, is_same, user_place};

/// An object of another look is added for at least one in so many bytes of the peak.
const SMALLEST_SHARE: u64 = 500;
const SMALLEST: u64 = 32 * 1024;
/// A block without a name is said to be a result that is being made from this size on, bytes.
const LEAST_MADE: u64 = 256 * 1024;

/// A thing that the line was making which ran at the high-water mark, as a later look saw it under a name.
#[derive(Debug, Clone)]
pub struct MadeNext<'a> {
    /// The object with the name.
    pub owner: &'a Object,
    /// The object itself, or the part of it that the line made.
    pub object: &'a Object,
    /// Its blocks.
    pub blocks: Vec<Block>,
}

pub(crate) struct Held<'j, 'a> {
    join: &'j Join<'a>,
    /// The look that was chosen.
    chosen: Option<usize>,
    pub(crate) objects: Vec<Object>,
    /// By address of a buffer.
    pub(crate) blocks: FxHashMap<u64, Block>,
    pub(crate) small_bytes: u64,
    /// Blocks that have a name, by the number of their birth and, where several may lie in a mapping, their address.
    named: FxHashSet<(u64, u64)>,
    smallest: u64,
    /// The functions that ran at the high-water mark, by file and name.
    running: FxHashSet<(&'a str, &'a str)>,
}

impl<'j, 'a> Held<'j, 'a> {
    pub(crate) fn new(join: &'j Join<'a>, chosen: Option<usize>) -> Self {
        let look = chosen.map(|index| &join.profile.inspections()[index]);
        let all = look.map(|look| look.objects.as_slice()).unwrap_or_default();
        let blocks = chosen.map(|index| join.found[index].clone()).unwrap_or_default();
        let smallest = (join.peak_bytes / SMALLEST_SHARE).max(SMALLEST);
        let running = join.profile.outwards(join.peak_stack);
        let running =
            running.map(|frame| (join.profile.file_of(frame), join.profile.function_of(frame))).collect();
        let mut held = Self {
            join,
            chosen,
            objects: Vec::new(),
            blocks,
            small_bytes: 0,
            named: FxHashSet::default(),
            smallest,
            running,
        };
        let mut of_blocks = 0;
        let mut seen = FxHashSet::default();
        for object in all {
            let blocks = blocks_in(object, &held.blocks);
            for (key, buffer, block) in &blocks {
                of_blocks += if seen.insert(*key) { buffer.bytes.min(block.bytes) } else { 0 };
            }
            if object.has_users_name() {
                held.named.extend(blocks.iter().map(|(key, _, _)| *key));
                held.objects.push(held.as_at_the_peak(object, all));
            }
        }
        // What is reached beyond the blocks is small objects, of which there are no more than the peak has.
        let large: u64 = join.at_peak.iter().map(|block| block.bytes).sum();
        let reached = look.map_or(0, |look| look.reached_bytes);
        held.small_bytes = reached.saturating_sub(of_blocks).min(join.peak_bytes.saturating_sub(large));
        held
    }

    /// Bytes of those that have no name yet.
    fn fresh_bytes(&self, blocks: &[((u64, u64), Buffer, Block)], lives: impl Fn(&Block) -> bool) -> u64 {
        let fresh = blocks.iter().filter(|(key, _, block)| lives(block) && !self.named.contains(key));
        fresh.map(|(_, buffer, block)| buffer.bytes.min(block.bytes)).sum()
    }

    /// Adds what this look saw under no name of the user's, and what other looks saw and this one does not have, from the
    /// nearest in time on. Names of the user's come first, so that the same bytes do not stand under a library's too.
    pub(crate) fn add_the_rest(&mut self) {
        let join = self.join;
        let mut looks = join.looks.clone();
        looks.sort_by_key(|&(moment, index)| (Some(index) != self.chosen, moment.abs_diff(join.peak)));
        for of_user in [true, false] {
            for &(_, index) in &looks {
                let chosen = Some(index) == self.chosen;
                let all = &join.profile.inspections()[index].objects;
                for object in all {
                    let Some(holder) = &object.holder else { continue };
                    if object.has_users_name() != of_user || chosen && of_user {
                        continue;
                    }
                    let garbage = holder.kind == HolderKind::Garbage;
                    if chosen && (garbage || blocks_in(object, &self.blocks).is_empty()) {
                        self.objects.push(object.clone());
                    } else if chosen || self.may_still_hold(holder) {
                        self.add(self.as_at_the_peak(object, all), index);
                    }
                }
            }
        }
        self.objects.sort_by_key(|object| std::cmp::Reverse(object.bytes));
    }

    /// What the running line had made when it was done, by the look behind the high-water mark in which most of it was its
    /// name's alone.
    pub(crate) fn made_next(&self) -> Vec<MadeNext<'a>> {
        let join = self.join;
        let Some(line) = user_place(join.profile, join.peak_stack) else { return Vec::new() };
        let of_line = |block: &Block| {
            (block.born > join.peak || block.lives_at(join.peak))
                && user_place(join.profile, block.stack)
                    .is_some_and(|place| (place.file, place.line) == (line.file, line.line))
        };
        let mut made: Vec<MadeNext<'a>> = Vec::new();
        for &(_, index) in join.looks.iter().filter(|&&(moment, _)| moment >= join.peak) {
            for owner in &join.profile.inspections()[index].objects {
                let named = owner.holder.as_ref().is_some_and(|holder| {
                    !matches!(holder.kind, HolderKind::Stack | HolderKind::Garbage)
                        && origin(&holder.file) == Origin::User
                });
                let things = std::iter::once(owner).chain(&owner.parts);
                let things = things.filter(|object| named && object.bytes >= self.smallest);
                let new: Vec<MadeNext<'a>> = things
                    .filter_map(|object| {
                        let found = blocks_in(object, &join.found[index]);
                        let blocks: Vec<Block> = found.into_iter().map(|(_, _, block)| block).collect();
                        let all: u64 = blocks.iter().map(|block| block.bytes).sum();
                        let of_line = blocks.iter().filter(|block| of_line(block));
                        let by_line: u64 = of_line.map(|block| block.bytes).sum();
                        (all > 0 && 2 * by_line >= all).then_some(MadeNext { owner, object, blocks })
                    })
                    .collect();
                let own = |made: &[MadeNext<'_>]| made.iter().map(|it| it.object.own_bytes).sum::<u64>();
                let (known, others): (Vec<_>, Vec<_>) =
                    made.into_iter().partition(|known| is_same(known.owner, owner));
                made = others;
                made.extend(if own(&new) > own(&known) { new } else { known });
            }
        }
        made
    }

    /// Whether a name that was seen at another time could be there at the high-water mark.
    fn may_still_hold(&self, holder: &Holder) -> bool {
        match holder.kind {
            HolderKind::Garbage => false,
            HolderKind::Local | HolderKind::Stack => {
                let other_thread = holder.thread != 0
                    && self.join.peak_thread != 0
                    && holder.thread != self.join.peak_thread;
                other_thread || self.running.contains(&(holder.file.as_str(), holder.function.as_str()))
            }
            _ => true,
        }
    }

    /// An object of a look, of whose objects `all` are, as its name held it at the high-water mark: where all others that
    /// held its bytes were functions that had ended by then, such as a call that was given it, they are the name's alone.
    fn as_at_the_peak(&self, object: &Object, all: &[Object]) -> Object {
        let is_gone = |other: &Object| other.holder.as_ref().is_some_and(|it| !self.may_still_hold(it));
        let are_gone = |name: &str| {
            let mut others =
                all.iter().filter(|other| other.name == name && !is_same(other, object)).peekable();
            others.peek().is_some() && others.all(is_gone)
        };
        let mut object = object.clone();
        let shared = &object.shared_with;
        // What nobody is named for may be held by anything, and of many holders some are not named.
        let told = shared.iter().map(|shared| shared.bytes).max().unwrap_or(0);
        let all_are_told = told >= object.bytes.saturating_sub(object.own_bytes) / 100 * 99;
        let few = (1..Shared::MOST).contains(&shared.len());
        if few && all_are_told && shared.iter().all(|shared| are_gone(&shared.name)) {
            object.own_bytes = object.bytes;
            object.shared_with.clear();
        }
        object
    }

    fn add(&mut self, object: Object, look: usize) {
        if object.bytes < self.smallest {
            return;
        }
        let blocks = blocks_in(&object, &self.join.found[look]);
        let lives = |block: &Block| block.lives_at(self.join.peak);
        let sum = |of: &dyn Fn(&Block) -> bool| -> u64 {
            let blocks = blocks.iter().filter(|(_, _, block)| of(block));
            blocks.map(|(_, buffer, block)| buffer.bytes.min(block.bytes)).sum()
        };
        let (all, living) = (sum(&|_| true), sum(&lives));
        // Of the look that was chosen some blocks may be younger than the peak.
        let chosen = Some(look) == self.chosen;
        let fresh =
            if chosen { self.fresh_bytes(&blocks, |_| true) } else { self.fresh_bytes(&blocks, lives) };
        if fresh < self.smallest || !chosen && living < all / 10 * 9 || fresh < all / 2 {
            return;
        }
        // The look that was chosen may have seen the name and had no time for what is behind it.
        if self.objects.iter().any(|known| is_same(known, &object) && known.bytes >= object.bytes) {
            return;
        }
        for (key, buffer, block) in blocks {
            self.named.insert(key);
            self.blocks.entry(buffer.address).or_insert(block);
        }
        self.objects.retain(|known| !is_same(known, &object));
        self.objects.push(object);
    }

    /// Adds the blocks without a name that the line that was running had made: what a function of C is at work on, and
    /// results that are not assigned yet.
    pub(crate) fn add_what_is_being_made(&mut self) {
        let join = self.join;
        let mut made: FxHashMap<StackId, Vec<Block>> = FxHashMap::default();
        let running: FxHashSet<StackId> = chain(join, join.peak_stack).collect();
        // Smaller ones may belong to something that was not looked at in full.
        let least = (join.peak_bytes / 100).max(LEAST_MADE);
        for block in &join.at_peak {
            if block.bytes < least || self.named.contains(&(block.born, 0)) {
                continue;
            }
            // The innermost line of the user's on the block's stack is one that runs still.
            let line = chain(join, block.stack).find(|&stack| {
                join.profile
                    .stack(stack)
                    .is_some_and(|node| join.profile.origin_of(node.frame) == Origin::User)
            });
            if let Some(line) = line.filter(|line| running.contains(line)) {
                made.entry(line).or_default().push(*block);
            }
        }
        let mut made: Vec<(StackId, Vec<Block>)> = made.into_iter().collect();
        made.sort_by_key(|&(stack, _)| stack);
        for (stack, mut blocks) in made {
            let bytes: u64 = blocks.iter().map(|block| block.bytes).sum();
            let Some(node) = join.profile.stack(stack).filter(|_| bytes >= self.smallest) else { continue };
            blocks.sort_by_key(|block| (std::cmp::Reverse(block.bytes), block.address));
            let frame = join.profile.frame(node.frame);
            let holder = Holder {
                kind: HolderKind::Stack,
                file: join.profile.file_of(node.frame).to_owned(),
                function: join.profile.function_of(node.frame).to_owned(),
                first_line: frame.first_line,
                line: frame.position.line,
                ..Holder::default()
            };
            let buffers = blocks.iter().map(|block| Buffer { address: block.address, bytes: block.bytes });
            self.objects.push(Object {
                name: "result being made".to_owned(),
                holder: Some(holder),
                kind: "memory".to_owned(),
                bytes,
                own_bytes: bytes,
                buffers: buffers.collect(),
                ..Object::default()
            });
            self.blocks.extend(blocks.into_iter().map(|block| (block.address, block)));
        }
        self.objects.sort_by_key(|object| std::cmp::Reverse(object.bytes));
    }
}

/// A stack and those that it was called from.
fn chain(join: &Join<'_>, stack: StackId) -> impl Iterator<Item = StackId> {
    std::iter::successors(Some(stack), |&stack| join.profile.stack(stack).map(|node| node.parent))
        .take_while(|&stack| join.profile.stack(stack).is_some())
}

/// The blocks of an object with its parts: key, buffer and block of each.
fn blocks_in(object: &Object, known: &FxHashMap<u64, Block>) -> Vec<((u64, u64), Buffer, Block)> {
    let mut found = Vec::new();
    gather(object, known, &mut found);
    found.sort_unstable_by_key(|(key, _, _)| *key);
    found.dedup_by_key(|(key, _, _)| *key);
    found
}

fn gather(object: &Object, known: &FxHashMap<u64, Block>, found: &mut Vec<((u64, u64), Buffer, Block)>) {
    for &buffer in &object.buffers {
        if let Some(&block) = known.get(&buffer.address) {
            let within = if block.partial { buffer.address } else { 0 };
            found.push(((block.born, within), buffer, block));
        }
    }
    for part in &object.parts {
        gather(part, known, found);
    }
}
