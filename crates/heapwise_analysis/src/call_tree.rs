//! What was live at the high-water mark, as a tree of calls.
//!
//! Invariant: a node's `total_bytes` is its `own_bytes` plus the `total_bytes` of its children, and no node but
//! the root is without bytes.

use std::ops::Range;

use heapwise_profile::Profile;

use crate::Analysis;
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
    let _ = (profile, analysis);
    todo!("the tree of calls")
}
