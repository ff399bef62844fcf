//! When to look at the live objects, and who does it.
//!
//! The heap passing a height is noticed by a hook, which asks for a look and goes on. The main thread looks when it is
//! next between two instructions; if it does not come to that soon, for instance because it waits for others, a
//! short-lived thread of the agent takes the GIL and looks instead. A look that met a value before it got its name is
//! followed by another when the line that made it is done ([`follow`]), or a little later, and that by short ones at
//! growing distances: arrays are made first and filled then.
//!
//! Invariants: the looks together stay within [`SHARE`] of the run, short runs apart ([`CREDIT`]), and each within
//! [`SHARE_OF_ROOM`] of the memory that the program may still get; no thread of the agent waits for the GIL while the
//! interpreter ends or forks: [`before_fork`] and [`at_exit`] run in time and wait for it to be gone; what a look allocates
//! is not counted.

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use heapwise_capture::table::TableRecord;
use heapwise_cpython::gil::{self, Gil};
use heapwise_inspector::{Allowance, Inspector, thread_time};

use crate::platform::slot::{Inside, slot};
use crate::recorder::{self, Agent};
use crate::{blocks, follow, footprint, hooks, monitor, platform, process, room};

/// The part of the run that looks may take, as one in so many.
const SHARE: u32 = 50;
/// What looks may take of the run's time before it has passed, with half of the share: short programs are looked at too. After
/// twelve seconds the share alone is more.
const CREDIT: Duration = Duration::from_millis(120);
/// Of both, looks at heights that were never looked at may take all; those that find the names of what was seen, and what
/// its values have become, one in so many; and those at known heights, where things come and go, one in so many.
const PART_OF_VALUES: u32 = 2;
const PART_OF_KNOWN: u32 = 4;
/// Until the heap has doubled, looks take one in so many of what is left: what seems to be its height may be passed many
/// times.
const PART_OF_DOUBLING: u32 = 2;
/// The part of the time that is kept for the last look, when the program has ended. It takes one in so many of what is
/// left, because a look may end late, and no longer than this.
const FOR_THE_LAST: Duration = Duration::from_millis(8);
const PART_OF_LAST: u32 = 2;
const LAST: Duration = Duration::from_millis(30);
/// What looks may write into the capture, bytes, and what more for each second of the run: hours of it stay within
/// some MB.
const BYTES: u64 = 4_000_000;
const BYTES_PER_S: u64 = 2_000;
/// With less than this left no look is begun.
const LEAST: Duration = Duration::from_millis(2);
/// A single look takes one in so many of what is left, so that there is something for the heights to come; one for values
/// alone more of it.
const PART: u32 = 6;
const PART_OF_FILLED: u32 = 3;
/// Waiting for a line to be done takes one in so many of what is left.
const PART_TO_FOLLOW: u32 = 8;
/// A single look takes no longer.
const LONGEST: Duration = Duration::from_secs(1);
/// One at a new height takes one in so many of what is left, and no longer than this and what its bytes ask for: a sample
/// of the elements tells what grows, and there is something left for the heights to come and for the look that follows.
const PART_WHILE_GROWING: u32 = 8;
const WHILE_GROWING: Duration = Duration::from_millis(2);
/// Bytes of the heap for which a look takes a millisecond more.
const BYTES_PER_MS: u64 = 10_000_000;
/// The first height, and the least distance from one to the next, bytes.
const STEP: u64 = 2_000_000;
/// Heights that are looked at are at least and at most so far apart, as shares of the lower one; in between so far that
/// the time for looks lasts until the heap has grown so many times.
const CLOSEST: f64 = 0.1;
const FARTHEST: f64 = 0.5;
const GROWTH: f64 = 16.0;
/// Objects that a look may note, for each millisecond that it may take; and the most.
const OBJECTS_PER_MS: u64 = 4000;
const MOST_OBJECTS: u64 = 1_500_000;
/// With fewer than this to note, a look tells nothing.
const LEAST_OBJECTS: u64 = 4_000;
/// So many are noted where memory allows it, however little time there is: containers of some thousand elements need not be
/// sampled.
const FEW_OBJECTS: u64 = 20_000;
/// The part that a look may take of the memory that the process may still get, as one in so many.
const SHARE_OF_ROOM: u64 = 8;
/// What a look takes for each object that it notes, while its tables grow, and beside them; bytes.
const NOTE: u64 = 400;
const BESIDE_NOTES: u64 = 2_000_000;
/// Address space that a thread takes which asks CPython for the GIL: an arena of malloc's, for the state that CPython
/// makes for the thread, and its stack. CPython ends the process where it gets no memory for that state.
const THREAD_ADDRESSES: u64 = (64 << 20) + STACK as u64;
const STACK: usize = 1 << 20;
/// Milliseconds until a look that was asked of the main thread is taken over.
const PATIENCE: u64 = 10;
/// Milliseconds from a look to the one that finds the names.
const AFTERWARDS: u64 = 15;
/// Milliseconds from that to the first that finds what the values have become; each further distance is four times longer.
const FILLED: u64 = 60;
/// A look for values alone takes no longer.
const SHORT: Duration = Duration::from_millis(30);
/// Holders below this share of the heap are left out.
const SMALLEST_SHARE: u64 = 500;
const SMALLEST: u64 = 32 * 1024;

static LOOKS: OnceLock<Looks> = OnceLock::new();
/// The height at which the next look is due; above all heights while none is wanted.
static DUE_AT: AtomicU64 = AtomicU64::new(u64::MAX);
/// When a look was asked for, by [`platform::coarse_ms`]; 0 while none is wanted.
static WANTED_AT: AtomicU64 = AtomicU64::new(0);
/// When the look that finds the names, or what the values have become, is due; 0 for none.
static AGAIN_AT: AtomicU64 = AtomicU64::new(0);
/// Its distance from the look before, milliseconds.
static DISTANCE: AtomicU64 = AtomicU64::new(0);
static HIGHEST: AtomicU64 = AtomicU64::new(0);
/// The highest that was looked at.
static HIGHEST_LOOKED: AtomicU64 = AtomicU64::new(0);
static LOOKED_AT: AtomicU64 = AtomicU64::new(0);
static LAST_SEQUENCE: AtomicU64 = AtomicU64::new(0);
/// The last look found names of the user's for most of the heap, and met all that they lead to.
static TOLD_ALL: AtomicBool = AtomicBool::new(false);
static SPENT_NS: AtomicU64 = AtomicU64::new(0);
/// The highest power of two that the heap has passed, and what had been spent by then.
static DOUBLING: AtomicU32 = AtomicU32::new(0);
static SPENT_BEFORE_NS: AtomicU64 = AtomicU64::new(0);
/// Bytes of all looks in the capture.
static WRITTEN: AtomicU64 = AtomicU64::new(0);
static OFF: AtomicBool = AtomicBool::new(true);
/// A fork is under way: no thread is started.
static FORKING: AtomicBool = AtomicBool::new(false);
/// A look is being taken; looks are not nested, and no two threads take one.
static LOOKING: AtomicBool = AtomicBool::new(false);
/// A look is to be taken as soon as the main thread is out of a call of Polars.
static WAITS_FOR_POLARS: AtomicBool = AtomicBool::new(false);
/// The thread that looks instead of the main one, and whether it is at work.
static THREAD: AtomicU64 = AtomicU64::new(0);
static THREAD_ID: AtomicU32 = AtomicU32::new(0);
static THREAD_STATE: AtomicU8 = AtomicU8::new(IDLE);
const IDLE: u8 = 0;
const AT_WORK: u8 = 1;
/// Library versions that were written, as a set of bits.
static VERSIONS: AtomicU64 = AtomicU64::new(0);

struct Looks {
    inspector: Inspector,
    gil: Gil,
}

/// Prepares for looks. Without them recording goes on.
///
/// # Safety
/// The GIL is held, and Python code may be run.
pub(crate) unsafe fn start(agent: &Agent) {
    // SAFETY: the GIL is held.
    let made = unsafe { Inspector::new(&agent.interpreter) }.and_then(|inspector| {
        let gil = Gil::look_up()?;
        // SAFETY: the GIL is held; both functions return `None`.
        unsafe {
            gil.call_at_exit(c"heapwise", at_exit)?;
            gil.call_before_fork(c"heapwise", before_fork)?;
        }
        Ok(Looks { inspector, gil })
    });
    if let Ok(looks) = made
        && LOOKS.set(looks).is_ok()
    {
        OFF.store(false, Ordering::Release);
        DUE_AT.store(STEP, Ordering::Relaxed);
    }
}

/// Bytes of the live heap, about.
pub(crate) fn height(agent: &Agent) -> u64 {
    let blocks = match agent.mode {
        heapwise_capture::header::Mode::Exact => blocks::live_bytes() + hooks::python::arena_bytes(),
        heapwise_capture::header::Mode::Sampled => blocks::live_bytes(),
    };
    blocks + footprint::committed_bytes()
}

/// A block was recorded: asks for a look if one is due.
#[inline]
pub(crate) fn recorded(agent: &'static Agent) {
    let height = height(agent);
    if height >= DUE_AT.load(Ordering::Relaxed) {
        want(agent, height);
    }
}

/// Asks for a look at this height. One that is wanted already is asked for once more, if this is the main thread: see
/// [`want_from_afar`].
#[cold]
fn want(agent: &Agent, height: u64) {
    if WANTED_AT.load(Ordering::Acquire) != 0 {
        if process::thread_id() == std::process::id() {
            DUE_AT.store(u64::MAX, Ordering::Relaxed);
            ask();
        }
        return;
    }
    if OFF.load(Ordering::Acquire) || recorder::recording().is_none() {
        DUE_AT.store(u64::MAX, Ordering::Relaxed);
        return;
    }
    HIGHEST.fetch_max(height, Ordering::Relaxed);
    note_doubling(height);
    if left(agent, part(height)) < LEAST {
        // A new height stays due, and the next block above it asks again.
        let known = HIGHEST_LOOKED.load(Ordering::Relaxed);
        if height <= known {
            DUE_AT.store(known + 1, Ordering::Relaxed);
        }
        return;
    }
    let now = platform::coarse_ms().max(1);
    if WANTED_AT.compare_exchange(0, now, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
        DUE_AT.store(u64::MAX, Ordering::Relaxed);
        ask();
    }
}

/// Asks the main thread for the look that is wanted.
fn ask() {
    if let Some(looks) = LOOKS.get() {
        looks.gil.call_soon(pending);
    }
}

/// As [`want`], by the agent's own thread. Up to 3.12 CPython does not tell its main thread what another one asks of it
/// before that takes the GIL anew (`COMPUTE_EVAL_BREAKER` of `Python/ceval_gil.c`), so its next block asks once more.
fn want_from_afar(agent: &Agent, height: u64) {
    want(agent, height);
    if WANTED_AT.load(Ordering::Acquire) != 0 {
        DUE_AT.store(0, Ordering::Relaxed);
    }
}

/// A look at this height may use one in so many of what looks may take.
fn part(height: u64) -> u32 {
    let again = AGAIN_AT.load(Ordering::Relaxed);
    let is_due_again = again != 0 && platform::coarse_ms() >= again;
    if height > HIGHEST_LOOKED.load(Ordering::Relaxed) {
        1
    } else if is_due_again {
        PART_OF_VALUES
    } else {
        PART_OF_KNOWN
    }
}

/// The time that looks may take by now, all together.
fn allowed(agent: &Agent) -> Duration {
    let age = Duration::from_millis(agent.age_ms());
    (CREDIT + age / SHARE / 2).max(age / SHARE)
}

/// The time that looks may still take which may use this part of all; none while they have written what they may.
fn left(agent: &Agent, part: u32) -> Duration {
    let run_s = agent.age_ms() / 1000;
    if WRITTEN.load(Ordering::Relaxed) > BYTES + run_s * BYTES_PER_S {
        return Duration::ZERO;
    }
    let is_last = OFF.load(Ordering::Relaxed);
    let kept = if is_last { Duration::ZERO } else { FOR_THE_LAST };
    let spent = Duration::from_nanos(SPENT_NS.load(Ordering::Relaxed));
    let left = (allowed(agent) / part).saturating_sub(kept + spent);
    if is_last {
        return left;
    }
    let before = Duration::from_nanos(SPENT_BEFORE_NS.load(Ordering::Relaxed));
    let until_doubled = before + allowed(agent).saturating_sub(before) / PART_OF_DOUBLING;
    left.min(until_doubled.saturating_sub(spent))
}

/// Notes that the heap has come to this height.
fn note_doubling(height: u64) {
    let doubling = height.max(1).ilog2();
    if doubling > DOUBLING.fetch_max(doubling, Ordering::Relaxed) {
        SPENT_BEFORE_NS.store(SPENT_NS.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// What the agent's own thread does at each tick: looks that are late or due again.
pub(crate) fn tick(agent: &'static Agent) {
    if OFF.load(Ordering::Acquire) {
        return;
    }
    let height = height(agent);
    HIGHEST.fetch_max(height, Ordering::Relaxed);
    let now = platform::coarse_ms();
    let wanted = WANTED_AT.load(Ordering::Acquire);
    if wanted != 0 {
        if now.saturating_sub(wanted) >= PATIENCE {
            look_from_own_thread();
        }
        return;
    }
    let looked = LOOKED_AT.load(Ordering::Relaxed);
    let again = AGAIN_AT.load(Ordering::Relaxed);
    if again != 0 && now >= again {
        // What was there for a moment only is gone by now; what is left of it has its name.
        if height >= looked / 4 {
            want_from_afar(agent, height);
        } else {
            AGAIN_AT.store(0, Ordering::Relaxed);
        }
        return;
    }
    if height < looked / 10 * 8 {
        // What is there now is another thing: should it rise to the old heights again, it is to be looked at anew.
        let highest = HIGHEST.load(Ordering::Relaxed);
        LOOKED_AT.store(height, Ordering::Relaxed);
        DUE_AT.store((highest / 10 * 9).max(STEP), Ordering::Relaxed);
    } else if height >= DUE_AT.load(Ordering::Relaxed) {
        want_from_afar(agent, height);
    }
}

unsafe extern "C" fn pending(_: *mut c_void) -> c_int {
    take();
    0
}

/// Looks once the main thread is out of the call of Polars that a look before has met.
unsafe extern "C" fn after_polars(_: *mut c_void) -> c_int {
    if let Some(agent) = recorder::recording()
        && !OFF.load(Ordering::Acquire)
        && left(agent, 1) >= LEAST
    {
        look();
    }
    WAITS_FOR_POLARS.store(false, Ordering::Release);
    0
}

/// Looks once the line that ran at the look before is done.
unsafe extern "C" fn follow_on(_: *mut c_void) -> c_int {
    let (Some(agent), Some(looks)) = (recorder::recording(), LOOKS.get()) else { return 0 };
    if OFF.load(Ordering::Acquire) || LOOKING.load(Ordering::Acquire) {
        follow::end();
    }
    SPENT_NS.fetch_add(follow::QUESTION_NS, Ordering::Relaxed);
    let inside = Inside::enter();
    // SAFETY: the GIL is held, and the inspector was made for this interpreter.
    let answer =
        follow::ask(agent, |function| unsafe { looks.inspector.users_frame(&agent.interpreter, function) });
    drop(inside);
    match answer {
        follow::Answer::Runs => {
            looks.gil.call_soon(follow_on);
        }
        // What was there for a moment only is gone by now.
        follow::Answer::Done
            if height(agent) >= LOOKED_AT.load(Ordering::Relaxed) / 4 && left(agent, 1) >= LEAST =>
        {
            AGAIN_AT.store(platform::coarse_ms().max(1), Ordering::Relaxed);
            look();
        }
        follow::Answer::Done | follow::Answer::Nothing => {}
    }
    0
}

/// Takes the look that is wanted, if it still is. The GIL is held.
fn take() {
    if WANTED_AT.swap(0, Ordering::AcqRel) != 0 && !OFF.load(Ordering::Acquire) {
        look();
    }
}

/// Looks. The GIL is held.
fn look() {
    let (Some(agent), Some(looks)) = (recorder::recording(), LOOKS.get()) else { return };
    if LOOKING.swap(true, Ordering::AcqRel) {
        return;
    }
    let slot = slot();
    let depth = slot.depth.replace(1);
    let begun = thread_time();
    let result = catch_unwind(AssertUnwindSafe(|| write(agent, looks)));
    SPENT_NS.fetch_add(thread_time().saturating_sub(begun).as_nanos() as u64, Ordering::Relaxed);
    if result.is_err() {
        OFF.store(true, Ordering::Release);
        platform::say("objects are not looked at any more: a fault in the profiler; recording goes on");
    }
    slot.depth.set(depth);
    LOOKING.store(false, Ordering::Release);
}

fn write(agent: &'static Agent, looks: &Looks) {
    let begun = thread_time();
    let height = height(agent);
    let highest = HIGHEST.fetch_max(height, Ordering::Relaxed).max(height);
    // SAFETY: the GIL is held, and the inspector was made for this interpreter.
    if unsafe { looks.inspector.is_importing(&agent.interpreter) } {
        DUE_AT.store(height + STEP, Ordering::Relaxed);
        return;
    }
    let affordable = (room::left() / SHARE_OF_ROOM).saturating_sub(BESIDE_NOTES) / NOTE;
    let is_last = OFF.load(Ordering::Relaxed);
    let budget = left(agent, if is_last { 1 } else { part(height) });
    let due = AGAIN_AT.load(Ordering::Relaxed);
    if affordable < LEAST_OBJECTS {
        AGAIN_AT.store(0, Ordering::Relaxed);
        DUE_AT.store(height + STEP, Ordering::Relaxed);
        return;
    }
    let looked = LOOKED_AT.load(Ordering::Relaxed);
    let again = due != 0 && platform::coarse_ms() >= due && height < looked.saturating_add(looked / 20);
    let distance = DISTANCE.load(Ordering::Relaxed);
    let growing = WHILE_GROWING + Duration::from_millis(height / BYTES_PER_MS);
    let (one_in, longest) = if is_last {
        (PART_OF_LAST, LAST)
    } else if !again {
        (PART_WHILE_GROWING, growing)
    } else if distance >= FILLED {
        (PART_OF_FILLED, SHORT)
    } else {
        (PART, 4 * growing)
    };
    let time = (budget / one_in).clamp(LEAST, longest.min(LONGEST));
    let objects =
        (time.as_millis() as u64 * OBJECTS_PER_MS).max(FEW_OBJECTS).min(MOST_OBJECTS.min(affordable));
    let smallest = (highest / SMALLEST_SHARE).max(SMALLEST);
    let allowance = Allowance { time, objects: objects as usize, smallest, heap: height };
    let sequence = recorder::sequence();
    let same = LAST_SEQUENCE.swap(sequence, Ordering::Relaxed) == sequence && sequence != 0;
    if same && !again && TOLD_ALL.load(Ordering::Relaxed) {
        // Nothing has changed since the last look, and the next one stays due.
        DUE_AT.store((height + height / 10).max(height + STEP), Ordering::Relaxed);
        return;
    }
    // SAFETY: as above.
    let mut seen = unsafe { looks.inspector.look(&agent.interpreter, allowance) };
    seen.inspection.sequence = sequence;
    seen.inspection.allowed_ns = allowed(agent).as_nanos() as u64;
    seen.inspection.spent_ns = SPENT_NS.load(Ordering::Relaxed);
    seen.inspection.time_ns = agent.age_ms() * 1_000_000;
    let text = seen.inspection.encode();
    WRITTEN.fetch_add(text.len() as u64, Ordering::Relaxed);
    agent.with_tables(|tables, sink| {
        for (number, (name, version)) in seen.versions.iter().enumerate() {
            let bit = 1 << (number % 64);
            if let Some(version) = version
                && VERSIONS.fetch_or(bit, Ordering::Relaxed) & bit == 0
            {
                let key = format!("module:{name}");
                tables.write(sink, &TableRecord::Fact { key: key.as_bytes(), value: version.as_bytes() })?;
            }
        }
        tables.write(sink, &TableRecord::Inspection { text: &text })
    });
    let by_own_thread = process::thread_id() == THREAD_ID.load(Ordering::Relaxed);
    if seen.leaves_polars && by_own_thread && !WAITS_FOR_POLARS.load(Ordering::Acquire) {
        // The main thread does not come to it before the GIL is let go.
        WAITS_FOR_POLARS.store(looks.gil.call_soon(after_polars), Ordering::Release);
    }
    LOOKED_AT.store(height, Ordering::Relaxed);
    HIGHEST_LOOKED.fetch_max(height, Ordering::Relaxed);
    // Names that explain what is there need not be found.
    let explained = seen.inspection.explained_bytes() >= height / 10 * 9;
    TOLD_ALL.store(explained && seen.inspection.complete, Ordering::Relaxed);
    let next = match again {
        true => (4 * distance).max(FILLED),
        false if explained => FILLED,
        false => AFTERWARDS,
    };
    DISTANCE.store(next, Ordering::Relaxed);
    AGAIN_AT.store(platform::coarse_ms() + next, Ordering::Relaxed);
    let took = thread_time().saturating_sub(begun);
    let apart = apart(height, left(agent, 1).saturating_sub(took), time, took);
    DUE_AT.store((height + apart).max(highest / 10 * 9), Ordering::Relaxed);
    if explained {
        follow::end();
    } else if !again {
        let unnamed = seen.inspection.objects.iter().find(|object| !object.has_users_name());
        let function = unnamed.and_then(|object| object.holder.as_ref()).map(|holder| {
            let call = holder.called_from.as_ref().map(|call| (call.file.clone(), call.function.clone()));
            call.unwrap_or_else(|| (holder.file.clone(), holder.function.clone()))
        });
        if follow::begin((budget / PART_TO_FOLLOW).as_nanos() as u64, function) {
            looks.gil.call_soon(follow_on);
        }
    }
}

/// How far the next height to be looked at is from this one, bytes: a tenth, and so much more that the time that is left
/// lasts until the heap is [`GROWTH`] times as high. A look that `took` no longer than it was given takes its part of what
/// is left the next time too; one that needed more will need it again.
fn apart(height: u64, left: Duration, given: Duration, took: Duration) -> u64 {
    let looks = if took <= given * 3 / 2 {
        f64::from(PART_WHILE_GROWING) * left.div_duration_f64(LEAST).max(1.0).ln()
    } else {
        left.div_duration_f64(took)
    };
    let share = (GROWTH.ln() / looks.max(1.0)).clamp(CLOSEST, FARTHEST);
    ((height as f64 * share) as u64).max(STEP)
}

/// Starts the thread that looks instead of the main one. Called by the agent's own thread only.
fn look_from_own_thread() {
    if THREAD_STATE.load(Ordering::Acquire) != IDLE
        || FORKING.load(Ordering::Acquire)
        || room::addresses() / SHARE_OF_ROOM < THREAD_ADDRESSES
    {
        return;
    }
    join();
    let signals = monitor::block_signals();
    let mut thread: libc::pthread_t = 0;
    THREAD_STATE.store(AT_WORK, Ordering::SeqCst);
    // SAFETY: the start function has the signature of one, but for saying that it may be unwound through: that is what
    // `pthread_exit` does to a thread that waits for the GIL when the interpreter ends. The attributes are initialised
    // before they are used, and end here.
    let failed = unsafe {
        let start: extern "C" fn(*mut c_void) -> *mut c_void =
            std::mem::transmute(look_instead as extern "C-unwind" fn(*mut c_void) -> *mut c_void);
        let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
        libc::pthread_attr_init(&raw mut attributes);
        libc::pthread_attr_setstacksize(&raw mut attributes, STACK);
        let result =
            libc::pthread_create(&raw mut thread, &raw const attributes, start, std::ptr::null_mut());
        libc::pthread_attr_destroy(&raw mut attributes);
        result != 0
    };
    monitor::restore_signals(&signals);
    if failed {
        THREAD_STATE.store(IDLE, Ordering::Release);
    } else {
        THREAD.store(thread, Ordering::Release);
    }
}

extern "C-unwind" fn look_instead(_: *mut c_void) -> *mut c_void {
    Inside::for_ever();
    THREAD_ID.store(process::thread_id(), Ordering::Relaxed);
    if let Some(looks) = LOOKS.get()
        && !OFF.load(Ordering::SeqCst)
        && !FORKING.load(Ordering::SeqCst)
        && WANTED_AT.load(Ordering::Acquire) != 0
    {
        // SAFETY: a thread of the agent's own; `at_exit` waits for it before finalization goes on.
        unsafe { looks.gil.ensure(take) };
    }
    THREAD_STATE.store(IDLE, Ordering::Release);
    std::ptr::null_mut()
}

/// Waits until the thread that looks instead of the main one has ended. The GIL is not held, or no such thread
/// wants it.
fn join() {
    let thread = THREAD.swap(0, Ordering::AcqRel);
    if thread != 0 {
        // SAFETY: a thread that was started and is joined once.
        unsafe { libc::pthread_join(thread, std::ptr::null_mut()) };
        process::wait_until_gone(THREAD_ID.swap(0, Ordering::Relaxed));
    }
}

/// Waits until no thread of the agent wants the GIL, with it let go. The caller has said by a flag, which such a thread
/// reads once its state is set, that no more shall.
fn send_away(looks: &Looks) {
    while THREAD_STATE.load(Ordering::SeqCst) != IDLE || THREAD.load(Ordering::SeqCst) != 0 {
        // SAFETY: the GIL is held.
        unsafe {
            looks.gil.without(|| {
                join();
                std::thread::yield_now();
            });
        }
    }
}

/// Registered with `os.register_at_fork`, and so called with the GIL before the fork takes any lock.
unsafe extern "C" fn before_fork(_: *mut c_void, _: *mut c_void) -> *mut c_void {
    FORKING.store(true, Ordering::SeqCst);
    if let Some(looks) = LOOKS.get() {
        send_away(looks);
    }
    // SAFETY: as above.
    unsafe { gil::none() }
}

/// The fork is over.
pub(crate) fn after_fork_in_parent() {
    FORKING.store(false, Ordering::Release);
}

/// The fork is over, and of the parent's threads only this one is here.
pub(crate) fn after_fork_in_child() {
    THREAD.store(0, Ordering::Relaxed);
    THREAD_STATE.store(IDLE, Ordering::Relaxed);
    LOOKING.store(false, Ordering::Relaxed);
    WAITS_FOR_POLARS.store(false, Ordering::Relaxed);
    WANTED_AT.store(0, Ordering::Relaxed);
    AGAIN_AT.store(0, Ordering::Relaxed);
    SPENT_NS.store(0, Ordering::Relaxed);
    WRITTEN.store(0, Ordering::Relaxed);
    VERSIONS.store(0, Ordering::Relaxed);
    LAST_SEQUENCE.store(0, Ordering::Relaxed);
    follow::after_fork_in_child();
    TOLD_ALL.store(false, Ordering::Relaxed);
    HIGHEST.store(0, Ordering::Relaxed);
    DOUBLING.store(0, Ordering::Relaxed);
    SPENT_BEFORE_NS.store(0, Ordering::Relaxed);
    HIGHEST_LOOKED.store(0, Ordering::Relaxed);
    LOOKED_AT.store(0, Ordering::Relaxed);
    DUE_AT.store(STEP, Ordering::Relaxed);
    FORKING.store(false, Ordering::Release);
}

/// Registered with `atexit`, and so called with the GIL while everything still lives: the last look, at the memory if there
/// was none and at the objects, and the end of all looks.
unsafe extern "C" fn at_exit(_: *mut c_void, _: *mut c_void) -> *mut c_void {
    let was_off = OFF.swap(true, Ordering::SeqCst);
    if let Some(looks) = LOOKS.get() {
        send_away(looks);
    }
    if !was_off && let Some(agent) = recorder::recording() {
        let inside = Inside::enter();
        monitor::look_if_there_was_none(agent);
        drop(inside);
        let height = height(agent);
        // Much of the highest heap may still be there under the name that it got last.
        let highest = HIGHEST.load(Ordering::Relaxed);
        if height >= highest / 4 && height >= STEP / 2 && left(agent, 1) >= LEAST {
            look();
        }
    }
    // SAFETY: as above.
    unsafe { gil::none() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Heights from the first step on that are looked at until the time for looks runs out, where each look takes what it
    /// is given, but no less than it needs.
    fn paid_for(needs: Duration) -> Vec<u64> {
        let (mut height, mut left, mut heights) = (STEP, CREDIT, Vec::new());
        while left >= LEAST.max(needs) {
            heights.push(height);
            let growing = WHILE_GROWING + Duration::from_millis(height / BYTES_PER_MS);
            let given = (left / PART_WHILE_GROWING).clamp(LEAST, growing);
            left -= given.max(needs);
            height += apart(height, left, given, given.max(needs));
        }
        heights
    }

    #[test]
    fn heights_are_as_close_as_the_time_allows() {
        let quick = paid_for(LEAST);
        assert!(quick.last() >= Some(&(100 * STEP)), "{quick:?}");
        let near = quick.windows(2).filter(|pair| pair[0] <= 25 * STEP);
        assert!(near.clone().all(|pair| pair[1] - pair[0] <= STEP.max(pair[0] / 6)), "{quick:?}");
        // Where looks need long, the time still lasts until the heap is many times as high.
        let slow = paid_for(Duration::from_millis(15));
        assert!(slow.len() <= 8 && slow.last() >= Some(&(8 * STEP)), "{slow:?}");
        let close = |height| apart(height, CREDIT, LEAST, LEAST);
        assert_eq!((close(1_000_000_000), close(1_000_000)), (100_000_000, STEP));
    }
}
