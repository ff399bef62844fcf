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
    replay(profile, Peaks).0
}

/// Replays all events of a profile once, under the eyes of `watch`.
pub(crate) fn replay<W: Watch>(profile: &Profile, watch: W) -> (Analysis, W) {
    replay_each(profile, watch, |_, _, _| {})
}

/// Replays all events of a profile once. `each` is given every event in its order: the number of its thread, the
/// event, and the bytes that were live after it.
pub fn analyse_with(profile: &Profile, each: impl FnMut(u32, &Event, u64)) -> Analysis {
    replay_each(profile, Peaks, each).0
}

fn replay_each<W: Watch>(
    profile: &Profile,
    watch: W,
    mut each: impl FnMut(u32, &Event, u64),
) -> (Analysis, W) {
    let mut replay = Replay::new(profile, watch);
    let mut events = profile.events();
    for (thread, event) in &mut events {
        replay.event(thread, &event);
        each(thread, &event, whole(replay.ledger.live_bytes()));
    }
    let (mut analysis, watch) = replay.finish(profile);
    analysis.sampling = events.coarsest_sampling();
    analysis.problems = profile.problems().iter().copied().chain(events.problems()).collect();
    (analysis, watch)
}

/// What follows a replay, and says which moment is the one that everything is about.
pub(crate) trait Watch {
    /// Whether the high-water mark is the one of this process; else [`Self::is_mark`] says when it is.
    const OWN_PEAK: bool = true;

    /// After the event with this number, from 1, `live` bytes are live.
    fn heap(&mut self, event: u64, now_ms: u64, live: f64);

    /// The process was looked at.
    fn look(&mut self, _point: &ResidentPoint) {}

    /// Whether the state after the event with this number is to be taken for that of the high-water mark.
    fn is_mark(&self, _event: u64) -> bool {
        false
    }
}

/// Watches for nothing more than the high-water mark.
#[derive(Debug)]
struct Peaks;

impl Watch for Peaks {
    #[inline(always)]
    fn heap(&mut self, _: u64, _: u64, _: f64) {}
}

#[derive(Debug)]
struct Replay<'a, W> {
    watch: W,
    threads: &'a [Thread],
    /// The thread of the last event: its number and index.
    thread: (u32, u32),
    events: u64,
    now_ms: u64,
    peak_sequence: u64,
    ledger: Ledger,
    blocks: Blocks<'a>,
    mappings: Mappings,
    time_line: TimeLine,
    looks: Looks,
    refusals: Refusals,
    last_stack: StackId,
    /// Bytes of reservations at the high-water mark.
    committed_at_peak: u64,
}

impl<'a, W: Watch> Replay<'a, W> {
    fn new(profile: &'a Profile, watch: W) -> Self {
        let threads = profile.threads();
        Self {
            watch,
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
            committed_at_peak: 0,
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
                self.after(None, event.sequence);
                return;
            }
            EventKind::Map { address, length, stack, accessible } => {
                self.last_stack = stack;
                let holder = self.holder(thread, stack);
                let change = Change {
                    address,
                    length,
                    accessible,
                    reserve: false,
                    holder,
                    now_ms,
                    sequence: event.sequence,
                };
                self.mappings.map(&mut self.ledger, &change);
                holder
            }
            EventKind::Protect { address, length, stack, accessible } => {
                let holder = self.holder(thread, stack);
                let change = Change {
                    address,
                    length,
                    accessible,
                    reserve: false,
                    holder,
                    now_ms,
                    sequence: event.sequence,
                };
                self.mappings.protect(&mut self.ledger, &change);
                holder
            }
            EventKind::Reserve { address, length, stack } => {
                let holder = self.holder(thread, stack);
                let change = Change {
                    address,
                    length,
                    accessible: true,
                    reserve: true,
                    holder,
                    now_ms,
                    sequence: event.sequence,
                };
                self.mappings.map(&mut self.ledger, &change);
                holder
            }
            EventKind::Committed { address, bytes, stack } => {
                let holder = self.holder(thread, stack);
                self.mappings.commit(&mut self.ledger, address, bytes, holder);
                holder
            }
            EventKind::Pool { address, length } => {
                self.mappings.unmap(&mut self.ledger, address, length, now_ms);
                self.blocks.add_pool(address, length);
                self.after(None, event.sequence);
                return;
            }
            EventKind::Unmap { address, length } => {
                self.blocks.remove_pool(address, length);
                self.mappings.unmap(&mut self.ledger, address, length, now_ms);
                self.after(None, event.sequence);
                return;
            }
            EventKind::Resident(ref resident) => {
                self.look(**resident);
                self.after(None, event.sequence);
                return;
            }
            EventKind::Refused { size, stack, limit } => {
                self.refused(thread, size, stack, limit);
                self.after(None, event.sequence);
                return;
            }
        };
        self.after(Some(holder), event.sequence);
    }

    /// All of an event is booked; `holder` allocated by it.
    #[inline]
    fn after(&mut self, holder: Option<Holder>, sequence: u64) {
        let now_ms = self.now_ms;
        if W::OWN_PEAK {
            if let Some(holder) = holder
                && self.ledger.settle(holder, now_ms)
            {
                self.peak_sequence = sequence;
                self.looks.heap_peak();
                self.committed_at_peak = self.mappings.committed();
            }
        } else if self.watch.is_mark(self.events) {
            self.ledger.mark(holder, now_ms);
            self.peak_sequence = sequence;
            self.looks.heap_peak();
            self.committed_at_peak = self.mappings.committed();
        }
        self.time_line.heap(now_ms, self.ledger.live_bytes());
        self.watch.heap(self.events, now_ms, self.ledger.live_bytes());
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
        let heap_bytes = self.ledger.live_bytes();
        let in_blocks = heap_bytes - self.mappings.bytes() as f64;
        let point = ResidentPoint {
            time_ms: self.now_ms,
            resident,
            heap_bytes: whole(heap_bytes),
            small_object_bytes: whole(self.blocks.small_object_bytes()),
            pool_bytes: whole(self.blocks.pool_bytes()),
            overhead_bytes: whole(self.blocks.taken_bytes() - in_blocks),
        };
        self.watch.look(&point);
        self.looks.add(point);
    }

    /// The analysis, but for what the iterator over the events knows.
    fn finish(self, profile: &Profile) -> (Analysis, W) {
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
        let analysis = Analysis {
            peak,
            total,
            threads,
            sampling: Sampling::EXACT,
            events: self.events,
            duration_ms: self.now_ms,
            committed_at_peak: self.committed_at_peak,
            resident_at_peak: self.looks.at_heap_peak(peak.heap_bytes),
            resident_maximum: maximum,
            max_rss_bytes,
            refusals: self.refusals,
            last_stack: self.last_stack,
            problems: Vec::new(),
            stacks,
            time_line: self.time_line,
            slots: self.blocks.into_slots(),
        };
        (analysis, self.watch)
    }
}
