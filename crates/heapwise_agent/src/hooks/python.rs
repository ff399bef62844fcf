//! CPython's allocators: the raw, mem and object domains, and the arenas below the latter two.
//!
//! The tables that were in force are wrapped, never replaced: blocks come from them and go back to them. Arenas
//! are only counted, since the blocks in them are what the program asked for.

use std::ffi::c_void;
use std::sync::atomic::{AtomicU64, Ordering};

use heapwise_capture::event::Allocator;
use heapwise_cpython::Interpreter;
use heapwise_cpython::allocators::{AllocatorTable, ArenaAllocator, Domain};

use super::{allocate, passes, resize};
use crate::blocks;
use crate::platform::slot::slot;

/// Bytes in arenas of the small-object allocator.
static ARENA_BYTES: AtomicU64 = AtomicU64::new(0);

/// Bytes in arenas that were taken since the agent started.
pub(crate) fn arena_bytes() -> u64 {
    ARENA_BYTES.load(Ordering::Relaxed)
}

/// In the child of a fork: arenas that the parent took are not counted.
pub(crate) fn forget_parent() {
    ARENA_BYTES.store(0, Ordering::Relaxed);
}

/// Wraps the allocators of all three domains and the arena allocator.
///
/// # Safety
/// The GIL is held, and no other thread uses the raw domain meanwhile: the agent starts before the program does.
pub(crate) unsafe fn install(interpreter: &Interpreter) {
    let domains = [Domain::Raw, Domain::Mem, Domain::Object];
    // SAFETY: the GIL is held. CPython keeps pointers to these tables for the life of the process.
    let originals: &'static _ =
        Box::leak(Box::new(domains.map(|domain| unsafe { interpreter.allocator(domain) })));
    let wrapped = [
        wrap::<{ Allocator::PythonRaw as u8 }>(&originals[0], false),
        wrap::<{ Allocator::PythonMem as u8 }>(&originals[1], is_pymalloc(&originals[1], &originals[0])),
        wrap::<{ Allocator::PythonObject as u8 }>(&originals[2], is_pymalloc(&originals[2], &originals[0])),
    ];
    for (domain, table) in domains.into_iter().zip(&wrapped) {
        // SAFETY: the functions below pass everything on to the allocator that was in force.
        unsafe { interpreter.set_allocator(domain, table) };
    }
    // SAFETY: the GIL is held; the functions pass everything on.
    unsafe {
        let arenas: &'static _ = Box::leak(Box::new(interpreter.arena_allocator()));
        let context = std::ptr::from_ref(arenas).cast_mut().cast();
        interpreter.set_arena_allocator(&ArenaAllocator { context, alloc: arena_alloc, free: arena_free });
    }
}

fn wrap<const ALLOCATOR: u8>(original: &'static AllocatorTable, plain: bool) -> AllocatorTable {
    AllocatorTable {
        context: std::ptr::from_ref(original).cast_mut().cast(),
        malloc: if plain { malloc::<ALLOCATOR, true> } else { malloc::<ALLOCATOR, false> },
        calloc: if plain { calloc::<ALLOCATOR, true> } else { calloc::<ALLOCATOR, false> },
        realloc: realloc::<ALLOCATOR>,
        free,
    }
}

/// Whether a table is that of pymalloc as CPython sets it by default. For a small block that calls nothing but
/// the arena allocator, which is guarded here. All others are guarded as a whole: with debug hooks the context
/// is not null, with `PYTHONMALLOC=malloc` the functions are those of the raw domain, with `mimalloc` only the
/// variable tells.
fn is_pymalloc(table: &AllocatorTable, raw: &AllocatorTable) -> bool {
    let chosen = std::env::var_os("PYTHONMALLOC");
    let default = chosen.is_none_or(|name| name.is_empty() || name == "default" || name == "pymalloc");
    default && table.context.is_null() && !std::ptr::fn_addr_eq(table.malloc, raw.malloc)
}

const fn allocator_of(number: u8) -> Allocator {
    match number {
        1 => Allocator::PythonRaw,
        2 => Allocator::PythonMem,
        _ => Allocator::PythonObject,
    }
}

/// # Safety
/// `context` is the table that [`wrap`] was given.
#[inline(always)]
unsafe fn original(context: *mut c_void) -> &'static AllocatorTable {
    // SAFETY: passed on to the caller; the tables live for ever.
    unsafe { &*context.cast_const().cast() }
}

unsafe extern "C" fn malloc<const ALLOCATOR: u8, const PLAIN: bool>(
    context: *mut c_void,
    size: usize,
) -> *mut c_void {
    if passes(PLAIN, size) {
        // SAFETY: CPython hands the context of the table back; the call is its own.
        return unsafe {
            let original = original(context);
            (original.malloc)(original.context, size)
        };
    }
    // SAFETY: as above.
    unsafe { malloc_told::<ALLOCATOR>(context, size) }
}

/// Out of line, so that the hook itself needs no stack: these keep the shortest ways short.
#[inline(never)]
unsafe extern "C" fn malloc_told<const ALLOCATOR: u8>(context: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: as for `malloc`.
    let original = unsafe { original(context) };
    // SAFETY: as for `malloc`.
    allocate(allocator_of(ALLOCATOR), size, || unsafe { (original.malloc)(original.context, size) })
}

unsafe extern "C" fn calloc<const ALLOCATOR: u8, const PLAIN: bool>(
    context: *mut c_void,
    count: usize,
    size: usize,
) -> *mut c_void {
    // SAFETY: as for `malloc`.
    let original = unsafe { original(context) };
    // SAFETY: as for `malloc`. CPython refuses a product that overflows before it calls.
    let real = || unsafe { (original.calloc)(original.context, count, size) };
    let total = count.wrapping_mul(size);
    if passes(PLAIN, total) { real() } else { allocate(allocator_of(ALLOCATOR), total, real) }
}

unsafe extern "C" fn realloc<const ALLOCATOR: u8>(
    context: *mut c_void,
    block: *mut c_void,
    size: usize,
) -> *mut c_void {
    // SAFETY: as for `malloc`.
    let original = unsafe { original(context) };
    // Unlike C's, these never free for a size of 0: null always means that the block is as it was.
    // SAFETY: as for `malloc`.
    resize(allocator_of(ALLOCATOR), block, size, false, || unsafe {
        (original.realloc)(original.context, block, size)
    })
}

unsafe extern "C" fn free(context: *mut c_void, block: *mut c_void) {
    if blocks::maybe(block as usize) {
        // SAFETY: as for `malloc`.
        unsafe { free_told(context, block) };
    } else {
        // SAFETY: as for `malloc`.
        unsafe {
            let original = original(context);
            (original.free)(original.context, block);
        }
    }
}

#[inline(never)]
unsafe extern "C" fn free_told(context: *mut c_void, block: *mut c_void) {
    // SAFETY: as for `malloc`.
    let original = unsafe { original(context) };
    // SAFETY: as for `malloc`.
    super::free(block, || unsafe { (original.free)(original.context, block) });
}

unsafe extern "C" fn arena_alloc(context: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: CPython hands the context of the table back.
    let original = unsafe { &*context.cast_const().cast::<ArenaAllocator>() };
    let slot = slot();
    let depth = slot.depth.replace(1);
    // SAFETY: CPython's own call.
    let arena = unsafe { (original.alloc)(original.context, size) };
    slot.depth.set(depth);
    if !arena.is_null() {
        ARENA_BYTES.fetch_add(size as u64, Ordering::Relaxed);
    }
    arena
}

unsafe extern "C" fn arena_free(context: *mut c_void, arena: *mut c_void, size: usize) {
    // SAFETY: as for `arena_alloc`.
    let original = unsafe { &*context.cast_const().cast::<ArenaAllocator>() };
    let slot = slot();
    let depth = slot.depth.replace(1);
    // SAFETY: CPython's own call.
    unsafe { (original.free)(original.context, arena, size) };
    slot.depth.set(depth);
    // Arenas from before the agent's start were never counted in.
    let _ = ARENA_BYTES
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |bytes| Some(bytes.saturating_sub(size as u64)));
}
