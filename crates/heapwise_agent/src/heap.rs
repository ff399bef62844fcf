//! The agent's own heap: every Rust allocation of the agent, on pages that it maps itself.
//!
//! Invariant: the agent's memory never comes from the program's allocator, so it is never counted as the
//! program's, and a hook may allocate whatever lock the program's allocator holds.
//!
//! Where the program runs out of address space, the agent must not fail with it: it keeps a reserve of its own, which
//! it gives up when the kernel refuses it pages ([`give_up_reserve`]). The reserve is never touched and so costs
//! addresses only.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use dlmalloc::Dlmalloc;

use crate::platform;

#[global_allocator]
static HEAP: Heap =
    Heap { held: AtomicBool::new(false), heap: UnsafeCell::new(Dlmalloc::new_with_allocator(Pages)) };

/// Blocks of so many bytes are mappings of their own, so that what a table leaves behind when it grows goes back to the
/// system at once.
const APART: usize = 256 * 1024;

/// Bytes that the heap has mapped.
static MAPPED: AtomicU64 = AtomicU64::new(0);

/// A lock of its own, since it has to be taken before a fork and let go in the child.
struct Heap {
    held: AtomicBool,
    heap: UnsafeCell<Dlmalloc<Pages>>,
}

struct Pages;

/// The reserve, and its bytes; 0 if there is none.
static RESERVE: Mutex<(usize, usize)> = Mutex::new((0, 0));
/// What the reserve has room for beside the heap as it is: the largest chunk of the capture, twice.
const LEAST_RESERVE: usize = 4 << 20;

/// Makes the reserve large enough for the heap to double, unless it is or there is no address space left.
pub(crate) fn keep_reserve() {
    let wanted = LEAST_RESERVE + 2 * MAPPED.load(Ordering::Relaxed) as usize;
    let Ok(mut reserve) = RESERVE.try_lock() else { return };
    let (old, size) = *reserve;
    if size >= wanted {
        return;
    }
    // With room to spare, so that it is not made anew each time that the heap grows.
    let pages = platform::reserve(2 * wanted);
    if !pages.is_null() {
        *reserve = (pages as usize, 2 * wanted);
        if size > 0 {
            // SAFETY: the old reserve was this module's own and never used.
            unsafe { platform::unmap(old as *mut u8, size) };
        }
    }
}

/// Cuts `size` bytes, rounded up to pages, off the reserve; null if it has not so much. They stay mapped, without
/// access, until the caller maps something else over them: given back to the kernel first, the program would have them.
#[cold]
pub(crate) fn cut_from_reserve(size: usize) -> *mut u8 {
    let size = size.next_multiple_of(platform::PAGE);
    let Ok(mut reserve) = RESERVE.try_lock() else { return std::ptr::null_mut() };
    if reserve.1 < size {
        return std::ptr::null_mut();
    }
    reserve.1 -= size;
    (reserve.0 + reserve.1) as *mut u8
}

/// Bytes that the heap has mapped.
pub(crate) fn mapped_bytes() -> u64 {
    MAPPED.load(Ordering::Relaxed)
}

/// Takes the heap from all threads until [`let_go`]: around a fork.
pub(crate) fn hold() {
    HEAP.lock();
}

/// Ends [`hold`].
pub(crate) fn let_go() {
    HEAP.unlock();
}

impl Heap {
    fn lock(&self) {
        while self.held.compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            // The holder is in a few instructions of dlmalloc; it may have been taken off the processor there.
            std::thread::yield_now();
        }
    }

    fn unlock(&self) {
        self.held.store(false, Ordering::Release);
    }

    fn with<T>(&self, work: impl FnOnce(&mut Dlmalloc<Pages>) -> T) -> T {
        self.lock();
        // SAFETY: the flag gives the heap to one thread at a time.
        let result = work(unsafe { &mut *self.heap.get() });
        self.unlock();
        result
    }
}

// SAFETY: the heap inside is reached only by whoever holds the flag.
unsafe impl Sync for Heap {}

/// Whether a block is a mapping of its own, and the bytes of that.
fn apart(layout: Layout) -> Option<usize> {
    (layout.size() >= APART && layout.align() <= platform::PAGE)
        .then(|| layout.size().next_multiple_of(platform::PAGE))
}

// SAFETY: dlmalloc keeps the contract of an allocator, and the lock gives it to one thread at a time; a mapping is
// nobody else's. Which of the two a block came from follows from its layout.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if let Some(size) = apart(layout) {
            return map(size);
        }
        // SAFETY: size and alignment come from a layout.
        self.with(|heap| unsafe { heap.malloc(layout.size(), layout.align()) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if let Some(size) = apart(layout) {
            return map(size);
        }
        // SAFETY: as above.
        self.with(|heap| unsafe { heap.calloc(layout.size(), layout.align()) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if let Some(size) = apart(layout) {
            // SAFETY: the caller gives back a block of this heap with its layout, so it is a mapping of this size.
            return unsafe { give_back(block, size) };
        }
        // SAFETY: as above.
        self.with(|heap| unsafe { heap.free(block, layout.size(), layout.align()) });
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's size is not 0, and not above the largest with this alignment.
        let new_layout = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (apart(layout), apart(new_layout)) {
            (None, None) => {
                // SAFETY: as above.
                return self.with(|heap| unsafe { heap.realloc(block, layout.size(), layout.align(), size) });
            }
            (Some(old_size), Some(new_size)) => {
                // SAFETY: the block is a mapping of this size, which the caller uses no more.
                let pages = unsafe { platform::resize(block, old_size, new_size) };
                if !pages.is_null() {
                    MAPPED.fetch_add(new_size as u64, Ordering::Relaxed);
                    MAPPED.fetch_sub(old_size as u64, Ordering::Relaxed);
                    return pages;
                }
            }
            _ => {}
        }
        // SAFETY: both blocks have at least the bytes that are copied, and the new one is no part of the old.
        unsafe {
            let new = self.alloc(new_layout);
            if !new.is_null() {
                new.copy_from_nonoverlapping(block, layout.size().min(size));
                self.dealloc(block, layout);
            }
            new
        }
    }
}

/// Fresh zeroed pages, from the reserve if the kernel refuses; null if there are none.
fn map(size: usize) -> *mut u8 {
    let mut pages = platform::map_anonymous(size);
    if pages.is_null() {
        let place = cut_from_reserve(size);
        if !place.is_null() {
            // SAFETY: the place is a part of the reserve that nobody else has.
            pages = unsafe { platform::map_anonymous_at(place, size) };
        }
    }
    if !pages.is_null() {
        MAPPED.fetch_add(size as u64, Ordering::Relaxed);
    }
    pages
}

/// Gives pages back to the system.
///
/// # Safety
/// They are a whole result of [`map`] for this size, and used no more.
unsafe fn give_back(pages: *mut u8, size: usize) {
    // SAFETY: passed on to the caller.
    unsafe { platform::unmap(pages, size) };
    MAPPED.fetch_sub(size as u64, Ordering::Relaxed);
}

// SAFETY: the pages come from the kernel, belong to nobody else, and are zero.
unsafe impl dlmalloc::Allocator for Pages {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        let pages = map(size);
        (pages, if pages.is_null() { 0 } else { size }, 0)
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        std::ptr::null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, pages: *mut u8, size: usize) -> bool {
        // SAFETY: dlmalloc gives back exactly what `alloc` gave it and uses it no more.
        unsafe { give_back(pages, size) };
        true
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        true
    }

    fn page_size(&self) -> usize {
        platform::PAGE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_block_goes_back_to_the_system_and_keeps_its_bytes_as_it_grows() {
        // More than all other tests of this process have at a time.
        const SIZE: usize = 64 << 20;
        let mut bytes: Vec<u8> = (0..=255).cycle().take(APART - 1).collect();
        bytes.reserve_exact(SIZE - bytes.len());
        assert!(bytes.iter().copied().eq((0..=255).cycle().take(APART - 1)));
        let during = mapped_bytes();
        bytes.shrink_to_fit();
        assert!(mapped_bytes() + (SIZE as u64 / 2) < during);
        assert!(bytes.iter().copied().eq((0..=255).cycle().take(APART - 1)));
        bytes = (0..=255).cycle().take(2 * APART).collect();
        bytes.resize(SIZE, 7);
        bytes.truncate(2 * APART + 1);
        bytes.shrink_to_fit();
        assert!(bytes.iter().copied().eq((0..=255).cycle().take(2 * APART).chain([7])));
        assert!(vec![0u8; SIZE].iter().all(|byte| *byte == 0));
    }
}
