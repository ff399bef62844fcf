//! Libraries that come later, and functions that are asked for by name.
//!
//! Whoever opens a library asks it for a function next: `dlsym` is where new objects are noticed and patched.

use std::ffi::{CStr, c_char, c_void};

use crate::platform::slot::Inside;
use crate::platform::{Errno, imports};
use crate::recorder;

/// Called by the hook of `dlsym`: the hook of the function asked for, or null if `dlsym` itself is to answer.
pub(crate) extern "C" fn find_symbol(handle: *mut c_void, name: *const c_char) -> *mut c_void {
    let nothing = std::ptr::null_mut();
    if recorder::recording().is_none() {
        return nothing;
    }
    let _errno = Errno::keep();
    // Not while inside: whoever looks up symbols in an allocator's own call gets what the system has.
    let Some(_inside) = Inside::enter() else { return nothing };
    let hooks = super::table();
    imports::patch_new_objects(hooks);
    if handle == libc::RTLD_NEXT || name.is_null() {
        return nothing;
    }
    // SAFETY: `dlsym` is called with a C string.
    let name = unsafe { CStr::from_ptr(name) };
    let Some(hook) = hooks.iter().find(|hook| hook.name == name) else { return nothing };
    // SAFETY: the program's own question, asked on its behalf.
    let real = unsafe { libc::dlsym(handle, name.as_ptr()) };
    if real as usize == hook.real { hook.stand_in as *mut c_void } else { nothing }
}
