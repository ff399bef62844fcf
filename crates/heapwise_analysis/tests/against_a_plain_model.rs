//! The one-pass analysis against a plain model that replays twice and keeps memory page by page.

use std::collections::{BTreeMap, HashMap, HashSet};

use heapwise_analysis::profile::{NO_STACK, Profile, Sampling, StackId};
use heapwise_analysis::{Analysis, analyse, call_tree, places};
use heapwise_testkit::{Allocator, CaptureBuilder, EventKind, Mode};
use proptest::prelude::*;

const PAGE: u64 = 4096;
const PAGES: usize = 48;
/// Where mapped memory begins, so that pages and blocks are apart.
const MAPPED: u64 = 1 << 30;
/// Weights are kept in parts of a byte or of a block.
const BYTE_PARTS: f64 = 256.0;
const BLOCK_PARTS: f64 = 65_536.0;

/// Outermost frame first. Blocks come from the first six, mappings from the others.
const STACKS: [&[&str]; 9] = [
    &["main:1", "load:2"],
    &["main:1", "load:2", "load:2", "load:3"],
    &["main:1", "/v/site-packages/np.py:zeros:5", "key:6", "/usr/lib/python3.12/json/x.py:dump:7"],
    &["main:4", "/v/site-packages/np.py:zeros:5"],
    &["/usr/lib/python3.12/threading.py:run:9", "main:4", "main:4"],
    &["main:1"],
    &["main:1", "map:8"],
    &["main:4", "/v/site-packages/np.py:zeros:6"],
    &["arena:1"],
];
const OF_BLOCKS: usize = 6;

#[derive(Debug, Clone)]
struct Step {
    thread: u32,
    kind: EventKind,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // The stack is chosen by index here and put in its place when the capture is built; 0 is no stack.
    let of_blocks = 0..=OF_BLOCKS as u32;
    let of_mappings = OF_BLOCKS as u32 + 1..=STACKS.len() as u32;
    let range = (0..PAGES as u64, 0u64..12);
    let at = |page: u64| MAPPED + page * PAGE;
    let allocation =
        (0u64..30, 0u64..3000, of_blocks).prop_map(|(slot, size, stack)| EventKind::Allocation {
            address: 64 + slot * 48,
            size,
            stack,
            allocator: Allocator::PythonObject,
            probability: 1.0,
        });
    let changed = (range.clone(), of_mappings, any::<bool>(), any::<bool>()).prop_map(
        move |((page, pages), stack, accessible, new)| {
            let (address, length) = (at(page), pages * PAGE);
            if new {
                EventKind::Map { address, length, stack, accessible }
            } else {
                EventKind::Protect { address, length, stack, accessible }
            }
        },
    );
    let kind = prop_oneof![
        4 => allocation,
        3 => (0u64..30).prop_map(|slot| EventKind::Free { address: 64 + slot * 48 }),
        2 => changed,
        1 => range.prop_map(move |(page, pages)| EventKind::Unmap { address: at(page), length: pages * PAGE }),
    ];
    prop::collection::vec((1u32..5, kind).prop_map(|(thread, kind)| Step { thread, kind }), 0..250)
}

/// Who holds something: the stack, and the thread that allocated it.
type Holder = (StackId, u32);

/// Amounts in parts of bytes and of blocks.
type Amounts = HashMap<Holder, (u128, u128)>;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Page {
    Unmapped,
    Inaccessible,
    /// Accessible, and who made it so.
    Held(Holder),
}

#[derive(Debug, Clone)]
struct Model {
    sampling: Sampling,
    blocks: HashMap<u64, (Holder, u128, u128)>,
    pages: Vec<Page>,
    allocated: Amounts,
}

impl Model {
    fn new(sampling: Sampling) -> Self {
        Self {
            sampling,
            blocks: HashMap::new(),
            pages: vec![Page::Unmapped; PAGES + 12],
            allocated: HashMap::new(),
        }
    }

    fn step(&mut self, step: &Step) {
        match step.kind {
            EventKind::Allocation { address, size, stack, .. } => {
                let holder = (stack, step.thread);
                let probability = f64::from(self.sampling.probability(size) as f32);
                let bytes = (size as f64 / probability * BYTE_PARTS).round() as u128;
                let blocks = (BLOCK_PARTS / probability).round() as u128;
                self.blocks.insert(address, (holder, bytes, blocks));
                let sum = self.allocated.entry(holder).or_default();
                *sum = (sum.0 + bytes, sum.1 + blocks);
            }
            EventKind::Free { address } => {
                self.blocks.remove(&address);
            }
            EventKind::Map { address, length, stack, accessible } => {
                for page in range(address, length) {
                    self.change(page, accessible, (stack, step.thread));
                }
            }
            EventKind::Unmap { address, length } => {
                for page in range(address, length) {
                    self.pages[page] = Page::Unmapped;
                }
            }
            EventKind::Protect { address, length, stack, accessible } => {
                for page in range(address, length) {
                    let known = self.pages[page];
                    if known != Page::Unmapped && matches!(known, Page::Held(_)) != accessible {
                        self.change(page, accessible, (stack, step.thread));
                    }
                }
            }
            EventKind::Resident(_)
            | EventKind::Refused { .. }
            | EventKind::Reserve { .. }
            | EventKind::Committed { .. }
            | EventKind::Pool { .. } => {}
        }
    }

    fn change(&mut self, page: usize, accessible: bool, holder: Holder) {
        self.pages[page] = if accessible {
            self.allocated.entry(holder).or_default().0 += page_parts();
            Page::Held(holder)
        } else {
            Page::Inaccessible
        };
    }

    fn live(&self) -> Amounts {
        let mut live = Amounts::new();
        for &(holder, bytes, blocks) in self.blocks.values() {
            let sum = live.entry(holder).or_default();
            *sum = (sum.0 + bytes, sum.1 + blocks);
        }
        for page in &self.pages {
            if let Page::Held(holder) = *page {
                live.entry(holder).or_default().0 += page_parts();
            }
        }
        live
    }
}

fn range(address: u64, length: u64) -> std::ops::Range<usize> {
    let first = ((address - MAPPED) / PAGE) as usize;
    first..first + (length / PAGE) as usize
}

fn page_parts() -> u128 {
    u128::from(PAGE) * BYTE_PARTS as u128
}

/// Parts as whole bytes and blocks, half a one rounded up.
fn whole((bytes, blocks): (u128, u128)) -> (u64, u64) {
    let round = |parts: u128, unit: f64| (parts as f64 / unit).round() as u64;
    (round(bytes, BYTE_PARTS), round(blocks, BLOCK_PARTS))
}

fn sum_by<K: Eq + std::hash::Hash>(amounts: &Amounts, key: impl Fn(Holder) -> K) -> HashMap<K, (u128, u128)> {
    let mut sums = HashMap::new();
    for (&holder, &(bytes, blocks)) in amounts {
        let sum: &mut (u128, u128) = sums.entry(key(holder)).or_default();
        *sum = (sum.0 + bytes, sum.1 + blocks);
    }
    sums
}

fn total(amounts: &Amounts) -> u128 {
    amounts.values().map(|(bytes, _)| bytes).sum()
}

/// What was live at the first highest moment, and at the end.
fn two_passes(sampling: Sampling, steps: &[Step]) -> (Amounts, Model) {
    let mut model = Model::new(sampling);
    let mut highest = (0, 0);
    for (index, step) in steps.iter().enumerate() {
        model.step(step);
        let height = total(&model.live());
        if height > highest.1 {
            highest = (index + 1, height);
        }
    }
    let mut again = Model::new(sampling);
    for step in &steps[..highest.0] {
        again.step(step);
    }
    (again.live(), model)
}

fn build(sampling: Sampling, steps: Vec<Step>) -> (Profile, Vec<Step>, Vec<StackId>) {
    let mut capture = CaptureBuilder::new(Mode::Sampled);
    capture.chunk_size(4096).sampling(sampling.interval, sampling.threshold);
    let mut stacks = vec![NO_STACK];
    stacks.extend(STACKS.map(|frames| capture.stack(frames)));
    let place = |step: Step| {
        let mut step = step;
        if let EventKind::Allocation { stack, .. }
        | EventKind::Map { stack, .. }
        | EventKind::Protect { stack, .. } = &mut step.kind
        {
            *stack = stacks[*stack as usize];
        }
        step
    };
    let steps: Vec<Step> = steps.into_iter().map(place).collect();
    for step in &steps {
        capture.on(step.thread).event(&step.kind);
    }
    let profile = Profile::from_bytes(capture.build()).expect("the header is valid");
    (profile, steps, stacks)
}

/// Compares sums by stack and by thread.
fn compare(analysis: &Analysis, at_peak: &Amounts, model: &Model, stacks: &[StackId]) {
    let leaked = model.live();
    assert_eq!(analysis.peak.heap_bytes, whole((total(at_peak), 0)).0);
    let by_stack = |amounts| sum_by(amounts, |(stack, _)| stack);
    let (peak, left, all) = (by_stack(at_peak), by_stack(&leaked), by_stack(&model.allocated));
    for (index, stack) in stacks.iter().enumerate() {
        let found = analysis.stack(*stack);
        let expected = [&peak, &left, &all].map(|sums| whole(sums.get(stack).copied().unwrap_or_default()));
        assert_eq!(
            [found.peak_bytes, found.leaked_bytes, found.allocated_bytes],
            expected.map(|(bytes, _)| bytes),
            "bytes of stack {stack}"
        );
        if index <= OF_BLOCKS {
            assert_eq!(
                [found.peak_blocks, found.leaked_blocks, found.allocations],
                expected.map(|(_, blocks)| blocks),
                "blocks of stack {stack}"
            );
        }
    }
    let by_thread = |amounts| sum_by(amounts, |(_, thread)| thread);
    let (peak, left, all) = (by_thread(at_peak), by_thread(&leaked), by_thread(&model.allocated));
    for thread in &analysis.threads {
        let expected =
            [&peak, &left, &all].map(|sums| whole(sums.get(&thread.number).copied().unwrap_or_default()).0);
        let own = thread.own;
        assert_eq!([own.peak_bytes, own.leaked_bytes, own.allocated_bytes], expected, "{thread:?}");
    }
}

type Key<'a> = (&'a str, u32, &'a str);

/// The lines of a stack from the innermost outwards.
fn lines(profile: &Profile, stack: StackId) -> Vec<Key<'_>> {
    profile
        .outwards(stack)
        .map(|id| (profile.file_of(id), profile.frame(id).position.line, profile.function_of(id)))
        .collect()
}

/// Own, total and user bytes of each line, stack by stack.
fn plain_lines<'a>(profile: &'a Profile, analysis: &Analysis) -> BTreeMap<Key<'a>, [u64; 3]> {
    let mut sums = BTreeMap::<Key<'a>, [u64; 3]>::new();
    for stack in 1..=profile.stack_count() as StackId {
        let bytes = analysis.stack(stack).peak_bytes;
        let lines = lines(profile, stack);
        sums.entry(lines[0]).or_default()[0] += bytes;
        for line in lines.iter().collect::<HashSet<_>>() {
            sums.entry(*line).or_default()[1] += bytes;
        }
        let user = lines.iter().find(|line| line.0 == "app.py");
        let library = lines.iter().find(|line| line.0.contains("site-packages"));
        sums.entry(*user.or(library).unwrap_or(&lines[0])).or_default()[2] += bytes;
    }
    sums.retain(|_, it| it[1] != 0);
    sums
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn one_pass_finds_what_two_find(
        steps in steps(),
        interval in prop_oneof![Just(0u64), 500u64..5000],
    ) {
        let sampling = Sampling { interval, threshold: if interval == 0 { 0 } else { 2000 } };
        let (profile, steps, stacks) = build(sampling, steps);
        let analysis = analyse(&profile);
        prop_assert_eq!(&analysis.problems, &[]);
        let (at_peak, model) = two_passes(sampling, &steps);
        compare(&analysis, &at_peak, &model, &stacks);
        let highest = analysis.time_line(7).iter().map(|point| point.max_heap_bytes).max();
        prop_assert_eq!(highest, Some(analysis.peak.heap_bytes));
    }

    #[test]
    fn one_walk_over_the_tree_finds_what_walking_each_stack_finds(steps in steps()) {
        let (profile, ..) = build(Sampling::EXACT, steps);
        let analysis = analyse(&profile);
        let found: BTreeMap<_, _> = places(&profile, &analysis)
            .lines
            .iter()
            .filter(|it| it.total.peak_bytes != 0 && it.place != heapwise_analysis::Place::NO_PYTHON)
            .map(|it| {
                let bytes = [it.own.peak_bytes, it.total.peak_bytes, it.user.peak_bytes];
                ((it.place.file, it.place.line, it.place.function), bytes)
            })
            .collect();
        prop_assert_eq!(found, plain_lines(&profile, &analysis));

        let tree = call_tree(&profile, &analysis);
        prop_assert_eq!(tree.root().total_bytes, analysis.peak.heap_bytes);
        prop_assert_eq!(tree.root().total_blocks, analysis.peak.heap_blocks);
        for node in &tree.nodes {
            let below: u64 = tree.children(node).iter().map(|child| child.total_bytes).sum();
            prop_assert_eq!(node.total_bytes, node.own_bytes + below);
            prop_assert!(tree.children(node).is_sorted_by(|a, b| a.total_bytes >= b.total_bytes));
        }
    }

    #[test]
    fn whatever_the_bytes_nothing_panics(
        steps in steps(),
        flips in prop::collection::vec((4096usize..1 << 16, any::<u8>()), 1..30),
        cut in 4096usize..1 << 16,
    ) {
        let (profile, steps, _) = build(Sampling::EXACT, steps);
        drop(profile);
        let mut capture = CaptureBuilder::new(Mode::Exact);
        capture.chunk_size(4096);
        for frames in STACKS {
            capture.stack(frames);
        }
        for step in &steps {
            capture.on(step.thread).event(&step.kind);
        }
        let mut bytes = capture.build();
        let length = bytes.len();
        for (at, value) in flips {
            if length > 4096 {
                bytes[4096 + at % (length - 4096)] = value;
            }
        }
        bytes.truncate(cut);
        let profile = Profile::from_bytes(bytes).expect("the header is whole");
        let analysis = analyse(&profile);
        prop_assert!(cut >= length || !analysis.problems.is_empty());
        let sums = places(&profile, &analysis);
        let nodes = call_tree(&profile, &analysis).nodes;
        prop_assert!(!nodes.is_empty());
        prop_assert!(analysis.time_line(5).len() <= 5);
        prop_assert!(sums.lines.len() >= sums.files.len());
    }
}
