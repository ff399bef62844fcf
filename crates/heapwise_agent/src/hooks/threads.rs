//! Threads: what a thread without Python allocates belongs to the line that started it.

use std::ffi::{c_int, c_void};

use heapwise_capture::table::StackId;

use crate::platform::slot::{Inside, slot};
use crate::recorder;

/// What a new thread is to run, and who started it.
struct Start {
    run: extern "C" fn(*mut c_void) -> *mut c_void,
    argument: *mut c_void,
    started_by: StackId,
}

/// # Safety
/// As for `pthread_create`.
pub(crate) unsafe extern "C" fn pthread_create(
    thread: *mut libc::pthread_t,
    attributes: *const libc::pthread_attr_t,
    run: extern "C" fn(*mut c_void) -> *mut c_void,
    argument: *mut c_void,
) -> c_int {
    let started_by = if slot().depth.get() == 0 { recorder::stack_here() } else { None };
    let Some(started_by) = started_by else {
        // SAFETY: the program's own call.
        return unsafe { libc::pthread_create(thread, attributes, run, argument) };
    };
    let inside = Inside::enter();
    recorder::expect_several_threads();
    let start = Box::into_raw(Box::new(Start { run, argument, started_by }));
    // SAFETY: the program's own call, with a function that does what the program's does.
    let result = unsafe { libc::pthread_create(thread, attributes, begin, start.cast()) };
    if result != 0 {
        // SAFETY: no thread was started, so the box is still this function's.
        drop(unsafe { Box::from_raw(start) });
    }
    drop(inside);
    result
}

/// Where a started thread begins.
extern "C" fn begin(start: *mut c_void) -> *mut c_void {
    let (run, argument, started_by) = {
        // SAFETY: the box that `pthread_create` above made for this thread alone.
        let start = unsafe { Box::from_raw(start.cast::<Start>()) };
        (start.run, start.argument, start.started_by)
    };
    recorder::begin_thread(started_by);
    run(argument)
}
