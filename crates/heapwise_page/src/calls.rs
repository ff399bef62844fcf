//! The tree of calls with what each node held at every moment, summed up to a bounded number of nodes.
//!
//! Invariants: nothing is lost, bytes of calls that are too small to be told apart count in a node "smaller" of their
//! caller; a node's parent comes before it; the order does not depend on anything but the profile.

use heapwise_analysis::profile::{NO_STACK, Profile};
use heapwise_analysis::{Moments, Step};
use rustc_hash::FxHashMap;

use crate::Recorded;
use crate::payload::Nodes;
use crate::places::{self, LineKey, NO_PYTHON, PlaceTable};

/// The largest whole number that JavaScript counts to.
const MOST: u64 = (1 << 53) - 1;

/// Threads that are told apart.
const MOST_THREADS: usize = 400;

/// The line of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Name {
    Program,
    Thread,
    NoPython,
    Line(LineKey),
}

/// A node of the whole tree.
#[derive(Debug, Clone, Copy)]
struct Node {
    parent: u32,
    name: Name,
    /// How much it matters: never more than its parent.
    weight: f64,
    /// Steps of its own.
    steps: u32,
}

/// All calls of a profile.
#[derive(Debug)]
pub(crate) struct Calls<'a> {
    profile: &'a Profile,
    moments: &'a Moments,
    /// The threads that are told apart, ascending.
    shown: Vec<usize>,
    /// Nodes of threads: one for each that is told apart, and one for all others if there are any.
    threads: usize,
    nodes: Vec<Node>,
    /// By holding: its node.
    node_of: Vec<u32>,
    /// Nodes by weight, highest first; parents before children.
    ranked: Vec<u32>,
}

/// What was summed up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Smaller {
    pub(crate) calls: usize,
    /// At the peak.
    pub(crate) bytes: u64,
}

impl<'a> Calls<'a> {
    pub(crate) fn new(recorded: &'a Recorded<'a>) -> Self {
        let &Recorded { profile, analysis, ref moments, .. } = recorded;
        let shown = shown_threads(profile.threads().len(), moments);
        let threads = shown.len() + usize::from(shown.len() < profile.threads().len());
        let program = Node { parent: 0, name: Name::Program, weight: 0.0, steps: 0 };
        let mut nodes = vec![program];
        nodes.resize(1 + threads, Node { name: Name::Thread, ..program });
        let mut known: FxHashMap<(u32, Name), u32> = FxHashMap::default();
        let mut of_stack: FxHashMap<(u32, u32), u32> = FxHashMap::default();
        let mut path = Vec::new();
        let mut node_of = Vec::with_capacity(moments.holdings.len());
        for holding in &moments.holdings {
            let at = shown.binary_search(&(holding.thread as usize)).unwrap_or(shown.len());
            let thread = at as u32 + 1;
            path.clear();
            let mut stack = holding.stack;
            let mut node = loop {
                if stack == NO_STACK {
                    break thread;
                }
                if let Some(&node) = of_stack.get(&(thread, stack)) {
                    break node;
                }
                path.push(stack);
                stack = profile.stack(stack).map_or(NO_STACK, |stack| stack.parent);
            };
            let mut enter = |parent: u32, name: Name| {
                *known.entry((parent, name)).or_insert_with(|| {
                    nodes.push(Node { parent, name, weight: 0.0, steps: 0 });
                    nodes.len() as u32 - 1
                })
            };
            for &stack in path.iter().rev() {
                let frame = profile.stack(stack).map_or(0, |stack| stack.frame);
                node = enter(node, Name::Line(places::key(profile, frame)));
                of_stack.insert((thread, stack), node);
            }
            if holding.stack == NO_STACK {
                node = enter(node, Name::NoPython);
            }
            node_of.push(node);
        }
        let peak = analysis.peak.heap_bytes.max(1) as f64;
        let allocated = analysis.total.allocated_bytes.max(1) as f64;
        for (holding, &node) in moments.holdings.iter().zip(&node_of) {
            let highest = holding.steps.iter().map(|step| step.live_bytes).max().unwrap_or(0);
            let in_all: u64 = holding.steps.iter().map(|step| step.allocated_bytes).sum();
            let node = &mut nodes[node as usize];
            // What was live decides; what was only allocated matters a tenth of that.
            node.weight += highest as f64 / peak + 0.1 * in_all as f64 / allocated;
            node.steps += holding.steps.len() as u32;
        }
        for index in (1..nodes.len()).rev() {
            let Node { parent, weight, .. } = nodes[index];
            nodes[parent as usize].weight += weight;
        }
        let mut ranked: Vec<u32> = (0..nodes.len() as u32).collect();
        // Weights are sums of the same numbers in another order, so equal ones are compared by number as well.
        ranked.sort_by(|&a, &b| {
            let fixed = |node: u32| (node as usize) <= threads;
            let (first, second) = (&nodes[a as usize], &nodes[b as usize]);
            fixed(b).cmp(&fixed(a)).then(second.weight.total_cmp(&first.weight)).then(a.cmp(&b))
        });
        Self { profile, moments, shown, threads, nodes, node_of, ranked }
    }

    /// The threads that are told apart.
    pub(crate) fn threads(&self) -> &[usize] {
        &self.shown
    }

    /// How many threads are not told apart.
    pub(crate) fn folded_threads(&self) -> usize {
        self.profile.threads().len() - self.shown.len()
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// How many of the most important nodes have together at most about `bytes` of text, if every `coarse`th moment
    /// is kept.
    pub(crate) fn within(&self, bytes: usize, coarse: usize) -> usize {
        const NODE: usize = 14;
        const STEP: usize = 16;
        let most_steps = self.moments.moments.len() / coarse + 2;
        let mut sum = 0;
        let fits = |&&node: &&u32| {
            sum += NODE + STEP * (self.nodes[node as usize].steps as usize).min(most_steps);
            sum <= bytes
        };
        self.ranked.iter().take_while(fits).count().max(1 + self.threads)
    }

    /// The `count` most important nodes as columns; `moment_of` gives the number that each moment has in the page.
    pub(crate) fn columns(
        &self,
        count: usize,
        moment_of: &[u32],
        places: &mut PlaceTable<'_>,
    ) -> (Nodes, Smaller) {
        const NOWHERE: u32 = u32::MAX;
        let count = count.max(1 + self.threads);
        // By node: where it stands in the page. What is not kept stands where its caller's "smaller" stands.
        let mut place = vec![NOWHERE; self.nodes.len()];
        let mut smaller = Smaller { calls: self.ranked.len().saturating_sub(count), bytes: 0 };
        let mut kept: Vec<u32> = self.ranked.iter().copied().take(count).collect();
        kept.sort_unstable();
        let mut parents: Vec<u32> = Vec::with_capacity(kept.len());
        let mut lines: Vec<i64> = Vec::with_capacity(kept.len());
        for &node in &kept {
            let Node { parent, name, .. } = self.nodes[node as usize];
            place[node as usize] = parents.len() as u32;
            parents.push(place[parent as usize]);
            lines.push(match name {
                Name::Program | Name::Thread => 0,
                Name::NoPython => i64::from(NO_PYTHON),
                Name::Line(key) => i64::from(places.line(key)),
            });
        }
        let mut is_smaller = vec![false; self.nodes.len()];
        let mut smaller_of: FxHashMap<u32, u32> = FxHashMap::default();
        for node in 0..self.nodes.len() {
            if place[node] != NOWHERE {
                continue;
            }
            is_smaller[node] = true;
            let parent = self.nodes[node].parent as usize;
            place[node] = if is_smaller[parent] {
                place[parent]
            } else {
                *smaller_of.entry(place[parent]).or_insert_with(|| {
                    parents.push(place[parent]);
                    lines.push(-1);
                    parents.len() as u32 - 1
                })
            };
        }
        let mut holdings_of: Vec<Vec<u32>> = vec![Vec::new(); parents.len()];
        for (holding, &node) in self.node_of.iter().enumerate() {
            holdings_of[place[node as usize] as usize].push(holding as u32);
            if is_smaller[node as usize] {
                let steps = &self.moments.holdings[holding].steps;
                let at_peak = steps.iter().rev().find(|step| step.moment as usize <= self.moments.peak);
                smaller.bytes = smaller.bytes.saturating_add(at_peak.map_or(0, |step| step.live_bytes));
            }
        }
        let mut nodes = Nodes::default();
        let mut sums = Sums::new(moment_of.last().map_or(0, |&last| last as usize + 1));
        for (index, holdings) in holdings_of.iter().enumerate() {
            nodes.up.push(index as u32 - parents[index]);
            nodes.line.push(lines[index]);
            for &holding in holdings {
                sums.add(&self.moments.holdings[holding as usize].steps, moment_of);
            }
            let steps = sums.drain(&mut nodes);
            nodes.steps.push(steps);
        }
        (nodes, smaller)
    }
}

/// The threads that are told apart, ascending: all, or those of many that held most at some moment.
fn shown_threads(count: usize, moments: &Moments) -> Vec<usize> {
    if count <= MOST_THREADS {
        return (0..count).collect();
    }
    let mut held = vec![0u64; count];
    for holding in &moments.holdings {
        let highest = holding.steps.iter().map(|step| step.live_bytes).max().unwrap_or(0);
        let held = &mut held[holding.thread as usize];
        *held = held.saturating_add(highest);
    }
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|&thread| (std::cmp::Reverse(held[thread]), thread));
    order.truncate(MOST_THREADS);
    order.sort_unstable();
    order
}

/// The sums of one node by moment.
#[derive(Debug)]
struct Sums {
    /// Change of what is live, allocated, kept.
    by_moment: Vec<(i64, u64, u64)>,
    touched: Vec<u32>,
}

impl Sums {
    fn new(moments: usize) -> Self {
        Self { by_moment: vec![(0, 0, 0); moments], touched: Vec::new() }
    }

    fn add(&mut self, steps: &[Step], moment_of: &[u32]) {
        let mut live = 0;
        for step in steps {
            let moment = moment_of[step.moment as usize];
            let now = step.live_bytes.min(MOST) as i64;
            let sum = &mut self.by_moment[moment as usize];
            sum.0 = (sum.0 + now - live).clamp(-(MOST as i64), MOST as i64);
            sum.1 = sum.1.saturating_add(step.allocated_bytes).min(MOST);
            sum.2 = sum.2.saturating_add(step.kept_bytes).min(MOST);
            live = now;
            self.touched.push(moment);
        }
    }

    /// Moves the sums to the columns; how many steps they are.
    fn drain(&mut self, nodes: &mut Nodes) -> u32 {
        self.touched.sort_unstable();
        self.touched.dedup();
        let (mut before, mut count) = (0, 0);
        for &moment in &self.touched {
            let (change, allocated, kept) = std::mem::take(&mut self.by_moment[moment as usize]);
            if (change, allocated, kept) == (0, 0, 0) {
                continue;
            }
            nodes.gap.push(moment + 1 - before);
            nodes.change.push(change);
            nodes.surplus.push(allocated as i64 - change.max(0));
            nodes.kept.push(kept);
            before = moment + 1;
            count += 1;
        }
        self.touched.clear();
        count
    }
}
