//! Patches import tables: the slots through which loaded objects call functions of other objects.
//!
//! Each loaded object names the functions that it imports in its dynamic symbol table, and relocations of type
//! `GLOB_DAT`, `JUMP_SLOT` or `64` name the slots that hold their addresses (System V ABI, AMD64 supplement,
//! section 4.4). Such a slot is overwritten with the hook's address if the object imports the symbol, or if it
//! defines it and the slot holds the function that the hook stands for (libc's own calls), or if the hook is for objects
//! that define the function ([`Hook::own`]).
//!
//! Invariant: the dynamic linker, the vDSO and the agent itself are left alone; an object whose slots are not
//! all filled yet (another thread is loading it) is left for a later call. Pages that the linker made read-only
//! stay writable once patched: making them read-only again could race with the linker's own work on them.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashSet;

use super::PAGE;

/// A function to stand in for another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hook {
    /// The name under which objects import the function.
    pub(crate) name: &'static CStr,
    /// What stands in for it.
    pub(crate) stand_in: usize,
    /// What it stands for.
    pub(crate) real: usize,
    /// Set for a function that an object defines and calls through its own table: where to note the real one. Of
    /// such functions an object has all or none.
    pub(crate) own: Option<&'static AtomicUsize>,
}

/// Loaded objects, by the address and the name that they were loaded with.
type Objects = FxHashSet<(usize, Vec<u8>)>;

/// The list of patched objects, taken from all threads until dropped: around a fork.
pub(crate) struct Held(
    #[expect(dead_code, reason = "held, not looked at")] MutexGuard<'static, Option<Objects>>,
);

/// Takes it.
pub(crate) fn hold() -> Held {
    Held(PATCHED.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Those already patched.
static PATCHED: Mutex<Option<Objects>> = Mutex::new(None);
/// How many objects had been loaded, and unloaded, when the last scan began.
static SCANNED: AtomicU64 = AtomicU64::new(0);

const DT_NULL: i64 = 0;
const DT_PLTRELSZ: i64 = 2;
const DT_STRTAB: i64 = 5;
const DT_SYMTAB: i64 = 6;
const DT_RELA: i64 = 7;
const DT_RELASZ: i64 = 8;
const DT_JMPREL: i64 = 23;
const R_X86_64_64: u32 = 1;
const R_X86_64_GLOB_DAT: u32 = 6;
const R_X86_64_JUMP_SLOT: u32 = 7;

/// One entry of the dynamic section (`Elf64_Dyn`).
#[repr(C)]
struct Dynamic {
    tag: i64,
    value: usize,
}

/// What is needed of an object's dynamic section.
#[derive(Default)]
struct Object {
    base: usize,
    symbols: usize,
    strings: usize,
    relocations: [(usize, usize); 2],
}

/// Whether an address is one of libc's own code.
pub(crate) fn is_in_libc(address: usize) -> bool {
    let own = |address: usize| {
        // SAFETY: all zero is a valid record; the call fills it if it knows the address.
        unsafe {
            let mut found: libc::Dl_info = std::mem::zeroed();
            (libc::dladdr(address as *const c_void, &raw mut found) != 0).then_some(found.dli_fbase as usize)
        }
    };
    own(address).is_some() && own(address) == own(libc::clock_gettime as *const () as usize)
}

/// Below this no object is loaded, so a lower number in a slot is an offset that still lacks its base.
const LOWEST_ADDRESS: usize = 1 << 32;

/// Patches every object that was not yet seen. Cheap if none was loaded since the last call.
///
/// The caller is no thread that is inside the dynamic linker.
pub(crate) fn patch_new_objects(hooks: &[Hook]) {
    let mut counts = 0u64;
    // SAFETY: the callback has the signature that the function wants and writes through the pointer given.
    unsafe { libc::dl_iterate_phdr(Some(count), (&raw mut counts).cast()) };
    if SCANNED.swap(counts, Ordering::Relaxed) == counts {
        return;
    }
    let mut patched = PATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut scan = Scan {
        hooks,
        initials: [false; 256],
        patched: patched.get_or_insert_default(),
        present: Objects::default(),
        complete: true,
    };
    for hook in hooks {
        scan.initials[usize::from(hook.name.to_bytes()[0])] = true;
    }
    // SAFETY: as above; the scan outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut scan).cast()) };
    let Scan { present, complete, .. } = scan;
    // An object that was unloaded may be loaded again at the same place, with slots unpatched.
    patched.replace(present);
    if !complete {
        SCANNED.store(0, Ordering::Relaxed);
    }
}

struct Scan<'a> {
    hooks: &'a [Hook],
    /// First bytes of the hooked names: most symbols are told apart by theirs.
    initials: [bool; 256],
    patched: &'a Objects,
    present: Objects,
    complete: bool,
}

unsafe extern "C" fn count(object: *mut libc::dl_phdr_info, _: usize, counts: *mut c_void) -> c_int {
    // SAFETY: glibc hands over a whole record; `counts` is the number above.
    unsafe {
        let object = &*object;
        *counts.cast::<u64>() = (object.dlpi_adds << 32) ^ object.dlpi_subs;
    }
    // Every record has the same counts: one is enough.
    1
}

unsafe extern "C" fn visit(object: *mut libc::dl_phdr_info, _: usize, scan: *mut c_void) -> c_int {
    // SAFETY: glibc hands over a whole record that is valid during the call; `scan` is the one above.
    let (object, scan) = unsafe { (&*object, &mut *scan.cast::<Scan<'_>>()) };
    // SAFETY: the name is null or a C string.
    let name = if object.dlpi_name.is_null() { c"" } else { unsafe { CStr::from_ptr(object.dlpi_name) } };
    let key = (object.dlpi_addr as usize, name.to_bytes().to_vec());
    let done = scan.patched.contains(&key)
        || left_alone(object, name)
        // SAFETY: the object is loaded and stays so while glibc holds its list locked.
        || unsafe { patch_object(object, scan) };
    if done {
        scan.present.insert(key);
    } else {
        scan.complete = false;
    }
    0
}

fn left_alone(object: &libc::dl_phdr_info, name: &CStr) -> bool {
    let name = name.to_bytes();
    let file = name.rsplit(|&byte| byte == b'/').next().unwrap_or(name);
    file.starts_with(b"ld-linux") || file.starts_with(b"linux-vdso") || contains_this(object)
}

/// Whether this code belongs to the object.
fn contains_this(object: &libc::dl_phdr_info) -> bool {
    let here = contains_this as *const () as usize;
    headers(object).iter().any(|header| {
        let start = object.dlpi_addr as usize + header.p_vaddr as usize;
        header.p_type == libc::PT_LOAD && (start..start + header.p_memsz as usize).contains(&here)
    })
}

fn headers(object: &libc::dl_phdr_info) -> &[libc::Elf64_Phdr] {
    // SAFETY: the record says where its program headers are and how many.
    unsafe { std::slice::from_raw_parts(object.dlpi_phdr, usize::from(object.dlpi_phnum)) }
}

/// Patches the slots of an object; false if it is not relocated yet.
///
/// # Safety
/// The object is loaded and stays so during the call.
unsafe fn patch_object(object: &libc::dl_phdr_info, scan: &Scan<'_>) -> bool {
    let mut found = Object { base: object.dlpi_addr as usize, ..Object::default() };
    let dynamic = headers(object).iter().find(|header| header.p_type == libc::PT_DYNAMIC);
    let Some(dynamic) = dynamic else { return true };
    let mut dynamic = (found.base + dynamic.p_vaddr as usize) as *const Dynamic;
    // glibc has already added the base to the addresses in the section, except in a few read-only ones.
    let address = |value: usize| if value < found.base { value + found.base } else { value };
    loop {
        // SAFETY: the dynamic section ends with an entry of tag `DT_NULL`.
        let entry = unsafe { &*dynamic };
        match entry.tag {
            DT_NULL => break,
            DT_SYMTAB => found.symbols = address(entry.value),
            DT_STRTAB => found.strings = address(entry.value),
            DT_RELA => found.relocations[0].0 = address(entry.value),
            DT_RELASZ => found.relocations[0].1 = entry.value,
            DT_JMPREL => found.relocations[1].0 = address(entry.value),
            DT_PLTRELSZ => found.relocations[1].1 = entry.value,
            _ => {}
        }
        // SAFETY: not yet at the end.
        dynamic = unsafe { dynamic.add(1) };
    }
    if found.symbols == 0 || found.strings == 0 {
        return true;
    }
    let mut slots = Vec::new();
    for (start, bytes) in found.relocations {
        if start == 0 {
            continue;
        }
        // SAFETY: the dynamic section says where the table is and how long.
        let table = unsafe {
            std::slice::from_raw_parts(
                start as *const libc::Elf64_Rela,
                bytes / size_of::<libc::Elf64_Rela>(),
            )
        };
        // SAFETY: the object's tables belong together.
        slots
            .extend(table.iter().filter_map(|relocation| unsafe { slot_to_patch(&found, relocation, scan) }));
    }
    let filled = |value: usize| value >= LOWEST_ADDRESS || (found.base < LOWEST_ADDRESS && value != 0);
    if !slots.iter().all(|&(_, current, _)| filled(current)) {
        return false;
    }
    let mut own = scan.hooks.iter().filter(|hook| hook.own.is_some());
    let all_own = own.all(|hook| slots.iter().any(|slot| std::ptr::eq(slot.2, hook)));
    for (slot, current, hook) in slots {
        if let Some(real) = hook.own {
            let known = real.compare_exchange(0, current, Ordering::AcqRel, Ordering::Acquire);
            // A second copy of the library would need hooks of its own.
            if !all_own || known.is_err_and(|known| known != current) {
                continue;
            }
        }
        let hook = hook.stand_in;
        let page = slot as usize & !(PAGE - 1);
        // SAFETY: a mapped page of the object; code is never in it, so no access to execute is taken away. Other
        // threads see the old or the new function in the slot, both of which do the work.
        unsafe {
            if libc::mprotect(page as *mut c_void, PAGE, libc::PROT_READ | libc::PROT_WRITE) == 0 {
                AtomicUsize::from_ptr(slot).store(hook, Ordering::Release);
            }
        }
    }
    true
}

/// The slot that a relocation fills, what it holds and what it shall hold, if that is to be changed.
///
/// # Safety
/// `relocation` belongs to `object`, which is loaded.
unsafe fn slot_to_patch<'a>(
    object: &Object,
    relocation: &libc::Elf64_Rela,
    scan: &Scan<'a>,
) -> Option<(*mut usize, usize, &'a Hook)> {
    let kind = (relocation.r_info & 0xffff_ffff) as u32;
    let index = (relocation.r_info >> 32) as usize;
    if index == 0
        || !matches!(kind, R_X86_64_64 | R_X86_64_GLOB_DAT | R_X86_64_JUMP_SLOT)
        || (kind == R_X86_64_64 && relocation.r_addend != 0)
    {
        return None;
    }
    // SAFETY: relocations refer to entries of the symbol table, and these to the string table, whose strings end
    // with a zero byte.
    let (symbol, name) = unsafe {
        let symbol = &*(object.symbols as *const libc::Elf64_Sym).add(index);
        let name = (object.strings + symbol.st_name as usize) as *const c_char;
        if !scan.initials[usize::from(*name.cast::<u8>())] {
            return None;
        }
        (symbol, CStr::from_ptr(name))
    };
    let hook = scan.hooks.iter().find(|hook| hook.name == name)?;
    let slot = (object.base + relocation.r_offset as usize) as *mut usize;
    // SAFETY: a word of the object's.
    let current = unsafe { slot.read() };
    let imported = symbol.st_shndx == 0;
    if hook.own.is_some() {
        // Not what the slot holds, which may still be the way to the dynamic linker.
        let real = object.base + symbol.st_value as usize;
        return (!imported && current != hook.stand_in).then_some((slot, real, hook));
    }
    (current != hook.stand_in && (imported || current == hook.real)).then_some((slot, current, hook))
}
