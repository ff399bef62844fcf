//! The one pass over the events.
//!
//! Invariant: time never goes back. Threads note the time at their own pace, so an event of one thread can carry
//! an older time than the event of another one before it; it is taken to have happened at the later time.

use heapwise_profile::{Event, EventKind, NO_STACK, Profile, Resident, Sampling, StackId, Thread};

use crate::account::{Holder, Ledger, whole};
use crate::blocks::{Blocks, NewBlock};
use crate::mappings::{Change, Mappings};
use crate::resident::{Looks, ResidentPoint};
use crate::time_line::TimeLine;
use crate::{Analysis, Refusal, Refusals, ThreadTotals};

/// A block that lives at most this many milliseconds is temporary. Events carry milliseconds, so a block that
/// lives up to a millisecond longer can count as one.
pub const TEMPORARY_MS: u64 = 10;

/// Replays all events of a profile once.
pub fn analyse(profile: &Profile) -> Analysis {
    let mut replay = Replay::new(profile);
    let mut events = profile.events();
    for (thread, event) in &mut events {
        replay.event(thread, &event);
    }
    let mut analysis = replay.finish(profile);
    analysis.sampling = events.coarsest_sampling();
    analysis.problems = profile.problems().iter().copied().chain(events.problems()).collect();
    analysis
}

#[derive(Debug)]
struct Replay<'a> {
    threads: &'a [Thread],
    /// The thread of the last event: its number and index.
    thread: (u32, u32),
    events: u64,
    now_ms: u64,
    peak_sequence: u64,
    ledger: Ledger,
    blocks: Blocks,
    mappings: Mappings,
    time_line: TimeLine,
    looks: Looks,
    refusals: Refusals,
    last_stack: StackId,
}

impl<'a> Replay<'a> {
    fn new(profile: &'a Profile) -> Self {
        let threads = profile.threads();
        Self {
            threads,
            thread: (threads.first().map_or(0, |thread| thread.number), 0),
            events: 0,
            now_ms: 0,
            peak_sequence: 0,
            ledger: Ledger::new(profile.stack_count(), threads.len()),
            blocks: Blocks::new(),
            mappings: Mappings::default(),
            time_line: TimeLine::new(),
            looks: Looks::default(),
            refusals: Refusals::default(),
            last_stack: NO_STACK,
        }
    }

    #[inline]
    fn event(&mut self, thread: u32, event: &Event) {
        self.events += 1;
        self.now_ms = self.now_ms.max(event.time_ms);
        let now_ms = self.now_ms;
        let holder = match event.kind {
            EventKind::Allocation { address, size, stack, allocator, probability } => {
                self.last_stack = stack;
                let holder = self.holder(thread, stack);
                let new = NewBlock { address, size, allocator, probability, holder };
                self.blocks.allocate(&mut self.ledger, &new, now_ms);
                holder
            }
            EventKind::Free { address } => {
                self.blocks.free(&mut self.ledger, address, now_ms);
                self.time_line.heap(now_ms, self.ledger.live_bytes());
                return;
            }
            EventKind::Map { address, length, stack, accessible } => {
                self.last_stack = stack;
                let holder = self.holder(thread, stack);
                let change = Change { address, length, accessible, holder, now_ms, sequence: event.sequence };
                self.mappings.map(&mut self.ledger, &change);
                holder
            }
            EventKind::Protect { address, length, stack, accessible } => {
                let holder = self.holder(thread, stack);
                let change = Change { address, length, accessible, holder, now_ms, sequence: event.sequence };
                self.mappings.protect(&mut self.ledger, &change);
                holder
            }
            EventKind::Unmap { address, length } => {
                self.mappings.unmap(&mut self.ledger, address, length, now_ms);
                self.time_line.heap(now_ms, self.ledger.live_bytes());
                return;
            }
            EventKind::Resident(resident) => {
                self.look(resident);
                return;
            }
            EventKind::Refused { size, stack, limit } => {
                self.refused(thread, size, stack, limit);
                return;
            }
        };
        if self.ledger.settle(holder, now_ms) {
            self.peak_sequence = event.sequence;
            self.looks.heap_peak();
        }
        self.time_line.heap(now_ms, self.ledger.live_bytes());
    }

    /// Who holds what `thread` allocates. What a thread allocates without Python belongs to the stack that
    /// started the thread.
    #[inline]
    fn holder(&mut self, thread: u32, stack: StackId) -> Holder {
        if self.thread.0 != thread {
            let index = self.threads.binary_search_by_key(&thread, |known| known.number);
            // The profile lists every thread that has events.
            self.thread = (thread, index.unwrap_or(0) as u32);
        }
        let index = self.thread.1;
        let stack = if stack == NO_STACK { self.threads[index as usize].started_by } else { stack };
        Holder { account: self.ledger.account_of(stack), thread: index }
    }

    #[cold]
    fn refused(&mut self, thread: u32, size: u64, stack: StackId, limit: u64) {
        let started_by =
            || self.threads.iter().find(|known| known.number == thread).map(|known| known.started_by);
        let stack = if stack == NO_STACK { started_by().unwrap_or(NO_STACK) } else { stack };
        let heap_bytes = whole(self.ledger.live_bytes());
        self.refusals.add(Refusal { time_ms: self.now_ms, size, limit, stack, heap_bytes });
    }

    fn look(&mut self, resident: Resident) {
        self.time_line.look(self.now_ms, resident);
        self.looks.add(ResidentPoint {
            time_ms: self.now_ms,
            resident,
            heap_bytes: whole(self.ledger.live_bytes()),
            small_object_bytes: whole(self.blocks.small_object_bytes()),
        });
    }

    /// The analysis, but for what the iterator over the events knows.
    fn finish(self, profile: &Profile) -> Analysis {
        let maximum = self.looks.maximum();
        let max_rss_bytes = match profile.header().outcome.max_rss_bytes {
            0 => maximum.map(|point| point.resident.total()),
            stamped => Some(stamped),
        };
        let threads = self.threads.iter().zip(self.ledger.threads());
        let threads =
            threads.map(|(thread, own)| ThreadTotals { number: thread.number, own }).collect::<Vec<_>>();
        let total = self.ledger.total();
        let (mut peak, holder) = self.ledger.peak();
        peak.sequence = self.peak_sequence;
        let stacks = self.ledger.into_stacks();
        if let Some(holder) = holder {
            peak.thread = threads[holder.thread as usize].number;
            peak.stack = stacks.stack_of(holder.account);
        }
        Analysis {
            peak,
            total,
            threads,
            sampling: Sampling::EXACT,
            events: self.events,
            duration_ms: self.now_ms,
            resident_at_peak: self.looks.at_heap_peak(),
            resident_maximum: maximum,
            max_rss_bytes,
            refusals: self.refusals,
            last_stack: self.last_stack,
            problems: Vec::new(),
            stacks,
            time_line: self.time_line,
        }
    }
}
