//! Every large block that some stacks asked for over a run, with its birth and death.
//!
//! Owns the pass that rules need where the order of the blocks of one line matters: a loop that makes each from the
//! one before. Invariant: blocks are in the order of their births, and no more are kept than asked for.

use heapwise_profile::{EventKind, Profile, StackId};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::objects::Block;

/// The first `most` blocks of at least `least` bytes that one of `stacks` allocated, oldest first.
pub fn site_blocks(profile: &Profile, stacks: &[StackId], least: u64, most: usize) -> Vec<Block> {
    let stacks: FxHashSet<StackId> = stacks.iter().copied().collect();
    let mut blocks: Vec<Block> = Vec::new();
    let mut live: FxHashMap<u64, usize> = FxHashMap::default();
    for (_, event) in profile.events() {
        match event.kind {
            EventKind::Allocation { address, size, stack, .. } => {
                if let Some(index) = live.remove(&address) {
                    blocks[index].freed = Some(event.sequence);
                }
                if size >= least && blocks.len() < most && stacks.contains(&stack) {
                    live.insert(address, blocks.len());
                    let born = event.sequence;
                    blocks.push(Block { address, bytes: size, born, freed: None, stack, partial: false });
                }
            }
            EventKind::Free { address } => {
                if let Some(index) = live.remove(&address) {
                    blocks[index].freed = Some(event.sequence);
                }
            }
            _ => {}
        }
    }
    blocks
}
