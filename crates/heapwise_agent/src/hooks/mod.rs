//! What stands between the program and its allocators.
//!
//! Owns the list of hooked functions ([`table`]) and CPython's allocator tables ([`python`]). Each hook calls what
//! it stands for, exactly once, with the program's own arguments, and tells [`crate::recorder`] of the outcome.
//! Invariant: only the outermost hooked call of a thread counts; what an allocator does inside is its own business.

pub(crate) mod loader;
pub(crate) mod malloc;
pub(crate) mod mmap;
pub(crate) mod python;
pub(crate) mod threads;

use std::ffi::CStr;
use std::sync::OnceLock;

use crate::platform::imports::{self, Hook};
use crate::platform::jump;

/// The hooked functions.
pub(crate) fn table() -> &'static [Hook] {
    static TABLE: OnceLock<Vec<Hook>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut hooks = Vec::new();
        let mut add = |name: &'static CStr, stand_in: usize| {
            // SAFETY: the name is a C string.
            let real = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) } as usize;
            if real != 0 {
                hooks.push(Hook { name, stand_in, real });
            }
        };
        macro_rules! hook {
            ($($name:literal => $function:path),* $(,)?) => {
                $(add($name, $function as *const () as usize);)*
            };
        }
        hook!(
            c"malloc" => malloc::malloc,
            c"calloc" => malloc::calloc,
            c"realloc" => malloc::realloc,
            c"reallocarray" => malloc::reallocarray,
            c"free" => malloc::free,
            c"cfree" => malloc::free,
            c"posix_memalign" => malloc::posix_memalign,
            c"aligned_alloc" => malloc::aligned_alloc,
            c"memalign" => malloc::memalign,
            c"valloc" => malloc::valloc,
            c"pvalloc" => malloc::pvalloc,
            c"mmap" => mmap::mmap,
            c"mmap64" => mmap::mmap,
            c"munmap" => mmap::munmap,
            c"mremap" => mmap::mremap,
            c"mprotect" => mmap::mprotect,
            c"pthread_create" => threads::pthread_create,
            c"dlsym" => jump::dlsym,
        );
        hooks
    })
}

/// Puts the hooks into every object that has been loaded since the last call.
pub(crate) fn install() {
    imports::patch_new_objects(table());
}
