//! The stacks that allocated, as one tree of lines.
//!
//! Owns what the formats by stack share. Stacks that differ only in columns are one node; branches where nothing was
//! ever allocated are left out. Invariants: a node stands behind its parent, so one pass backwards sums up a
//! tree of any depth; the own totals of all nodes sum up to those of the analysis.

use heapwise_analysis::{Analysis, NO_PYTHON, Totals};
use heapwise_profile::{NO_STACK, Profile, StackId};
use rustc_hash::FxHashMap;

use crate::Value;

/// The most frames of one stack where each stack is written out in full; of deeper ones the middle is left out.
/// A recursion of 100,000 calls with allocations in each would else need terabytes.
const MOST_FRAMES: usize = 512;

/// The root in [`Stacks::nodes`].
pub(crate) const ROOT: u32 = 0;

/// A line of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Frame<'a> {
    /// The qualified name.
    pub(crate) function: &'a str,
    /// Empty if not known.
    pub(crate) file: &'a str,
    /// 0 if not known.
    pub(crate) line: u32,
    /// The line of the `def`; 0 if not known.
    pub(crate) first_line: u32,
}

impl Frame<'_> {
    /// What no Python frame asked for.
    const NO_PYTHON: Self = Self { function: NO_PYTHON, file: "", line: 0, first_line: 0 };

    /// Where the middle of a deep stack was left out.
    const LEFT_OUT: Self = Self { function: "<frames left out>", file: "", line: 0, first_line: 0 };

    /// The frame in one text: `load (app.py:12)`.
    pub(crate) fn label(&self) -> String {
        match (self.file, self.line) {
            ("", _) => self.function.to_owned(),
            (file, 0) => format!("{} ({file})", self.function),
            (file, line) => format!("{} ({file}:{line})", self.function),
        }
    }
}

/// A line as called from the lines above it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    /// Index of the caller; [`ROOT`] at the outermost line, and at the root itself.
    pub(crate) parent: u32,
    /// Index in [`Stacks::frames`]; means nothing at the root.
    pub(crate) frame: u32,
    /// What was allocated here.
    pub(crate) own: Totals,
}

/// The tree.
#[derive(Debug)]
pub(crate) struct Stacks<'a> {
    /// Each line once.
    pub(crate) frames: Vec<Frame<'a>>,
    /// The root first.
    pub(crate) nodes: Vec<Node>,
    /// Index of [`Frame::LEFT_OUT`].
    left_out: u32,
}

impl<'a> Stacks<'a> {
    /// `analysis` must be that of `profile`.
    pub(crate) fn new(profile: &'a Profile, analysis: &Analysis) -> Self {
        let mut frames = vec![Frame::LEFT_OUT];
        let mut numbers: FxHashMap<Frame<'a>, u32> = FxHashMap::default();
        let mut number = |frame: Frame<'a>| {
            *numbers.entry(frame).or_insert_with(|| {
                frames.push(frame);
                frames.len() as u32 - 1
            })
        };
        let root = Node { parent: ROOT, frame: 0, own: Totals::default() };
        let mut nodes = vec![root];
        let without_python = analysis.stack(NO_STACK);
        if !without_python.is_zero() {
            nodes.push(Node { parent: ROOT, frame: number(Frame::NO_PYTHON), own: without_python });
        }
        let needed = needed(profile, analysis);
        let mut known: FxHashMap<(u32, u32), u32> = FxHashMap::default();
        // By number of stack: its node. What is called from a needed stack's parents is needed too.
        let mut node_of = vec![ROOT; needed.len()];
        for id in 1..needed.len() {
            let Some(stack) = profile.stack(id as StackId).filter(|_| needed[id]) else { continue };
            let parent = node_of[stack.parent as usize];
            let found = profile.frame(stack.frame);
            let frame = number(Frame {
                function: profile.function_of(stack.frame),
                file: profile.string(found.file),
                line: found.position.line,
                first_line: found.first_line,
            });
            let node = *known.entry((parent, frame)).or_insert_with(|| {
                nodes.push(Node { parent, frame, own: Totals::default() });
                nodes.len() as u32 - 1
            });
            node_of[id] = node;
            nodes[node as usize].own += analysis.stack(id as StackId);
        }
        Self { frames, nodes, left_out: 0 }
    }

    /// The frames from `node` outwards, at most [`MOST_FRAMES`], as indices into [`Self::frames`].
    pub(crate) fn outwards(&self, node: u32) -> Vec<u32> {
        let mut frames = Vec::new();
        let mut at = node;
        while at != ROOT {
            let Node { parent, frame, .. } = self.nodes[at as usize];
            frames.push(frame);
            at = parent;
        }
        if frames.len() > MOST_FRAMES {
            let half = MOST_FRAMES / 2;
            let outer = frames.len() - (MOST_FRAMES - half - 1);
            frames.splice(half..outer, [self.left_out]);
        }
        frames
    }

    /// By node: the bytes of `value` of it and of all that it called.
    pub(crate) fn with_callees(&self, value: Value) -> Vec<u64> {
        let mut sums: Vec<u64> = self.nodes.iter().map(|node| value.bytes(&node.own)).collect();
        for index in (1..self.nodes.len()).rev() {
            let parent = self.nodes[index].parent as usize;
            sums[parent] = sums[parent].saturating_add(sums[index]);
        }
        sums
    }
}

/// By number of stack: whether it or anything that it called ever allocated.
fn needed(profile: &Profile, analysis: &Analysis) -> Vec<bool> {
    let mut needed: Vec<bool> =
        (0..=profile.stack_count()).map(|id| !analysis.stack(id as StackId).is_zero()).collect();
    for id in (1..needed.len()).rev() {
        if needed[id] {
            let parent = profile.stack(id as StackId).map_or(NO_STACK, |stack| stack.parent);
            needed[parent as usize] = true;
        }
    }
    needed
}
