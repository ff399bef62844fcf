//! The functions of the module `heapwise._agent`: sizes of one object, asked for from Python.
//!
//! Invariants: they work whether or not the agent records; what they do is not recorded; what they return is the
//! program's.

use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use heapwise_capture::inspection::Inspection;
use heapwise_cpython::module::{self, Function};
use heapwise_cpython::{Interpreter, Refusal};
use heapwise_inspector::Inspector;

use crate::platform::slot::slot;

/// Name, text for `help`, function.
pub(crate) const FUNCTIONS: [(&CStr, &CStr, Function); 2] = [
    (c"sizeof", c"The bytes that an object keeps alive, itself included, each once.", size_of),
    (c"explain_size", c"What an object consists of, as the JSON of an inspection.", explain_size),
];

/// What reads objects, made when it is first asked for; why it cannot be, where it cannot.
static READER: OnceLock<Result<(Interpreter, Inspector), Refusal>> = OnceLock::new();

/// Asks about an object, or sets a Python error. The GIL is held.
fn ask<T>(about: impl FnOnce(&Interpreter, &Inspector) -> T) -> Option<T> {
    let slot = slot();
    let depth = slot.depth.replace(1);
    let answer = catch_unwind(AssertUnwindSafe(|| {
        let reader = READER.get_or_init(|| {
            // SAFETY: called from Python code, so the GIL is held and a frame is there.
            unsafe {
                let interpreter = Interpreter::attach()?;
                let inspector = Inspector::new(&interpreter)?;
                Ok((interpreter, inspector))
            }
        });
        reader.as_ref().map(|(interpreter, inspector)| about(interpreter, inspector))
    }));
    slot.depth.set(depth);
    let reason = match answer {
        Ok(Ok(answer)) => return Some(answer),
        Ok(Err(refusal)) => format!("heapwise cannot read the objects of this interpreter: {refusal}"),
        Err(_) => "heapwise could not measure this object: a fault in heapwise, please report it".to_owned(),
    };
    // SAFETY: the GIL is held.
    unsafe { module::raise_runtime_error(&reason) };
    None
}

unsafe extern "C" fn size_of(_: *mut c_void, object: *mut c_void) -> *mut c_void {
    // SAFETY: the GIL is held, and the caller holds the object.
    let size = ask(|interpreter, inspector| unsafe { inspector.size_of(interpreter, object as usize) });
    // SAFETY: as above.
    size.map_or(std::ptr::null_mut(), |size| unsafe { module::integer(size) })
}

unsafe extern "C" fn explain_size(_: *mut c_void, object: *mut c_void) -> *mut c_void {
    let text = ask(|interpreter, inspector| {
        // SAFETY: as above.
        let object = unsafe { inspector.explain(interpreter, object as usize) };
        Inspection { objects: vec![object], complete: true, ..Inspection::default() }.encode()
    });
    // SAFETY: as above.
    text.map_or(std::ptr::null_mut(), |text| unsafe { module::bytes(&text) })
}
