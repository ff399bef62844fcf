//! Starts the agent, ends it, and carries it over a fork.
//!
//! | state | how it is reached | what hooks do |
//! |-------|-------------------|---------------|
//! | not started | no capture is asked for | there are none |
//! | recording | [`start`] | record |
//! | closed | the process's exit handlers ran | pass everything on |
//! | stopped | [`stop`], on trouble of the agent's own | pass everything on |
//! | forked | in a child of a fork | pass everything on |
//!
//! Invariant: hooks stay in place in every state once they are there; only recording ends.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use heapwise_capture::header::{Header, State, Stop};
use heapwise_capture::table::TableRecord;
use heapwise_cpython::Interpreter;

use crate::config::Config;
use crate::platform::slot::slot;
use crate::ranges::Ranges;
use crate::recorder::{self, Agent};
use crate::sink::{self, Sink};
use crate::tables::Tables;
use crate::{heap, hooks, monitor, platform, process};

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
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let header = Header {
        pid: std::process::id(),
        parent_pid: std::os::unix::process::parent_id(),
        start_unix_ns: unix.as_nanos() as u64,
        python_hex: interpreter.version().hex(),
        mode: config.mode,
        ..Header::default()
    };
    let sink = match Sink::create(&config.capture, &header) {
        Ok(sink) => sink,
        // Somebody records there already: this process was put in place of one that was profiled.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(_) if config.launched => return Ok(()),
        Err(error) => {
            let path = config.capture.display();
            platform::say(&format!("cannot record to {path}: {error}; the program runs without profile"));
            return Ok(());
        }
    };
    recorder::begin(Agent {
        interpreter,
        mode: config.mode,
        launched: config.launched,
        start_ms: platform::coarse_ms(),
        tables: Mutex::new(Tables::default()),
        sink: Mutex::new(sink),
        ranges: Mutex::new(Ranges::new()),
    });
    let Some(agent) = recorder::recording() else { return Ok(()) };
    // Nothing of the agent's own start is the program's.
    slot().depth.set(1);
    write_facts(agent);
    // SAFETY: plain registrations of functions that live as long as the process: this library is never unloaded.
    unsafe {
        libc::atexit(at_exit);
        libc::pthread_atfork(Some(before_fork), Some(after_fork_in_parent), Some(after_fork_in_child));
    }
    heap::keep_reserve();
    hooks::install();
    // SAFETY: the GIL is held and no other thread runs, by this function's own contract.
    unsafe { hooks::python::install(&agent.interpreter) };
    monitor::start(agent);
    slot().depth.set(0);
    Ok(())
}

/// What is known of the run from the start.
fn write_facts(agent: &Agent) {
    let mut facts: Vec<(&str, Vec<u8>)> = vec![
        ("python", agent.interpreter.version().to_string().into_bytes()),
        ("python-build", agent.interpreter.version_text().into_bytes()),
        ("executable", process::executable().as_os_str().as_bytes().to_vec()),
        ("folder", process::folder().as_os_str().as_bytes().to_vec()),
        ("agent", env!("CARGO_PKG_VERSION").as_bytes().to_vec()),
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
    if gone && recorder::agent().is_some_and(|agent| agent.launched) {
        recorder::end();
    } else {
        stop(Stop::NoSpace, &error.to_string());
    }
}

/// Closes the capture. Registered before the program registers anything, so it runs after all its exit handlers.
extern "C" fn at_exit() {
    let Some(agent) = recorder::recording() else { return };
    slot().depth.set(1);
    monitor::stop();
    monitor::finish(agent);
    if recorder::end() {
        agent.with_sink(|sink| sink.set_state(State::Closed));
    }
    slot().depth.set(0);
}

/// Ends the agent's thread, and holds the agent's heap so that the child's copy of it is whole.
unsafe extern "C" fn before_fork() {
    slot().depth.set(1);
    monitor::stop();
    heap::hold();
}

unsafe extern "C" fn after_fork_in_parent() {
    heap::let_go();
    if recorder::recording().is_some() {
        monitor::restart_later();
    }
    slot().depth.set(0);
}

/// The capture is the parent's: the child only passes everything on.
unsafe extern "C" fn after_fork_in_child() {
    heap::let_go();
    recorder::end();
    slot().depth.set(0);
}
