//! The functions of CPython that are used, looked up by name in the running process.
//!
//! Invariant: every pointer was found under the name of the function whose C signature its type states.

use std::ffi::{CStr, c_char, c_int, c_void};

use crate::Refusal;
use crate::allocators::{AllocatorTable, ArenaAllocator};

/// A `PyObject *`.
pub(crate) type Object = *mut c_void;

/// The functions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Api {
    pub(crate) this_thread_state: unsafe extern "C" fn() -> *mut c_void,
    pub(crate) get_allocator: unsafe extern "C" fn(c_int, *mut AllocatorTable),
    pub(crate) set_allocator: unsafe extern "C" fn(c_int, *const AllocatorTable),
    pub(crate) get_arena_allocator: unsafe extern "C" fn(*mut ArenaAllocator),
    pub(crate) set_arena_allocator: unsafe extern "C" fn(*const ArenaAllocator),
    pub(crate) sys_get_object: unsafe extern "C" fn(*const c_char) -> Object,
    pub(crate) call_no_args: unsafe extern "C" fn(Object) -> Object,
    pub(crate) get_attribute: unsafe extern "C" fn(Object, *const c_char) -> Object,
    pub(crate) long_as_long: unsafe extern "C" fn(Object) -> std::ffi::c_long,
    pub(crate) string_from_utf8: unsafe extern "C" fn(*const c_char) -> Object,
    pub(crate) string_as_utf8: unsafe extern "C" fn(Object, *mut isize) -> *const c_char,
    pub(crate) decrement: unsafe extern "C" fn(Object),
    pub(crate) clear_error: unsafe extern "C" fn(),
    get_version: unsafe extern "C" fn() -> *const c_char,
}

impl Api {
    /// Looks all of them up.
    ///
    /// # Errors
    /// [`Refusal::MissingSymbol`] with the first that is missing.
    pub(crate) fn look_up() -> Result<Self, Refusal> {
        macro_rules! function {
            ($name:literal) => {{
                let pointer = symbol($name)?;
                // SAFETY: the symbol is the C function of this name, and the field that the pointer goes into
                // has that function's documented signature.
                unsafe { std::mem::transmute_copy(&pointer) }
            }};
        }
        Ok(Self {
            this_thread_state: function!(c"PyGILState_GetThisThreadState"),
            get_allocator: function!(c"PyMem_GetAllocator"),
            set_allocator: function!(c"PyMem_SetAllocator"),
            get_arena_allocator: function!(c"PyObject_GetArenaAllocator"),
            set_arena_allocator: function!(c"PyObject_SetArenaAllocator"),
            sys_get_object: function!(c"PySys_GetObject"),
            call_no_args: function!(c"PyObject_CallNoArgs"),
            get_attribute: function!(c"PyObject_GetAttrString"),
            long_as_long: function!(c"PyLong_AsLong"),
            string_from_utf8: function!(c"PyUnicode_FromString"),
            string_as_utf8: function!(c"PyUnicode_AsUTF8AndSize"),
            decrement: function!(c"Py_DecRef"),
            clear_error: function!(c"PyErr_Clear"),
            get_version: function!(c"Py_GetVersion"),
        })
    }

    /// `sys.version`.
    pub(crate) fn version_text(&self) -> String {
        // SAFETY: the function takes nothing, needs no GIL and returns a C string that lives for ever.
        unsafe { CStr::from_ptr((self.get_version)()) }.to_string_lossy().into_owned()
    }
}

/// The address of a symbol of the process.
///
/// # Errors
/// [`Refusal::MissingSymbol`].
pub(crate) fn symbol(name: &'static CStr) -> Result<*mut c_void, Refusal> {
    // SAFETY: the name is a C string.
    let pointer = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    if pointer.is_null() { Err(Refusal::MissingSymbol(name.to_str().unwrap_or("?"))) } else { Ok(pointer) }
}
