//! The malloc family of C.
//!
//! Sizes recorded are those asked for. The real functions are reached through the agent's own import table, which
//! is never patched.

use std::ffi::{c_int, c_void};

use heapwise_capture::event::Allocator;

use crate::platform::PAGE;
use crate::platform::slot::{Slot, slot};
use crate::recorder;

/// Those of glibc that the `libc` crate does not declare.
mod real {
    use std::ffi::c_void;

    unsafe extern "C" {
        pub(super) fn valloc(size: usize) -> *mut c_void;
        pub(super) fn pvalloc(size: usize) -> *mut c_void;
    }
}

/// Calls the real allocator and tells of the block, if this is the outermost hooked call.
#[inline(always)]
fn allocate(size: usize, real: impl FnOnce() -> *mut c_void) -> *mut c_void {
    let slot = slot();
    if slot.depth.get() != 0 {
        return real();
    }
    slot.depth.set(1);
    let block = real();
    slot.depth.set(0);
    recorder::allocated(slot, block as usize, size, Allocator::Malloc);
    block
}

/// # Safety
/// As for `malloc`.
pub(crate) unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    // SAFETY: the program's own call.
    allocate(size, || unsafe { libc::malloc(size) })
}

/// # Safety
/// As for `calloc`.
pub(crate) unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    // SAFETY: the program's own call. A product that overflows is refused by calloc itself.
    allocate(count.wrapping_mul(size), || unsafe { libc::calloc(count, size) })
}

/// # Safety
/// As for `aligned_alloc`.
pub(crate) unsafe extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
    // SAFETY: the program's own call.
    allocate(size, || unsafe { libc::aligned_alloc(alignment, size) })
}

/// # Safety
/// As for `memalign`.
pub(crate) unsafe extern "C" fn memalign(alignment: usize, size: usize) -> *mut c_void {
    // SAFETY: the program's own call.
    allocate(size, || unsafe { libc::memalign(alignment, size) })
}

/// # Safety
/// As for `valloc`.
pub(crate) unsafe extern "C" fn valloc(size: usize) -> *mut c_void {
    // SAFETY: the program's own call.
    allocate(size, || unsafe { real::valloc(size) })
}

/// # Safety
/// As for `pvalloc`.
pub(crate) unsafe extern "C" fn pvalloc(size: usize) -> *mut c_void {
    // SAFETY: the program's own call. It asks for whole pages.
    allocate(size.next_multiple_of(PAGE), || unsafe { real::pvalloc(size) })
}

/// # Safety
/// As for `posix_memalign`.
pub(crate) unsafe extern "C" fn posix_memalign(
    block: *mut *mut c_void,
    alignment: usize,
    size: usize,
) -> c_int {
    let mut result = 0;
    allocate(size, || {
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
    // SAFETY: the program's own call.
    recorder::free(block as usize, || unsafe { libc::free(block) });
}

/// # Safety
/// As for `realloc`.
pub(crate) unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the program's own call.
    resize(slot(), block, Some(size), || unsafe { libc::realloc(block, size) })
}

/// # Safety
/// As for `reallocarray`.
pub(crate) unsafe extern "C" fn reallocarray(block: *mut c_void, count: usize, size: usize) -> *mut c_void {
    let total = count.checked_mul(size);
    // SAFETY: the program's own call.
    resize(slot(), block, total, || unsafe { libc::reallocarray(block, count, size) })
}

/// A resize: the end of the old block, if the allocator agreed, then the start of the new one. glibc frees the
/// block and returns null where the new size is 0; any other null means that the old block is as it was. `None`
/// for a size stands for one that no allocator can give.
#[inline(always)]
fn resize(
    slot: &Slot,
    block: *mut c_void,
    size: Option<usize>,
    real: impl FnOnce() -> *mut c_void,
) -> *mut c_void {
    if slot.depth.get() != 0 {
        return real();
    }
    let resizing = recorder::resizing(slot, block as usize);
    slot.depth.set(1);
    let new = real();
    slot.depth.set(0);
    if let Some(resizing) = resizing {
        if new.is_null() && size != Some(0) {
            recorder::not_resized(slot, &resizing);
        } else {
            recorder::resized(slot, &resizing);
        }
    }
    recorder::allocated(slot, new as usize, size.unwrap_or(0), Allocator::Malloc);
    new
}
