//! The agent's own thread: looks at the memory of the process, fits the sampling rule, keeps the text of files.
//!
//! It is marked as inside a hook for ever, so nothing that it does is recorded, and it takes no signals. Before a
//! fork it is stopped, because CPython warns of a fork in a process with threads, and it starts again at the next
//! recorded event some time later. Invariant: nobody waits for it but [`stop`], and it holds no lock while it
//! waits.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use heapwise_capture::header::Mode;
use heapwise_capture::origin::{Origin, origin};
use heapwise_capture::table::TableRecord;

use crate::platform::slot::Inside;

use crate::footprint::Look;
use crate::recorder::{self, Agent};
use crate::{blocks, heap, lifecycle, looks, platform, process, sampler};

/// Time between two ticks.
const TICK: Duration = Duration::from_millis(10);
/// Ticks between two looks whether there is anybody left.
const ALONE_EVERY: u32 = 10;
/// Larger files are not kept.
const LARGEST_SOURCE: u64 = 1 << 20;
/// Milliseconds after a fork before the thread starts again: the check for threads is over by then.
const REST_AFTER_FORK: u64 = 20;

static STATE: Mutex<State> = Mutex::new(State { thread: None, stop: false });
static WAKE: Condvar = Condvar::new();
/// When the thread may start again, by [`platform::coarse_ms`]; 0 while it runs or shall not.
static RESTART_AT: AtomicU64 = AtomicU64::new(0);
/// The system's id of the thread; 0 while there is none.
static THREAD_ID: AtomicU32 = AtomicU32::new(0);
/// The memory of this process has been looked at.
static LOOKED: AtomicBool = AtomicBool::new(false);

struct State {
    thread: Option<JoinHandle<()>>,
    stop: bool,
}

/// Starts the thread.
pub(crate) fn start(agent: &'static Agent) {
    RESTART_AT.store(0, Ordering::Relaxed);
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    if state.thread.is_some() {
        return;
    }
    state.stop = false;
    let before = block_signals();
    let builder = std::thread::Builder::new().name("heapwise".into()).stack_size(256 * 1024);
    // Without the thread there is no time line; recording goes on.
    state.thread = builder.spawn(move || run(agent)).ok();
    restore_signals(&before);
}

/// Ends the thread and waits for it.
pub(crate) fn stop() {
    RESTART_AT.store(0, Ordering::Relaxed);
    let thread = {
        let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
        state.stop = true;
        state.thread.take()
    };
    WAKE.notify_all();
    if let Some(thread) = thread {
        let _ = thread.join();
        process::wait_until_gone(THREAD_ID.swap(0, Ordering::Relaxed));
    }
}

/// Keeps the thread from being started until dropped: around a fork.
pub(crate) struct Held(#[expect(dead_code, reason = "held, not looked at")] MutexGuard<'static, State>);

/// Takes it.
pub(crate) fn hold() -> Held {
    Held(STATE.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Lets the thread start again a little later.
pub(crate) fn restart_later() {
    RESTART_AT.store(platform::coarse_ms() + REST_AFTER_FORK, Ordering::Relaxed);
}

/// Starts the thread if it is due.
#[inline]
pub(crate) fn restart_if_due(agent: &'static Agent) {
    let at = RESTART_AT.load(Ordering::Relaxed);
    if at != 0 && platform::coarse_ms() >= at {
        start(agent);
    }
}

fn run(agent: &'static Agent) {
    Inside::for_ever();
    THREAD_ID.store(process::thread_id(), Ordering::Relaxed);
    let mut look = Look::new();
    let mut last = Instant::now();
    for tick in 1u32.. {
        let stop = {
            let state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
            let wait = WAKE.wait_timeout_while(state, TICK, |state| !state.stop);
            wait.unwrap_or_else(PoisonError::into_inner).0.stop
        };
        if stop || recorder::recording().is_none() {
            return;
        }
        // A process whose first thread has ended lasts until the last one does: here is where glibc ends it, as it would
        // have without this thread.
        if tick.is_multiple_of(ALONE_EVERY) && process::is_only_thread_left() {
            // Nobody shall wait for this thread, which is the one that runs the exit functions now.
            drop(STATE.lock().unwrap_or_else(PoisonError::into_inner).thread.take());
            return;
        }
        if agent.mode == Mode::Sampled {
            let elapsed = last.elapsed().as_millis() as u64;
            last += Duration::from_millis(elapsed);
            sampler::adapt(agent.age_ms(), elapsed, blocks::live_bytes(), blocks::drawn_bytes());
        }
        lifecycle::heard(agent);
        heap::keep_reserve();
        keep_sources(agent);
        look.take_if_due(agent);
        LOOKED.store(true, Ordering::Relaxed);
        looks::tick(agent);
    }
}

/// Python is about to end, and everything still lives. A child that lasted for some milliseconds only has no look at its
/// memory yet; the last one is taken when Python has given back what it held.
pub(crate) fn look_if_there_was_none(agent: &'static Agent) {
    if !LOOKED.swap(true, Ordering::Relaxed) {
        Look::new().take(agent);
    }
}

/// The fork is over: nothing of this process has been looked at.
pub(crate) fn after_fork_in_child() {
    LOOKED.store(false, Ordering::Relaxed);
}

/// A last look, by the thread that ends the process.
pub(crate) fn finish(agent: &'static Agent) {
    keep_sources(agent);
    let mut look = Look::new();
    look.take(agent);
}

/// Keeps the text of the user's files that were seen since the last call.
fn keep_sources(agent: &'static Agent) {
    let files = agent.tables.lock().unwrap_or_else(PoisonError::into_inner).take_new_files();
    for (file, name) in files {
        if let Some(text) = source_of(&name) {
            agent.with_tables(|tables, sink| tables.write(sink, &TableRecord::Source { file, text: &text }));
        }
    }
}

fn source_of(name: &[u8]) -> Option<Vec<u8>> {
    let name = std::str::from_utf8(name).ok()?;
    match origin(name) {
        Origin::User => process::text_of(Path::new(name), LARGEST_SOURCE),
        // The one text that has no file and yet is known: that of `python -c`.
        Origin::NoFile if name == "<string>" => {
            let mut arguments = process::arguments().into_iter();
            arguments.find(|argument| argument == b"-c").and_then(|_| arguments.next())
        }
        _ => None,
    }
}

pub(crate) fn block_signals() -> libc::sigset_t {
    // SAFETY: the sets are valid places; all zero is a valid empty set.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        before
    }
}

pub(crate) fn restore_signals(before: &libc::sigset_t) {
    // SAFETY: the set is the one that was in force.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, std::ptr::null_mut()) };
}
