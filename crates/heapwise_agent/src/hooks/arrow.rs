//! Arrow's own allocator: the mimalloc inside libarrow, from which pyarrow takes its buffers by default.
//!
//! It reserves a gigabyte at once, so its mappings say nothing of what is used; its blocks do. libarrow exports the
//! three functions and calls them through its own import table, which is where they are hooked. Arrow's other pools
//! need nothing here: `system` is the malloc family, and what `jemalloc` maps counts as reservations do.

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};

use heapwise_capture::event::Allocator;

use super::{allocate, resize};
use crate::blocks;
use crate::platform::imports::Hook;

type Malloc = unsafe extern "C" fn(usize, usize) -> *mut c_void;
type Realloc = unsafe extern "C" fn(*mut c_void, usize, usize) -> *mut c_void;
type Free = unsafe extern "C" fn(*mut c_void);

/// The real functions, noted before a hook is put in their place.
static MALLOC: AtomicUsize = AtomicUsize::new(0);
static REALLOC: AtomicUsize = AtomicUsize::new(0);
static FREE: AtomicUsize = AtomicUsize::new(0);

/// The hooked functions: all of them or none, in one object.
pub(super) fn hooks() -> [Hook; 3] {
    let hook = |name, stand_in, own| Hook { name, stand_in, real: 0, own: Some(own) };
    [
        hook(c"arrow_mi_malloc_aligned", malloc as *const () as usize, &MALLOC),
        hook(c"arrow_mi_realloc_aligned", realloc as *const () as usize, &REALLOC),
        hook(c"arrow_mi_free", free as *const () as usize, &FREE),
    ]
}

/// # Safety
/// As for `mi_malloc_aligned`.
unsafe extern "C" fn malloc(size: usize, alignment: usize) -> *mut c_void {
    // SAFETY: noted before this function was put in its place, with this signature.
    let real: Malloc = unsafe { std::mem::transmute(MALLOC.load(Ordering::Acquire)) };
    // SAFETY: the program's own call.
    allocate(Allocator::Malloc, size, || unsafe { real(size, alignment) })
}

/// # Safety
/// As for `mi_realloc_aligned`.
unsafe extern "C" fn realloc(block: *mut c_void, size: usize, alignment: usize) -> *mut c_void {
    // SAFETY: as in `malloc`.
    let real: Realloc = unsafe { std::mem::transmute(REALLOC.load(Ordering::Acquire)) };
    // SAFETY: the program's own call.
    resize(Allocator::Malloc, block, size, false, || unsafe { real(block, size, alignment) })
}

/// # Safety
/// As for `mi_free`.
unsafe extern "C" fn free(block: *mut c_void) {
    // SAFETY: as in `malloc`.
    let real: Free = unsafe { std::mem::transmute(FREE.load(Ordering::Acquire)) };
    if blocks::maybe(block as usize) {
        // SAFETY: the program's own call.
        super::free(block, || unsafe { real(block) });
    } else {
        // SAFETY: as above.
        unsafe { real(block) };
    }
}
