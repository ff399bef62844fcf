//! What kinds of types there are, for the walk: which layout an object has, how many bytes, and what is followed from it.
//!
//! Each type is looked at once in a walk. Invariant: a type is known by its address only while the walk lasts.

use heapwise_cpython::objects::{Address, Builtin, Live, TypeFields};
use rustc_hash::FxHashMap;

use crate::arrays::Array;
use crate::arrow::ArrowClass;

/// How an object is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Not followed and not counted: modules, classes, code, what CPython has anyway.
    Opaque,
    Integer,
    String,
    Bytes,
    ByteArray,
    /// Nothing but itself: floats, complex numbers, NumPy's scalars.
    Leaf,
    List,
    Tuple,
    Dict,
    Set,
    Function,
    Cell,
    Generator,
    /// An instance of a Python class whose layout comes from `object`.
    Instance,
    Array,
    /// What pyarrow made, with buffers behind it.
    Arrow(ArrowClass),
    /// A frame or series inside Polars, which tells of its columns when it is asked.
    Polars,
    /// A dict that a C library added something to, such as `OrderedDict`.
    ForeignDict,
    /// What a C library made: `tp_traverse` and `__sizeof__` say what there is.
    Foreign,
}

impl Form {
    /// Whether its type says what it refers to and how large it is.
    pub(crate) const fn is_foreign(self) -> bool {
        matches!(self, Self::Foreign | Self::ForeignDict | Self::Arrow(_) | Self::Polars)
    }
}

/// A type as the walk sees it.
#[derive(Debug, Clone)]
pub(crate) struct Kind {
    pub(crate) address: Address,
    pub(crate) form: Form,
    pub(crate) fields: TypeFields,
    /// Below the class there is a layout with parts of its own, so attributes come on top of it.
    pub(crate) has_attributes: bool,
    /// Offsets of the slots of the class and its bases.
    pub(crate) slots: Vec<usize>,
    /// The type with `__sizeof__` of its own, if it was made in C.
    pub(crate) sizer: Address,
    /// An array, or of pandas, whose objects lead to arrays by few steps.
    pub(crate) is_of_table: bool,
}

/// The types met so far.
#[derive(Debug)]
pub(crate) struct Kinds {
    by_address: FxHashMap<Address, u32>,
    known: Vec<Kind>,
    /// Types met lately, by some bits of their addresses.
    lately: [(Address, u32); LATELY],
}

const LATELY: usize = 64;

impl Default for Kinds {
    fn default() -> Self {
        Self { by_address: FxHashMap::default(), known: Vec::new(), lately: [(0, 0); LATELY] }
    }
}

impl Kinds {
    /// The number of a type.
    #[inline]
    pub(crate) fn number(&mut self, live: Live<'_>, address: Address) -> u32 {
        // Types are some hundred bytes long.
        let lately = &mut self.lately[address >> 6 & (LATELY - 1)];
        if lately.0 != address {
            let next = self.known.len() as u32;
            let number = *self.by_address.entry(address).or_insert(next);
            if number == next {
                self.known.push(Kind::of(live, address));
            }
            *lately = (address, number);
        }
        lately.1
    }

    #[inline]
    pub(crate) fn get(&self, number: u32) -> &Kind {
        &self.known[number as usize]
    }
}

impl Kind {
    /// Whether its objects refer to nothing.
    #[inline]
    pub(crate) const fn is_leaf(&self) -> bool {
        let plain =
            matches!(self.form, Form::Integer | Form::String | Form::Bytes | Form::Leaf | Form::ByteArray);
        plain && !self.has_attributes
    }

    fn of(live: Live<'_>, address: Address) -> Self {
        let fields = live.type_fields(address);
        let mut slots = Vec::new();
        let mut class = address;
        let mut class_fields = fields;
        // Through the classes of Python to the layout that they build on.
        while class_fields.is_python_class && live.builtin(class).is_none() && class_fields.base != 0 {
            slots.extend(live.slots(class).into_iter().map(|(_, offset)| offset));
            class = class_fields.base;
            class_fields = live.type_fields(class);
        }
        let form = form_of(live, class, class_fields);
        let has_attributes = fields.managed_dict || fields.dict_offset != 0 || !slots.is_empty();
        // Arrow's own method counts its buffers, which are counted here each by itself.
        let tells = form.is_foreign() && !matches!(form, Form::Arrow(_));
        let sizer = if tells { live.own_size_method(address) } else { 0 };
        let module = live.type_name(address).0;
        let is_of_table = form == Form::Array || module.split('.').next() == Some("pandas");
        Self { address, form, fields, has_attributes, slots, sizer, is_of_table }
    }
}

/// The form of a type that is no class of Python.
fn form_of(live: Live<'_>, mut class: Address, mut fields: TypeFields) -> Form {
    let mut depth = 0;
    loop {
        if let Some(builtin) = live.builtin(class) {
            return match builtin {
                Builtin::Object if depth == 0 => Form::Instance,
                Builtin::Integer => Form::Integer,
                Builtin::Float | Builtin::Complex => Form::Leaf,
                Builtin::String => Form::String,
                Builtin::Bytes => Form::Bytes,
                Builtin::ByteArray => Form::ByteArray,
                Builtin::List => Form::List,
                Builtin::Tuple => Form::Tuple,
                Builtin::Dict if depth == 0 => Form::Dict,
                Builtin::Dict => Form::ForeignDict,
                Builtin::Set => Form::Set,
                Builtin::Function => Form::Function,
                Builtin::Cell => Form::Cell,
                Builtin::Generator => Form::Generator,
                Builtin::Object
                | Builtin::Method
                | Builtin::Frame
                | Builtin::MemoryView
                | Builtin::NativeFunction
                | Builtin::Slice
                | Builtin::WeakReference
                | Builtin::DictProxy => Form::Foreign,
                Builtin::Constant | Builtin::Type | Builtin::Module | Builtin::Code | Builtin::Descriptor => {
                    Form::Opaque
                }
            };
        }
        let name = live.c_name(class);
        match name.as_str() {
            "numpy.ndarray" => return Form::Array,
            // A record of its own, which may be a view; the other scalars are one value, inside the object.
            "numpy.void" => return Form::Foreign,
            "numpy.generic" => return Form::Leaf,
            "builtins.PyDataFrame" | "builtins.PySeries" | "PyDataFrame" | "PySeries" => return Form::Polars,
            "property" | "staticmethod" | "classmethod" => return Form::Opaque,
            // Types of elements are shared by everything of that type.
            _ if name.starts_with("numpy.dtype") => return Form::Opaque,
            _ => {}
        }
        if let Some(class) = ArrowClass::of(&name) {
            return Form::Arrow(class);
        }
        if fields.base == 0 {
            return Form::Foreign;
        }
        class = fields.base;
        fields = live.type_fields(class);
        depth += 1;
    }
}

/// The bytes of an object alone: what it asked its allocator for, without what it refers to.
pub(crate) fn own_size(live: Live<'_>, address: Address, kind: &Kind) -> u64 {
    let fields = &kind.fields;
    let plain = fields.head_size + fields.basic_size;
    let items = || {
        let count = live.size_field(address).unsigned_abs();
        // A C type may have items and keep their number elsewhere.
        let possible = fields.item_size != 0 && count < 1 << 40;
        if possible { (count * fields.item_size).next_multiple_of(8) } else { 0 }
    };
    let values =
        if fields.managed_dict { live.instance_values_size(address, kind.address, fields) } else { 0 };
    // A class of Python has its own fields on top of those of the layout it builds on.
    let exact = !fields.is_heap_type;
    let body = match kind.form {
        Form::Opaque => 0,
        Form::Integer if exact => live.integer_size(address),
        Form::String if exact => live.string_size(address),
        Form::String => plain + live.string(address).bytes(),
        Form::Bytes if exact => live.bytes_size(address),
        Form::Integer | Form::Bytes | Form::Tuple => {
            let empty = kind.form == Form::Tuple && exact && live.size_field(address) == 0;
            if empty { 0 } else { plain + items() }
        }
        Form::ByteArray => plain + live.byte_array_buffer(address).1,
        Form::Leaf | Form::Function | Form::Cell | Form::Instance => plain + items(),
        Form::Generator => plain + live.suspended_places(address) * fields.item_size,
        Form::List => plain + live.list_row_size(address),
        Form::Dict => plain + live.dict_table_size(address),
        Form::Set => plain + live.set_table_size(address),
        Form::Array => plain + Array::read(live, address).own_bytes(),
        Form::Foreign | Form::ForeignDict | Form::Arrow(_) | Form::Polars => {
            let said = if kind.sizer == 0 { 0 } else { live.said_size(address, kind.sizer) };
            fields.head_size + said.max(fields.basic_size + items())
        }
    };
    body + values
}
