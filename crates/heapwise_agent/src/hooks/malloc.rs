//! The malloc family of C.
//!
//! Sizes recorded are those asked for. The real functions are reached through the agent's own import table, which
//! is never patched.

use std::ffi::{c_int, c_void};

use heapwise_capture::event::Allocator;

use super::{allocate, passes, resize};
use crate::blocks;
use crate::platform::PAGE;

/// Those of glibc that the `libc` crate does not declare.
mod real {
    use std::ffi::c_void;

    unsafe extern "C" {
        pub(super) fn valloc(size: usize) -> *mut c_void;
        pub(super) fn pvalloc(size: usize) -> *mut c_void;
    }
}

/// # Safety
/// As for `malloc`.
pub(crate) unsafe extern "C" fn malloc<const PLAIN: bool>(size: usize) -> *mut c_void {
    if passes(PLAIN, size) {
        // SAFETY: the program's own call.
        return unsafe { libc::malloc(size) };
    }
    // SAFETY: as above.
    unsafe { malloc_told(size) }
}

/// Out of line, so that the hook itself needs no stack: these keep the shortest ways short.
#[inline(never)]
unsafe extern "C" fn malloc_told(size: usize) -> *mut c_void {
    // SAFETY: the program's own call.
    allocate(Allocator::Malloc, size, || unsafe { libc::malloc(size) })
}

/// # Safety
/// As for `calloc`.
pub(crate) unsafe extern "C" fn calloc<const PLAIN: bool>(count: usize, size: usize) -> *mut c_void {
    // SAFETY: the program's own call. A product that overflows is refused by calloc itself.
    let real = || unsafe { libc::calloc(count, size) };
    let total = count.saturating_mul(size);
    if passes(PLAIN, total) { real() } else { allocate(Allocator::Malloc, total, real) }
}

/// # Safety
/// As for `aligned_alloc`.
pub(crate) unsafe extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
    // SAFETY: the program's own call.
    allocate(Allocator::Malloc, size, || unsafe { libc::aligned_alloc(alignment, size) })
}

/// # Safety
/// As for `memalign`.
pub(crate) unsafe extern "C" fn memalign(alignment: usize, size: usize) -> *mut c_void {
    // SAFETY: the program's own call.
    allocate(Allocator::Malloc, size, || unsafe { libc::memalign(alignment, size) })
}

/// # Safety
/// As for `valloc`.
pub(crate) unsafe extern "C" fn valloc(size: usize) -> *mut c_void {
    // SAFETY: the program's own call.
    allocate(Allocator::Malloc, size, || unsafe { real::valloc(size) })
}

/// # Safety
/// As for `pvalloc`.
pub(crate) unsafe extern "C" fn pvalloc(size: usize) -> *mut c_void {
    // SAFETY: the program's own call. It asks for whole pages.
    allocate(Allocator::Malloc, size.next_multiple_of(PAGE), || unsafe { real::pvalloc(size) })
}

/// # Safety
/// As for `posix_memalign`.
pub(crate) unsafe extern "C" fn posix_memalign(
    block: *mut *mut c_void,
    alignment: usize,
    size: usize,
) -> c_int {
    let mut result = 0;
    allocate(Allocator::Malloc, size, || {
        // SAFETY: the program's own call; on success it has stored the block.
        unsafe {
            result = libc::posix_memalign(block, alignment, size);
            if result == 0 { *block } else { std::ptr::null_mut() }
        }
    });
    result
}

/// # Safety
/// As for `free`.
pub(crate) unsafe extern "C" fn free(block: *mut c_void) {
    if blocks::maybe(block as usize) {
        // SAFETY: the program's own call.
        unsafe { free_told(block) };
    } else {
        // SAFETY: as above.
        unsafe { libc::free(block) };
    }
}

#[inline(never)]
unsafe extern "C" fn free_told(block: *mut c_void) {
    // SAFETY: the program's own call.
    super::free(block, || unsafe { libc::free(block) });
}

/// # Safety
/// As for `realloc`.
pub(crate) unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the program's own call. glibc frees the block and returns null where the new size is 0.
    resize(Allocator::Malloc, block, size, size == 0, || unsafe { libc::realloc(block, size) })
}

/// # Safety
/// As for `reallocarray`.
pub(crate) unsafe extern "C" fn reallocarray(block: *mut c_void, count: usize, size: usize) -> *mut c_void {
    let total = count.checked_mul(size);
    // SAFETY: the program's own call; a product that overflows is refused.
    resize(Allocator::Malloc, block, total.unwrap_or(usize::MAX), total == Some(0), || unsafe {
        libc::reallocarray(block, count, size)
    })
}
