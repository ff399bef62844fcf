//! The objects that the cyclic collector knows of.
//!
//! Invariant: from 3.12 on CPython itself visits them; before, its lists are read, and only if they are where this version
//! has them.

use std::ffi::{c_int, c_void};

use super::types::COLLECTOR_HEAD;
use super::{Address, Functions, Live};
use crate::api::symbol;
use crate::frame::field;

const WORD: usize = 8;
/// Lists that the collector has, from the youngest objects to the oldest.
const GENERATIONS: usize = 3;
/// Two links, a threshold and a count.
const GENERATION_SIZE: usize = 3 * WORD;

/// Bits of a link back that say other things.
const FLAGS: usize = 3;

/// `PyUnstable_GC_VisitObjects`.
type VisitCollected = unsafe extern "C" fn(unsafe extern "C" fn(Address, *mut c_void) -> c_int, *mut c_void);

/// How they are found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Collected {
    /// From 3.12 on.
    Visited(VisitCollected),
    /// Before: the address of the first generation's list.
    Listed(Address),
    /// Not at all.
    Unknown,
}

impl Collected {
    /// `generations`: where an interpreter of this version has its lists.
    ///
    /// # Safety
    /// The GIL is held.
    pub(super) unsafe fn find(functions: &Functions, generations: Option<usize>) -> Self {
        if let Ok(pointer) = symbol(c"PyUnstable_GC_VisitObjects") {
            // SAFETY: the symbol is the C function of this name, with this documented signature.
            return Self::Visited(unsafe { std::mem::transmute::<*mut c_void, VisitCollected>(pointer) });
        }
        let Some(offset) = generations else { return Self::Unknown };
        // SAFETY: the function only reads; the words are within the interpreter's state of these versions, and a list's first
        // link is followed only where the pointer to the first list, which stands behind them all, points back.
        unsafe {
            let first = (functions.main_interpreter)() + offset;
            let is_there = field::<Address>(first, GENERATIONS * GENERATION_SIZE) == first
                && lists(first).all(|list| field::<Address>(field(list, 0), WORD) & !FLAGS == list);
            if is_there { Self::Listed(first) } else { Self::Unknown }
        }
    }
}

fn lists(first: Address) -> impl Iterator<Item = Address> {
    (0..GENERATIONS).map(move |number| first + number * GENERATION_SIZE)
}

impl Live<'_> {
    /// Calls `visit` for each object that the collector knows of, until it returns false. False if it cannot be told
    /// which these are.
    pub fn visit_collected(&self, visit: &mut dyn FnMut(Address) -> bool) -> bool {
        type Visit<'v> = &'v mut dyn FnMut(Address) -> bool;
        unsafe extern "C" fn visited(object: Address, argument: *mut c_void) -> c_int {
            // SAFETY: the argument is the pointer that is handed over below.
            let visit = unsafe { &mut *argument.cast::<Visit<'_>>() };
            c_int::from(visit(object))
        }
        match self.objects.collected {
            Collected::Visited(all) => {
                let mut visit: Visit<'_> = visit;
                // SAFETY: the GIL is held; the function switches the collector off meanwhile, lends each object and changes
                // none.
                unsafe { all(visited, (&raw mut visit).cast()) };
            }
            Collected::Listed(first) => self.walk_lists(first, visit),
            Collected::Unknown => return false,
        }
        true
    }

    /// No Python code runs meanwhile, so the lists stay as they are.
    fn walk_lists(&self, first: Address, visit: &mut dyn FnMut(Address) -> bool) {
        for list in lists(first) {
            let mut links: Address = self.read(list, 0);
            while links != list && links != 0 {
                if !visit(links + COLLECTOR_HEAD as usize) {
                    return;
                }
                links = self.read::<Address>(links, 0);
            }
        }
    }
}
