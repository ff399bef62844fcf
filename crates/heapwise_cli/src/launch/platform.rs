//! The few system calls that need `unsafe`, each behind a safe function.
//!
//! Owns all unsafe code of the launcher and nothing of its policy, which is in [`super::signals`]. Invariant: what
//! runs between fork and exec allocates nothing and takes no lock.

#![expect(unsafe_code, reason = "wait4, signal dispositions, pre_exec and pidfds have no safe interface")]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use libc::{c_int, pid_t};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::SigSet;

/// Whether SIGPIPE was ignored when this process started. Rust's runtime ignores it before `main`, so it must be
/// asked earlier.
static PIPE_WAS_IGNORED: AtomicBool = AtomicBool::new(false);

/// Whether stdin, stdout and stderr were closed when this process started. Rust's runtime opens `/dev/null` in
/// their place.
static WERE_CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

// SAFETY: the loader calls what `.init_array` points to once, before `main`, as C functions; with more arguments
// than this one takes, which the C calling convention allows.
#[used]
#[unsafe(link_section = ".init_array")]
static ASK_EARLY: extern "C" fn() = ask_early;

extern "C" fn ask_early() {
    PIPE_WAS_IGNORED.store(is_ignored(libc::SIGPIPE), Ordering::Relaxed);
    for (descriptor, closed) in (0..).zip(&WERE_CLOSED) {
        // SAFETY: F_GETFD reads a flag and takes no further argument; it fails for what is not open.
        closed.store(unsafe { libc::fcntl(descriptor, libc::F_GETFD) } == -1, Ordering::Relaxed);
    }
}

/// Whether this process ignores `signal`.
fn is_ignored(signal: c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: with no new action given, the old one is only written to the place given, which is large enough;
    // a sigaction of zeroes is valid.
    let action = unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}

/// Gives `signal` its default action in this process; returns whether it was ignored before.
pub(super) fn set_default(signal: c_int) -> bool {
    let was_ignored = is_ignored(signal);
    set_disposition(signal, libc::SIG_DFL);
    was_ignored
}

/// Makes this process ignore `signal`.
pub(super) fn ignore(signal: c_int) {
    set_disposition(signal, libc::SIG_IGN);
}

fn set_disposition(signal: c_int, disposition: libc::sighandler_t) {
    // SAFETY: the disposition is SIG_DFL or SIG_IGN at all callers, so no code is ever called; a number that is
    // no signal makes it fail and nothing more.
    unsafe { libc::signal(signal, disposition) };
}

/// Makes the program that `command` starts begin with the signal mask given, and with the signal dispositions and
/// open standard streams that this process began with.
pub(super) fn start_as_inherited(command: &mut Command, mask: SigSet, child_was_ignored: bool) {
    let pipe_was_ignored = PIPE_WAS_IGNORED.load(Ordering::Relaxed);
    let restore = move || {
        if pipe_was_ignored {
            set_disposition(libc::SIGPIPE, libc::SIG_IGN);
        }
        if child_was_ignored {
            set_disposition(libc::SIGCHLD, libc::SIG_IGN);
        }
        for (descriptor, closed) in (0..).zip(&WERE_CLOSED) {
            if closed.load(Ordering::Relaxed) {
                // SAFETY: nothing in this process, which is about to become the program, owns that descriptor.
                unsafe { libc::close(descriptor) };
            }
        }
        mask.thread_set_mask().map_err(io::Error::from)
    };
    // SAFETY: between fork and exec only signal, close and pthread_sigmask are called, all async-signal-safe; the
    // closure allocates nothing and locks nothing.
    unsafe { command.pre_exec(restore) };
}

/// What happened to a child process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// It ended with this exit code.
    Exited(i32),
    /// This signal ended it.
    Killed(i32),
    /// This signal stopped it.
    Stopped(i32),
    /// It was continued.
    Continued,
}

/// What happened to the child `pid` since the last call, if anything, and the highest resident set in bytes of it
/// and of those of its own children that it waited for; the number counts once it ended.
pub(super) fn change_of(pid: pid_t) -> io::Result<Option<(Change, u64)>> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    let options = libc::WNOHANG | libc::WUNTRACED | libc::WCONTINUED;
    // SAFETY: both places are large enough for what wait4 writes there.
    let found = unsafe { libc::wait4(pid, &raw mut status, options, usage.as_mut_ptr()) };
    match found {
        -1 => return Err(io::Error::last_os_error()),
        0 => return Ok(None),
        _ => {}
    }
    let change = if libc::WIFEXITED(status) {
        Change::Exited(libc::WEXITSTATUS(status))
    } else if libc::WIFSTOPPED(status) {
        Change::Stopped(libc::WSTOPSIG(status))
    } else if libc::WIFCONTINUED(status) {
        Change::Continued
    } else {
        Change::Killed(libc::WTERMSIG(status))
    };
    // SAFETY: an rusage of zeroes is valid, and wait4 wrote nothing else than an rusage.
    let usage = unsafe { usage.assume_init() };
    // Linux counts it in units of 1024 bytes.
    Ok(Some((change, u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024)))
}

/// Whether a process ends within `time`, or has ended already.
pub(super) fn ended_within(pid: pid_t, time: Duration) -> bool {
    // SAFETY: the call takes two numbers and touches no memory of this process.
    let opened = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let Ok(descriptor) = i32::try_from(opened) else { return false };
    if descriptor < 0 {
        return io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH);
    }
    // SAFETY: just opened, and nobody else's.
    let process = unsafe { OwnedFd::from_raw_fd(descriptor) };
    let timeout = PollTimeout::try_from(time).unwrap_or(PollTimeout::ZERO);
    poll(&mut [PollFd::new(process.as_fd(), PollFlags::POLLIN)], timeout).is_ok_and(|ready| ready > 0)
}

/// Sends `signal` to a process; it may have ended meanwhile.
pub(super) fn send(pid: pid_t, signal: c_int) {
    // SAFETY: kill touches no memory of this process.
    unsafe { libc::kill(pid, signal) };
}
