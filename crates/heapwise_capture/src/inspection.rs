//! What an inspection of the live objects found: the payload of a table record of kind 8, as JSON.
//!
//! JSON, unlike the rest of the format, because its shape grows with every kind of object that is learned, it is
//! written a few times a run only, and an old reader skips what it does not know. Invariants: bytes are whole
//! bytes; a field that was not looked at is absent, never a guess; everything here has a default, so that a
//! record of an older or newer writer still reads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::DecodeError;

/// One look at the live objects.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Inspection {
    /// The number of the last event before the look: it stands behind that event and before the next one.
    pub sequence: u64,
    /// Nanoseconds since recording began.
    pub time_ns: u64,
    /// What the look took, nanoseconds.
    pub duration_ns: u64,
    /// What it took of the processor, nanoseconds.
    pub worked_ns: u64,
    /// What all looks had taken of the processor when it began, and might take by then, nanoseconds.
    pub spent_ns: u64,
    /// See `spent_ns`.
    pub allowed_ns: u64,
    /// Bytes that names and values without one led to, each once, as far as it was looked.
    pub reached_bytes: u64,
    /// Of these, what names of libraries' functions and values without a name alone led to.
    pub unnamed_bytes: u64,
    /// Whether everything was looked at; else the budget ended it, and bytes are lower bounds.
    pub complete: bool,
    /// The large holders, by bytes, largest first.
    pub objects: Vec<Object>,
    /// Classes with many instances, by bytes, largest first.
    pub classes: Vec<Class>,
    /// Files, sockets, connections, cursors and figures that are open.
    pub resources: Vec<Resource>,
    /// Cyclic garbage that only the collector can free, as far as it was seen: bytes.
    pub garbage_bytes: u64,
}

/// A named holder of bytes, or a part of one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Object {
    /// As a person would say it: `orders`, `orders['tailnum']`, `Model.cache`, `self.rows`.
    pub name: String,
    /// Who refers to it; absent for a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    /// Its address.
    pub address: u64,
    /// Its type with its module, such as `numpy.ndarray`, `pandas.DataFrame`, `dict`, `app.Order`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its element type where it has one: `int64`, `object`, `category`, `string[pyarrow]`, `datetime64[ns]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dtype: Option<String>,
    /// Its shape where it has one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shape: Vec<u64>,
    /// Its number of elements where it has no shape.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// Bytes that it keeps alive, itself included; each buffer and each shared object once.
    pub bytes: u64,
    /// Bytes that nothing else that was seen keeps alive: what `del` would free.
    pub own_bytes: u64,
    /// Who else keeps the rest alive, largest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shared_with: Vec<Shared>,
    /// The blocks it consists of, the largest first; small ones are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buffers: Vec<Buffer>,
    /// Columns, attributes, elements that hold much of it, largest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Object>,
    /// What is known of its values.
    #[serde(skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
}

/// Where a name stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Holder {
    /// What kind of place it is.
    pub kind: HolderKind,
    /// The file of the frame or module, as its code names it.
    pub file: String,
    /// The function for a local, the qualified name of the class or function for attributes and closures.
    pub function: String,
    /// The line of its `def`, from 1; 0 if there is none.
    pub first_line: u32,
    /// The line that the frame was at, from 1; 0 if there is no frame.
    pub line: u32,
    /// The module's name.
    pub module: String,
    /// The thread of the frame, by the system's id; 0 if there is none.
    pub thread: u32,
    /// For a frame of a library's: the nearest line of the user's that it was called from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub called_from: Option<Call>,
}

/// A line of the user's that a library was called from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Call {
    /// Its file, as its code names it.
    pub file: String,
    /// Its function.
    pub function: String,
    /// The line, from 1.
    pub line: u32,
}

/// The kinds of places that names stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolderKind {
    /// A global of a module.
    #[default]
    Global,
    /// A local of a running function.
    Local,
    /// A local of a suspended generator or coroutine.
    Generator,
    /// A variable that a closure holds.
    Closure,
    /// An attribute of a class.
    ClassAttribute,
    /// A cache of `functools`.
    Cache,
    /// A value that is being computed and has no name yet.
    Stack,
    /// Cyclic garbage.
    Garbage,
}

/// Bytes that another holder keeps alive too.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Shared {
    /// The other holder's name.
    pub name: String,
    /// Bytes in common.
    pub bytes: u64,
}

impl Shared {
    /// So many of the others are named, those with the most bytes; there may be more only where all of these are.
    pub const MOST: usize = 5;
}

/// A block of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Buffer {
    /// Its address.
    pub address: u64,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What is known of values. Numbers of values are exact unless `sampled` is set.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// How many elements were looked at, if not all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampled: Option<u64>,
    /// The smallest value, NaN left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<serde_json::Number>,
    /// The largest value, NaN left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<serde_json::Number>,
    /// How many are NaN, NaT, None or null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<u64>,
    /// The share of zeros, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zero_share: Option<f64>,
    /// Whether all values, NaN left out, are whole numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all_integers: Option<bool>,
    /// Whether all values survive the way to float32 and back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub float32_exact: Option<bool>,
    /// How many different values there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<u64>,
    /// Whether `distinct` is an estimate.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub distinct_estimated: bool,
    /// Bytes of the text of all strings in UTF-8, each element counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_bytes: Option<u64>,
    /// A hash of the content; equal for equal contents of the same size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<String>,
    /// `C`, `F`, `C F` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contiguous: Option<String>,
    /// The buffer that a view shows a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view_of: Option<Buffer>,
    /// Whether the memory is that of a mapped file.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mapped_file: bool,
    /// Types of the elements, or of keys and values as `key: str`, with their number.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub element_types: BTreeMap<String, u64>,
    /// For a list of dicts or tuples or instances of one shape: the keys or attributes, with the type of each.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub record_fields: BTreeMap<String, String>,
    /// Empty or nearly empty dicts, sets and lists among the elements: how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_collections: Option<u64>,
    /// Bytes of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_bytes: Option<u64>,
    /// Bytes that equal strings or equal immutable objects would not take if each stood there once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_bytes: Option<u64>,
    /// A cache: entries, limit, hits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<Cache>,
}

impl Facts {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a cache says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cache {
    /// Entries in it.
    pub entries: u64,
    /// The most entries it keeps; absent if there is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Answers it gave.
    pub hits: u64,
    /// Questions it could not answer.
    pub misses: u64,
}

/// A class with many instances.
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Class {
    /// Its qualified name with its module.
    pub name: String,
    /// The file that defines it; empty if not known.
    pub file: String,
    /// The line of its `class`, from 1; 0 if not known.
    pub line: u32,
    /// How many instances were seen.
    pub instances: u64,
    /// Bytes of the instances and their `__dict__`s, without what these refer to.
    pub bytes: u64,
    /// Bytes of the `__dict__`s among these.
    pub dict_bytes: u64,
    /// Whether instances have a `__dict__`.
    pub has_dict: bool,
    /// Whether it is a dataclass.
    pub dataclass: bool,
    /// The names of the attributes that instances have.
    pub attributes: Vec<String>,
    /// Whether all instances seen had the same attributes.
    pub same_attributes: bool,
    /// Whether any base class other than `object` has instances with a `__dict__`.
    pub base_has_dict: bool,
}

/// Open resources of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Resource {
    /// The type, such as `io.TextIOWrapper`, `socket.socket`, `sqlite3.Connection`, `matplotlib.figure.Figure`.
    #[serde(rename = "type")]
    pub kind: String,
    /// How many are open.
    pub count: u64,
    /// Bytes that they keep alive, as far as they can be seen.
    pub bytes: u64,
    /// Names of some of them: paths, addresses.
    pub examples: Vec<String>,
    /// Who holds them, as names; empty if only garbage or a library does.
    pub held_by: Vec<String>,
}

impl Object {
    /// Whether a name of the user's holds it: none of a library's function, no value without a name, no garbage.
    pub fn has_users_name(&self) -> bool {
        self.holder.as_ref().is_some_and(Holder::is_users)
    }
}

impl Holder {
    /// Whether what stands here has a name in the user's code.
    pub fn is_users(&self) -> bool {
        self.called_from.is_none() && !matches!(self.kind, HolderKind::Stack | HolderKind::Garbage)
    }
}

impl Inspection {
    /// Bytes that names of the user's led to, and those of garbage.
    pub const fn explained_bytes(&self) -> u64 {
        self.reached_bytes.saturating_sub(self.unnamed_bytes) + self.garbage_bytes
    }

    /// The payload of the record.
    pub fn encode(&self) -> Vec<u8> {
        // Only maps with keys that are no strings could fail, and there are none.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads the payload of a record.
    ///
    /// # Errors
    /// [`DecodeError::Inspection`] if it is not the JSON of one.
    pub fn decode(text: &[u8]) -> Result<Self, DecodeError> {
        serde_json::from_slice(text).map_err(|_| DecodeError::Inspection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inspection_comes_back() {
        let part = Object { name: "orders['n']".into(), dtype: Some("int64".into()), ..Object::default() };
        let facts = Facts { minimum: Some(1.into()), distinct: Some(16), ..Facts::default() };
        let holder = Some(Holder { kind: HolderKind::Local, line: 3, ..Holder::default() });
        let object =
            Object { name: "orders".into(), bytes: 7, holder, parts: vec![part], facts, ..Object::default() };
        let inspection =
            Inspection { sequence: 9, complete: true, objects: vec![object], ..Inspection::default() };
        assert_eq!(Inspection::decode(&inspection.encode()), Ok(inspection));
    }

    #[test]
    fn what_is_unknown_is_skipped_and_what_is_missing_has_its_default() {
        let text = br#"{"sequence": 3, "of_later": [1], "objects": [{"name": "x", "bytes": 5, "new": {}}]}"#;
        let read = Inspection::decode(text).expect("an inspection");
        assert_eq!((read.sequence, read.objects[0].bytes, read.complete), (3, 5, false));
        assert_eq!(Inspection::decode(b"[1"), Err(DecodeError::Inspection));
    }
}
