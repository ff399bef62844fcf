//! The thread slot: the few words of each thread that a hook looks at first.
//!
//! It is thread-local storage of the initial-exec kind, made here by hand because stable Rust has no way to ask
//! for it: it needs no call to `__tls_get_addr`, which would allocate in a library that is loaded late; it is
//! there, zeroed, for every thread from its first instruction to its last; and it has no destructor, so a
//! thread that allocates while it dies finds it whole.

use std::arch::{asm, global_asm};
use std::cell::Cell;

use crate::thread::Thread;

/// What a hook looks at first. All zero is the state of a thread that was not seen yet.
#[repr(C)]
pub(crate) struct Slot {
    /// Not 0 while this thread is inside a hooked function: nested calls are the allocator's own business.
    /// [`IN_ALLOCATOR`] while it is inside a real allocator.
    pub(crate) depth: Cell<u32>,
    /// Not 0 for the agent's own thread.
    pub(crate) own: Cell<u32>,
    /// Bytes until the next point of the sampling process; a block with more bytes is recorded, and the count
    /// left as it is until the next gap is drawn. Below 0 every block is recorded.
    pub(crate) countdown: Cell<i64>,
    /// Bytes from which every block is recorded.
    pub(crate) threshold: Cell<usize>,
    /// The rest of what is kept of the thread; null until it is first needed.
    pub(crate) thread: Cell<*mut Thread>,
}

/// In [`Slot::depth`]: what is mapped now is a pool for blocks that are recorded themselves.
pub(crate) const IN_ALLOCATOR: u32 = 2;

global_asm!(
    ".pushsection .tbss,\"awT\",@nobits",
    ".p2align 4",
    ".hidden heapwise_thread_slot",
    ".globl heapwise_thread_slot",
    ".type heapwise_thread_slot, @object",
    ".size heapwise_thread_slot, 32",
    "heapwise_thread_slot:",
    ".zero 32",
    ".popsection",
);

const _: () = assert!(size_of::<Slot>() == 32, "the size in the assembly above");

/// The calling thread's slot.
#[inline(always)]
pub(crate) fn slot<'a>() -> &'a Slot {
    let slot: *const Slot;
    // SAFETY: reads the offset of the slot from the thread pointer, which the dynamic linker filled in, and adds
    // the thread pointer, which glibc keeps at fs:0. Memory that the program can see is not touched.
    unsafe {
        asm!(
            "mov {slot}, qword ptr [rip + heapwise_thread_slot@GOTTPOFF]",
            "add {slot}, qword ptr fs:[0]",
            slot = out(reg) slot,
            options(pure, nomem, nostack),
        );
    }
    // SAFETY: the slot lives as long as the thread, is only reached by it, and holds nothing but cells; the
    // reference is used within a hook of this thread.
    unsafe { &*slot }
}

/// Marks the calling thread as inside a hooked function until dropped.
pub(crate) struct Inside(&'static Slot);

impl Inside {
    /// `None` if it is inside one already.
    #[inline]
    pub(crate) fn enter() -> Option<Self> {
        let slot = slot();
        (slot.depth.get() == 0).then(|| {
            slot.depth.set(1);
            Self(slot)
        })
    }

    /// Marks the thread for as long as it lives: for the agent's own.
    pub(crate) fn for_ever() {
        slot().own.set(1);
        slot().depth.set(1);
    }
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        self.0.depth.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_has_its_own_zeroed_slot() {
        let inside = Inside::enter().expect("a fresh thread is outside");
        assert!(Inside::enter().is_none());
        let other = std::thread::spawn(|| {
            assert!(Inside::enter().is_some(), "another thread is not inside");
            std::ptr::from_ref(slot()) as usize
        });
        assert_ne!(other.join().expect("the thread ends"), std::ptr::from_ref(slot()) as usize);
        drop(inside);
        assert!(Inside::enter().is_some());
    }
}
