//! A hook for a function that looks at who calls it: the jump keeps the caller's return address.
//!
//! glibc's `dlsym` finds the calling library by its return address, to go on behind it (`RTLD_NEXT`) or to
//! search its scope. A hook that called it would be the caller; this one jumps to it instead.

use std::arch::naked_asm;
use std::ffi::{c_char, c_void};

use crate::hooks::loader;

/// Stands for `dlsym`: returns a hook where one is asked for by name, else becomes `dlsym`.
///
/// # Safety
/// As for `dlsym`.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn dlsym(_handle: *mut c_void, _name: *const c_char) -> *mut c_void {
    naked_asm!(
        "push rdi",
        "push rsi",
        "sub rsp, 8",
        "call {find}",
        "add rsp, 8",
        "pop rsi",
        "pop rdi",
        "test rax, rax",
        "jz 2f",
        "ret",
        "2:",
        "jmp qword ptr [rip + {real}@GOTPCREL]",
        find = sym loader::find_symbol,
        real = sym libc::dlsym,
    )
}
