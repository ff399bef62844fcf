//! CPython's allocator tables: `PyMemAllocatorEx` and `PyObjectArenaAllocator` of `Include/cpython/pymem.h` and
//! `Include/cpython/objimpl.h`.

use std::ffi::{c_int, c_void};

use crate::Interpreter;

/// `PyMemAllocatorEx`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct AllocatorTable {
    /// Handed to each function.
    pub context: *mut c_void,
    /// As `malloc`.
    pub malloc: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void,
    /// As `calloc`.
    pub calloc: unsafe extern "C" fn(*mut c_void, usize, usize) -> *mut c_void,
    /// As `realloc`.
    pub realloc: unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> *mut c_void,
    /// As `free`.
    pub free: unsafe extern "C" fn(*mut c_void, *mut c_void),
}

/// `PyObjectArenaAllocator`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ArenaAllocator {
    /// Handed to each function.
    pub context: *mut c_void,
    /// Gives an arena of so many bytes.
    pub alloc: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void,
    /// Takes an arena of so many bytes back.
    pub free: unsafe extern "C" fn(*mut c_void, *mut c_void, usize),
}

/// `PyMemAllocatorDomain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Domain {
    /// `PYMEM_DOMAIN_RAW`: may be used without the GIL.
    Raw = 0,
    /// `PYMEM_DOMAIN_MEM`.
    Mem = 1,
    /// `PYMEM_DOMAIN_OBJ`.
    Object = 2,
}

impl Interpreter {
    /// The allocator in force for a domain.
    ///
    /// # Safety
    /// The GIL is held.
    pub unsafe fn allocator(&self, domain: Domain) -> AllocatorTable {
        let mut table = std::mem::MaybeUninit::uninit();
        // SAFETY: the function fills the whole table for the three domains.
        unsafe {
            (self.api.get_allocator)(domain as c_int, table.as_mut_ptr());
            table.assume_init()
        }
    }

    /// Puts an allocator in force.
    ///
    /// # Safety
    /// The GIL is held, and `table`'s functions keep CPython's contract for that domain for ever: blocks that
    /// the allocator before it gave are given back through this one.
    pub unsafe fn set_allocator(&self, domain: Domain, table: &AllocatorTable) {
        // SAFETY: passed on to the caller; CPython copies the table.
        unsafe { (self.api.set_allocator)(domain as c_int, table) };
    }

    /// The arena allocator in force.
    ///
    /// # Safety
    /// The GIL is held.
    pub unsafe fn arena_allocator(&self) -> ArenaAllocator {
        let mut table = std::mem::MaybeUninit::uninit();
        // SAFETY: the function fills the whole table.
        unsafe {
            (self.api.get_arena_allocator)(table.as_mut_ptr());
            table.assume_init()
        }
    }

    /// Puts an arena allocator in force.
    ///
    /// # Safety
    /// As for [`Self::set_allocator`].
    pub unsafe fn set_arena_allocator(&self, table: &ArenaAllocator) {
        // SAFETY: passed on to the caller; CPython copies the table.
        unsafe { (self.api.set_arena_allocator)(table) };
    }
}
