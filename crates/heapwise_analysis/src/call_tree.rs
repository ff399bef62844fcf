//! What was live at the high-water mark, as a tree of calls.
//!
//! Invariant: a node's `total_bytes` is its `own_bytes` plus the `total_bytes` of its children, and no node but
//! the root is without bytes.

use std::cmp::Reverse;
use std::ops::Range;

use heapwise_profile::{NO_STACK, Profile, StackId};
use rustc_hash::FxHashMap;

use crate::Analysis;
use crate::place_index::{IndexedLine, LINE, PlaceIndex};
use crate::places::{Place, Whose};

/// A node: one line as called from the lines above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallNode<'a> {
    /// The line; [`Place::NO_PYTHON`] at the root and where no Python frame asked.
    pub place: Place<'a>,
    /// Whose code it is.
    pub whose: Whose<'a>,
    /// Bytes at the high-water mark that were allocated here.
    pub own_bytes: u64,
    /// Bytes at the high-water mark that were allocated here and below.
    pub total_bytes: u64,
    /// Blocks of `total_bytes`.
    pub total_blocks: u64,
    /// The index of the caller; that of the root at the root.
    pub parent: u32,
    /// Where the children stand in [`CallTree::nodes`].
    pub children: Range<u32>,
}

/// The tree, in one list: the root first, children of a node next to each other, behind their parent.
#[derive(Debug, Clone, Default)]
pub struct CallTree<'a> {
    /// All nodes. A stack can be 100,000 deep: walk it with a loop, not by recursion.
    pub nodes: Vec<CallNode<'a>>,
}

impl<'a> CallTree<'a> {
    /// The root: the whole program.
    pub fn root(&self) -> &CallNode<'a> {
        &self.nodes[0]
    }

    /// The children of a node by bytes, highest first.
    pub fn children(&self, node: &CallNode<'a>) -> &[CallNode<'a>] {
        &self.nodes[node.children.start as usize..node.children.end as usize]
    }
}

/// Arranges what was live at the high-water mark by calls, outermost line first. Stacks that differ only in
/// columns are one. `analysis` must be that of `profile`.
pub fn call_tree<'a>(profile: &'a Profile, analysis: &Analysis) -> CallTree<'a> {
    let index = PlaceIndex::new(profile);
    let nodes = merge(profile, &index, analysis);
    arrange(&index, &nodes)
}

/// A node before the nodes are put in order.
#[derive(Debug, Clone, Copy)]
struct Merged {
    parent: u32,
    line: u32,
    own_bytes: u64,
    total_bytes: u64,
    total_blocks: u64,
}

/// One node for every line under every path of lines that held something; parents before children.
fn merge(profile: &Profile, index: &PlaceIndex<'_>, analysis: &Analysis) -> Vec<Merged> {
    let count = profile.stack_count();
    // By number of stack: bytes and blocks of it and of all that it called. Number 0 becomes the program.
    let mut below: Vec<(u64, u64)> = (0..=count as StackId)
        .map(|stack| analysis.stack(stack))
        .map(|totals| (totals.peak_bytes, totals.peak_blocks))
        .collect();
    let without_python = below[0];
    for stack in (1..=count).rev() {
        let parent = profile.stack(stack as StackId).map_or(NO_STACK, |stack| stack.parent) as usize;
        let (bytes, blocks) = below[stack];
        below[parent].0 = below[parent].0.saturating_add(bytes);
        below[parent].1 = below[parent].1.saturating_add(blocks);
    }
    let no_python = index.no_python[LINE];
    let root = Merged {
        parent: 0,
        line: no_python,
        own_bytes: 0,
        total_bytes: below[0].0,
        total_blocks: below[0].1,
    };
    let mut nodes = vec![root];
    if without_python.0 != 0 {
        let (total_bytes, total_blocks) = without_python;
        nodes.push(Merged { own_bytes: total_bytes, total_bytes, total_blocks, ..root });
    }
    let mut known = FxHashMap::default();
    // By number of stack: its node. Stacks without bytes have none, nor has any below them.
    let mut node_of = vec![0u32; count + 1];
    for id in 1..=count {
        let Some(stack) = profile.stack(id as StackId).filter(|_| below[id].0 != 0) else { continue };
        let parent = node_of[stack.parent as usize];
        let line = index.of(stack.frame)[LINE];
        let node = *known.entry((parent, line)).or_insert_with(|| {
            nodes.push(Merged { parent, line, own_bytes: 0, total_bytes: 0, total_blocks: 0 });
            nodes.len() as u32 - 1
        });
        node_of[id] = node;
        let merged = &mut nodes[node as usize];
        merged.own_bytes = merged.own_bytes.saturating_add(analysis.stack(id as StackId).peak_bytes);
        merged.total_bytes = merged.total_bytes.saturating_add(below[id].0);
        merged.total_blocks = merged.total_blocks.saturating_add(below[id].1);
    }
    nodes
}

/// Puts the nodes in order: breadth first, children by bytes.
fn arrange<'a>(index: &PlaceIndex<'a>, merged: &[Merged]) -> CallTree<'a> {
    // Grouped by parent, highest first; the root is nobody's child.
    let mut children: Vec<(u32, Reverse<u64>, u32, u32)> = merged
        .iter()
        .zip(0u32..)
        .skip(1)
        .map(|(it, node)| (it.parent, Reverse(it.total_bytes), it.line, node))
        .collect();
    children.sort_unstable();
    // By node: where its children start; the next node's start is their end.
    let mut starts = vec![0; merged.len() + 1];
    for &(parent, ..) in &children {
        starts[parent as usize + 1] += 1;
    }
    for node in 0..merged.len() {
        starts[node + 1] += starts[node];
    }
    let mut nodes: Vec<CallNode<'a>> = Vec::with_capacity(merged.len());
    // Where the node at the same position in `nodes` stands in `merged`, and the position of its parent.
    let mut order = vec![(0u32, 0u32)];
    while let Some(&(node, parent)) = order.get(nodes.len()) {
        let start = order.len() as u32;
        let position = nodes.len() as u32;
        let below = &children[starts[node as usize]..starts[node as usize + 1]];
        order.extend(below.iter().map(|&(.., child)| (child, position)));
        let Merged { line, own_bytes, total_bytes, total_blocks, .. } = merged[node as usize];
        let IndexedLine { place, whose, .. } = index.lines[line as usize];
        let children = start..order.len() as u32;
        nodes.push(CallNode { place, whose, own_bytes, total_bytes, total_blocks, parent, children });
    }
    CallTree { nodes }
}
