//! Runs a command out of sight: no input or output of the terminal, a time limit, and nothing left behind.
//!
//! Invariant: whatever ends the wait, the command and all that it started in its process group is gone when the
//! function returns.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

use heapwise_profile::Ending;

use super::platform;
use super::signals::{SignalWatch, Wait};

/// How a command went.
#[derive(Debug, Clone, Copy)]
pub(crate) enum OutOfSight {
    /// It ended by itself.
    Ended {
        /// How.
        ending: Ending,
        /// From just before it was started.
        duration: Duration,
    },
    /// It ran longer than it may, and was killed.
    TimedOut,
    /// Somebody sent this signal to heapwise, Ctrl-C for one. The command was killed.
    Interrupted(i32),
}

/// Runs `command`, whose streams must not be those of a terminal, for at most `limit`.
///
/// # Errors
/// It cannot be started.
pub(crate) fn run_out_of_sight(mut command: Command, limit: Duration) -> io::Result<OutOfSight> {
    // A group of its own, so that it can be killed with its children.
    command.process_group(0);
    let watch = SignalWatch::begin()?;
    watch.prepare(&mut command);
    let started = Instant::now();
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            watch.end()?;
            return Err(error);
        }
    };
    let pid = child.id().cast_signed();
    let waited = watch.wait_at_most(pid, limit);
    let duration = started.elapsed();
    platform::send(-pid, libc::SIGKILL);
    if !matches!(waited, Ok(Wait::Ended(_))) {
        // Killed as it is, it ends at once; its status is taken so that it is gone.
        let _ = watch.wait_at_most(pid, Duration::MAX);
    }
    watch.end()?;
    Ok(match waited? {
        Wait::Ended(ending) => OutOfSight::Ended { ending, duration },
        Wait::TimedOut => OutOfSight::TimedOut,
        Wait::Interrupted(signal) => OutOfSight::Interrupted(signal),
    })
}
