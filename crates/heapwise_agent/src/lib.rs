//! The library in the profiled process: hooks, sampling, recording into the mapped capture.
//!
//! Importing it as the Python module `heapwise._agent` starts it, if the environment asks for a capture
//! ([`config`]). From then on [`hooks`] see every allocation, [`sampler`] decides which are recorded,
//! [`stack`] and [`tables`] give them a stack number, [`recorder`] writes the event into the thread's part of
//! the file that [`sink`] maps. [`sizes`] answers for one object, also where nothing is recorded. [`monitor`] is the agent's one thread. [`lifecycle`] starts and ends it all.
//!
//! Invariants:
//! * the agent never makes the program fail: on trouble of its own it switches itself off and says so once;
//! * a hook runs no Python code, takes no GIL, keeps `errno`, and calls no hooked function but the one that it
//!   stands for (the agent's own memory comes from [`heap`], which maps its pages itself);
//! * nothing depends on this crate.

#![allow(unsafe_code, reason = "stands between a program and its allocator; each block says why it may")]
#![allow(
    clippy::inline_always,
    reason = "a hook's way to \"nothing to do\" must be free of calls, in any build"
)]

mod blocks;
mod children;
mod config;
mod follow;
mod footprint;
mod fork;
mod heap;
mod hooks;
mod lifecycle;
mod looks;
mod monitor;
mod platform;
mod process;
mod ranges;
mod recorder;
mod room;
mod sampler;
mod sink;
mod sizes;
mod stack;
mod tables;
mod thread;

use std::ffi::c_void;

/// The entry point that `import heapwise._agent` calls.
///
/// # Safety
/// Called by CPython's import, with the GIL held.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyInit__agent() -> *mut c_void {
    // SAFETY: the GIL is held and the import runs below a Python frame.
    match unsafe { lifecycle::start() } {
        // SAFETY: the GIL is held, in a `PyInit_` function.
        Ok(()) => unsafe { heapwise_cpython::module::create(c"heapwise._agent", &sizes::FUNCTIONS) },
        Err(reason) => {
            // SAFETY: the GIL is held.
            unsafe { heapwise_cpython::module::raise_import_error(&reason) };
            std::ptr::null_mut()
        }
    }
}
