//! The tree of calls, folded to what a reader of the user's code wants to see.
//!
//! Frames of libraries between two lines of the user's become one step; a line that recurs stands once, where
//! it was first called; code made at run time counts for the line that called it; a chain of single calls becomes one [`Call`]. Invariant: nothing below a hundredth of
//! the peak is a call of its own, and the result is at most [`MOST_LEVELS`] calls deep, however deep the
//! stacks were.

use heapwise_analysis::{CallNode, CallTree, Place};
use rustc_hash::FxHashMap;

use crate::model::{Call, Step};
use crate::place;
use crate::source::Sources;

/// Of the peak: calls that hold less are not told.
const SMALLEST_PART: u64 = 100;
/// JSON readers refuse what is nested too deep, many at 128, and a call is nested twice.
const MOST_LEVELS: usize = 40;

/// What a node of the folded tree stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key<'a> {
    Line(Place<'a>),
    Library(&'a str),
}

#[derive(Debug)]
struct Node<'a> {
    key: Key<'a>,
    /// The number of `key`, so that callers are compared quickly.
    number: u32,
    parent: usize,
    bytes: u64,
    depth: u32,
    children: Vec<usize>,
}

/// Folds `tree`.
pub(crate) fn fold(tree: &CallTree<'_>, sources: &Sources<'_>) -> Vec<Call> {
    if tree.nodes.is_empty() || tree.root().total_bytes == 0 {
        return Vec::new();
    }
    let nodes = merge(tree);
    let smallest = (tree.root().total_bytes / SMALLEST_PART).max(1);
    let folding = Folding { nodes: &nodes, smallest, sources };
    folding.calls(&folding.kept(0), 1)
}

/// The nodes of the folded tree, the root first and a child behind its parent.
fn merge<'a>(tree: &CallTree<'a>) -> Vec<Node<'a>> {
    let new = |key, number, parent| Node { key, number, parent, bytes: 0, depth: 1, children: Vec::new() };
    let mut nodes = vec![new(Key::Library(""), 0, 0)];
    let mut numbers: FxHashMap<Key<'a>, u32> = FxHashMap::default();
    let mut child_of: FxHashMap<(usize, u32), usize> = FxHashMap::default();
    // By index in `tree`: the folded node, and how often its line is on the stack down to there.
    let mut folded: Vec<(usize, u32)> = vec![(0, 1)];
    // By index in `tree`: whether a file of the user's is on the stack.
    let mut in_user_file = vec![false];
    for node in &tree.nodes[1..] {
        let caller = folded[node.parent as usize].0;
        let file = node.place.file;
        let generated = place::is_generated(file);
        let called_by_user = in_user_file[node.parent as usize];
        in_user_file.push(called_by_user || (!generated && place::library(file).is_none()));
        if generated && called_by_user {
            nodes[caller].bytes = nodes[caller].bytes.saturating_add(node.own_bytes);
            folded.push(folded[node.parent as usize]);
            continue;
        }
        let key = key(node);
        let next = numbers.len() as u32 + 1;
        let number = *numbers.entry(key).or_insert(next);
        let in_library = |key: Key<'_>| matches!(key, Key::Library(_));
        let (here, depth) = if in_library(key) && caller != 0 && in_library(nodes[caller].key) {
            (caller, 1)
        } else if let Some(same) = on_path(&nodes, caller, number).filter(|_| !in_library(key)) {
            (same, occurrences(tree, &folded, node, same) + 1)
        } else {
            let next = nodes.len();
            let here = *child_of.entry((caller, number)).or_insert(next);
            if here == next {
                nodes.push(new(key, number, caller));
                nodes[caller].children.push(here);
            }
            (here, 1)
        };
        nodes[here].depth = nodes[here].depth.max(depth);
        nodes[here].bytes = nodes[here].bytes.saturating_add(node.own_bytes);
        folded.push((here, depth));
    }
    nodes[0].bytes = nodes[0].bytes.saturating_add(tree.root().own_bytes);
    for index in (1..nodes.len()).rev() {
        let (bytes, parent) = (nodes[index].bytes, nodes[index].parent);
        nodes[parent].bytes = nodes[parent].bytes.saturating_add(bytes);
    }
    nodes
}

fn key<'a>(node: &CallNode<'a>) -> Key<'a> {
    match place::library(node.place.file) {
        Some(name) => Key::Library(name),
        None => Key::Line(node.place),
    }
}

/// The node with a key among `node` and its callers.
fn on_path(nodes: &[Node<'_>], node: usize, number: u32) -> Option<usize> {
    let mut at = node;
    while at != 0 {
        if nodes[at].number == number {
            return Some(at);
        }
        at = nodes[at].parent;
    }
    None
}

/// How often the line of the folded node `same` is on the stack above `node`.
fn occurrences(tree: &CallTree<'_>, folded: &[(usize, u32)], node: &CallNode<'_>, same: usize) -> u32 {
    let mut at = node.parent as usize;
    while at != 0 {
        if folded[at].0 == same {
            return folded[at].1;
        }
        at = tree.nodes[at].parent as usize;
    }
    0
}

struct Folding<'a> {
    nodes: &'a [Node<'a>],
    smallest: u64,
    sources: &'a Sources<'a>,
}

impl Folding<'_> {
    /// The children that matter, by bytes.
    fn kept(&self, node: usize) -> Vec<usize> {
        let mut kept: Vec<usize> = self.nodes[node]
            .children
            .iter()
            .copied()
            .filter(|&child| self.bytes(child) >= self.smallest)
            .collect();
        kept.sort_by_key(|&child| (std::cmp::Reverse(self.bytes(child)), child));
        kept
    }

    fn bytes(&self, node: usize) -> u64 {
        self.nodes[node].bytes
    }

    fn calls(&self, starts: &[usize], level: usize) -> Vec<Call> {
        starts
            .iter()
            .map(|&start| {
                let mut steps = vec![self.step(start)];
                let mut at = start;
                loop {
                    let kept = self.kept(at);
                    match kept[..] {
                        [only] if self.bytes(start) - self.bytes(only) < self.smallest => {
                            steps.push(self.step(only));
                            at = only;
                        }
                        _ => {
                            let deeper = level < MOST_LEVELS;
                            let calls = if deeper { self.calls(&kept, level + 1) } else { Vec::new() };
                            return Call { steps, peak_bytes_total: self.bytes(start), calls };
                        }
                    }
                }
            })
            .collect()
    }

    fn step(&self, node: usize) -> Step {
        let Node { key, depth, .. } = self.nodes[node];
        match key {
            Key::Library(name) => Step {
                file: String::new(),
                line: 0,
                function: String::new(),
                source: None,
                library: Some(name.to_owned()),
                depth,
            },
            Key::Line(Place { file, line, function }) => Step {
                file: file.to_owned(),
                line,
                function: function.to_owned(),
                source: self.sources.line(file, line),
                library: None,
                depth,
            },
        }
    }
}
