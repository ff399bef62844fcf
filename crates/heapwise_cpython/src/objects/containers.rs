//! Lists, tuples, dicts and sets: their elements and what they ask their allocator for.

use super::{Address, Builtin, DictKeys, Live};

const SIZE: usize = 16;
const LIST_ITEMS: usize = 24;
const LIST_ALLOCATED: usize = 32;
const TUPLE_ITEMS: usize = 24;
const DICT_USED: usize = 16;
pub(super) const DICT_KEYS: usize = 32;
const DICT_VALUES: usize = 40;
const SET_MASK: usize = 32;
const SET_TABLE: usize = 40;
const SET_SMALL_TABLE: usize = 64;
const SET_USED: usize = 24;
const WORD: u64 = 8;

/// A row of references.
#[derive(Debug, Clone, Copy)]
pub struct Items {
    start: Address,
    /// How many.
    pub length: usize,
}

impl Items {
    /// Where the row starts.
    pub const fn address(&self) -> Address {
        self.start
    }
}

/// An element of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetEntry(pub Address);

/// The entries of a dict that has a table of its own, as a row with gaps where entries were deleted.
#[derive(Debug, Clone, Copy)]
pub struct Entries {
    start: Address,
    /// Bytes from an entry to the next.
    step: usize,
    /// Where the key stands in an entry; the value follows it.
    key: usize,
    /// Places in the row.
    pub length: usize,
}

impl Live<'_> {
    /// An element of a row.
    #[inline]
    pub fn item(&self, items: Items, index: usize) -> Address {
        debug_assert!(index < items.length, "an element of the row");
        self.read(items.start, index * 8)
    }

    /// The elements of a list.
    #[inline]
    pub fn list_items(&self, list: Address) -> Items {
        let start = self.read(list, LIST_ITEMS);
        Items { start, length: if start == 0 { 0 } else { self.read(list, SIZE) } }
    }

    /// Bytes of a list's row.
    #[inline]
    pub fn list_row_size(&self, list: Address) -> u64 {
        let allocated: i64 = self.read(list, LIST_ALLOCATED);
        if self.read::<Address>(list, LIST_ITEMS) == 0 { 0 } else { allocated.max(0).cast_unsigned() * WORD }
    }

    /// The elements of a tuple.
    #[inline]
    pub fn tuple_items(&self, tuple: Address) -> Items {
        Items { start: tuple + TUPLE_ITEMS, length: self.read(tuple, SIZE) }
    }

    /// The number of entries of a dict.
    #[inline]
    pub fn dict_length(&self, dict: Address) -> usize {
        self.read(dict, DICT_USED)
    }

    /// The entry at or after a position, and the position behind it.
    #[inline]
    pub fn dict_next(&self, dict: Address, position: usize) -> Option<(Address, Address, usize)> {
        let mut next = position.cast_signed();
        let (mut key, mut value) = (0, 0);
        // SAFETY: a live dict; the function reads, and lends what it finds.
        let found =
            unsafe { (self.functions().dict_next)(dict, &raw mut next, &raw mut key, &raw mut value) };
        (found != 0).then_some((key, value, next.cast_unsigned()))
    }

    /// The entries of a dict; `None` if its values stand with an instance.
    #[inline]
    pub fn dict_entries(&self, dict: Address) -> Option<Entries> {
        if self.read::<Address>(dict, DICT_VALUES) != 0 {
            return None;
        }
        let keys: Address = self.read(dict, DICT_KEYS);
        Some(match self.layout().dict_keys {
            DictKeys::Words => {
                let size: u64 = self.read(keys, 8);
                let start = keys + 40 + (size * index_width(size)) as usize;
                Entries { start, step: 24, key: 8, length: self.read(keys, 32) }
            }
            DictKeys::Logarithms => {
                let (index, kind): (u8, u8) = (self.read(keys, 9), self.read(keys, 10));
                let start = keys + 32 + (1usize << index.min(62));
                let (step, key) = if kind == 0 { (24, 8) } else { (16, 0) };
                Entries { start, step, key, length: self.read(keys, 24) }
            }
        })
    }

    /// Key and value at a place of a row of entries; `None` at a gap.
    #[inline]
    pub fn entry(&self, entries: Entries, place: usize) -> Option<(Address, Address)> {
        debug_assert!(place < entries.length, "an entry of the row");
        let at = entries.start + place * entries.step + entries.key;
        let (key, value): (Address, Address) = (self.read(at, 0), self.read(at, 8));
        (value != 0).then_some((key, value))
    }

    /// The value of a key that is a plain string, found by looking at every key.
    pub fn dict_get(&self, dict: Address, name: &str) -> Option<Address> {
        let mut position = 0;
        while let Some((key, value, next)) = self.dict_next(dict, position) {
            if self.is_string(key) && self.string_is(key, name) {
                return Some(value);
            }
            position = next;
        }
        None
    }

    /// Positions that [`Self::dict_next`] can be asked for: the entries, deleted ones included.
    pub fn dict_positions(&self, dict: Address) -> usize {
        if self.read::<Address>(dict, DICT_VALUES) != 0 {
            return self.dict_length(dict);
        }
        let keys: Address = self.read(dict, DICT_KEYS);
        match self.layout().dict_keys {
            DictKeys::Words => self.read(keys, 32),
            DictKeys::Logarithms => self.read(keys, 24),
        }
    }

    /// Bytes of a dict's table: entries and index, or values where the keys are those of a class.
    pub fn dict_table_size(&self, dict: Address) -> u64 {
        let keys: Address = self.read(dict, DICT_KEYS);
        let values: Address = self.read(dict, DICT_VALUES);
        if values == 0 {
            return self.keys_size(keys);
        }
        match self.layout().dict_keys {
            DictKeys::Words => usable(self.read::<u64>(keys, 8)) * WORD,
            DictKeys::Logarithms => self.values_size(keys, values),
        }
    }

    fn keys_size(&self, keys: Address) -> u64 {
        match self.layout().dict_keys {
            DictKeys::Words => {
                let size: u64 = self.read(keys, 8);
                // The one table of all empty dicts has one place.
                if size <= 1 { 0 } else { 40 + size * index_width(size) + usable(size) * 24 }
            }
            DictKeys::Logarithms => {
                let (size, index, kind): (u8, u8, u8) =
                    (self.read(keys, 8), self.read(keys, 9), self.read(keys, 10));
                if size == 0 {
                    // The one table of all empty dicts.
                    return 0;
                }
                let entry = if kind == 0 { 24 } else { 16 };
                32 + (1u64 << index.min(62)) + usable(1u64 << size.min(62)) * entry
            }
        }
    }

    /// Places in a row of values that belongs to these keys of a class.
    pub(super) fn value_count(&self, keys: Address) -> u64 {
        // dk_usable and dk_nentries.
        (self.read::<i64>(keys, 16) + self.read::<i64>(keys, 24)).clamp(0, 254).cast_unsigned()
    }

    /// Bytes of a row of values that was allocated by itself, 3.11 and later.
    pub(super) fn values_size(&self, keys: Address, values: Address) -> u64 {
        if self.minor_version() >= 13 {
            let (capacity, embedded): (u8, u8) = (self.read(values, 0), self.read(values, 2));
            let capacity = u64::from(capacity);
            return if embedded != 0 { 0 } else { (capacity + 1) * WORD + capacity.next_multiple_of(WORD) };
        }
        let count = self.value_count(keys);
        (count + 2).next_multiple_of(WORD) + count * WORD
    }

    /// Where a dict's entries stand.
    pub fn dict_table(&self, dict: Address) -> Address {
        let values: Address = self.read(dict, DICT_VALUES);
        if values == 0 { self.read(dict, DICT_KEYS) } else { values }
    }

    /// Where a set's elements stand.
    pub fn set_table(&self, set: Address) -> Address {
        self.read(set, SET_TABLE)
    }

    /// Whether the dict keeps its values with an instance.
    pub fn dict_is_split(&self, dict: Address) -> bool {
        self.read::<Address>(dict, DICT_VALUES) != 0
    }

    /// The number of elements of a set.
    #[inline]
    pub fn set_length(&self, set: Address) -> usize {
        self.read(set, SET_USED)
    }

    /// The number of places in a set's table.
    #[inline]
    pub fn set_places(&self, set: Address) -> usize {
        self.read::<usize>(set, SET_MASK) + 1
    }

    /// What stands at a place of a set's table.
    #[inline]
    pub fn set_entry(&self, set: Address, place: usize) -> Option<SetEntry> {
        let table: Address = self.read(set, SET_TABLE);
        let (key, hash): (Address, i64) = (self.read(table, place * 16), self.read(table, place * 16 + 8));
        // A hash of -1 marks a place that was deleted.
        (key != 0 && hash != -1).then_some(SetEntry(key))
    }

    /// Bytes of a set's table, unless it is the small one inside the set.
    pub fn set_table_size(&self, set: Address) -> u64 {
        let table: Address = self.read(set, SET_TABLE);
        if table == set + SET_SMALL_TABLE { 0 } else { self.set_places(set) as u64 * 16 }
    }

    /// The `__dict__` of a module that has been imported.
    pub fn module(&self, name: &str) -> Option<Address> {
        let module = self.dict_get(self.module_table(), name)?;
        self.module_dict(module)
    }

    /// `sys.modules`.
    pub fn module_table(&self) -> Address {
        // SAFETY: the GIL is held; the function lends a reference.
        unsafe { (self.functions().module_dict)() }
    }

    /// The `__dict__` of a module object, if it is one.
    pub fn module_dict(&self, module: Address) -> Option<Address> {
        /// `md_dict`.
        const MODULE_DICT: usize = 16;
        let mut kind = self.type_of(module);
        while kind != 0 && self.builtin(kind) != Some(Builtin::Module) {
            kind = self.type_fields(kind).base;
        }
        let dict: Address = if kind == 0 { 0 } else { self.read(module, MODULE_DICT) };
        (dict != 0).then_some(dict)
    }
}

/// 3.10: bytes of a place in the index of a table of so many places.
const fn index_width(places: u64) -> u64 {
    match places {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    }
}

/// `USABLE_FRACTION`: the entries that a table of this many places has room for.
const fn usable(places: u64) -> u64 {
    (places << 1) / 3
}
