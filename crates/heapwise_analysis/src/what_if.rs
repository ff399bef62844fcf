//! What the high-water mark would have been, had some blocks been absent, smaller, or freed earlier.
//!
//! Owns the replay of a capture under any number of scenarios at once. The program is taken to do all else as it
//! did. Invariant: the heap of a scenario at any moment is the recorded heap plus one difference, which changes
//! only where a block of one of its changes comes, goes, or is freed early; so all scenarios share one pass, and
//! each costs a comparison wherever a difference changes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use heapwise_profile::{EventKind, NO_STACK, Profile, StackId};
use rustc_hash::FxHashMap;

use crate::Analysis;
use crate::account::{Books, Holder, Weight, whole};
use crate::blocks::{Blocks, NewBlock};
use crate::mappings::{Change as Mapped, Mappings};
use crate::number_filter::NumberFilter;

/// A run of the same program with other memory.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scenario {
    /// What is different. Where several speak of one block, the least size and the earliest end hold.
    pub changes: Vec<Change>,
}

/// One difference. Moments are numbers of events: a moment stands behind its event and before the next one.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A block, known by the number of the event that allocated it.
    Block {
        /// That number.
        born: u64,
        /// What becomes of it.
        effect: Effect,
    },
    /// All that some stacks allocate or map between two moments.
    Stacks {
        /// The stacks, as `Profile::stack` numbers them.
        stacks: Vec<StackId>,
        /// Blocks of events behind this moment.
        from: u64,
        /// Blocks of events up to this moment.
        until: u64,
        /// What becomes of each.
        effect: Effect,
    },
    /// Bytes that are in no block of their own: so many more, or fewer if negative, between two moments.
    Amount {
        /// From this moment on.
        from: u64,
        /// Up to this moment.
        until: u64,
        /// Bytes.
        bytes: i64,
    },
}

/// What becomes of a block.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// It is never allocated.
    Absent,
    /// It takes this many times its bytes.
    Factor(f64),
    /// It takes this many bytes.
    Size(u64),
    /// It is freed at this moment if it lives longer, and at once if it is allocated behind it.
    FreedAt(u64),
    /// It is freed at the first of these ascending moments at which it lives; where it lives at none, as it was.
    FreedAtFirstOf(Arc<[u64]>),
}

/// What a scenario leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// The highest live heap, bytes.
    pub peak_bytes: u64,
    /// The number of the event that reaches it first; 0 if nothing was ever allocated.
    pub sequence: u64,
    /// Milliseconds since the start of recording at that moment.
    pub time_ms: u64,
}

/// Replays the capture under each scenario and gives their outcomes in the same order. `analysis` must be that of
/// `profile`.
pub fn what_if(profile: &Profile, analysis: &Analysis, scenarios: &[Scenario]) -> Vec<Outcome> {
    let mut replay = Replay::new(profile, analysis, scenarios);
    for (thread, event) in profile.events() {
        replay.event(thread, event.sequence, event.time_ms, &event.kind);
    }
    replay.finish()
}

/// Which scenario does what to the blocks that it is listed for.
#[derive(Debug, Clone)]
struct Rule {
    scenario: usize,
    from: u64,
    until: u64,
    effect: Effect,
}

/// What one scenario makes of one block.
#[derive(Debug, Clone, Copy)]
struct Altered {
    scenario: usize,
    /// What the scenario's heap holds more than the recorded one because of the block; negative if less.
    difference: f64,
}

/// A live block that some scenario alters.
#[derive(Debug)]
struct Touched {
    born: u64,
    bytes: f64,
    altered: Vec<Altered>,
}

/// Something that happens behind an event, in the order of these numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    moment: u64,
    what: DueKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum DueKind {
    /// The block at `address`, if it still is the one born then, is freed in a scenario.
    Free { address: u64, born: u64, scenario: usize },
    /// Mappings are to be weighed again.
    Weigh,
    /// A scenario's heap has so many bytes more from here on; what is fewer comes first.
    Amount { bytes: i64, scenario: usize },
}

/// The recorded heap. Holders are told by their stack: there are no accounts.
#[derive(Debug, Default)]
struct Heap {
    live_bytes: f64,
}

impl Books for Heap {
    #[inline]
    fn allocate(&mut self, _: Holder, weight: Weight) {
        self.live_bytes += weight.bytes;
    }

    #[inline]
    fn release(&mut self, _: Holder, weight: Weight, _: bool) {
        self.live_bytes -= weight.bytes;
    }
}

/// A heap, the number of the event that reached it first, and its time.
#[derive(Debug, Clone, Copy)]
struct Height {
    bytes: f64,
    sequence: u64,
    time_ms: u64,
}

struct Replay<'a> {
    profile: &'a Profile,
    heap: Heap,
    blocks: Blocks<'a>,
    mappings: Mappings,
    /// By event: what scenarios do to its block.
    by_born: FxHashMap<u64, Vec<Rule>>,
    /// By stack.
    by_stack: FxHashMap<StackId, Vec<Rule>>,
    /// Of the keys of `by_born` and `by_stack`.
    may_have_rules: NumberFilter,
    touched: FxHashMap<u64, Touched>,
    /// Of all keys that `touched` ever had.
    may_be_touched: NumberFilter,
    due: BinaryHeap<Reverse<Due>>,
    /// By scenario: bytes more than recorded, in blocks and amounts.
    differences: Vec<f64>,
    /// The same in mappings.
    mapped: Vec<f64>,
    highest: Vec<Height>,
    /// The highest recorded heap since a difference last changed, which `highest` does not know of yet.
    top: Option<Height>,
    now_ms: u64,
    sequence: u64,
}

impl<'a> Replay<'a> {
    fn new(profile: &'a Profile, analysis: &'a Analysis, scenarios: &[Scenario]) -> Self {
        let mut by_born: FxHashMap<u64, Vec<Rule>> = FxHashMap::default();
        let mut by_stack: FxHashMap<StackId, Vec<Rule>> = FxHashMap::default();
        let mut due = BinaryHeap::new();
        let mut at = |moment, what| due.push(Reverse(Due { moment, what }));
        for (scenario, Scenario { changes }) in scenarios.iter().enumerate() {
            for change in changes {
                match change {
                    Change::Block { born, effect } => {
                        let rule = Rule { scenario, from: 0, until: u64::MAX, effect: effect.clone() };
                        by_born.entry(*born).or_default().push(rule);
                    }
                    Change::Stacks { stacks, from, until, effect } => {
                        let rule = Rule { scenario, from: *from, until: *until, effect: effect.clone() };
                        for &stack in stacks {
                            by_stack.entry(stack).or_default().push(rule.clone());
                        }
                    }
                    &Change::Amount { from, until, bytes } => {
                        if from < until {
                            at(from, DueKind::Amount { bytes, scenario });
                            at(until, DueKind::Amount { bytes: bytes.saturating_neg(), scenario });
                        }
                    }
                }
            }
        }
        let mut may_have_rules = NumberFilter::new();
        for &key in by_born.keys() {
            may_have_rules.add(key);
        }
        for &key in by_stack.keys() {
            may_have_rules.add(key.into());
        }
        Self {
            profile,
            heap: Heap::default(),
            blocks: Blocks::known(&analysis.slots),
            mappings: Mappings::default(),
            by_born,
            by_stack,
            may_have_rules,
            touched: FxHashMap::default(),
            may_be_touched: NumberFilter::new(),
            due,
            differences: vec![0.0; scenarios.len()],
            mapped: vec![0.0; scenarios.len()],
            highest: vec![Height { bytes: 0.0, sequence: 0, time_ms: 0 }; scenarios.len()],
            top: None,
            now_ms: 0,
            sequence: 0,
        }
    }

    fn event(&mut self, thread: u32, sequence: u64, time_ms: u64, kind: &EventKind) {
        self.catch_up(sequence);
        self.sequence = sequence;
        self.now_ms = self.now_ms.max(time_ms);
        let now_ms = self.now_ms;
        match *kind {
            EventKind::Allocation { address, size, stack, allocator, probability } => {
                let holder = self.holder(thread, stack);
                let new = NewBlock { address, size, allocator, probability, holder };
                self.blocks.allocate(&mut self.heap, &new, now_ms);
                self.forget(address);
                self.touch(address, size, holder.account, Weight::new(size, probability as f32).bytes);
            }
            EventKind::Free { address } => {
                self.blocks.free(&mut self.heap, address, now_ms);
                self.forget(address);
                return;
            }
            EventKind::Map { address, length, stack, accessible } => {
                let holder = self.holder(thread, stack);
                let change = Mapped { address, length, accessible, reserve: false, holder, now_ms, sequence };
                self.mappings.map(&mut self.heap, &change);
                self.weigh();
            }
            EventKind::Protect { address, length, stack, accessible } => {
                let holder = self.holder(thread, stack);
                let change = Mapped { address, length, accessible, reserve: false, holder, now_ms, sequence };
                self.mappings.protect(&mut self.heap, &change);
                self.weigh();
            }
            EventKind::Unmap { address, length } => {
                self.mappings.unmap(&mut self.heap, address, length, now_ms);
                self.weigh();
            }
            EventKind::Reserve { address, length, stack } => {
                let (holder, accessible) = (self.holder(thread, stack), true);
                let change = Mapped { address, length, accessible, reserve: true, holder, now_ms, sequence };
                self.mappings.map(&mut self.heap, &change);
                self.weigh();
            }
            EventKind::Committed { address, bytes, stack } => {
                let holder = self.holder(thread, stack);
                self.mappings.commit(&mut self.heap, address, bytes, holder);
            }
            EventKind::Pool { address, length } => {
                self.mappings.unmap(&mut self.heap, address, length, now_ms);
                self.blocks.add_pool(address, length);
                self.weigh();
            }
            EventKind::Resident(_) | EventKind::Refused { .. } => return,
        }
        self.measure();
    }

    #[inline]
    fn holder(&self, thread: u32, stack: StackId) -> Holder {
        let stack = if stack == NO_STACK {
            let threads = self.profile.threads();
            let index = threads.binary_search_by_key(&thread, |known| known.number);
            index.map_or(NO_STACK, |index| threads[index].started_by)
        } else {
            stack
        };
        Holder { account: stack, thread: 0 }
    }

    /// A block came: what the scenarios make of it.
    #[inline]
    fn touch(&mut self, address: u64, size: u64, stack: StackId, bytes: f64) {
        let born = self.sequence;
        if !self.may_have_rules.may_have(born) && !self.may_have_rules.may_have(stack.into()) {
            return;
        }
        let of_block = self.by_born.get(&born).map(Vec::as_slice).unwrap_or_default();
        let of_stack = self.by_stack.get(&stack).map(Vec::as_slice).unwrap_or_default();
        if of_block.is_empty() && of_stack.is_empty() {
            return;
        }
        // By scenario: what is left of the block, and until when.
        let mut verdicts: Vec<(usize, Option<f64>, u64)> = Vec::new();
        for rule in of_block.iter().chain(of_stack).filter(|rule| rule.from < born && born <= rule.until) {
            let index = verdicts.iter().position(|it| it.0 == rule.scenario).unwrap_or_else(|| {
                verdicts.push((rule.scenario, None, u64::MAX));
                verdicts.len() - 1
            });
            let (_, left, end) = &mut verdicts[index];
            rule.effect.apply((size as f64, bytes, born), left, end);
        }
        if verdicts.iter().any(|(_, left, _)| left.is_some()) {
            self.compare();
        }
        let mut altered = Vec::with_capacity(verdicts.len());
        for (scenario, left, end) in verdicts {
            let difference = left.map_or(0.0, |left| left - bytes);
            self.differences[scenario] += difference;
            altered.push(Altered { scenario, difference });
            if end != u64::MAX {
                let what = DueKind::Free { address, born, scenario };
                self.due.push(Reverse(Due { moment: end.max(born), what }));
            }
        }
        if !altered.is_empty() {
            self.may_be_touched.add(address);
            self.touched.insert(address, Touched { born, bytes, altered });
        }
    }

    /// The block at an address is gone.
    #[inline]
    fn forget(&mut self, address: u64) {
        if self.may_be_touched.may_have(address)
            && let Some(touched) = self.touched.remove(&address)
        {
            self.compare();
            for Altered { scenario, difference } in touched.altered {
                self.differences[scenario] -= difference;
            }
        }
    }

    /// Lets happen what is due before the event with this number.
    #[inline]
    fn catch_up(&mut self, sequence: u64) {
        while let Some(&Reverse(due)) = self.due.peek()
            && due.moment < sequence
        {
            self.due.pop();
            self.compare();
            match due.what {
                DueKind::Free { address, born, scenario } => {
                    let Some(touched) = self.touched.get_mut(&address) else { continue };
                    if touched.born != born {
                        continue;
                    }
                    let bytes = touched.bytes;
                    for altered in touched.altered.iter_mut().filter(|it| it.scenario == scenario) {
                        self.differences[scenario] -= bytes + altered.difference;
                        altered.difference = -bytes;
                    }
                }
                DueKind::Amount { bytes, scenario } => {
                    self.differences[scenario] += bytes as f64;
                    if bytes > 0 {
                        self.measure();
                    }
                }
                DueKind::Weigh => self.weigh_at(due.moment + 1),
            }
        }
    }

    /// Sums up what scenarios make of the mappings.
    fn weigh(&mut self) {
        self.weigh_at(self.sequence);
    }

    fn weigh_at(&mut self, now: u64) {
        if self.by_stack.is_empty() && self.by_born.is_empty() {
            return;
        }
        self.compare();
        self.mapped.fill(0.0);
        // When the next run is freed in some scenario.
        let mut next = u64::MAX;
        let mut verdicts: Vec<(usize, Option<f64>, u64)> = Vec::new();
        for run in self.mappings.runs() {
            let stack = run.holder.account;
            let of_block = self.by_born.get(&run.since).map(Vec::as_slice).unwrap_or_default();
            let of_stack = self.by_stack.get(&stack).map(Vec::as_slice).unwrap_or_default();
            let bytes = (run.end - run.start) as f64;
            verdicts.clear();
            let rules = of_block.iter().chain(of_stack);
            for rule in rules.filter(|rule| rule.from < run.since && run.since <= rule.until) {
                let index = verdicts.iter().position(|it| it.0 == rule.scenario).unwrap_or_else(|| {
                    verdicts.push((rule.scenario, None, u64::MAX));
                    verdicts.len() - 1
                });
                let (_, left, end) = &mut verdicts[index];
                rule.effect.apply((bytes, bytes, run.since), left, end);
            }
            for &(scenario, left, end) in &verdicts {
                let end = end.max(run.since);
                let left = if end < now {
                    0.0
                } else {
                    next = next.min(end);
                    left.unwrap_or(bytes)
                };
                self.mapped[scenario] += left - bytes;
            }
        }
        if next != u64::MAX {
            self.due.push(Reverse(Due { moment: next, what: DueKind::Weigh }));
        }
    }

    /// The heap may be higher than ever.
    #[inline]
    fn measure(&mut self) {
        let bytes = self.heap.live_bytes;
        if self.top.is_none_or(|top| bytes > top.bytes) {
            self.top = Some(Height { bytes, sequence: self.sequence, time_ms: self.now_ms });
        }
    }

    /// Compares the heaps since the last time with those of the scenarios; to be called before a difference changes.
    fn compare(&mut self) {
        let Some(top) = self.top.take() else { return };
        for ((highest, difference), mapped) in
            self.highest.iter_mut().zip(&self.differences).zip(&self.mapped)
        {
            let bytes = top.bytes + difference + mapped;
            if bytes > highest.bytes {
                *highest = Height { bytes, ..top };
            }
        }
    }

    fn finish(mut self) -> Vec<Outcome> {
        self.compare();
        let outcome = |Height { bytes, sequence, time_ms }: Height| Outcome {
            peak_bytes: whole(bytes),
            sequence,
            time_ms,
        };
        self.highest.into_iter().map(outcome).collect()
    }
}

impl Effect {
    /// Narrows what is `left` of a block, and its `end`. The block is told by its size, the bytes that it stands
    /// for, and its birth.
    fn apply(&self, (size, bytes, born): (f64, f64, u64), left: &mut Option<f64>, end: &mut u64) {
        let less = match self {
            Self::Absent => 0.0,
            Self::Factor(factor) => bytes * factor.max(0.0),
            Self::Size(new) if size > 0.0 => bytes / size * *new as f64,
            Self::Size(new) => *new as f64,
            Self::FreedAt(moment) => {
                *end = (*end).min(*moment);
                return;
            }
            Self::FreedAtFirstOf(moments) => {
                if let Some(&moment) = moments.get(moments.partition_point(|&moment| moment < born)) {
                    *end = (*end).min(moment);
                }
                return;
            }
        };
        *left = Some(left.map_or(less, |known| known.min(less)));
    }
}
