//! Type objects: names, sizes, flags.

use std::ffi::{CStr, c_char};

use super::{Address, AttributeStore, Builtin, Live};

/// Offset of `ob_type` in every object.
pub(super) const TYPE: usize = 8;
const SIZE: usize = 16;
const NAME: usize = 24;
const BASIC_SIZE: usize = 32;
const ITEM_SIZE: usize = 40;
const FLAGS: usize = 168;
const TRAVERSE: usize = 184;
const MEMBERS: usize = 240;
const BASE: usize = 256;
const DICT: usize = 264;
const DICT_OFFSET: usize = 288;

const HEAP_TYPE: u64 = 1 << 9;
const COLLECTED: u64 = 1 << 14;
const MANAGED_DICT: u64 = 1 << 4;
const MANAGED_WEAK_LIST: u64 = 1 << 3;
const INLINE_VALUES: u64 = 1 << 2;
/// Two links before every object that the collector knows.
pub(super) const COLLECTOR_HEAD: u64 = 16;

/// What a type says of its objects.
#[expect(clippy::struct_excessive_bools, reason = "flags of a type that do not depend on each other")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeFields {
    /// Bytes of an object without its items.
    pub basic_size: u64,
    /// Bytes of an item; 0 for objects of one size.
    pub item_size: u64,
    /// Bytes before the object that belong to it.
    pub head_size: u64,
    /// `tp_traverse`; 0 for none.
    pub traverse: usize,
    /// The class was made while the program ran: by `class`, or by a C library.
    pub is_heap_type: bool,
    /// Made by a `class` statement.
    pub is_python_class: bool,
    /// Its objects are known to the collector.
    pub is_collected: bool,
    /// The one base that its layout comes from; 0 for `object`.
    pub base: Address,
    /// Where objects have their `__dict__`, if it is a plain word of theirs.
    pub dict_offset: i64,
    /// Objects have a `__dict__` that CPython places itself.
    pub managed_dict: bool,
    /// Objects have room for values behind them (3.13).
    pub(super) inline_values: bool,
}

impl Live<'_> {
    /// The type of an object.
    #[inline]
    pub fn type_of(&self, object: Address) -> Address {
        self.read(object, TYPE)
    }

    /// References to it.
    #[inline]
    pub fn references(&self, object: Address) -> u64 {
        self.read(object, 0)
    }

    /// Whether the object never ends.
    #[inline]
    pub fn is_immortal(&self, object: Address) -> bool {
        self.layout().immortals && self.read::<i32>(object, 0) < 0
    }

    /// `ob_size` of an object with items.
    #[inline]
    pub fn size_field(&self, object: Address) -> i64 {
        self.read(object, SIZE)
    }

    /// What a type is, if it is one of the builtin ones itself.
    pub fn builtin(&self, kind: Address) -> Option<Builtin> {
        let types = &self.objects.types;
        types.binary_search_by_key(&kind, |entry| entry.0).ok().map(|index| types[index].1)
    }

    /// The fields of a type.
    pub fn type_fields(&self, kind: Address) -> TypeFields {
        let flags: u64 = self.read(kind, FLAGS);
        let heap = flags & HEAP_TYPE != 0;
        let store = self.layout().attributes;
        let managed_dict = store != AttributeStore::DictOffset && flags & MANAGED_DICT != 0;
        let managed_weak = matches!(store, AttributeStore::TaggedWord | AttributeStore::Behind)
            && flags & MANAGED_WEAK_LIST != 0;
        let collected = flags & COLLECTED != 0;
        let words_before = if managed_dict || managed_weak { 16 } else { 0 };
        let traverse = self.read(kind, TRAVERSE);
        let known = self.objects.class_traverse;
        TypeFields {
            basic_size: self.read::<i64>(kind, BASIC_SIZE).max(0).cast_unsigned(),
            item_size: self.read::<i64>(kind, ITEM_SIZE).max(0).cast_unsigned(),
            head_size: words_before + if collected { COLLECTOR_HEAD } else { 0 },
            traverse,
            is_heap_type: heap,
            is_python_class: heap && known != 0 && traverse == known,
            is_collected: collected,
            base: self.read(kind, BASE),
            dict_offset: self.read(kind, DICT_OFFSET),
            managed_dict,
            inline_values: store == AttributeStore::Behind && flags & INLINE_VALUES != 0,
        }
    }

    /// `tp_traverse` of `dict`.
    pub fn dict_traverse(&self) -> usize {
        let dict = self.objects.types.iter().find(|entry| entry.1 == Builtin::Dict);
        dict.map_or(0, |&(dict, _)| self.read(dict, TRAVERSE))
    }

    /// The `__dict__` of a class made while the program ran; 0 for none.
    pub fn type_dict(&self, kind: Address) -> Address {
        self.read(kind, DICT)
    }

    /// `tp_name`, as C has it.
    pub fn c_name(&self, kind: Address) -> String {
        let name: *const c_char = self.read(kind, NAME);
        if name.is_null() {
            return String::new();
        }
        // SAFETY: the name of a live type is a C string.
        unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
    }

    /// The module and the qualified name of a type; the module is empty for builtin ones.
    pub fn type_name(&self, kind: Address) -> (String, String) {
        let name = self.c_name(kind);
        if self.read::<u64>(kind, FLAGS) & HEAP_TYPE == 0 {
            return match name.rsplit_once('.') {
                Some((module, name)) => (module.to_owned(), name.to_owned()),
                None => (String::new(), name),
            };
        }
        let qualified: Address = self.read(kind, self.layout().qualified_name);
        let qualified = if qualified == 0 { name.clone() } else { self.text(qualified, 500) };
        let dict = self.type_dict(kind);
        let module = if dict == 0 { None } else { self.dict_get(dict, "__module__") };
        let module = match module {
            Some(module) if self.is_string(module) => self.text(module, 500),
            _ => name.rsplit_once('.').map(|(module, _)| module.to_owned()).unwrap_or_default(),
        };
        (if module == "builtins" { String::new() } else { module }, qualified)
    }

    /// The slots that a class itself defines: name and offset.
    pub fn slots(&self, kind: Address) -> Vec<(String, usize)> {
        /// `T_OBJECT_EX`: what `__slots__` makes.
        const OBJECT: i32 = 16;
        const MEMBER: usize = 40;
        let mut member: Address = self.read(kind, MEMBERS);
        let mut slots = Vec::new();
        if member == 0 || !self.type_fields(kind).is_python_class {
            return slots;
        }
        loop {
            let name: *const c_char = self.read(member, 0);
            if name.is_null() {
                return slots;
            }
            if self.read::<i32>(member, 8) == OBJECT {
                // SAFETY: members of a live type have C strings for names.
                let name = unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned();
                slots.push((name, self.read(member, 16)));
            }
            member += MEMBER;
        }
    }
}
