//! Instances of Python classes: where their attributes are, without making a `__dict__` that is not there.

use super::{Address, AttributeStore, Live, TypeFields};

const WORD: usize = 8;
const FUNCTION_CLOSURE: usize = 72;
const FUNCTION_CODE: usize = 48;
const FUNCTION_DEFAULTS: usize = 56;
const FUNCTION_KEYWORD_DEFAULTS: usize = 64;
const FUNCTION_DICT: usize = 88;

/// An attribute of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Address,
}

/// Where an instance's attributes are.
enum Store {
    Dict(Address),
    /// A row of values for the keys of the class.
    Values(Address),
    None,
}

impl Live<'_> {
    fn store(&self, object: Address, kind: &TypeFields) -> Store {
        let dict = |dict: Address| if dict == 0 { Store::None } else { Store::Dict(dict) };
        if kind.managed_dict {
            return match self.layout().attributes {
                AttributeStore::TwoWords => {
                    let values: Address = self.read(object - 4 * WORD, 0);
                    if values == 0 { dict(self.read(object - 3 * WORD, 0)) } else { Store::Values(values) }
                }
                AttributeStore::TaggedWord => {
                    let word: Address = self.read(object - 3 * WORD, 0);
                    if word & 1 == 1 { Store::Values(word + 1) } else { dict(word) }
                }
                AttributeStore::Behind => {
                    let own: Address = self.read(object - 3 * WORD, 0);
                    if own != 0 {
                        return Store::Dict(own);
                    }
                    let values = object + kind.basic_size as usize;
                    let valid = kind.inline_values && self.read::<u8>(values, 3) != 0;
                    if valid { Store::Values(values) } else { Store::None }
                }
                AttributeStore::DictOffset => Store::None,
            };
        }
        match kind.dict_offset {
            offset if offset > 0 => dict(self.read(object, offset as usize)),
            offset if offset < 0 => {
                // From the end of an object with items, which may have one more than it says.
                let items = self.size_field(object).unsigned_abs();
                let end = (kind.basic_size + items * kind.item_size).next_multiple_of(8) as usize;
                dict(self.read(object + end - offset.unsigned_abs() as usize, 0))
            }
            _ => Store::None,
        }
    }

    /// The `__dict__` of an object, if it has been made; else 0.
    #[inline]
    pub fn instance_dict(&self, object: Address, kind: &TypeFields) -> Address {
        match self.store(object, kind) {
            Store::Dict(dict) => dict,
            _ => 0,
        }
    }

    /// Bytes of the room for values that all objects of a class have behind them, or of that which this one has
    /// elsewhere.
    #[inline]
    pub fn instance_values_size(&self, object: Address, class: Address, kind: &TypeFields) -> u64 {
        if !kind.managed_dict {
            return 0;
        }
        if kind.inline_values {
            let capacity = u64::from(self.read::<u8>(object, kind.basic_size as usize));
            return (capacity + 1) * WORD as u64 + capacity.next_multiple_of(WORD as u64);
        }
        match self.store(object, kind) {
            Store::Values(values) => self.values_size(self.read(class, self.layout().cached_keys), values),
            _ => 0,
        }
    }

    /// Calls `visit` for each attribute value that stands in a row of values and in no dict.
    #[inline]
    pub fn inline_values(
        &self,
        object: Address,
        class: Address,
        kind: &TypeFields,
        mut visit: impl FnMut(Address),
    ) {
        let Store::Values(values) = self.store(object, kind) else { return };
        let (start, count) = if kind.inline_values {
            (values + WORD, u64::from(self.read::<u8>(values, 0)))
        } else {
            let keys: Address = self.read(class, self.layout().cached_keys);
            (values, if keys == 0 { 0 } else { self.read::<u64>(keys, 24) })
        };
        for index in 0..count.min(254) as usize {
            let value: Address = self.read(start, index * WORD);
            if value != 0 {
                visit(value);
            }
        }
    }

    /// The attributes of an object: those of its `__dict__` or row of values, then those of `__slots__`. At most
    /// `limit`.
    pub fn attributes(&self, object: Address, limit: usize) -> Vec<Attribute> {
        let class = self.type_of(object);
        let kind = self.type_fields(class);
        let mut found = Vec::new();
        match self.store(object, &kind) {
            Store::Dict(dict) => {
                let mut position = 0;
                while let Some((key, value, next)) = self.dict_next(dict, position)
                    && found.len() < limit
                {
                    if self.is_string(key) && value != 0 {
                        found.push(Attribute { name: self.text(key, 200), value });
                    }
                    position = next;
                }
            }
            Store::Values(values) => {
                let keys: Address = self.read(class, self.layout().cached_keys);
                let start = if kind.inline_values { values + WORD } else { values };
                let entries: u64 = if keys == 0 { 0 } else { self.read(keys, 24) };
                let index_bytes: u8 = if keys == 0 { 0 } else { self.read(keys, 9) };
                // Keys of a class have entries of two words.
                let first = keys + 32 + (1usize << index_bytes.min(16));
                for index in 0..(entries as usize).min(254).min(limit) {
                    let (key, value): (Address, Address) =
                        (self.read(first, index * 16), self.read(start, index * WORD));
                    if key != 0 && value != 0 && self.is_string(key) {
                        found.push(Attribute { name: self.text(key, 200), value });
                    }
                }
            }
            Store::None => {}
        }
        let mut class = class;
        while class != 0 && found.len() < limit {
            for (name, offset) in self.slots(class) {
                let value: Address = self.read(object, offset);
                if value != 0 {
                    found.push(Attribute { name, value });
                }
            }
            class = self.type_fields(class).base;
        }
        found
    }

    /// The cells of a function's closure with the names of the variables.
    pub fn closure(&self, function: Address) -> Vec<(String, Address)> {
        let closure: Address = self.read(function, FUNCTION_CLOSURE);
        if closure == 0 {
            return Vec::new();
        }
        let names = self.free_variables(self.read(function, FUNCTION_CODE));
        let cells = self.tuple_items(closure);
        names
            .into_iter()
            .take(cells.length)
            .enumerate()
            .map(|(i, name)| (name, self.item(cells, i)))
            .collect()
    }

    /// The code object of a function.
    pub fn function_code(&self, function: Address) -> Address {
        self.read(function, FUNCTION_CODE)
    }

    /// What a function keeps alive by itself: closure, defaults, attributes.
    pub fn function_parts(&self, function: Address) -> [Address; 4] {
        [FUNCTION_CLOSURE, FUNCTION_DEFAULTS, FUNCTION_KEYWORD_DEFAULTS, FUNCTION_DICT]
            .map(|offset| self.read(function, offset))
    }

    /// What a cell holds; 0 if it is empty.
    #[inline]
    pub fn cell_content(&self, cell: Address) -> Address {
        self.read(cell, 16)
    }
}
