//! Anonymous mappings: what is mapped, unmapped, moved and protected.
//!
//! Ranges count in whole pages. Memory that is mapped for stacks is no heap, nor are mappings of files; where
//! one of these replaces anonymous memory, that memory is gone. What an allocator maps whose blocks are recorded is
//! its pool and no heap. A range that is mapped accessible without setting memory aside (`MAP_NORESERVE`) is a
//! reservation, of which counts what is in memory ([`crate::footprint`]).

use std::ffi::{c_int, c_void};

use crate::platform::slot::{IN_ALLOCATOR, slot};
use crate::platform::{self, PAGE};
use crate::recorder::{self, RangeChange};

const ACCESSIBLE: c_int = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;

fn pages(length: usize) -> usize {
    length.checked_next_multiple_of(PAGE).unwrap_or(length)
}

/// Runs the real call marked as inside; `None` if this thread is inside already.
#[inline]
fn outermost<T>(real: impl FnOnce() -> T) -> Result<T, T> {
    let slot = slot();
    if slot.depth.get() != 0 {
        return Err(real());
    }
    slot.depth.set(1);
    let result = real();
    slot.depth.set(0);
    Ok(result)
}

/// # Safety
/// As for `mmap`.
pub(crate) unsafe extern "C" fn mmap(
    address: *mut c_void,
    length: usize,
    protection: c_int,
    flags: c_int,
    file: c_int,
    offset: libc::off_t,
) -> *mut c_void {
    // SAFETY: the program's own call.
    let real = || unsafe { libc::mmap(address, length, protection, flags, file, offset) };
    match outermost(real) {
        Ok(mapped) if mapped != libc::MAP_FAILED => {
            let heap =
                flags & libc::MAP_ANONYMOUS != 0 && flags & (libc::MAP_STACK | libc::MAP_GROWSDOWN) == 0;
            let accessible = protection & ACCESSIBLE != 0;
            let change = match heap {
                true if accessible && flags & libc::MAP_NORESERVE != 0 => RangeChange::Reserved,
                true => RangeChange::Mapped { accessible },
                false => RangeChange::Unmapped,
            };
            recorder::range(mapped as usize, pages(length), change, None);
            mapped
        }
        Ok(failed) => {
            // Other errors are of the arguments: allocators try addresses, libraries try flags.
            if flags & libc::MAP_ANONYMOUS != 0 && platform::errno() == libc::ENOMEM {
                recorder::refused(slot(), length);
            }
            failed
        }
        Err(mapped) => {
            if mapped != libc::MAP_FAILED && flags & libc::MAP_ANONYMOUS != 0 {
                by_an_allocator(mapped as usize, pages(length), RangeChange::Pool);
            }
            mapped
        }
    }
}

/// Tells of what an allocator did within a hooked call; `munmap` within one is told, too.
fn by_an_allocator(start: usize, length: usize, change: RangeChange) {
    let slot = slot();
    if slot.depth.get() == IN_ALLOCATOR {
        recorder::range(start, length, change, None);
        slot.depth.set(IN_ALLOCATOR);
    }
}

/// # Safety
/// As for `munmap`.
pub(crate) unsafe extern "C" fn munmap(address: *mut c_void, length: usize) -> c_int {
    let sequence = recorder::next_sequence();
    // SAFETY: the program's own call.
    match outermost(|| unsafe { libc::munmap(address, length) }) {
        Ok(0) => {
            recorder::range(address as usize, pages(length), RangeChange::Unmapped, Some(sequence));
            0
        }
        Err(0) => {
            by_an_allocator(address as usize, pages(length), RangeChange::Unmapped);
            0
        }
        Ok(failed) | Err(failed) => failed,
    }
}

/// # Safety
/// As for `mremap`. The fifth argument is there only with `MREMAP_FIXED`; otherwise the real function does not
/// look at it.
pub(crate) unsafe extern "C" fn mremap(
    old: *mut c_void,
    old_length: usize,
    new_length: usize,
    flags: c_int,
    wanted: *mut c_void,
) -> *mut c_void {
    let ours = recorder::is_mapped(old as usize, pages(old_length).max(1));
    let sequence = recorder::next_sequence();
    // SAFETY: the program's own call.
    match outermost(|| unsafe { libc::mremap(old, old_length, new_length, flags, wanted) }) {
        Ok(new) if new != libc::MAP_FAILED => {
            if ours {
                if flags & libc::MREMAP_DONTUNMAP == 0 {
                    let change = RangeChange::Unmapped;
                    recorder::range(old as usize, pages(old_length), change, Some(sequence));
                }
                let change = RangeChange::Mapped { accessible: true };
                recorder::range(new as usize, pages(new_length), change, None);
            }
            new
        }
        Ok(new) | Err(new) => new,
    }
}

/// # Safety
/// As for `mprotect`.
pub(crate) unsafe extern "C" fn mprotect(address: *mut c_void, length: usize, protection: c_int) -> c_int {
    // SAFETY: the program's own call.
    match outermost(|| unsafe { libc::mprotect(address, length, protection) }) {
        Ok(0) => {
            let change = RangeChange::Protected { accessible: protection & ACCESSIBLE != 0 };
            recorder::range(address as usize, pages(length), change, None);
            0
        }
        Ok(failed) | Err(failed) => failed,
    }
}
