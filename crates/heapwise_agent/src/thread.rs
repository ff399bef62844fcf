//! What the agent keeps of each thread of the program, beside its [`crate::platform::slot`].
//!
//! Invariant: a [`Thread`] is reached only by its own thread, while that is marked as inside a hook.

use std::ffi::c_void;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use heapwise_capture::event::{EventEncoder, MAX_LENGTH};
use heapwise_capture::header::Mode;
use heapwise_capture::sampling::Sampling;
use heapwise_capture::table::{NO_STACK, StackId, TableRecord};

use crate::platform::Errno;
use crate::platform::slot::{Slot, slot};
use crate::recorder::{self, Agent};
use crate::sampler::{self, Random, Tally};
use crate::sink::Chunk;
use crate::stack::StackCache;
use crate::{lifecycle, monitor, platform, process};

/// Sizes of a thread's successive chunks: small ones for the many threads that record little.
const CHUNKS: [usize; 4] = [16 * 1024, 64 * 1024, 256 * 1024, 1024 * 1024];
/// Room that is kept for one event with the time and sampling records before it.
const ROOM: usize = 3 * MAX_LENGTH;

static COUNT: AtomicU32 = AtomicU32::new(0);
/// Threads of the program among them.
static OF_THE_PROGRAM: AtomicU32 = AtomicU32::new(0);

/// What is kept of a thread.
#[derive(Debug)]
pub(crate) struct Thread {
    number: u32,
    pub(crate) stacks: StackCache,
    /// The stack that started it: what it does without Python belongs there.
    pub(crate) started_by: StackId,
    random: Random,
    pub(crate) tally: Tally,
    /// The rule by which its next blocks are chosen.
    pub(crate) rule: Sampling,
    encoder: EventEncoder,
    chunk: Option<Chunk>,
    chunks: usize,
    sequence: u64,
    written_time: u64,
    written_rule: Sampling,
}

impl Thread {
    fn new(agent: &'static Agent, started_by: StackId) -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
        let rule = if agent.mode == Mode::Exact { Sampling::EXACT } else { sampler::rule() };
        agent.with_tables(|tables, sink| {
            let name = process::thread_name();
            let os_id = process::thread_id();
            tables.write(sink, &TableRecord::Thread { number, os_id, started_by, name: &name })
        });
        Self {
            number,
            stacks: StackCache::new(),
            started_by,
            random: Random::new(number),
            tally: Tally::default(),
            rule,
            encoder: EventEncoder::new(0),
            chunk: None,
            chunks: 0,
            sequence: 0,
            written_time: 0,
            written_rule: Sampling::EXACT,
        }
    }

    /// Takes on a rule and draws the next gap by it.
    #[inline]
    pub(crate) fn adopt(&mut self, rule: Sampling, slot: &Slot) {
        self.rule = rule;
        slot.threshold.set(rule.threshold as usize);
        slot.countdown.set(if rule == Sampling::EXACT { -1 } else { self.random.gap(rule.interval) });
    }

    /// Writes one event that has this sequence number; `encode` puts it at the start of the bytes it is given
    /// and says how many it took.
    #[inline]
    pub(crate) fn write(
        &mut self,
        agent: &'static Agent,
        sequence: u64,
        encode: impl FnOnce(&mut EventEncoder, &mut [u8; MAX_LENGTH]) -> usize,
    ) {
        self.write_at(agent, platform::coarse_ms(), sequence, encode);
    }

    /// The same for an event of the time `coarse_ms`.
    #[inline]
    pub(crate) fn write_at(
        &mut self,
        agent: &'static Agent,
        coarse_ms: u64,
        sequence: u64,
        encode: impl FnOnce(&mut EventEncoder, &mut [u8; MAX_LENGTH]) -> usize,
    ) {
        let now = coarse_ms.saturating_sub(agent.start_ms);
        let ready = now == self.written_time
            && self.rule == self.written_rule
            && self.chunk.as_ref().is_some_and(|chunk| chunk.room() >= ROOM);
        if !ready && !self.prepare(agent, now) {
            return;
        }
        if let Some(chunk) = &mut self.chunk
            && let Some(out) = chunk.tail().first_chunk_mut()
        {
            let length = encode(&mut self.encoder, out);
            chunk.commit(length);
            self.sequence = sequence;
        }
    }

    /// Makes room, and writes the time and the rule if they changed; false if there is no room to be had.
    #[cold]
    fn prepare(&mut self, agent: &'static Agent, now: u64) -> bool {
        let _errno = Errno::keep();
        monitor::restart_if_due(agent);
        let mut fresh = false;
        if self.chunk.as_ref().is_none_or(|chunk| chunk.room() < ROOM) {
            let size = CHUNKS[self.chunks.min(CHUNKS.len() - 1)];
            let chunk = agent.with_sink(|sink| sink.chunk(self.number, size, self.sequence));
            match chunk {
                Ok(chunk) => self.chunk = Some(chunk),
                Err(error) => {
                    lifecycle::cannot_write(&error);
                    return false;
                }
            }
            self.encoder = EventEncoder::new(self.sequence);
            self.chunks += 1;
            fresh = true;
        }
        let Some(chunk) = &mut self.chunk else { return false };
        if fresh || now != self.written_time {
            if let Some(out) = chunk.tail().first_chunk_mut() {
                let length = EventEncoder::time(out, now);
                chunk.commit(length);
            }
            self.written_time = now;
        }
        if fresh || self.rule != self.written_rule {
            if let Some(out) = chunk.tail().first_chunk_mut() {
                let length = EventEncoder::sampling(out, self.rule);
                chunk.commit(length);
            }
            self.written_rule = self.rule;
        }
        true
    }
}

/// The thread behind a slot, made at first sight. The slot is marked as inside.
#[inline]
#[expect(
    clippy::mut_from_ref,
    reason = "a slot is no owner but a way to the one state of the calling thread"
)]
pub(crate) fn of(slot: &Slot, agent: &'static Agent) -> &'static mut Thread {
    let thread = slot.thread.get();
    if thread.is_null() {
        return begin(slot, agent, NO_STACK);
    }
    // SAFETY: made by `begin`, ended only by this thread's own exit, and reached by one hook at a time.
    unsafe { &mut *thread }
}

/// Makes what is kept of the calling thread.
#[cold]
#[expect(
    clippy::mut_from_ref,
    reason = "a slot is no owner but a way to the one state of the calling thread"
)]
pub(crate) fn begin(slot: &Slot, agent: &'static Agent, started_by: StackId) -> &'static mut Thread {
    let _errno = Errno::keep();
    if slot.own.get() == 0 && OF_THE_PROGRAM.fetch_add(1, Ordering::Relaxed) > 0 {
        // The hook of `pthread_create` has said so already, unless the thread was started past it.
        recorder::expect_several_threads();
    }
    let mut thread = Box::new(Thread::new(agent, started_by));
    thread.adopt(thread.rule, slot);
    let thread = Box::into_raw(thread);
    slot.thread.set(thread);
    if let Some(key) = exit_key() {
        // SAFETY: a live key; the value is what `at_exit` expects.
        unsafe { libc::pthread_setspecific(key, thread.cast()) };
    }
    // SAFETY: just made, and reached by this thread alone.
    unsafe { &mut *thread }
}

/// In the child of a fork: ends what was kept of the calling thread, the only one there is, for the parent's capture.
/// The rule by which its next block was chosen.
pub(crate) fn forget_parent(slot: &Slot) -> Option<Sampling> {
    COUNT.store(0, Ordering::Relaxed);
    OF_THE_PROGRAM.store(0, Ordering::Relaxed);
    let thread = slot.thread.replace(std::ptr::null_mut());
    if thread.is_null() {
        return None;
    }
    // SAFETY: made by `begin`; the slot no longer leads to it. Its chunk is unmapped and not written to.
    let thread = unsafe { Box::from_raw(thread) };
    Some(thread.rule)
}

/// The key whose destructor runs when a thread ends.
fn exit_key() -> Option<libc::pthread_key_t> {
    static KEY: OnceLock<Option<libc::pthread_key_t>> = OnceLock::new();
    *KEY.get_or_init(|| {
        let mut key = 0;
        // SAFETY: a valid place for the key.
        let failed = unsafe { libc::pthread_key_create(&raw mut key, Some(at_exit)) } != 0;
        (!failed).then_some(key)
    })
}

/// Ends what is kept of a thread. What it still does afterwards, in destructors of others, starts anew, with
/// only large blocks recorded where blocks are sampled.
unsafe extern "C" fn at_exit(thread: *mut c_void) {
    let slot = slot();
    let before = slot.depth.replace(1);
    if slot.thread.get() == thread.cast() {
        slot.thread.set(std::ptr::null_mut());
        if slot.threshold.get() != 0 {
            slot.countdown.set(i64::MAX);
        }
        // SAFETY: made by `begin`; the slot no longer leads to it.
        drop(unsafe { Box::from_raw(thread.cast::<Thread>()) });
    }
    slot.depth.set(before);
}
