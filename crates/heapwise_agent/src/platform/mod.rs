//! What depends on the operating system and the processor: the one place to add another.
//!
//! Owns the thread slot ([`slot`]), the patching of import tables ([`imports`]), the jump that keeps a caller's
//! return address ([`jump`]), and small calls to the kernel.

#[cfg(not(all(
    target_os = "linux",
    target_env = "gnu",
    target_arch = "x86_64",
    target_pointer_width = "64"
)))]
compile_error!("heapwise runs on Linux with glibc on x86-64; other platforms are to be added in this folder");

pub(crate) mod imports;
pub(crate) mod jump;
pub(crate) mod slot;

use std::arch::asm;
use std::arch::x86_64::_rdtsc;

/// Bytes of a page.
pub(crate) const PAGE: usize = 4096;

/// A value on cache lines of its own, so that a thread that writes to it holds up none that reads its neighbours. Two
/// lines, because processors fetch them in pairs.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Alone<T>(pub(crate) T);

/// Fresh zeroed pages; null if there are none.
pub(crate) fn map_anonymous(size: usize) -> *mut u8 {
    // SAFETY: a new mapping where the kernel chooses touches nothing that exists.
    unsafe { map(std::ptr::null_mut(), size, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0) }
}

/// Fresh zeroed pages in place of what is at `place`; null on failure.
///
/// # Safety
/// So many bytes at `place` are mapped and the caller's.
pub(crate) unsafe fn map_anonymous_at(place: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: passed on to the caller.
    unsafe { map(place, size, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED, -1, 0) }
}

/// A readable and writable mapping; null on failure.
///
/// # Safety
/// With `MAP_FIXED` among the flags, so many bytes at `place` are mapped and the caller's.
unsafe fn map(place: *mut u8, size: usize, flags: i32, file: i32, offset: usize) -> *mut u8 {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: passed on to the caller.
    let pages = unsafe { libc::mmap(place.cast(), size, protection, flags, file, offset as libc::off_t) };
    if pages == libc::MAP_FAILED { std::ptr::null_mut() } else { pages.cast() }
}

/// A part of a file, readable, writable and shared; null on failure.
pub(crate) fn map_file(file: i32, offset: usize, size: usize) -> *mut u8 {
    // SAFETY: a new mapping where the kernel chooses touches nothing that exists.
    unsafe { map(std::ptr::null_mut(), size, libc::MAP_SHARED, file, offset) }
}

/// The same in place of what is at `place`.
///
/// # Safety
/// So many bytes at `place` are mapped and the caller's.
pub(crate) unsafe fn map_file_at(place: *mut u8, file: i32, offset: usize, size: usize) -> *mut u8 {
    // SAFETY: passed on to the caller.
    unsafe { map(place, size, libc::MAP_SHARED | libc::MAP_FIXED, file, offset) }
}

/// Gives pages back.
///
/// # Safety
/// `pages` and `size` are a whole mapping of the agent's that nobody uses any more.
pub(crate) unsafe fn unmap(pages: *mut u8, size: usize) {
    // SAFETY: passed on to the caller.
    unsafe { libc::munmap(pages.cast(), size) };
}

/// Pages with what is in them as a mapping of another size, perhaps elsewhere; null, with nothing changed, on failure.
///
/// # Safety
/// `pages` and `size` are a whole mapping of the agent's, of which only the result is used from then on.
pub(crate) unsafe fn resize(pages: *mut u8, size: usize, new_size: usize) -> *mut u8 {
    // SAFETY: passed on to the caller.
    let moved = unsafe { libc::mremap(pages.cast(), size, new_size, libc::MREMAP_MAYMOVE) };
    if moved == libc::MAP_FAILED { std::ptr::null_mut() } else { moved.cast() }
}

/// Milliseconds of the monotonic clock, as coarse as the kernel's tick.
#[inline]
pub(crate) fn coarse_ms() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid place for the result; the clock exists since Linux 2.6.32.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut time) };
    time.tv_sec.cast_unsigned() * 1000 + time.tv_nsec.cast_unsigned() / 1_000_000
}

/// Ticks of the processor's time-stamp counter.
#[inline]
pub(crate) fn ticks() -> u64 {
    // SAFETY: every x86-64 processor has the instruction, and Linux allows it to programs.
    unsafe { _rdtsc() }
}

/// The same value, which the compiler does not know to be the same.
#[inline(always)]
pub(crate) fn opaque(mut value: usize) -> usize {
    // SAFETY: no instruction at all.
    unsafe { asm!("/* {0} */", inout(reg) value, options(pure, nomem, nostack, preserves_flags)) };
    value
}

/// The error of the calling thread's last system call that failed.
pub(crate) fn errno() -> i32 {
    // SAFETY: the location of this thread's errno is always valid.
    unsafe { *libc::__errno_location() }
}

/// The limit of the address space, bytes; 0 if there is none.
pub(crate) fn address_space_limit() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: a valid place for the result; on failure it is left as it is.
    unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut limit) };
    if limit.rlim_cur == libc::RLIM_INFINITY { 0 } else { limit.rlim_cur }
}

/// Address space that cannot be used; null if there is none.
pub(crate) fn reserve(size: usize) -> *mut u8 {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: a new private mapping touches nothing that exists.
    let pages = unsafe { libc::mmap(std::ptr::null_mut(), size, libc::PROT_NONE, flags, -1, 0) };
    if pages == libc::MAP_FAILED { std::ptr::null_mut() } else { pages.cast() }
}

/// Keeps `errno` over a hook's own work.
pub(crate) struct Errno(i32);

impl Errno {
    /// Remembers it.
    #[inline]
    pub(crate) fn keep() -> Self {
        // SAFETY: the location of this thread's errno is always valid.
        Self(unsafe { *libc::__errno_location() })
    }
}

impl Drop for Errno {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { *libc::__errno_location() = self.0 };
    }
}

/// Writes a line to standard error at once, past every buffer of the program.
pub(crate) fn say(line: &str) {
    let text = format!("heapwise: {line}\n");
    // SAFETY: the bytes are valid for the length given.
    unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
}
