//! The few questions that only code of C can answer. They make objects of Python's, small ones, and free them.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use super::{Address, Builtin, Live};
use crate::Refusal;
use crate::api::{Object, symbol};

/// Functions that make objects or look up attributes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calls {
    find_in_class: unsafe extern "C" fn(Address, Address) -> Address,
    call_with: unsafe extern "C" fn(Object, ...) -> Object,
    as_size: unsafe extern "C" fn(Object) -> isize,
    hold: unsafe extern "C" fn(Object),
    release: unsafe extern "C" fn(Object),
    clear_error: unsafe extern "C" fn(),
    call_method: unsafe extern "C" fn(Object, *const c_char, *const c_char, ...) -> Object,
    capsule_content: unsafe extern "C" fn(Object, *const c_char) -> *mut c_void,
    /// The string `__sizeof__`, kept for ever.
    size_name: Address,
}

impl Calls {
    /// # Safety
    /// The GIL is held.
    pub(super) unsafe fn find() -> Result<Self, Refusal> {
        macro_rules! function {
            ($name:literal) => {{
                let pointer = symbol($name)?;
                // SAFETY: the symbol is the C function of this name, and the field that the pointer goes into
                // has that function's documented signature.
                unsafe { std::mem::transmute_copy(&pointer) }
            }};
        }
        let intern: unsafe extern "C" fn(*const c_char) -> Address = function!(c"PyUnicode_InternFromString");
        let name: &CStr = c"__sizeof__";
        Ok(Self {
            find_in_class: function!(c"_PyType_Lookup"),
            call_with: function!(c"PyObject_CallFunctionObjArgs"),
            as_size: function!(c"PyLong_AsSsize_t"),
            hold: function!(c"Py_IncRef"),
            release: function!(c"Py_DecRef"),
            clear_error: function!(c"PyErr_Clear"),
            call_method: function!(c"PyObject_CallMethod"),
            capsule_content: function!(c"PyCapsule_GetPointer"),
            // SAFETY: a C string, and the GIL is held.
            size_name: unsafe { intern(name.as_ptr()) },
        })
    }
}

/// An object that was made for a question, or is held while one is asked.
#[derive(Debug)]
pub struct Answer<'a> {
    object: Object,
    calls: &'a Calls,
}

impl Answer<'_> {
    /// Its address.
    pub fn address(&self) -> Address {
        self.object as Address
    }
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        // SAFETY: the reference is ours; the GIL is held, by the contract of `Live`.
        unsafe { (self.calls.release)(self.object) };
    }
}

impl<'a> Live<'a> {
    /// Keeps an object alive.
    pub fn hold(&self, object: Address) -> Answer<'a> {
        let calls = &self.objects.calls;
        // SAFETY: a live object, and the GIL is held.
        unsafe { (calls.hold)(object as Object) };
        Answer { object: object as Object, calls }
    }

    /// What a method without arguments returns; `None` if there is none or it fails. Unlike all else here it runs whatever code
    /// the method has, which may let the GIL go: no address that nobody holds may be used afterwards.
    pub fn method_result(&self, object: Address, name: &CStr) -> Option<Answer<'a>> {
        let calls = &self.objects.calls;
        // SAFETY: a live object, a C string, and no arguments.
        let result = unsafe { (calls.call_method)(object as Object, name.as_ptr(), ptr::null()) };
        if result.is_null() {
            // SAFETY: the GIL is held.
            unsafe { (calls.clear_error)() };
            return None;
        }
        Some(Answer { object: result, calls })
    }

    /// What a capsule of this name holds; null if it is none.
    pub fn capsule_content(&self, capsule: &Answer<'_>, name: &CStr) -> *mut c_void {
        // SAFETY: a live object and a C string.
        let content = unsafe { (self.calls().capsule_content)(capsule.object, name.as_ptr()) };
        if content.is_null() {
            // SAFETY: the GIL is held.
            unsafe { (self.calls().clear_error)() };
        }
        content
    }

    const fn calls(&self) -> &Calls {
        &self.objects.calls
    }

    /// The method of C by which a type tells the size of its objects; 0 if it has none of its own, or one that
    /// is written in Python.
    pub fn own_size_method(&self, kind: Address) -> Address {
        // SAFETY: a live type and a live string; the result is borrowed.
        let find = |kind| unsafe { (self.calls().find_in_class)(kind, self.calls().size_name) };
        let general = self.objects.types.iter().find(|entry| entry.1 == Builtin::Object);
        let general = general.map_or(0, |&(object, _)| find(object));
        let found = find(kind);
        let native =
            found != 0 && found != general && self.c_name(self.type_of(found)) == "method_descriptor";
        if native { found } else { 0 }
    }

    /// What a method of C says of the size of an object, without the collector's links; 0 if it fails.
    pub fn said_size(&self, object: Address, method: Address) -> u64 {
        let calls = self.calls();
        // SAFETY: a live descriptor and a live object; the list of arguments ends with null; the result is ours.
        unsafe {
            let said = (calls.call_with)(method as Object, object as Object, ptr::null_mut::<c_void>());
            if said.is_null() {
                (calls.clear_error)();
                return 0;
            }
            let size = (calls.as_size)(said);
            (calls.release)(said);
            if size < 0 {
                (calls.clear_error)();
            }
            size.max(0).cast_unsigned() as u64
        }
    }

    /// Whether the collector knows of the object now: then it may be asked for what it refers to.
    #[inline]
    pub fn is_tracked(&self, object: Address) -> bool {
        self.read::<usize>(object - 16, 0) != 0
    }
}
