//! What stands between the program and its allocators.
//!
//! Owns the list of hooked functions ([`table`]), CPython's allocator tables ([`python`]) and Arrow's allocator ([`arrow`]). Each hook calls what
//! it stands for, exactly once, with the program's own arguments, and tells [`crate::recorder`] of the outcome.
//! Invariant: only the outermost hooked call of a thread counts; what an allocator does inside is its own business.

pub(crate) mod arrow;
pub(crate) mod ending;
pub(crate) mod loader;
pub(crate) mod malloc;
pub(crate) mod mmap;
pub(crate) mod python;
pub(crate) mod threads;

use std::ffi::{CStr, c_void};
use std::sync::OnceLock;

use heapwise_capture::event::Allocator;

use crate::platform::imports::{self, Hook};
use crate::platform::jump;
use crate::platform::slot::{IN_ALLOCATOR, slot};
use crate::{blocks, recorder};

/// Blocks up to here may take the shortest way through a hook.
const SMALL: usize = 512;

/// Whether a block can take the shortest way: a jump to the real allocator, with nothing to tell of it.
///
/// `plain` says that the real allocator calls no hooked function for a small block, so that no guard is needed.
#[inline(always)]
fn passes(plain: bool, size: usize) -> bool {
    let slot = slot();
    plain && size <= SMALL && slot.depth.get() == 0 && recorder::passes(slot, size)
}

/// Calls a real allocator and tells of the block, if this is the outermost hooked call.
#[inline(always)]
fn allocate(allocator: Allocator, size: usize, real: impl FnOnce() -> *mut c_void) -> *mut c_void {
    let slot = slot();
    if slot.depth.get() != 0 {
        return real();
    }
    slot.depth.set(IN_ALLOCATOR);
    let block = real();
    slot.depth.set(0);
    if block.is_null() {
        recorder::refused(slot, size);
        return block;
    }
    recorder::allocated(slot, block as usize, size, allocator);
    block
}

/// Tells of the end of a block that may be recorded and calls the real allocator to free it.
#[inline(always)]
fn free(block: *mut c_void, real: impl FnOnce()) {
    let slot = slot();
    if slot.depth.get() != 0 || block.is_null() || !blocks::likely(block as usize) {
        return real();
    }
    recorder::freeing(slot, block as usize);
    slot.depth.set(IN_ALLOCATOR);
    real();
    slot.depth.set(0);
}

/// Calls a real allocator to resize `block`: tells of the end of the old block, if the allocator agreed, then of
/// the start of the new one. `null_frees` says that a null result means a freed block, and no refusal.
#[inline(always)]
fn resize(
    allocator: Allocator,
    block: *mut c_void,
    size: usize,
    null_frees: bool,
    real: impl FnOnce() -> *mut c_void,
) -> *mut c_void {
    let slot = slot();
    if slot.depth.get() != 0 {
        return real();
    }
    let resizing = recorder::resizing(slot, block as usize);
    slot.depth.set(IN_ALLOCATOR);
    let new = real();
    slot.depth.set(0);
    if let Some(resizing) = resizing {
        if new.is_null() && !null_frees {
            recorder::not_resized(slot, &resizing);
        } else {
            recorder::resized(slot, &resizing);
        }
    }
    if new.is_null() {
        if !null_frees {
            recorder::refused(slot, size);
        }
        return new;
    }
    recorder::allocated(slot, new as usize, size, allocator);
    new
}

/// The hooked functions.
pub(crate) fn table() -> &'static [Hook] {
    static TABLE: OnceLock<Vec<Hook>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut hooks = Vec::new();
        let mut add = |name: &'static CStr, stand_in: usize| {
            // SAFETY: the name is a C string.
            let real = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) } as usize;
            if real != 0 {
                hooks.push(Hook { name, stand_in, real, own: None });
            }
        };
        macro_rules! hook {
            ($($name:literal => $function:path),* $(,)?) => {
                $(add($name, $function as *const () as usize);)*
            };
        }
        if imports::is_in_libc(libc::malloc as *const () as usize) {
            hook!(c"malloc" => malloc::malloc::<true>, c"calloc" => malloc::calloc::<true>);
        } else {
            hook!(c"malloc" => malloc::malloc::<false>, c"calloc" => malloc::calloc::<false>);
        }
        hook!(
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
            c"_exit" => ending::exit_now,
            c"_Exit" => ending::exit_now,
            c"dlsym" => jump::dlsym,
        );
        hooks.extend(arrow::hooks());
        hooks
    })
}

/// Puts the hooks into every object that has been loaded since the last call.
pub(crate) fn install() {
    imports::patch_new_objects(table());
}
