//! Makes the module object that importing an extension returns, without headers of any one version.
//!
//! Owns the `PyModuleDef` of the agent; its layout (`Include/moduleobject.h`) is part of the stable ABI.

use std::ffi::{CStr, CString, c_char, c_int, c_void};

use crate::api::{Object, symbol};

/// `PYTHON_API_VERSION`, unchanged since Python 2.5.
const API_VERSION: c_int = 1013;

/// `PyModuleDef` with its `PyModuleDef_Base`.
#[repr(C)]
struct ModuleDefinition {
    reference_count: isize,
    type_object: *mut c_void,
    init: *mut c_void,
    index: isize,
    copy: *mut c_void,
    name: *const c_char,
    doc: *const c_char,
    size: isize,
    methods: *mut c_void,
    slots: *mut c_void,
    traverse: *mut c_void,
    clear: *mut c_void,
    free: *mut c_void,
}

/// A module of this name without content; null with a Python error set if it cannot be made.
///
/// # Safety
/// Called from a `PyInit_` function, with the GIL held.
pub unsafe fn create(name: &'static CStr) -> Object {
    let Ok(create) = symbol(c"PyModule_Create2") else { return std::ptr::null_mut() };
    // CPython keeps a pointer to the definition for the life of the process.
    let definition = Box::leak(Box::new(ModuleDefinition {
        reference_count: 1,
        type_object: std::ptr::null_mut(),
        init: std::ptr::null_mut(),
        index: 0,
        copy: std::ptr::null_mut(),
        name: name.as_ptr(),
        doc: std::ptr::null(),
        size: -1,
        methods: std::ptr::null_mut(),
        slots: std::ptr::null_mut(),
        traverse: std::ptr::null_mut(),
        clear: std::ptr::null_mut(),
        free: std::ptr::null_mut(),
    }));
    // SAFETY: the documented signature of `PyModule_Create2`; the definition lives for ever; the GIL is held.
    unsafe {
        let create: unsafe extern "C" fn(*mut ModuleDefinition, c_int) -> Object =
            std::mem::transmute(create);
        create(definition, API_VERSION)
    }
}

/// Sets `ImportError(message)`, for a `PyInit_` function that then returns null.
///
/// # Safety
/// The GIL is held.
pub unsafe fn raise_import_error(message: &str) {
    let (Ok(set), Ok(kind)) = (symbol(c"PyErr_SetString"), symbol(c"PyExc_ImportError")) else { return };
    let message = CString::new(message.replace('\0', " ")).unwrap_or_default();
    // SAFETY: the documented signature of `PyErr_SetString`; `PyExc_ImportError` is a pointer to the class.
    unsafe {
        let set: unsafe extern "C" fn(Object, *const c_char) = std::mem::transmute(set);
        set(*kind.cast::<Object>(), message.as_ptr());
    }
}
