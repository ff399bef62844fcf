//! The end of the process without its exit handlers, as `os._exit` and the workers of `multiprocessing` end.

use std::ffi::c_int;

use crate::lifecycle;

/// # Safety
/// As for `_exit`.
pub(crate) unsafe extern "C" fn exit_now(code: c_int) -> ! {
    lifecycle::leaving(code);
    // SAFETY: the program's own call.
    unsafe { libc::_exit(code) }
}
