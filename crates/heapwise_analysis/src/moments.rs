//! What every stack held at a bounded number of moments.
//!
//! A second pass over the events. Moments are chosen where the heap was highest within its span of time, so the
//! high-water mark is one of them and no short peak between two of them is lost.
//!
//! Invariants: summed over all holdings, what is live at a moment is the heap at that moment (up to rounding in
//! sampled captures), and at the moment of the high-water mark each stack has its `peak_bytes`; what was kept,
//! summed over all moments, is what is live at the last one.

use heapwise_profile::{EventKind, NO_STACK, Profile, StackId, Thread};
use rustc_hash::FxHashMap;

use crate::Analysis;
use crate::account::{Books, Holder, Weight, whole};
use crate::blocks::{Blocks, NewBlock};
use crate::mappings::{Change, Mappings};
use crate::ticks::GONE;

/// The heap at some moments, by stack and thread.
#[derive(Debug, Clone, Default)]
pub struct Moments {
    /// The moments by ascending time; the last one is the end of the capture.
    pub moments: Vec<Moment>,
    /// The index of the high-water mark among them.
    pub peak: usize,
    /// What each stack held, for each thread that allocated there; by stack, then thread.
    pub holdings: Vec<Holding>,
}

impl Moments {
    pub(crate) fn new(moments: Vec<Moment>, mut holdings: Vec<Holding>) -> Self {
        holdings.sort_unstable_by_key(|holding| (holding.stack, holding.thread));
        // The first of equal ones, as everywhere.
        let highest = moments.iter().map(|moment| moment.heap_bytes).max();
        let peak = moments.iter().position(|moment| Some(moment.heap_bytes) == highest).unwrap_or(0);
        Self { moments, peak, holdings }
    }
}

/// One moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since the start of recording.
    pub time_ms: u64,
    /// Bytes live then.
    pub heap_bytes: u64,
}

/// What one stack held for one thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The stack; `NO_STACK` for what no Python frame asked for.
    pub stack: StackId,
    /// The index of the thread in `Profile::threads`.
    pub thread: u32,
    /// What changed, by ascending moment; moments at which nothing had changed since the one before are left out.
    pub steps: Vec<Step>,
}

/// What happened between the moment before and this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Step {
    /// The index of the moment at its end.
    pub moment: u32,
    /// Bytes live at that moment (a level, not a change).
    pub live_bytes: u64,
    /// Bytes allocated in that time.
    pub allocated_bytes: u64,
    /// Of these, bytes still live when the capture ends.
    pub kept_bytes: u64,
}

/// Replays the events again for at most about `count` moments. `analysis` must be that of `profile`.
pub fn moments(profile: &Profile, analysis: &Analysis, count: usize) -> Moments {
    let mut targets: Vec<(u64, u64)> =
        analysis.time_line(count).iter().map(|point| (point.max_time_ms, point.max_heap_bytes)).collect();
    targets.dedup();
    let mut replay =
        Replay::new(profile.threads(), Blocks::known(&analysis.slots), Targets::Heights(&targets));
    replay.all(profile);
    replay.end();
    replay.into_moments()
}

/// What each stack of a process held behind the events with the numbers `events`, which ascend; 0 is before the first
/// one, [`GONE`] when the process had ended. There is one moment for each of them.
pub(crate) fn moments_behind(profile: &Profile, events: &[u64]) -> Moments {
    let mut replay = Replay::new(profile.threads(), Blocks::new(), Targets::Events(events));
    replay.all(profile);
    replay.into_moments()
}

/// The moments to come.
#[derive(Debug, Clone, Copy)]
enum Targets<'a> {
    /// Time and heap.
    Heights(&'a [(u64, u64)]),
    /// Numbers of events.
    Events(&'a [u64]),
}

/// What one stack holds for one thread.
#[derive(Debug, Clone, Copy)]
struct Account {
    stack: StackId,
    thread: u32,
    live: f64,
    allocated: f64,
    /// Number of the moment that is to come and will find this account changed.
    changed_for: u32,
}

/// An entry of an account at a moment.
#[derive(Debug, Clone, Copy)]
struct Entry {
    account: u32,
    moment: u32,
    live: u64,
    /// Since the start.
    allocated: u64,
}

/// In [`Account::changed_for`]: no moment.
const UNCHANGED: u32 = u32::MAX;

/// The books of this pass.
#[derive(Debug, Default)]
struct Accounts {
    numbers: FxHashMap<(StackId, u32), u32>,
    last: Option<((StackId, u32), u32)>,
    list: Vec<Account>,
    live: f64,
    /// Accounts that changed since the last moment.
    changed: Vec<u32>,
    /// The number of the next moment.
    next: u32,
}

impl Accounts {
    #[inline]
    fn of(&mut self, stack: StackId, thread: u32) -> u32 {
        let key = (stack, thread);
        match self.last {
            Some((last, number)) if last == key => number,
            _ => self.find(key),
        }
    }

    fn find(&mut self, key: (StackId, u32)) -> u32 {
        let (stack, thread) = key;
        let list = &mut self.list;
        let number = *self.numbers.entry(key).or_insert_with(|| {
            list.push(Account { stack, thread, live: 0.0, allocated: 0.0, changed_for: UNCHANGED });
            list.len() as u32 - 1
        });
        self.last = Some((key, number));
        number
    }

    #[inline]
    fn change(&mut self, number: u32) -> &mut Account {
        let account = &mut self.list[number as usize];
        if account.changed_for != self.next {
            account.changed_for = self.next;
            self.changed.push(number);
        }
        account
    }
}

impl Accounts {
    /// Nothing is live any more.
    fn clear(&mut self) {
        for number in 0..self.list.len() as u32 {
            if self.list[number as usize].live != 0.0 {
                self.change(number).live = 0.0;
            }
        }
        self.live = 0.0;
    }
}

impl Books for Accounts {
    #[inline]
    fn allocate(&mut self, holder: Holder, weight: Weight) {
        self.live += weight.bytes;
        let account = self.change(holder.account);
        account.live += weight.bytes;
        account.allocated += weight.bytes;
    }

    #[inline]
    fn release(&mut self, holder: Holder, weight: Weight, _: bool) {
        self.live -= weight.bytes;
        self.change(holder.account).live -= weight.bytes;
    }
}

#[derive(Debug)]
struct Replay<'a> {
    threads: &'a [Thread],
    targets: Targets<'a>,
    thread: (u32, u32),
    now_ms: u64,
    /// Events so far.
    events: u64,
    accounts: Accounts,
    blocks: Blocks<'a>,
    mappings: Mappings,
    moments: Vec<Moment>,
    entries: Vec<Entry>,
}

impl<'a> Replay<'a> {
    fn new(threads: &'a [Thread], blocks: Blocks<'a>, targets: Targets<'a>) -> Self {
        Self {
            threads,
            targets,
            thread: (threads.first().map_or(0, |thread| thread.number), 0),
            now_ms: 0,
            events: 0,
            accounts: Accounts::default(),
            blocks,
            mappings: Mappings::default(),
            moments: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// Replays all events, and notes the moments that are left behind the last one.
    fn all(&mut self, profile: &Profile) {
        for (thread, event) in profile.events() {
            self.event(thread, event.time_ms, &event.kind);
        }
        loop {
            let time_ms = match self.targets {
                Targets::Heights(&[(at_ms, _), ..]) => at_ms,
                Targets::Events(&[GONE, ..]) => {
                    self.accounts.clear();
                    self.now_ms
                }
                Targets::Events(&[_, ..]) => self.now_ms,
                Targets::Heights([]) | Targets::Events([]) => break,
            };
            self.moment(time_ms);
        }
    }

    fn event(&mut self, thread: u32, time_ms: u64, kind: &EventKind) {
        let time_ms = self.now_ms.max(time_ms);
        while let Some(at_ms) = self.due(time_ms) {
            self.moment(at_ms);
        }
        self.now_ms = time_ms;
        self.events += 1;
        self.book(thread, kind);
        if let Targets::Heights(&[(at_ms, heap), ..]) = self.targets
            && at_ms == time_ms
            && whole(self.accounts.live) == heap
        {
            self.moment(at_ms);
        }
    }

    /// The time of the moment that is to be noted before an event at `time_ms`, if there is one.
    #[inline]
    fn due(&self, time_ms: u64) -> Option<u64> {
        match self.targets {
            Targets::Heights(&[(at_ms, heap), ..])
                if at_ms < time_ms || (at_ms == time_ms && whole(self.accounts.live) == heap) =>
            {
                Some(at_ms)
            }
            Targets::Events(&[event, ..]) if event <= self.events => Some(self.now_ms),
            _ => None,
        }
    }

    #[inline]
    fn book(&mut self, thread: u32, kind: &EventKind) {
        // Blocks are told the number of the next moment as the time: when one that is live at the end was
        // allocated is then known to the moment.
        let now_ms = u64::from(self.accounts.next);
        match *kind {
            EventKind::Allocation { address, size, stack, allocator, probability } => {
                let holder = self.holder(thread, stack);
                let new = NewBlock { address, size, allocator, probability, holder };
                self.blocks.allocate(&mut self.accounts, &new, now_ms);
            }
            EventKind::Free { address } => self.blocks.free(&mut self.accounts, address, now_ms),
            EventKind::Map { address, length, stack, accessible } => {
                let holder = self.holder(thread, stack);
                let change =
                    Change { address, length, accessible, reserve: false, holder, now_ms, sequence: now_ms };
                self.mappings.map(&mut self.accounts, &change);
            }
            EventKind::Protect { address, length, stack, accessible } => {
                let holder = self.holder(thread, stack);
                let change =
                    Change { address, length, accessible, reserve: false, holder, now_ms, sequence: now_ms };
                self.mappings.protect(&mut self.accounts, &change);
            }
            EventKind::Reserve { address, length, stack } => {
                let (holder, accessible, reserve) = (self.holder(thread, stack), true, true);
                let change =
                    Change { address, length, accessible, reserve, holder, now_ms, sequence: now_ms };
                self.mappings.map(&mut self.accounts, &change);
            }
            EventKind::Committed { address, bytes, stack } => {
                let holder = self.holder(thread, stack);
                self.mappings.commit(&mut self.accounts, address, bytes, holder);
            }
            EventKind::Pool { address, length } | EventKind::Unmap { address, length } => {
                self.mappings.unmap(&mut self.accounts, address, length, now_ms);
            }
            EventKind::Resident(_) | EventKind::Refused { .. } => {}
        }
    }

    /// As in the first pass: what a thread allocates without Python belongs to the stack that started it.
    #[inline]
    fn holder(&mut self, thread: u32, stack: StackId) -> Holder {
        if self.thread.0 != thread {
            let index = self.threads.binary_search_by_key(&thread, |known| known.number);
            self.thread = (thread, index.unwrap_or(0) as u32);
        }
        let thread = self.thread.1;
        let stack = if stack == NO_STACK { self.threads[thread as usize].started_by } else { stack };
        Holder { account: self.accounts.of(stack, thread), thread }
    }

    /// Notes what is live now as that of the next moment.
    #[cold]
    fn moment(&mut self, time_ms: u64) {
        self.targets = match self.targets {
            Targets::Heights(targets) => Targets::Heights(targets.get(1..).unwrap_or_default()),
            Targets::Events(targets) => Targets::Events(targets.get(1..).unwrap_or_default()),
        };
        let moment = self.accounts.next;
        for number in self.accounts.changed.drain(..) {
            let Account { live, allocated, .. } = self.accounts.list[number as usize];
            self.entries.push(Entry {
                account: number,
                moment,
                live: whole(live),
                allocated: whole(allocated),
            });
        }
        self.accounts.next += 1;
        self.moments.push(Moment { time_ms, heap_bytes: whole(self.accounts.live) });
    }

    /// Notes the end as the last moment.
    fn end(&mut self) {
        let end = Moment { time_ms: self.now_ms, heap_bytes: whole(self.accounts.live) };
        if self.moments.last() != Some(&end) || !self.accounts.changed.is_empty() {
            self.moment(self.now_ms);
        }
    }

    fn into_moments(self) -> Moments {
        let kept = self.kept();
        let mut holdings: Vec<Holding> = self
            .accounts
            .list
            .iter()
            .map(|account| Holding { stack: account.stack, thread: account.thread, steps: Vec::new() })
            .collect();
        let mut allocated = vec![0; holdings.len()];
        for entry in &self.entries {
            let account = entry.account as usize;
            let kept = kept.get(&(entry.account, entry.moment)).copied().unwrap_or_default();
            holdings[account].steps.push(Step {
                moment: entry.moment,
                live_bytes: entry.live,
                allocated_bytes: entry.allocated - allocated[account],
                kept_bytes: whole(kept),
            });
            allocated[account] = entry.allocated;
        }
        Moments::new(self.moments, holdings)
    }

    /// By account and moment: bytes allocated in its time that are live at the end.
    fn kept(&self) -> FxHashMap<(u32, u32), f64> {
        let mut kept = FxHashMap::default();
        let runs = self.mappings.runs();
        let mappings = runs.map(|run| (run.holder, Weight::certain(run.end - run.start), run.since as u32));
        for (holder, weight, moment) in self.blocks.live().chain(mappings) {
            *kept.entry((holder.account, moment)).or_default() += weight.bytes;
        }
        kept
    }
}
