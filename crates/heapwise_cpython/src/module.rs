//! Makes the module object that importing an extension returns, without headers of any one version; and what its
//! functions return.
//!
//! Owns the `PyModuleDef` of the agent and its `PyMethodDef`s; their layout (`Include/moduleobject.h`,
//! `Include/methodobject.h`) is part of the stable ABI.

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

/// `METH_O`: one argument, by position.
const ONE_ARGUMENT: c_int = 0x8;

/// `PyMethodDef`.
#[repr(C)]
struct MethodDefinition {
    name: *const c_char,
    function: Option<Function>,
    flags: c_int,
    doc: *const c_char,
}

/// What CPython calls for a function of the module: with the module and the one argument, and with the GIL. It returns
/// a new reference, or null with a Python error set.
pub type Function = unsafe extern "C" fn(*mut c_void, *mut c_void) -> *mut c_void;

/// A module of this name with these functions of one argument (name, text for `help`, function); null with a Python
/// error set if it cannot be made.
///
/// # Safety
/// Called from a `PyInit_` function, with the GIL held.
pub unsafe fn create(
    name: &'static CStr,
    functions: &[(&'static CStr, &'static CStr, Function)],
) -> *mut c_void {
    let Ok(create) = symbol(c"PyModule_Create2") else { return std::ptr::null_mut() };
    let mut methods: Vec<MethodDefinition> = functions
        .iter()
        .map(|&(name, doc, function)| MethodDefinition {
            name: name.as_ptr(),
            function: Some(function),
            flags: ONE_ARGUMENT,
            doc: doc.as_ptr(),
        })
        .collect();
    methods.push(MethodDefinition {
        name: std::ptr::null(),
        function: None,
        flags: 0,
        doc: std::ptr::null(),
    });
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
        methods: methods.leak().as_mut_ptr().cast(),
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
    // SAFETY: passed on to the caller.
    unsafe { raise(c"PyExc_ImportError", message) };
}

/// Sets `RuntimeError(message)`, for a function that then returns null.
///
/// # Safety
/// The GIL is held.
pub unsafe fn raise_runtime_error(message: &str) {
    // SAFETY: passed on to the caller.
    unsafe { raise(c"PyExc_RuntimeError", message) };
}

unsafe fn raise(class: &'static CStr, message: &str) {
    let (Ok(set), Ok(class)) = (symbol(c"PyErr_SetString"), symbol(class)) else { return };
    let message = CString::new(message.replace('\0', " ")).unwrap_or_default();
    // SAFETY: the documented signature of `PyErr_SetString`; the symbol of a class of errors is a pointer to it.
    unsafe {
        let set: unsafe extern "C" fn(Object, *const c_char) = std::mem::transmute(set);
        set(*class.cast::<Object>(), message.as_ptr());
    }
}

/// A new `int`; null with a Python error set if there is no memory for it.
///
/// # Safety
/// The GIL is held.
pub unsafe fn integer(value: u64) -> *mut c_void {
    let Ok(make) = symbol(c"PyLong_FromUnsignedLongLong") else { return std::ptr::null_mut() };
    // SAFETY: the documented signature of the function.
    unsafe {
        let make: unsafe extern "C" fn(u64) -> Object = std::mem::transmute(make);
        make(value)
    }
}

/// A new `bytes`; null with a Python error set if there is no memory for it.
///
/// # Safety
/// The GIL is held.
pub unsafe fn bytes(content: &[u8]) -> *mut c_void {
    let Ok(make) = symbol(c"PyBytes_FromStringAndSize") else { return std::ptr::null_mut() };
    // SAFETY: the documented signature of the function, which copies so many bytes.
    unsafe {
        let make: unsafe extern "C" fn(*const c_char, isize) -> Object = std::mem::transmute(make);
        make(content.as_ptr().cast(), content.len().cast_signed())
    }
}
