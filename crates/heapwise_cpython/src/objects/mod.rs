//! Reads live objects from memory: types, containers, instances, strings, numbers.
//!
//! Owns where the fields of builtin objects stand, by version, and what each asks its allocator for. Invariants: nothing
//! here changes an object, takes a reference or runs Python code. All is reached through [`Live`], whose
//! maker vouches for the GIL and for the addresses.

mod calls;
mod collector;
mod containers;
mod instances;
mod numbers;
mod running;
mod types;

use std::ffi::{CStr, c_int, c_void};

use crate::api::symbol;
use crate::frame::field;
use crate::{Interpreter, Refusal};

use collector::Collected;

pub use calls::Answer;
pub use containers::{Entries, Items, SetEntry};
pub use instances::Attribute;
pub use numbers::StringFacts;
pub use running::{LocalKind, RunningFrame, RunningThread, Variable};
pub use types::TypeFields;

/// The address of an object; 0 for none.
pub type Address = usize;

/// Offsets of the fields that differ between versions, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ObjectLayout {
    /// Where instance attributes of Python classes are kept.
    pub(crate) attributes: AttributeStore,
    pub(crate) dict_keys: DictKeys,
    /// `lv_tag` of 3.12 and later, else `ob_size`.
    pub(crate) tagged_integers: bool,
    /// References at or above 2^31 in the low half mean an object that never ends.
    pub(crate) immortals: bool,
    pub(crate) cached_keys: usize,
    pub(crate) qualified_name: usize,
    pub(crate) utf8_length: usize,
    pub(crate) frame_locals: usize,
    pub(crate) frame_local_dict: usize,
    pub(crate) frame_globals: usize,
    /// The frame object of a running frame; 3.10's frames are objects themselves.
    pub(crate) frame_object: Option<usize>,
    pub(crate) code_local_count: usize,
    pub(crate) code_local_names: usize,
    pub(crate) code_local_kinds: usize,
    pub(crate) code_stack_size: usize,
    pub(crate) native_thread: Option<usize>,
    /// A suspended generator's frame: a pointer to it (3.10), or the frame itself.
    pub(crate) generator_frame: usize,
    pub(crate) generator_state: usize,
    /// The collector's lists in an interpreter's state, where CPython cannot be asked for the objects on them.
    pub(crate) collector_lists: Option<usize>,
}

/// How instances of Python classes keep their attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttributeStore {
    /// 3.10: a dict at `tp_dictoffset`.
    DictOffset,
    /// 3.11: values and dict in two words before the object.
    TwoWords,
    /// 3.12: one word before the object, tagged when it holds values.
    TaggedWord,
    /// 3.13: values behind the object, a dict in a word before it.
    Behind,
}

/// How the keys of a dict are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DictKeys {
    /// 3.10: sizes as words, entries of 24 bytes.
    Words,
    /// 3.11 and later: sizes as logarithms, entries of 16 or 24 bytes.
    Logarithms,
}

impl ObjectLayout {
    /// The layout of 3.`minor`, if it is known.
    pub(crate) const fn of_minor(minor: u8) -> Option<Self> {
        let of_3_12 = Self {
            attributes: AttributeStore::TaggedWord,
            dict_keys: DictKeys::Logarithms,
            tagged_integers: true,
            immortals: true,
            cached_keys: 880,
            qualified_name: 872,
            utf8_length: 40,
            frame_locals: 72,
            frame_local_dict: 40,
            frame_globals: 24,
            frame_object: Some(48),
            code_local_count: 72,
            code_local_names: 96,
            code_local_kinds: 104,
            code_stack_size: 64,
            native_thread: Some(144),
            generator_frame: 72,
            generator_state: 67,
            collector_lists: None,
        };
        match minor {
            10 => Some(Self {
                attributes: AttributeStore::DictOffset,
                dict_keys: DictKeys::Words,
                tagged_integers: false,
                immortals: false,
                cached_keys: 872,
                qualified_name: 864,
                utf8_length: 48,
                frame_locals: 352,
                frame_local_dict: 56,
                frame_globals: 48,
                frame_object: None,
                code_local_count: 28,
                code_local_names: 72,
                code_local_kinds: 0,
                code_stack_size: 32,
                native_thread: None,
                generator_frame: 16,
                generator_state: 108,
                collector_lists: Some(640),
            }),
            11 => Some(Self {
                attributes: AttributeStore::TwoWords,
                tagged_integers: false,
                immortals: false,
                cached_keys: 872,
                qualified_name: 864,
                utf8_length: 48,
                frame_local_dict: 24,
                frame_globals: 8,
                frame_object: Some(40),
                code_local_count: 76,
                code_stack_size: 68,
                native_thread: Some(160),
                generator_frame: 80,
                generator_state: 75,
                collector_lists: Some(672),
                ..of_3_12
            }),
            12 => Some(of_3_12),
            13 => Some(Self { attributes: AttributeStore::Behind, native_thread: Some(160), ..of_3_12 }),
            _ => None,
        }
    }
}

/// The builtin types whose objects are read by their layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Builtin {
    /// `object` itself.
    Object,
    /// `int`.
    Integer,
    /// `bool`, and the types of `None`, `...` and `NotImplemented`: objects that never end.
    Constant,
    /// `float`.
    Float,
    /// `complex`.
    Complex,
    /// `str`.
    String,
    /// `bytes`.
    Bytes,
    /// `bytearray`.
    ByteArray,
    /// `list`.
    List,
    /// `tuple`.
    Tuple,
    /// `dict`.
    Dict,
    /// `set` and `frozenset`.
    Set,
    /// `type`.
    Type,
    /// Modules.
    Module,
    /// Functions of Python.
    Function,
    /// Functions of C.
    NativeFunction,
    /// Cells of closures.
    Cell,
    /// Code objects.
    Code,
    /// Bound methods.
    Method,
    /// Generators, coroutines and asynchronous generators.
    Generator,
    /// Frame objects.
    Frame,
    /// Memory views.
    MemoryView,
    /// Weak references and their proxies.
    WeakReference,
    /// What classes consist of: descriptors of C, properties.
    Descriptor,
    /// Slices.
    Slice,
    /// Views of a dict that cannot be written.
    DictProxy,
}

/// The types and their names.
const TYPES: &[(Builtin, &CStr)] = &[
    (Builtin::Object, c"PyBaseObject_Type"),
    (Builtin::Integer, c"PyLong_Type"),
    (Builtin::Constant, c"PyBool_Type"),
    (Builtin::Float, c"PyFloat_Type"),
    (Builtin::Complex, c"PyComplex_Type"),
    (Builtin::String, c"PyUnicode_Type"),
    (Builtin::Bytes, c"PyBytes_Type"),
    (Builtin::ByteArray, c"PyByteArray_Type"),
    (Builtin::List, c"PyList_Type"),
    (Builtin::Tuple, c"PyTuple_Type"),
    (Builtin::Dict, c"PyDict_Type"),
    (Builtin::Set, c"PySet_Type"),
    (Builtin::Set, c"PyFrozenSet_Type"),
    (Builtin::Type, c"PyType_Type"),
    (Builtin::Module, c"PyModule_Type"),
    (Builtin::Function, c"PyFunction_Type"),
    (Builtin::NativeFunction, c"PyCFunction_Type"),
    (Builtin::Cell, c"PyCell_Type"),
    (Builtin::Code, c"PyCode_Type"),
    (Builtin::Method, c"PyMethod_Type"),
    (Builtin::Generator, c"PyGen_Type"),
    (Builtin::Generator, c"PyCoro_Type"),
    (Builtin::Generator, c"PyAsyncGen_Type"),
    (Builtin::Frame, c"PyFrame_Type"),
    (Builtin::MemoryView, c"PyMemoryView_Type"),
    (Builtin::WeakReference, c"_PyWeakref_RefType"),
    (Builtin::WeakReference, c"_PyWeakref_ProxyType"),
    (Builtin::WeakReference, c"_PyWeakref_CallableProxyType"),
    (Builtin::Descriptor, c"PyMethodDescr_Type"),
    (Builtin::Descriptor, c"PyClassMethodDescr_Type"),
    (Builtin::Descriptor, c"PyMemberDescr_Type"),
    (Builtin::Descriptor, c"PyGetSetDescr_Type"),
    (Builtin::Descriptor, c"PyWrapperDescr_Type"),
    (Builtin::Slice, c"PySlice_Type"),
    (Builtin::DictProxy, c"PyDictProxy_Type"),
];

/// Functions of CPython that only read, and take no reference.
#[derive(Debug, Clone, Copy)]
struct Functions {
    dict_next: unsafe extern "C" fn(Address, *mut isize, *mut Address, *mut Address) -> c_int,
    module_dict: unsafe extern "C" fn() -> Address,
    main_interpreter: unsafe extern "C" fn() -> Address,
    first_thread: unsafe extern "C" fn(Address) -> Address,
    next_thread: unsafe extern "C" fn(Address) -> Address,
}

/// What is known of the objects of an interpreter, found once.
#[derive(Debug, Clone)]
pub struct Objects {
    layout: ObjectLayout,
    functions: Functions,
    calls: calls::Calls,
    collected: Collected,
    /// Sorted by address.
    types: Vec<(Address, Builtin)>,
    none: Address,
    /// What Python classes have for `tp_traverse`; 0 if it was not found.
    class_traverse: usize,
}

impl Objects {
    /// Finds what is needed to read objects.
    ///
    /// # Errors
    /// A [`Refusal`] if the layout of this version's objects is not known.
    ///
    /// # Safety
    /// The GIL is held.
    pub unsafe fn find(interpreter: &Interpreter) -> Result<Self, Refusal> {
        let version = interpreter.version();
        let layout = ObjectLayout::of_minor(version.minor)
            .ok_or_else(|| Refusal::UnknownVersion(version.to_string()))?;
        let mut types = Vec::new();
        for &(builtin, name) in TYPES {
            types.push((symbol(name)? as Address, builtin));
        }
        let none = symbol(c"_Py_NoneStruct")? as Address;
        for name in [c"_Py_NoneStruct", c"_Py_EllipsisObject", c"_Py_NotImplementedStruct"] {
            // SAFETY: a static object, whose type is its second word.
            types.push((unsafe { field(symbol(name)? as Address, types::TYPE) }, Builtin::Constant));
        }
        types.sort_unstable();
        macro_rules! function {
            ($name:literal) => {{
                let pointer = symbol($name)?;
                // SAFETY: the symbol is the C function of this name, and the field that the pointer goes into
                // has that function's documented signature.
                unsafe { std::mem::transmute_copy(&pointer) }
            }};
        }
        let functions = Functions {
            dict_next: function!(c"PyDict_Next"),
            module_dict: function!(c"PyImport_GetModuleDict"),
            main_interpreter: function!(c"PyInterpreterState_Main"),
            first_thread: function!(c"PyInterpreterState_ThreadHead"),
            next_thread: function!(c"PyThreadState_Next"),
        };
        // SAFETY: the GIL is held.
        let calls = unsafe { calls::Calls::find()? };
        // SAFETY: the GIL is held.
        let collected = unsafe { Collected::find(&functions, layout.collector_lists) };
        let mut objects = Self { layout, functions, calls, collected, types, none, class_traverse: 0 };
        // SAFETY: the GIL is held.
        let live = unsafe { Live::new(interpreter, &objects) };
        let class = live.module("os").and_then(|module| live.dict_get(module, "_Environ"));
        objects.class_traverse = class.map_or(0, |class| live.type_fields(class).traverse);
        Ok(objects)
    }
}

/// The live objects of an interpreter, while the GIL is held.
#[derive(Debug, Clone, Copy)]
pub struct Live<'a> {
    interpreter: &'a Interpreter,
    objects: &'a Objects,
}

impl<'a> Live<'a> {
    /// A way to read objects.
    ///
    /// # Safety
    /// The calling thread holds the GIL for as long as the result is used, and runs no Python code in between;
    /// every address that is handed to its methods is 0 where a method says so, else that of a live object of
    /// the kind that the method reads.
    pub const unsafe fn new(interpreter: &'a Interpreter, objects: &'a Objects) -> Self {
        Self { interpreter, objects }
    }

    const fn layout(&self) -> &'a ObjectLayout {
        &self.objects.layout
    }

    const fn functions(&self) -> &'a Functions {
        &self.objects.functions
    }

    /// Reads a word or less of a live object.
    #[inline]
    pub fn read<T: Copy>(&self, object: Address, offset: usize) -> T {
        // SAFETY: a field of a live object, by the contract of `new`.
        unsafe { field(object, offset) }
    }

    /// `None`.
    pub const fn none(&self) -> Address {
        self.objects.none
    }

    /// Its version.
    pub const fn minor_version(&self) -> u8 {
        self.interpreter.version().minor
    }

    /// Calls `visit` for each object that a live object of a C type says it refers to, until that returns false.
    pub fn traverse(&self, object: Address, traverse: usize, visit: &mut dyn FnMut(Address) -> bool) {
        type Visit<'v> = &'v mut dyn FnMut(Address) -> bool;
        unsafe extern "C" fn visited(object: Address, argument: *mut c_void) -> c_int {
            // SAFETY: the argument is the pointer that is handed over below.
            let visit = unsafe { &mut *argument.cast::<Visit<'_>>() };
            c_int::from(!visit(object))
        }
        if traverse == 0 {
            return;
        }
        let mut visit: Visit<'_> = visit;
        // SAFETY: `traverse` is the `tp_traverse` of the object's type; it calls back with what the object refers
        // to, ends where that does not return 0 and, by the collector's contract, changes nothing.
        unsafe {
            let traverse: unsafe extern "C" fn(
                Address,
                unsafe extern "C" fn(Address, *mut c_void) -> c_int,
                *mut c_void,
            ) -> c_int = std::mem::transmute(traverse);
            traverse(object, visited, (&raw mut visit).cast());
        }
    }
}
