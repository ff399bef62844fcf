//! Starts the program, waits for it, and says how it went.
//!
//! Owns the child process. Invariant: the program is started by Python exactly as a person would start it, with
//! three environment variables more; all else is what this process inherited.

mod capture_file;
mod cgroup;
mod children;
mod descendants;
mod interpreter;
mod memory_kills;
mod out_of_sight;
mod outcome;
mod platform;
mod signals;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use heapwise_capture::embedded::NotFollowed;
use heapwise_profile::{Ending, MemoryKills, Mode, Outcome};

pub(crate) use capture_file::{CaptureFile, Unavailable, stem_for};
pub(crate) use children::take_in;
pub(crate) use out_of_sight::{OutOfSight, run_out_of_sight};
pub(crate) use outcome::end_like;

use crate::args::{Program, Target};
use crate::env_vars;
use crate::failure::{self, Failure};
use descendants::Descendants;
use signals::SignalWatch;

/// How the program went.
#[derive(Debug)]
pub(crate) struct Finished {
    /// How it ended.
    pub(crate) ending: Ending,
    /// Its highest resident set as the kernel saw it, bytes.
    pub(crate) max_rss_bytes: u64,
    /// From just before it was started until its end.
    pub(crate) duration: Duration,
    /// What the kernel counted of processes killed for want of memory.
    pub(crate) memory_kills: MemoryKills,
    /// Processes that it started and in which heapwise was not found.
    pub(crate) not_followed: Vec<NotFollowed>,
}

/// The interpreter to run programs with.
///
/// # Errors
/// There is none, or the one asked for cannot be run.
pub(crate) fn interpreter() -> Result<PathBuf, Failure> {
    interpreter::Places::of_this_process().find()
}

/// Runs the program to its end; it records into `capture`, if there is one.
///
/// # Errors
/// The interpreter could not be started.
pub(crate) fn run(
    interpreter: &Path,
    program: &Program,
    mode: Mode,
    capture: Option<&mut CaptureFile>,
) -> Result<Finished, Failure> {
    let mut command = Command::new(interpreter);
    command.args(python_arguments(program));
    // A run within a profiled run must not record into the outer capture.
    for name in env_vars::SET_FOR_PROGRAM {
        command.env_remove(name);
    }
    if let Some(capture) = capture.as_deref() {
        command.env(env_vars::CAPTURE, &capture.absolute);
        command.env(env_vars::MODE, if mode == Mode::Exact { "exact" } else { "sampled" });
        command.env(env_vars::LAUNCHER_PID, std::process::id().to_string());
    }
    let failed = |what: &str, error: &io::Error| {
        Failure::refused(format!("{what} {}: {}", interpreter.display(), failure::reason(error)))
            .hint(format!("try it by itself, or name another interpreter with {}", env_vars::PYTHON))
    };
    let watch = SignalWatch::begin().map_err(|error| failed("cannot prepare to start", &error))?;
    watch.prepare(&mut command);
    let counts = memory_kills::Counts::now();
    let started = Instant::now();
    let mut not_followed = Vec::new();
    let waited = command.spawn().map_err(|error| failed("cannot start", &error)).and_then(|child| {
        let mut descendants = None;
        if let Some(capture) = capture {
            capture.program_started();
            descendants = Descendants::watch(child.id());
        }
        let waited = watch.wait_for_end(child.id().cast_signed());
        not_followed = descendants.map(Descendants::not_followed).unwrap_or_default();
        waited.map_err(|error| failed("cannot wait for", &error))
    });
    let duration = started.elapsed();
    watch.end().map_err(|error| failed("cannot end the wait for", &error))?;
    let (ending, max_rss_bytes) = waited?;
    Ok(Finished { ending, max_rss_bytes, duration, memory_kills: counts.since(), not_followed })
}

/// Stamps how the program ended into its capture.
///
/// # Errors
/// The system's.
pub(crate) fn stamp(capture: &CaptureFile, finished: &Finished) -> io::Result<()> {
    let outcome = Outcome {
        ending: Some(finished.ending),
        max_rss_bytes: finished.max_rss_bytes,
        duration_ns: u64::try_from(finished.duration.as_nanos()).unwrap_or(u64::MAX),
        memory_kills: finished.memory_kills,
    };
    outcome::stamp(capture.file(), outcome)
}

/// What stands behind `python` when the program is run by hand.
fn python_arguments(program: &Program) -> Vec<OsString> {
    let mut words: Vec<OsString> = match &program.target {
        Target::Module(name) => vec!["-m".into(), name.clone()],
        Target::Code(code) => vec!["-c".into(), code.clone()],
        Target::Script(path) if path.as_encoded_bytes().starts_with(b"-") && path != "-" => {
            vec!["--".into(), path.clone()]
        }
        Target::Script(path) => vec![path.clone()],
    };
    words.extend(program.arguments.iter().cloned());
    words
}
