//! Starts the agent and ends it, in the first process and in children of forks.
//!
//! | state | how it is reached | what hooks do |
//! |-------|-------------------|---------------|
//! | not started | no capture is asked for | there are none |
//! | recording | [`start`] | record |
//! | closed | the process's exit handlers ran | pass everything on |
//! | stopped | [`stop`], on trouble of the agent's own | pass everything on |
//! | forked | in a child of a fork, until its first event ([`begin_in_child`]) | pass everything on |
//!
//! Invariant: hooks stay in place in every state once they are there; only recording ends.

use std::ffi::{c_int, c_void};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use heapwise_capture::header::{Ending, Header, Mode, Outcome, State, Stop};
use heapwise_capture::table::{NO_STACK, TableRecord};
use heapwise_cpython::Interpreter;

use crate::config::Config;
use crate::platform::slot::slot;
use crate::ranges::Ranges;
use crate::recorder::{self, Agent};
use crate::sink::{self, Sink};
use crate::tables::Tables;
use crate::{
    blocks, children, footprint, fork, heap, hooks, looks, monitor, platform, process, sampler, thread,
};

/// Starts recording if the environment asks for it.
///
/// # Errors
/// Why this interpreter cannot be profiled, for a person to read.
///
/// # Safety
/// The GIL is held, at least one Python frame is below, and no other thread runs.
pub(crate) unsafe fn start() -> Result<(), String> {
    static STARTED: AtomicBool = AtomicBool::new(false);
    let Some(config) = Config::from_environment() else { return Ok(()) };
    if STARTED.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    // SAFETY: passed on to the caller.
    let interpreter = unsafe { Interpreter::attach() }.map_err(|refusal| refusal.to_string())?;
    let header = header(&interpreter, config.mode);
    let sink = match create_sink(&config, &header) {
        Ok(sink) => sink,
        Err(_) if config.launched => return Ok(()),
        Err(error) => {
            let path = config.capture.display();
            platform::say(&format!("cannot record to {path}: {error}; the program runs without profile"));
            return Ok(());
        }
    };
    footprint::begin();
    recorder::begin(agent(interpreter, config, &header, sink));
    let Some(agent) = recorder::recording() else { return Ok(()) };
    // Nothing of the agent's own start is the program's.
    slot().depth.set(1);
    write_facts(agent, "exec");
    // SAFETY: a plain registration of a function that lives as long as the process: this library is never unloaded.
    unsafe { on_exit(at_exit, std::ptr::null_mut()) };
    fork::watch();
    heap::keep_reserve();
    hooks::install();
    // SAFETY: the GIL is held and no other thread runs, by this function's own contract.
    unsafe { hooks::python::install(&agent.interpreter) };
    // SAFETY: as above.
    unsafe { looks::start(agent) };
    monitor::start(agent);
    slot().depth.set(0);
    Ok(())
}

/// In the child of a fork, at its first event: begins a capture of its own. The calling thread is marked as inside.
pub(crate) fn begin_in_child() {
    let Some(parent) = recorder::agent() else { return };
    let rule = thread::forget_parent(slot());
    recorder::forget_parent();
    blocks::forget_parent();
    sampler::forget_parent();
    sink::forget_parent();
    hooks::python::forget_parent();
    let header = header(&parent.interpreter, parent.mode);
    let config = Config { child: true, ..parent.config.clone() };
    // Of a child that cannot record nothing is said here: it must be noticed by nobody.
    let Ok(sink) = create_sink(&config, &header) else { return };
    recorder::begin(agent(parent.interpreter.clone(), config, &header, sink));
    let Some(agent) = recorder::recording() else { return };
    write_facts(agent, "fork");
    let thread = thread::begin(slot(), agent, NO_STACK);
    if let Some(rule) = rule {
        // The event that led here was chosen by it.
        thread.adopt(rule, slot());
    }
    monitor::start(agent);
}

fn header(interpreter: &Interpreter, mode: Mode) -> Header {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Header {
        pid: std::process::id(),
        parent_pid: std::os::unix::process::parent_id(),
        start_unix_ns: unix.as_nanos() as u64,
        start_monotonic_ms: platform::coarse_ms(),
        python_hex: interpreter.version().hex(),
        mode,
        ..Header::default()
    }
}

fn create_sink(config: &Config, header: &Header) -> io::Result<Sink> {
    if config.child {
        return children::create(&config.capture, header);
    }
    match Sink::create(&config.capture, header) {
        // Somebody records there already: this process was put in place of one that was profiled.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            children::create(&config.capture, header)
        }
        result => result,
    }
}

fn agent(interpreter: Interpreter, config: Config, header: &Header, sink: Sink) -> Agent {
    Agent {
        interpreter,
        mode: config.mode,
        config,
        pid: header.pid,
        start_ms: header.start_monotonic_ms,
        tables: Mutex::new(Tables::default()),
        sink: Mutex::new(sink),
        ranges: Mutex::new(Ranges::new()),
    }
}

/// What is known of the process from the start; `begun` says how it came to be.
fn write_facts(agent: &Agent, begun: &str) {
    let mut facts: Vec<(&str, Vec<u8>)> = vec![
        ("python", agent.interpreter.version().to_string().into_bytes()),
        ("python-build", agent.interpreter.version_text().into_bytes()),
        ("executable", process::executable().as_os_str().as_bytes().to_vec()),
        ("folder", process::folder().as_os_str().as_bytes().to_vec()),
        ("agent", env!("CARGO_PKG_VERSION").as_bytes().to_vec()),
        ("begun", begun.as_bytes().to_vec()),
    ];
    facts.extend(process::arguments().into_iter().map(|argument| ("argument", argument)));
    agent.with_tables(|tables, sink| {
        facts.iter().try_for_each(|(key, value)| {
            tables.write(sink, &TableRecord::Fact { key: key.as_bytes(), value })
        })
    });
}

/// Switches the agent off for trouble of its own, and says so once. The program goes on.
#[cold]
pub(crate) fn stop(reason: Stop, detail: &str) {
    if !recorder::end() {
        return;
    }
    if let Some(agent) = recorder::agent() {
        // Tried, not waited for: this may run inside a fault of the agent's with the sink locked.
        if let Ok(mut sink) = agent.sink.try_lock() {
            sink.set_state(State::Stopped(reason));
        }
    }
    platform::say(&format!("recording stopped: {detail}; the program goes on"));
}

/// Switches the agent off because the capture cannot grow. Of a capture that is gone the launcher tells, who finds
/// it gone in any case; it is told here only where there is none.
#[cold]
pub(crate) fn cannot_write(error: &io::Error) {
    let gone = error.kind() == io::ErrorKind::NotFound || sink::is_replaced(error);
    if gone && recorder::agent().is_some_and(|agent| agent.config.launched) {
        recorder::end();
    } else {
        stop(Stop::NoSpace, &error.to_string());
    }
}

unsafe extern "C" {
    /// As `atexit`, for a function that is told the code: glibc's, and in no binding of Rust's.
    fn on_exit(function: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
}

/// Closes the capture. Registered before the program registers anything, so it runs after all its exit handlers.
extern "C" fn at_exit(code: c_int, _: *mut c_void) {
    let Some(agent) = recorder::recording() else { return };
    slot().depth.set(1);
    monitor::stop();
    monitor::finish(agent);
    if recorder::end() {
        agent.with_sink(|sink| {
            stamp(agent, sink, code);
            sink.set_state(State::Closed);
        });
    }
    slot().depth.set(0);
}

/// The process is about to end at once, without its exit handlers. This may be the child of a `vfork`, which shares
/// its parent's memory, and it may be a signal handler, so nothing is waited for.
pub(crate) fn leaving(code: c_int) {
    let Some(agent) = recorder::recording() else { return };
    if agent.pid != std::process::id() || slot().depth.get() != 0 {
        return;
    }
    if let Ok(mut sink) = agent.sink.try_lock() {
        stamp(agent, &mut sink, code);
    }
}

/// Says how the process ends, unless a launcher waits for it and will say so itself.
fn stamp(agent: &Agent, sink: &mut Sink, code: c_int) {
    if agent.config.child {
        sink.set_outcome(Outcome {
            ending: Some(Ending::Code(code & 0xff)),
            duration_ns: age_ns(agent),
            ..Outcome::default()
        });
    }
}

/// Says that the process is there, unless a launcher waits for it: it may be killed at any moment.
pub(crate) fn heard(agent: &Agent) {
    if agent.config.child {
        agent.with_sink(|sink| sink.heard(age_ns(agent)));
    }
}

/// Since the start of the recording, nanoseconds; 0 would say that it is not known.
fn age_ns(agent: &Agent) -> u64 {
    agent.age_ms().saturating_mul(1_000_000).max(1)
}
