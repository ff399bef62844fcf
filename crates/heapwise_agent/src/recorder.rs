//! From a hook to an event in the capture.
//!
//! The functions that hooks call inline ([`passes`], [`allocated`]) decide in a few instructions that there is
//! nothing to do; the rest is out of line. Invariants: a free is recorded before the memory is given back and an
//! allocation after it was got, each with a number from one counter taken in between, so the events of all
//! threads have an order in which no address is given out twice; and a panic in here ends the recording, never
//! the program.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use heapwise_capture::event::{Allocator, EventKind};
use heapwise_capture::header::{Mode, Stop};
use heapwise_capture::sampling::Sampling;
use heapwise_capture::table::{NO_STACK, StackId};
use heapwise_cpython::Interpreter;

use crate::blocks::Weight;
use crate::config::Config;
use crate::platform::slot::{Slot, slot};
use crate::platform::{self, Alone, Errno};
use crate::ranges::{Kind, Ranges, Reserve};
use crate::sampler;
use crate::sink::Sink;
use crate::tables::Tables;
use crate::thread::{self, Thread};
use crate::{blocks, lifecycle, looks};

/// What all threads share while a capture is recorded.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) interpreter: Interpreter,
    pub(crate) mode: Mode,
    /// What was asked for; a child of a fork goes by it too.
    pub(crate) config: Config,
    /// The process that this is of.
    pub(crate) pid: u32,
    /// When recording started, by [`crate::platform::coarse_ms`].
    pub(crate) start_ms: u64,
    /// Locked before the sink, where both are.
    pub(crate) tables: Mutex<Tables>,
    pub(crate) sink: Mutex<Sink>,
    pub(crate) ranges: Mutex<Ranges>,
}

/// Null, or an agent that lives as long as the process; a child of a fork gets another.
static AGENT: AtomicPtr<Agent> = AtomicPtr::new(std::ptr::null_mut());
static RECORDING: AtomicBool = AtomicBool::new(false);

static SEQUENCE: Alone<AtomicU64> = Alone(AtomicU64::new(0));
/// More than one thread of the program takes numbers. The agent's own thread takes none.
static SEVERAL_THREADS: AtomicBool = AtomicBool::new(false);
/// This is the child of a fork, and nothing of it was recorded yet.
static FORKED: AtomicBool = AtomicBool::new(false);
/// The program has reservations whose growth is to be charged.
static RESERVES: AtomicBool = AtomicBool::new(false);
/// The stack that was looked at last by a thread that runs Python, kept while there are reservations.
static LATEST_STACK: AtomicU32 = AtomicU32::new(NO_STACK);
/// Raised whenever a code object ended.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// Starts recording.
pub(crate) fn begin(agent: Agent) {
    if agent.mode == Mode::Exact {
        blocks::see_every_free(true);
    }
    AGENT.store(Box::into_raw(Box::new(agent)), Ordering::Release);
    RECORDING.store(true, Ordering::Release);
}

/// In the child of a fork: the capture is the parent's, and recording begins anew with the first event.
pub(crate) fn end_in_child() {
    if RECORDING.swap(false, Ordering::Relaxed) {
        FORKED.store(true, Ordering::Relaxed);
    }
}

/// Forgets all numbers that were given in the parent of a fork. Nothing else runs in the child yet.
pub(crate) fn forget_parent() {
    SEQUENCE.0.store(0, Ordering::Relaxed);
    SEVERAL_THREADS.store(false, Ordering::Relaxed);
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// Begins the recording of a child of a fork, at its first event; `None` if this is none.
#[cold]
fn begin_after_fork(slot: &Slot) -> Option<&'static Agent> {
    if !FORKED.swap(false, Ordering::Relaxed) {
        return None;
    }
    let _errno = Errno::keep();
    within(slot, lifecycle::begin_in_child);
    recording()
}

/// Ends recording; whether it was on.
pub(crate) fn end() -> bool {
    let was_on = RECORDING.swap(false, Ordering::AcqRel);
    if was_on {
        blocks::see_every_free(false);
    }
    was_on
}

/// The agent, while it records.
#[inline]
pub(crate) fn recording() -> Option<&'static Agent> {
    if RECORDING.load(Ordering::Acquire) { agent() } else { None }
}

/// The agent, also when recording has ended.
#[inline]
pub(crate) fn agent() -> Option<&'static Agent> {
    // SAFETY: null, or made by `begin` and never freed.
    unsafe { AGENT.load(Ordering::Acquire).as_ref() }
}

impl Agent {
    /// Takes all that threads share, in the order in which they do, so that a fork finds it whole.
    pub(crate) fn hold(&self) -> (MutexGuard<'_, Tables>, MutexGuard<'_, Ranges>, MutexGuard<'_, Sink>) {
        (
            self.tables.lock().unwrap_or_else(PoisonError::into_inner),
            self.ranges.lock().unwrap_or_else(PoisonError::into_inner),
            self.sink.lock().unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// How long it has been recording, milliseconds.
    pub(crate) fn age_ms(&self) -> u64 {
        platform::coarse_ms().saturating_sub(self.start_ms)
    }

    /// Works with the sink.
    pub(crate) fn with_sink<T>(&self, work: impl FnOnce(&mut Sink) -> T) -> T {
        work(&mut self.sink.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Works with the tables; a failure to write ends the recording.
    pub(crate) fn with_tables(&self, work: impl FnOnce(&mut Tables, &mut Sink) -> io::Result<()>) {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let result = self.with_sink(|sink| work(&mut tables, sink));
        drop(tables);
        if let Err(error) = result {
            lifecycle::cannot_write(&error);
        }
    }

    /// The stack of the calling thread.
    #[inline]
    pub(crate) fn stack(&self, thread: &mut Thread) -> StackId {
        let generation = GENERATION.load(Ordering::Relaxed);
        let found =
            thread.stacks.current(&self.interpreter, generation, thread.started_by, |parent, frame| {
                let _errno = Errno::keep();
                let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
                // SAFETY: the frame is one of this thread's, found by the walk that is going on.
                self.with_sink(|sink| unsafe { tables.stack(sink, &self.interpreter, parent, frame) })
            });
        let stack = found.unwrap_or_else(|error| {
            lifecycle::cannot_write(&error);
            thread.started_by
        });
        if RESERVES.load(Ordering::Relaxed) && stack != thread.started_by {
            LATEST_STACK.store(stack, Ordering::Relaxed);
        }
        stack
    }
}

/// The next number in the order of events: taken before a call that gives memory back, after one that gets some.
#[inline]
pub(crate) fn next_sequence() -> u64 {
    if SEVERAL_THREADS.load(Ordering::Relaxed) {
        return SEQUENCE.0.fetch_add(1, Ordering::AcqRel) + 1;
    }
    // A thread that is alone need not lock the memory bus.
    let next = SEQUENCE.0.load(Ordering::Relaxed) + 1;
    SEQUENCE.0.store(next, Ordering::Relaxed);
    next
}

/// The number of the last event.
pub(crate) fn sequence() -> u64 {
    SEQUENCE.0.load(Ordering::Relaxed)
}

/// The program is about to have a second thread that records. Called before that thread can run.
pub(crate) fn expect_several_threads() {
    SEVERAL_THREADS.store(true, Ordering::SeqCst);
}

/// Runs the agent's own work within a hook: marked as inside, panics ended here. Work that may reach a system call
/// keeps `errno` itself; most does not.
#[inline]
fn within<T>(slot: &Slot, work: impl FnOnce() -> T) -> Option<T> {
    slot.depth.set(1);
    let result = catch_unwind(AssertUnwindSafe(work));
    slot.depth.set(0);
    if result.is_err() {
        lifecycle::stop(Stop::Internal, "a fault in the profiler");
    }
    result.ok()
}

/// Whether a small block of this size is not to be recorded; if so it has been counted.
#[inline(always)]
pub(crate) fn passes(slot: &Slot, size: usize) -> bool {
    let countdown = slot.countdown.get() - size.cast_signed() as i64;
    if countdown >= 0 {
        slot.countdown.set(countdown);
    }
    countdown >= 0
}

/// A block was allocated, by the outermost hooked call of this thread.
#[inline(always)]
pub(crate) fn allocated(slot: &Slot, address: usize, size: usize, allocator: Allocator) {
    if address != 0 && (size >= slot.threshold.get() || !passes(slot, size)) {
        record_allocation(slot, address, size, allocator);
    }
}

#[inline(never)]
fn record_allocation(slot: &Slot, address: usize, size: usize, allocator: Allocator) {
    let Some(agent) = recording().or_else(|| begin_after_fork(slot)) else {
        slot.countdown.set(i64::MAX);
        slot.threshold.set(usize::MAX);
        return;
    };
    within(slot, || {
        let first = slot.thread.get().is_null();
        let thread = thread::of(slot, agent);
        let exact = agent.mode == Mode::Exact;
        let certain = exact || size as u64 >= thread.rule.threshold;
        if first && !exact {
            // Its slot was all zero, so nothing was decided yet: the first gap was drawn only now.
            if !certain && passes(slot, size) {
                return;
            }
        }
        let stack = agent.stack(thread);
        let sequence = next_sequence();
        thread.write(agent, sequence, |encoder, out| {
            encoder.allocation(out, sequence, address as u64, size as u64, stack, allocator)
        });
        if exact {
            if size >= blocks::LARGE {
                blocks::insert_large(address, Weight::new(size as u64, false));
                looks::recorded(agent);
            }
            thread.stacks.leave();
            return;
        }
        let probability = thread.rule.probability(size as u64);
        blocks::insert(address, Weight::new((size as f64 / probability) as u64, !certain));
        thread.tally.recorded(certain, thread.stacks.take_work());
        looks::recorded(agent);
        thread.adopt(sampler::rule(), slot);
        thread.stacks.leave();
    });
}

/// Requests in vain that were recorded.
static REFUSED: AtomicU64 = AtomicU64::new(0);
/// A program that asks in vain for ever must not fill the capture with that.
const MOST_REFUSED: u64 = 10_000;

/// Memory was asked for in vain, by the outermost hooked call of this thread.
#[cold]
#[inline(never)]
pub(crate) fn refused(slot: &Slot, size: usize) {
    let Some(agent) = recording() else { return };
    if size == 0 || slot.depth.get() != 0 || REFUSED.fetch_add(1, Ordering::Relaxed) >= MOST_REFUSED {
        return;
    }
    let _errno = Errno::keep();
    within(slot, || {
        let thread = thread::of(slot, agent);
        let stack = agent.stack(thread);
        let sequence = next_sequence();
        let kind = EventKind::Refused { size: size as u64, stack, limit: platform::address_space_limit() };
        thread.write(agent, sequence, |encoder, out| encoder.other(out, sequence, &kind));
    });
}

/// A block that may be recorded is about to be freed.
pub(crate) fn freeing(slot: &Slot, address: usize) {
    let Some(agent) = recording() else { return };
    within(slot, || {
        let recorded = if agent.mode == Mode::Exact {
            blocks::remove_large(address);
            true
        } else {
            blocks::remove(address).is_some()
        };
        if blocks::code_ended(address) {
            agent.tables.lock().unwrap_or_else(PoisonError::into_inner).forget_code(address);
            GENERATION.fetch_add(1, Ordering::Relaxed);
        }
        if recorded {
            let sequence = next_sequence();
            let thread = thread::of(slot, agent);
            thread.write(agent, sequence, |encoder, out| encoder.free(out, sequence, address as u64));
        }
    });
}

/// A block that is being resized: its end is noted before the allocator gets it, and told once that succeeded.
#[derive(Debug)]
pub(crate) struct Resizing {
    address: usize,
    sequence: u64,
    /// What a recorded block stood for, to put it back if the allocator refuses.
    weight: Option<Weight>,
}

/// A block is about to be resized. `None` if nothing is to be told of its end.
#[inline(always)]
pub(crate) fn resizing(slot: &Slot, address: usize) -> Option<Resizing> {
    if address == 0 || !blocks::maybe(address) || !blocks::likely(address) {
        return None;
    }
    begin_resize(slot, address)
}

#[inline(never)]
fn begin_resize(slot: &Slot, address: usize) -> Option<Resizing> {
    let agent = recording()?;
    within(slot, || {
        let weight = if agent.mode == Mode::Exact {
            blocks::remove_large(address)
        } else {
            Some(blocks::remove(address)?)
        };
        Some(Resizing { address, sequence: next_sequence(), weight })
    })?
}

/// The allocator resized or freed the block.
pub(crate) fn resized(slot: &Slot, resizing: &Resizing) {
    let Some(agent) = recording() else { return };
    within(slot, || {
        let thread = thread::of(slot, agent);
        let (sequence, address) = (resizing.sequence, resizing.address as u64);
        thread.write(agent, sequence, |encoder, out| encoder.free(out, sequence, address));
    });
}

/// The allocator refused; the block is as it was.
pub(crate) fn not_resized(slot: &Slot, resizing: &Resizing) {
    if let (Some(weight), Some(agent)) = (resizing.weight, recording()) {
        within(slot, || match agent.mode {
            Mode::Exact => blocks::insert_large(resizing.address, weight),
            Mode::Sampled => blocks::insert(resizing.address, weight),
        });
    }
}

/// What becomes of a range of addresses.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RangeChange {
    /// Anonymous memory is mapped there.
    Mapped { accessible: bool },
    /// Anonymous memory is mapped there, accessible, without any set aside for it.
    Reserved,
    /// An allocator mapped it for blocks that are recorded themselves.
    Pool,
    /// Nothing of the program's is there any more.
    Unmapped,
    /// It may be read or written from now on, or no more.
    Protected { accessible: bool },
}

/// Whether a range holds anonymous memory that the program mapped.
pub(crate) fn is_mapped(start: usize, length: usize) -> bool {
    let slot = slot();
    let Some(agent) = recording() else { return false };
    within(slot, || agent.ranges.lock().unwrap_or_else(PoisonError::into_inner).overlaps(start, length))
        .unwrap_or(false)
}

/// Records what became of a range; `sequence` as [`next_sequence`] gave it, or a new one.
pub(crate) fn range(start: usize, length: usize, change: RangeChange, sequence: Option<u64>) {
    let slot = slot();
    let Some(agent) = recording().or_else(|| begin_after_fork(slot)) else { return };
    within(slot, || {
        let mut ranges = agent.ranges.lock().unwrap_or_else(PoisonError::into_inner);
        let concerns = match change {
            RangeChange::Mapped { .. } => {
                ranges.insert(start, length, Kind::Heap);
                true
            }
            RangeChange::Pool => {
                ranges.insert(start, length, Kind::Pool);
                true
            }
            // Told below, with its stack.
            RangeChange::Reserved => true,
            RangeChange::Unmapped => ranges.remove(start, length),
            RangeChange::Protected { .. } => ranges.overlaps(start, length),
        };
        drop(ranges);
        if !concerns {
            return;
        }
        let thread = thread::of(slot, agent);
        let stack = agent.stack(thread);
        if matches!(change, RangeChange::Reserved) {
            RESERVES.store(true, Ordering::Relaxed);
            let known = if stack == thread.started_by { NO_STACK } else { stack };
            if known != NO_STACK {
                LATEST_STACK.store(known, Ordering::Relaxed);
            }
            let kind = Kind::Reserve(Reserve { stack: known, committed: None });
            let mut ranges = agent.ranges.lock().unwrap_or_else(PoisonError::into_inner);
            ranges.insert(start, length, kind);
        }
        let (address, length) = (start as u64, length as u64);
        let kind = match change {
            RangeChange::Mapped { accessible } => EventKind::Map { address, length, stack, accessible },
            RangeChange::Reserved => EventKind::Reserve { address, length, stack },
            RangeChange::Pool => EventKind::Pool { address, length },
            RangeChange::Unmapped => EventKind::Unmap { address, length },
            RangeChange::Protected { accessible } => {
                EventKind::Protect { address, length, stack, accessible }
            }
        };
        let sequence = sequence.unwrap_or_else(next_sequence);
        thread.write(agent, sequence, |encoder, out| encoder.other(out, sequence, &kind));
    });
}

/// Writes an event of the agent's own thread, which is marked as inside for ever.
pub(crate) fn write_own(agent: &'static Agent, kind: &EventKind) {
    let thread = thread::of(slot(), agent);
    thread.rule = Sampling::EXACT;
    // It shares the number of the program's last event: a look stands behind what it looks at. The time is taken first,
    // so that it is not later than that of the event with the next number, however long this thread is held up here.
    let now = platform::coarse_ms();
    let sequence = SEQUENCE.0.load(Ordering::Acquire);
    thread.write_at(agent, now, sequence, |encoder, out| encoder.other(out, sequence, kind));
}

/// The stack that was looked at last by a thread that runs Python.
pub(crate) fn latest_stack() -> StackId {
    LATEST_STACK.load(Ordering::Relaxed)
}

/// The stack that the calling thread is at, for a thread that it starts.
pub(crate) fn stack_here() -> Option<StackId> {
    let slot = slot();
    let agent = recording()?;
    within(slot, || agent.stack(thread::of(slot, agent)))
}

/// Makes what is kept of the calling thread, which `started_by` started.
pub(crate) fn begin_thread(started_by: StackId) {
    let slot = slot();
    if let Some(agent) = recording() {
        within(slot, || thread::begin(slot, agent, started_by).rule);
    }
}
