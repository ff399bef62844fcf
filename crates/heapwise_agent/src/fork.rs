//! Carries the agent over a fork.
//!
//! Before a fork the agent's thread ends and everything that threads share is held, so that the child's copy of it
//! is whole; both sides then let it go. The child passes everything on until its first event, because most children
//! only become another program. Then it takes up a capture of its own ([`lifecycle::begin_in_child`]). Invariants:
//! the child writes to nothing that is mapped of the parent's capture; what was allocated before the fork is the
//! parent's, and its end in the child is not told; nothing of this runs for `vfork` and `posix_spawn`, whose children
//! share the parent's memory.

use std::cell::UnsafeCell;
use std::sync::MutexGuard;

use crate::platform::imports;
use crate::platform::slot::slot;
use crate::ranges::Ranges;
use crate::recorder;
use crate::sink::Sink;
use crate::tables::Tables;
use crate::{blocks, footprint, heap, looks, monitor};

/// What is held around a fork, in the order in which it is taken.
struct Held {
    _monitor: monitor::Held,
    _imports: imports::Held,
    _agent: Option<(MutexGuard<'static, Tables>, MutexGuard<'static, Ranges>, MutexGuard<'static, Sink>)>,
    _blocks: blocks::Held,
}

struct Place(UnsafeCell<Option<Held>>);

// SAFETY: reached only by the thread that forks, between taking the first of what is held and letting the last go.
unsafe impl Sync for Place {}

static HELD: Place = Place(UnsafeCell::new(None));

/// Registers the handlers.
pub(crate) fn watch() {
    // SAFETY: the functions live as long as the process: this library is never unloaded.
    unsafe { libc::pthread_atfork(Some(before), Some(after_in_parent), Some(after_in_child)) };
}

/// Ends the agent's thread, because CPython warns of forks in processes with threads, and holds all that is shared.
unsafe extern "C" fn before() {
    slot().depth.set(1);
    monitor::stop();
    let held = Held {
        _monitor: monitor::hold(),
        _imports: imports::hold(),
        _agent: recorder::agent().map(recorder::Agent::hold),
        _blocks: blocks::hold(),
    };
    // SAFETY: this thread holds the monitor's state, so no other one is between its handlers.
    unsafe { *HELD.0.get() = Some(held) };
    heap::hold();
}

unsafe extern "C" fn after_in_parent() {
    // SAFETY: runs in the thread that ran `before`.
    unsafe { let_go() };
    looks::after_fork_in_parent();
    if recorder::recording().is_some() {
        monitor::restart_later();
    }
    slot().depth.set(0);
}

unsafe extern "C" fn after_in_child() {
    recorder::end_in_child();
    looks::after_fork_in_child();
    monitor::after_fork_in_child();
    footprint::after_fork_in_child();
    // SAFETY: runs in the copy of the thread that ran `before`, the only one there is.
    unsafe { let_go() };
    slot().depth.set(0);
}

/// # Safety
/// The calling thread ran `before`.
unsafe fn let_go() {
    heap::let_go();
    // SAFETY: passed on to the caller; taken out first, so that it is no longer there when others may come.
    drop(unsafe { (*HELD.0.get()).take() });
}
