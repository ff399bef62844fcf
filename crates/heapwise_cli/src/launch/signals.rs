//! Signals while the program runs: to it they must be what they are without heapwise.
//!
//! Owns the policy; the calls are in [`super::platform`]. From before the program starts until after its end, every
//! signal that can be caught is blocked in the launcher and read from a descriptor instead, so no disposition that
//! the program inherits ever changes. Then
//!
//! | a signal for the launcher | what happens |
//! |---|---|
//! | from the terminal (Ctrl-C, Ctrl-\\, Ctrl-Z, hang-up) | nothing: the program is in the same process group and has it too |
//! | from the program itself | nothing: it means its own process group |
//! | from anybody else | it is sent on to the program |
//! | the program stopped (SIGCHLD) | the launcher stops in the same way, so a shell sees the job stopped |
//!
//! A signal that somebody sends to the whole process group reaches the program twice; the kernel does not tell the
//! two cases apart.

use std::io;
use std::os::fd::AsFd;
use std::process::Command;
use std::time::{Duration, Instant};

use heapwise_profile::Ending;
use libc::{c_int, pid_t};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd, siginfo};

use super::platform::{self, Change};

/// Signals that stay as they are: faults of the launcher's own, and SIGCONT, which must take effect at once.
const NOT_WATCHED: [Signal; 7] = [
    Signal::SIGSEGV,
    Signal::SIGBUS,
    Signal::SIGFPE,
    Signal::SIGILL,
    Signal::SIGTRAP,
    Signal::SIGSYS,
    Signal::SIGCONT,
];

/// Signals that the kernel sends to the whole foreground process group of a terminal.
const OF_TERMINAL: [c_int; 7] =
    [libc::SIGINT, libc::SIGQUIT, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU, libc::SIGHUP, libc::SIGWINCH];

/// Signals by which somebody says that this process shall end.
const ENDING: [c_int; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];

/// What a wait with a limit came to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wait {
    /// The child ended so.
    Ended(Ending),
    /// The time is over.
    TimedOut,
    /// This signal came.
    Interrupted(c_int),
}

/// `si_code` of a signal that the kernel itself sent.
const SENT_BY_KERNEL: c_int = 0x80;

/// Holds the launcher's signals back from [`Self::begin`] to [`Self::end`].
#[derive(Debug)]
pub(super) struct SignalWatch {
    inherited_mask: SigSet,
    child_was_ignored: bool,
    watched: SigSet,
    arrived: SignalFd,
}

impl SignalWatch {
    /// Blocks the signals of this thread, which must be the only one.
    pub(super) fn begin() -> io::Result<Self> {
        let mut watched = SigSet::all();
        for signal in NOT_WATCHED {
            watched.remove(signal);
        }
        let arrived = SignalFd::with_flags(&watched, SfdFlags::SFD_CLOEXEC)?;
        // While SIGCHLD is ignored the kernel throws exit statuses away.
        let child_was_ignored = platform::set_default(libc::SIGCHLD);
        let inherited_mask = watched.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        Ok(Self { inherited_mask, child_was_ignored, watched, arrived })
    }

    /// Makes the program that `command` starts begin as if heapwise had not been there.
    pub(super) fn prepare(&self, command: &mut Command) {
        platform::start_as_inherited(command, self.inherited_mask, self.child_was_ignored);
    }

    /// Waits until the child `pid` has ended; returns how, and its highest resident set in bytes.
    pub(super) fn wait_for_end(&self, pid: pid_t) -> io::Result<(Ending, u64)> {
        loop {
            let mut news = platform::change_of(pid)?;
            while let Some((change, max_rss_bytes)) = news {
                match change {
                    Change::Exited(code) => return Ok((Ending::Code(code), max_rss_bytes)),
                    Change::Killed(signal) => return Ok((Ending::Signal(signal), max_rss_bytes)),
                    Change::Stopped(signal) => {
                        stop_likewise(signal)?;
                        news = platform::change_of(pid)?;
                        if news.is_none() {
                            // Whoever continued the launcher did not continue the program with it.
                            platform::send(pid, libc::SIGCONT);
                        }
                    }
                    Change::Continued => news = platform::change_of(pid)?,
                }
            }
            match self.arrived.read_signal() {
                Ok(Some(signal)) if is_for_program(&signal, pid) => {
                    platform::send(pid, signal.ssi_signo.cast_signed());
                }
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until the child `pid`, which is not in this process group, has ended, `limit` is over, or somebody wants
    /// this process to end. What stops the child does not stop this process.
    pub(super) fn wait_at_most(&self, pid: pid_t, limit: Duration) -> io::Result<Wait> {
        let started = Instant::now();
        loop {
            while let Some((change, _)) = platform::change_of(pid)? {
                match change {
                    Change::Exited(code) => return Ok(Wait::Ended(Ending::Code(code))),
                    Change::Killed(signal) => return Ok(Wait::Ended(Ending::Signal(signal))),
                    Change::Stopped(_) | Change::Continued => {}
                }
            }
            let Some(left) = limit.checked_sub(started.elapsed()) else { return Ok(Wait::TimedOut) };
            // A millisecond more, so that the limit is over when the wait is.
            let milliseconds = left.as_millis().saturating_add(1).min(i32::MAX as u128) as i32;
            let mut descriptors = [PollFd::new(self.arrived.as_fd(), PollFlags::POLLIN)];
            match poll(&mut descriptors, PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::MAX)) {
                Ok(0) | Err(Errno::EINTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            match self.arrived.read_signal() {
                Ok(Some(signal)) if ENDING.contains(&signal.ssi_signo.cast_signed()) => {
                    return Ok(Wait::Interrupted(signal.ssi_signo.cast_signed()));
                }
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Lets signals act on the launcher again. Those still waiting were for the program, which is gone.
    pub(super) fn end(self) -> io::Result<()> {
        let rest = SignalFd::with_flags(&self.watched, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        while rest.read_signal()?.is_some() {}
        // A limit on file sizes, which the program has met perhaps, must come back as an error from here on.
        platform::ignore(libc::SIGXFSZ);
        self.inherited_mask.thread_set_mask()?;
        Ok(())
    }
}

/// Whether a signal that the launcher got must be sent on.
fn is_for_program(signal: &siginfo, program: pid_t) -> bool {
    let number = signal.ssi_signo.cast_signed();
    let from_terminal = signal.ssi_code == SENT_BY_KERNEL && OF_TERMINAL.contains(&number);
    let from_program = signal.ssi_pid.cast_signed() == program;
    number != libc::SIGCHLD && !from_terminal && !from_program
}

/// Stops this process by the signal that stopped the program, until somebody continues it.
fn stop_likewise(signal: c_int) -> io::Result<()> {
    platform::set_default(signal);
    // Raised while it is blocked, so that one which is waiting already becomes one with it.
    platform::send(std::process::id().cast_signed(), signal);
    if let Some(signal) = Signal::try_from(signal).ok().filter(|&signal| signal != Signal::SIGSTOP) {
        let alone = SigSet::from(signal);
        alone.thread_unblock()?;
        alone.thread_block()?;
    }
    Ok(())
}
