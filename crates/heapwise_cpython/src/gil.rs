//! The interpreter's lock, and being called by it: at the next switch, before a fork, at the end.
//!
//! Invariant: [`Gil::ensure`] is not called once finalization has begun; whoever uses it must know, by
//! [`Gil::call_at_exit`], when that is.

use std::ffi::{CStr, c_char, c_int, c_void};

use crate::Refusal;
use crate::api::{Object, symbol};

/// What CPython calls: a function of C in the guise of one of Python.
pub type Callback = unsafe extern "C" fn(*mut c_void, *mut c_void) -> *mut c_void;

/// Functions about the lock.
#[derive(Debug, Clone, Copy)]
pub struct Gil {
    // A thread that waits here while the interpreter ends is ended by `pthread_exit`, which unwinds.
    ensure: unsafe extern "C-unwind" fn() -> c_int,
    release: unsafe extern "C" fn(c_int),
    held: unsafe extern "C" fn() -> c_int,
    save: unsafe extern "C" fn() -> *mut c_void,
    restore: unsafe extern "C-unwind" fn(*mut c_void),
    add_pending: unsafe extern "C" fn(unsafe extern "C" fn(*mut c_void) -> c_int, *mut c_void) -> c_int,
    main_interpreter: unsafe extern "C" fn() -> *mut c_void,
    first_thread: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
}

/// `PyMethodDef`.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct MethodDefinition {
    pub(crate) name: *const c_char,
    pub(crate) function: Option<Callback>,
    pub(crate) flags: c_int,
    pub(crate) doc: *const c_char,
}

/// `METH_NOARGS`.
const NO_ARGUMENTS: c_int = 4;

/// # Errors
/// [`Refusal::MissingSymbol`].
pub(crate) fn function<T: Copy>(name: &'static CStr) -> Result<T, Refusal> {
    const { assert!(size_of::<T>() == size_of::<*mut c_void>(), "a function pointer") };
    let pointer = symbol(name)?;
    // SAFETY: the symbol is the C function of this name, and `T` is the pointer type of its documented signature.
    Ok(unsafe { std::mem::transmute_copy(&pointer) })
}

impl Gil {
    /// Looks the functions up.
    ///
    /// # Errors
    /// [`Refusal::MissingSymbol`].
    pub fn look_up() -> Result<Self, Refusal> {
        Ok(Self {
            ensure: function(c"PyGILState_Ensure")?,
            release: function(c"PyGILState_Release")?,
            held: function(c"PyGILState_Check")?,
            save: function(c"PyEval_SaveThread")?,
            restore: function(c"PyEval_RestoreThread")?,
            add_pending: function(c"Py_AddPendingCall")?,
            main_interpreter: function(c"PyInterpreterState_Main")?,
            first_thread: function(c"PyInterpreterState_ThreadHead")?,
        })
    }

    /// Waits for the lock, works and lets it go; without work where Python has no thread any more. That is so in a child
    /// whose forking thread has ended: CPython would make the new thread's state in the place of its very first one, and
    /// end the process because that is in use (`new_threadstate` of `Python/pystate.c`, 3.11 and 3.12).
    ///
    /// # Safety
    /// The thread is not one that the interpreter made, does not hold the lock, and finalization has not begun and
    /// will not before this returns. Frames above this one own nothing.
    pub unsafe fn ensure(&self, work: fn()) {
        // SAFETY: passed on to the caller.
        unsafe {
            if (self.first_thread)((self.main_interpreter)()).is_null() {
                return;
            }
            let state = (self.ensure)();
            work();
            (self.release)(state);
        }
    }

    /// Lets the lock go, works, and takes it again.
    ///
    /// # Safety
    /// The calling thread holds the lock.
    pub unsafe fn without(&self, work: impl FnOnce()) {
        // SAFETY: passed on to the caller.
        unsafe {
            let state = (self.save)();
            work();
            (self.restore)(state);
        }
    }

    /// Whether the calling thread holds the lock.
    pub fn is_held(&self) -> bool {
        // SAFETY: takes nothing, and may be called by any thread.
        unsafe { (self.held)() == 1 }
    }

    /// Asks that the main thread call a function as soon as it is between two instructions of Python, with the lock.
    /// Any thread may ask at any time; false if too many ask already.
    pub fn call_soon(&self, call: unsafe extern "C" fn(*mut c_void) -> c_int) -> bool {
        // SAFETY: the function needs no lock, takes a mutex of its own for a moment and allocates nothing.
        unsafe { (self.add_pending)(call, std::ptr::null_mut()) == 0 }
    }

    /// Registers a function with `atexit`: it runs in finalization, when everything still lives, after all that the
    /// program registers later.
    ///
    /// # Errors
    /// [`Refusal::MissingSymbol`] if it cannot be registered.
    ///
    /// # Safety
    /// The lock is held. The function returns a new reference to `None`, by [`none`].
    pub unsafe fn call_at_exit(&self, name: &'static CStr, call: Callback) -> Result<(), Refusal> {
        let call_method: unsafe extern "C" fn(Object, *const c_char, *const c_char, ...) -> Object =
            function(c"PyObject_CallMethod")?;
        // SAFETY: passed on to the caller; the format names one object, which follows.
        unsafe {
            let function = callable(name, call)?;
            let module = import(c"atexit")?;
            let result = call_method(module, c"register".as_ptr(), c"O".as_ptr(), function);
            finish(&[function, module, result])?;
            if result.is_null() { Err(Refusal::MissingSymbol("atexit.register")) } else { Ok(()) }
        }
    }

    /// Registers a function with `os.register_at_fork`: it runs before `os.fork` takes any lock.
    ///
    /// # Errors
    /// [`Refusal::MissingSymbol`] if it cannot be registered.
    ///
    /// # Safety
    /// As for [`Self::call_at_exit`].
    pub unsafe fn call_before_fork(&self, name: &'static CStr, call: Callback) -> Result<(), Refusal> {
        let build: unsafe extern "C" fn(*const c_char, ...) -> Object = function(c"Py_BuildValue")?;
        let call_with: unsafe extern "C" fn(Object, Object, Object) -> Object = function(c"PyObject_Call")?;
        let attribute: unsafe extern "C" fn(Object, *const c_char) -> Object =
            function(c"PyObject_GetAttrString")?;
        // SAFETY: passed on to the caller; the formats name what follows them.
        unsafe {
            let function = callable(name, call)?;
            let module = import(c"posix")?;
            let register = attribute(module, c"register_at_fork".as_ptr());
            let arguments = build(c"()".as_ptr());
            let named = build(c"{sO}".as_ptr(), c"before".as_ptr(), function);
            let ready = !register.is_null() && !arguments.is_null() && !named.is_null();
            let result = if ready { call_with(register, arguments, named) } else { std::ptr::null_mut() };
            finish(&[function, module, register, arguments, named, result])?;
            if result.is_null() { Err(Refusal::MissingSymbol("os.register_at_fork")) } else { Ok(()) }
        }
    }
}

/// A new reference to `None`.
///
/// # Safety
/// The lock is held.
pub unsafe fn none() -> *mut c_void {
    let (Ok(increment), Ok(none)) =
        (function::<unsafe extern "C" fn(Object)>(c"Py_IncRef"), symbol(c"_Py_NoneStruct"))
    else {
        return std::ptr::null_mut();
    };
    // SAFETY: passed on to the caller; `None` never ends.
    unsafe { increment(none) };
    none
}

/// A function of Python that calls one of C without arguments.
///
/// # Safety
/// The lock is held.
unsafe fn callable(name: &'static CStr, call: Callback) -> Result<Object, Refusal> {
    let make: unsafe extern "C" fn(*mut MethodDefinition, Object, Object) -> Object =
        function(c"PyCFunction_NewEx")?;
    // CPython keeps a pointer to the definition as long as the function lives.
    let definition = Box::leak(Box::new(MethodDefinition {
        name: name.as_ptr(),
        function: Some(call),
        flags: NO_ARGUMENTS,
        doc: std::ptr::null(),
    }));
    // SAFETY: passed on to the caller.
    let callable = unsafe { make(definition, std::ptr::null_mut(), std::ptr::null_mut()) };
    if callable.is_null() { Err(Refusal::MissingSymbol("PyCFunction_NewEx")) } else { Ok(callable) }
}

/// # Safety
/// The lock is held.
unsafe fn import(name: &'static CStr) -> Result<Object, Refusal> {
    let import: unsafe extern "C" fn(*const c_char) -> Object = function(c"PyImport_ImportModule")?;
    // SAFETY: passed on to the caller.
    let module = unsafe { import(name.as_ptr()) };
    if module.is_null() {
        // SAFETY: as above.
        unsafe { finish(&[])? };
        return Err(Refusal::MissingSymbol(name.to_str().unwrap_or("?")));
    }
    Ok(module)
}

/// Gives references back, and forgets an error.
///
/// # Safety
/// The lock is held, and the references are the caller's own or null.
unsafe fn finish(references: &[Object]) -> Result<(), Refusal> {
    let release: unsafe extern "C" fn(Object) = function(c"Py_DecRef")?;
    let clear: unsafe extern "C" fn() = function(c"PyErr_Clear")?;
    // SAFETY: passed on to the caller; null is allowed.
    unsafe {
        for &reference in references {
            release(reference);
        }
        clear();
    }
    Ok(())
}
