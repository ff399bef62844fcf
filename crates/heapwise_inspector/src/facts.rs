//! Facts about values: of the numbers in arrays, and of the elements of containers.
//!
//! Invariants: what was not looked at in full is marked as sampled; the time that a look has left is kept to.

use std::collections::BTreeMap;

use heapwise_capture::inspection::{Cache, Facts};
use heapwise_cpython::objects::{Address, Builtin, Live};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Number;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::arrays::Array;
use crate::arrow::Column;
use crate::describe::{Account, type_name};
use crate::distinct::Distinct;
use crate::kinds::{Form, own_size};
use crate::numbers::{Element, Summary};
use crate::samples::{in_rows, spread};

/// Elements of a container that are looked at when there is little time.
const SAMPLE: usize = 20_000;
/// Elements that are looked at when there is no limit of time.
const MOST_ELEMENTS: usize = 2_000_000;
/// Numbers that are looked at in a row before others from elsewhere, and how many rows between two looks at the clock: a few
/// columns of a table do not stand for all.
const PIECE: usize = 1 << 11;
const PIECES: usize = 2;
/// Elements of a container that are looked at in a row before others from elsewhere.
const ELEMENTS: usize = 64;
/// Elements between two looks at the clock.
const CLOCK_EVERY: usize = 256;
/// Bytes of text between two looks at the clock.
const MOST_READ: u64 = 1 << 20;
/// Elements of a container that are looked at at most while the program runs.
const MOST_SAMPLED: usize = 1 << 16;
/// Buffers of fewer bytes get no hash.
const SMALLEST_HASHED: u64 = 64 * 1024;
/// Attributes, keys or places of a record that are told.
const MOST_FIELDS: usize = 200;
/// What elements directly consist of is looked at so far.
const MOST_INNER: usize = 16;
/// Records whose fields are looked at.
const MOST_RECORDS: usize = 1000;

/// Looks at the values of an array.
pub(crate) fn array(account: &Account<'_, '_>, facts: &mut Facts, array: &Array) {
    facts.contiguous = Some(
        match (array.c_contiguous, array.f_contiguous) {
            (true, true) => "C F",
            (true, false) => "C",
            (false, true) => "F",
            (false, false) => "none",
        }
        .to_owned(),
    );
    if array.is_object() {
        if let Some(step) = array.step_of_one_dimension() {
            let live = account.walk.live;
            let count = array.length();
            elements_of(account, facts, count, |index| {
                live.read(array.start.wrapping_add_signed(index as isize * step), 0)
            });
        }
        return;
    }
    if facts.mapped_file || array.start == 0 || array.byte_order == b'>' {
        return;
    }
    match (array.letter, array.item_size) {
        (b'f', 8) => numbers::<f64>(account, facts, array),
        (b'f', 4) => numbers::<f32>(account, facts, array),
        (b'i', 8) => numbers::<i64>(account, facts, array),
        (b'i', 4) => numbers::<i32>(account, facts, array),
        (b'i', 2) => numbers::<i16>(account, facts, array),
        (b'i', 1) => numbers::<i8>(account, facts, array),
        (b'u', 8) => numbers::<u64>(account, facts, array),
        (b'u', 4) => numbers::<u32>(account, facts, array),
        (b'u', 2) => numbers::<u16>(account, facts, array),
        (b'u' | b'b', 1) => numbers::<u8>(account, facts, array),
        (b'M' | b'm', 8) => {
            numbers::<i64>(account, facts, array);
            // The smallest number stands for "no time"; the others are counts of a unit that is not told here.
            let missing = facts.minimum.as_ref().and_then(Number::as_i64) == Some(i64::MIN);
            *facts = Facts {
                contiguous: facts.contiguous.take(),
                content_hash: facts.content_hash.take(),
                sampled: facts.sampled,
                view_of: facts.view_of,
                missing: if missing { None } else { Some(0) },
                ..Facts::default()
            };
        }
        _ => {}
    }
}

impl Array {
    /// Bytes from an element to the next, if the elements can be read as one row.
    fn step_of_one_dimension(&self) -> Option<isize> {
        if self.c_contiguous || self.f_contiguous {
            return Some(self.item_size as isize);
        }
        match self.strides.as_slice() {
            [step] => Some(*step as isize),
            _ => None,
        }
    }
}

fn numbers<T: Element>(account: &Account<'_, '_>, facts: &mut Facts, array: &Array) {
    let count = array.length();
    let Some(step) = array.step_of_one_dimension() else { return };
    if count == 0 || !account.has_time() {
        return;
    }
    let mut summary = Summary::<T>::new();
    let mut looked = 0;
    let contiguous = step == size_of::<T>() as isize && array.start.is_multiple_of(align_of::<T>());
    let mut hash = 0u64;
    let hashed = contiguous && array.bytes() >= SMALLEST_HASHED;
    // From all over the array, so that what was seen when the time ends stands for the rest.
    let pieces = count.div_ceil(PIECE);
    if contiguous {
        // SAFETY: the array has `count` elements in a row; while the GIL is held it is not freed or resized. Code
        // that works without the GIL may write to it meanwhile, which gives a number from before or after.
        let values = unsafe { std::slice::from_raw_parts(array.start as *const T, count) };
        for (turn, place) in spread(pieces).enumerate() {
            if turn > 0 && turn.is_multiple_of(PIECES) && !account.has_time() {
                break;
            }
            let piece = &values[place * PIECE..((place + 1) * PIECE).min(count)];
            summary.add(piece);
            if hashed {
                // SAFETY: the same memory as bytes.
                let bytes =
                    unsafe { std::slice::from_raw_parts(piece.as_ptr().cast::<u8>(), size_of_val(piece)) };
                // A sum, since the pieces come in any order.
                hash = hash.wrapping_add(xxh3_64_with_seed(bytes, place as u64));
            }
            looked += piece.len();
        }
    } else {
        for piece in spread(pieces).take(MOST_SAMPLED / PIECE) {
            for index in piece * PIECE..((piece + 1) * PIECE).min(count) {
                let place = array.start.wrapping_add_signed(index as isize * step);
                // SAFETY: an element of the array, perhaps not aligned.
                summary.add(&[unsafe { std::ptr::read_unaligned(place as *const T) }]);
                looked += 1;
            }
        }
    }
    if looked < count {
        facts.sampled = Some(looked as u64);
    } else if hashed {
        facts.content_hash = Some(format!("{hash:016x}"));
    }
    summary.tell(facts, looked as u64);
}

/// Looks at the elements of a container.
pub(crate) fn elements(account: &Account<'_, '_>, facts: &mut Facts, node: u32) {
    let live = account.walk.live;
    let address = account.walk.nodes[node as usize].address;
    match account.walk.kinds.get(account.walk.nodes[node as usize].kind).form {
        Form::List => {
            let items = live.list_items(address);
            elements_of(account, facts, items.length, |index| live.item(items, index));
        }
        Form::Tuple => {
            let items = live.tuple_items(address);
            elements_of(account, facts, items.length, |index| live.item(items, index));
        }
        Form::Set => {
            let places = live.set_places(address);
            let entry = |place| live.set_entry(address, place).map_or(0, |entry| entry.0);
            elements_at(account, facts, places, live.set_length(address), entry);
        }
        Form::Dict => dict_elements(account, facts, address),
        _ => {}
    }
}

fn dict_elements(account: &Account<'_, '_>, facts: &mut Facts, dict: Address) {
    let live = account.walk.live;
    let mut entries: Vec<(Address, Address)> = Vec::new();
    let positions = live.dict_positions(dict);
    let most = if account.has_deadline() { SAMPLE } else { MOST_ELEMENTS };
    let step = positions.div_ceil(most).max(1);
    let mut is_sample = step > 1;
    // Half of the time is for finding entries from all over the dict, half for looking at them.
    account.with_share(2, || {
        for (turn, row) in spread(positions.div_ceil(step * ELEMENTS)).enumerate() {
            if turn > 0 && turn.is_multiple_of(CLOCK_EVERY / ELEMENTS) && !account.has_time() {
                is_sample = true;
                break;
            }
            let mut position = row * step * ELEMENTS;
            let end = position + ELEMENTS;
            while let Some((key, value, next)) = live.dict_next(dict, position).filter(|entry| entry.2 <= end)
            {
                entries.push((key, value));
                position = next;
            }
        }
    });
    let count = entries.len();
    let mut of_keys = Facts::default();
    account.with_share(2, || elements_of(account, &mut of_keys, count, |index| entries[index].0));
    elements_of(account, facts, count, |index| entries[index].1);
    // Some entries stand for all.
    let scale = |number: u64| number * live.dict_length(dict) as u64 / count.max(1) as u64;
    let mut types = BTreeMap::new();
    for (kind, number) in of_keys.element_types {
        types.insert(format!("key: {kind}"), scale(number));
    }
    for (kind, number) in std::mem::take(&mut facts.element_types) {
        types.insert(format!("value: {kind}"), scale(number));
    }
    facts.element_types = types;
    if is_sample {
        facts.sampled = Some(facts.sampled.unwrap_or(count as u64));
    }
    facts.duplicate_bytes = match (facts.duplicate_bytes, of_keys.duplicate_bytes) {
        (Some(values), Some(keys)) => Some(values + keys),
        (values, keys) => values.or(keys),
    }
    .map(scale);
    facts.text_bytes = facts.text_bytes.map(scale);
    facts.idle_collections = facts.idle_collections.map(scale);
    facts.idle_bytes = facts.idle_bytes.map(scale);
}

/// Looks at a row of objects; `at` gives the one at a place, or 0 for none.
fn elements_of(account: &Account<'_, '_>, facts: &mut Facts, count: usize, at: impl Fn(usize) -> Address) {
    elements_at(account, facts, count, count, at);
}

/// The same of so many elements that stand at more places.
fn elements_at(
    account: &Account<'_, '_>,
    facts: &mut Facts,
    count: usize,
    elements: usize,
    at: impl Fn(usize) -> Address,
) {
    let walk = account.walk;
    let live = walk.live;
    let most = if account.has_deadline() { MOST_SAMPLED } else { MOST_ELEMENTS };
    let step = count.div_ceil(most).max(1);
    let mut kinds: FxHashMap<Address, (u64, Address)> = FxHashMap::default();
    let mut strings = Strings::default();
    let mut numbers = Summary::<f64>::new();
    let mut integers: Option<(i64, i64)> = None;
    let mut wide = false;
    let mut idle = Idle::default();
    let mut same = Same::default();
    let mut records: Vec<Address> = Vec::new();
    let (mut looked, mut missing) = (0u64, 0u64);
    for (turn, index) in from_all_over(count, step).enumerate() {
        let much = turn % CLOCK_EVERY == 0 || strings.read_bytes >= MOST_READ;
        if much && turn > 0 {
            strings.read_bytes = 0;
            if !account.has_time() {
                facts.sampled = Some(looked);
                break;
            }
        }
        let object = at(index);
        if object == 0 {
            continue;
        }
        looked += 1;
        let kind = live.type_of(object);
        let entry = kinds.entry(kind).or_insert((0, object));
        entry.0 += 1;
        match live.builtin(kind) {
            Some(Builtin::String) => strings.add(live, object),
            Some(Builtin::Constant) if object == live.none() => missing += 1,
            Some(Builtin::Float) => {
                let value: f64 = live.read(object, 16);
                missing += u64::from(value.is_nan());
                numbers.add(&[value]);
            }
            Some(Builtin::Integer) => match live.integer(object) {
                Some(value) => {
                    let (low, high) = integers.unwrap_or((value, value));
                    integers = Some((low.min(value), high.max(value)));
                }
                None => wide = true,
            },
            Some(Builtin::List | Builtin::Dict | Builtin::Set | Builtin::Tuple | Builtin::Bytes) => {
                idle.add(account, object);
                same.add(live, object);
                if records.len() < MOST_RECORDS {
                    records.push(object);
                }
            }
            _ => {
                idle.add(account, object);
                if records.len() < MOST_RECORDS {
                    records.push(object);
                }
            }
        }
    }
    if looked == 0 {
        return;
    }
    if step > 1 {
        facts.sampled = Some(looked);
    }
    let all = if facts.sampled.is_some() { elements as u64 } else { looked };
    let scale = |number: u64| (number as f64 * all as f64 / looked as f64) as u64;
    for (number, example) in kinds.values() {
        *facts.element_types.entry(type_name(walk, *example)).or_default() += scale(*number);
    }
    if missing > 0 || strings.count > 0 {
        facts.missing = Some(scale(missing));
    }
    strings.tell(facts, scale, facts.sampled.is_some());
    if same.bytes > 0 {
        facts.duplicate_bytes = Some(facts.duplicate_bytes.unwrap_or(0) + scale(same.bytes));
    }
    if idle.count > 0 && idle.known > 0 {
        let of_known = |number: u64| scale((number as f64 * idle.met as f64 / idle.known as f64) as u64);
        facts.idle_collections = Some(of_known(idle.count));
        facts.idle_bytes = Some(of_known(idle.bytes));
    }
    if kinds.len() == 1 {
        if let Some((low, high)) = integers.filter(|_| !wide) {
            facts.minimum = Some(low.into());
            facts.maximum = Some(high.into());
        } else if numbers.any() {
            numbers.tell(facts, looked);
        } else {
            facts.record_fields = record_fields(account, &records);
        }
    }
}

/// One in `step` elements of a row, as pieces from all over it: what was seen when the time ends stands for the rest.
fn from_all_over(count: usize, step: usize) -> impl Iterator<Item = usize> {
    let places = count.div_ceil(step);
    spread(places.div_ceil(ELEMENTS))
        .flat_map(move |piece| piece * ELEMENTS..((piece + 1) * ELEMENTS).min(places))
        .map(move |place| in_rows(place, step, ELEMENTS))
        .filter(move |&index| index < count)
}

/// Collections with nothing or one element in them, among elements and in what elements directly consist of.
#[derive(Debug, Default)]
struct Idle {
    /// Elements that were looked at, and those of them that the walk knows.
    met: u64,
    known: u64,
    count: u64,
    bytes: u64,
}

impl Idle {
    fn add(&mut self, account: &Account<'_, '_>, object: Address) {
        let walk = account.walk;
        self.met += 1;
        let node = walk.node_of(object);
        let Some(node) = node.filter(|&node| walk.is_leaf(node) || walk.was_walked(node)) else { return };
        self.known += 1;
        self.one(account, node);
        let inner = walk.references().of(node);
        // A large element is a collection of its own, which is looked at by itself.
        for &inner in inner.iter().take(MOST_INNER) {
            self.one(account, inner);
        }
    }

    fn one(&mut self, account: &Account<'_, '_>, node: u32) {
        let live = account.walk.live;
        let node = account.walk.nodes[node as usize];
        if node.address == 0 || live.references(node.address) > 1 {
            return;
        }
        let kind = account.walk.kinds.get(node.kind);
        let length = match live.builtin(kind.address) {
            Some(Builtin::List) => live.list_items(node.address).length,
            Some(Builtin::Dict) => live.dict_length(node.address),
            Some(Builtin::Set) => live.set_length(node.address),
            _ => return,
        };
        if length <= 1 {
            self.count += 1;
            self.bytes += own_size(live, node.address, kind);
        }
    }
}

/// Equal immutable objects: bytes, and tuples of plain values.
#[derive(Debug, Default)]
struct Same {
    bytes: u64,
    objects: FxHashSet<Address>,
    values: FxHashSet<u64>,
}

impl Same {
    fn add(&mut self, live: Live<'_>, object: Address) {
        if let Some((hash, bytes)) = value(live, object, 0)
            && self.objects.insert(object)
            && !self.values.insert(hash)
        {
            self.bytes += bytes;
        }
    }
}

/// A hash of an immutable value and the bytes that it alone takes; `None` for what is not plain.
fn value(live: Live<'_>, object: Address, depth: u64) -> Option<(u64, u64)> {
    let kind = live.builtin(live.type_of(object))?;
    let row = |start: Address, bytes: usize| {
        // SAFETY: a live object has its content there.
        let content = unsafe { std::slice::from_raw_parts(start as *const u8, bytes) };
        xxh3_64_with_seed(content, depth << 8 | kind as u64)
    };
    let alone = |bytes: u64| if depth == 0 || live.references(object) == 1 { bytes } else { 0 };
    Some(match kind {
        Builtin::Bytes => {
            (row(object + 32, live.size_field(object).max(0) as usize), alone(live.bytes_size(object)))
        }
        Builtin::Float => (row(object + 16, 8), alone(24)),
        Builtin::Integer => (
            row(live.integer(object)?.to_ne_bytes().as_ptr() as Address, 8),
            alone(live.integer_size(object)),
        ),
        Builtin::String => {
            let text = live.string(object);
            (row(text.start, text.bytes() as usize), alone(live.string_size(object)))
        }
        Builtin::Constant => (object as u64, 0),
        Builtin::Tuple if depth < 3 => {
            let items = live.tuple_items(object);
            if items.length == 0 || items.length > MOST_INNER {
                return None;
            }
            let mut hash = xxh3_64(&items.length.to_ne_bytes());
            let mut bytes = alone(40 + 8 * items.length as u64);
            for index in 0..items.length {
                let (of_item, size) = value(live, live.item(items, index), depth + 1)?;
                hash = hash.rotate_left(9).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ of_item;
                bytes += size;
            }
            (hash, bytes)
        }
        _ => return None,
    })
}

/// The fields of records of one shape: keys of dicts, attributes of instances, places of tuples, each with its
/// type; empty if they differ.
fn record_fields(account: &Account<'_, '_>, records: &[Address]) -> BTreeMap<String, String> {
    let live = account.walk.live;
    let mut fields: Option<BTreeMap<String, String>> = None;
    for &record in records {
        let pairs: Vec<(String, Address)> = match live.builtin(live.type_of(record)) {
            Some(Builtin::Dict) => {
                let mut pairs = Vec::new();
                let mut position = 0;
                while let Some((key, value, next)) = live.dict_next(record, position)
                    && pairs.len() < MOST_FIELDS
                {
                    position = next;
                    if !live.is_string(key) {
                        return BTreeMap::new();
                    }
                    pairs.push((live.text(key, 200), value));
                }
                pairs
            }
            Some(Builtin::Tuple) => {
                let items = live.tuple_items(record);
                (0..items.length.min(MOST_FIELDS)).map(|i| (i.to_string(), live.item(items, i))).collect()
            }
            Some(_) => return BTreeMap::new(),
            None => {
                let attributes = live.attributes(record, MOST_FIELDS);
                attributes.into_iter().map(|attribute| (attribute.name, attribute.value)).collect()
            }
        };
        let typed = pairs.into_iter().filter(|pair| pair.1 != 0);
        let typed: BTreeMap<String, String> =
            typed.map(|(name, value)| (name, type_name(account.walk, value))).collect();
        match &mut fields {
            None => fields = Some(typed),
            Some(fields) => {
                if fields.len() != typed.len() || !typed.keys().all(|name| fields.contains_key(name)) {
                    return BTreeMap::new();
                }
                for (name, kind) in typed {
                    if let Some(known) = fields.get_mut(&name)
                        && *known != kind
                        && !known.split(" or ").any(|one| one == kind)
                    {
                        known.push_str(" or ");
                        known.push_str(&kind);
                    }
                }
            }
        }
    }
    fields.unwrap_or_default()
}

/// Looks at the texts of a column of Arrow's: how many differ.
pub(crate) fn texts(account: &Account<'_, '_>, facts: &mut Facts, column: &Column) {
    let count: usize = column.texts.iter().map(|texts| texts.length).sum();
    if count == 0 || count as u64 != column.length || !account.has_time() {
        return;
    }
    let most = if account.has_deadline() { MOST_SAMPLED } else { MOST_ELEMENTS };
    let step = count.div_ceil(most).max(1);
    let (mut looked, mut bytes) = (0u64, 0u64);
    let mut distinct = Distinct::default();
    // Where each chunk ends.
    let ends: Vec<usize> = column
        .texts
        .iter()
        .scan(0, |end, texts| {
            *end += texts.length;
            Some(*end)
        })
        .collect();
    let mut read_bytes = 0;
    for (turn, index) in from_all_over(count, step).enumerate() {
        if turn > 0 && (turn % CLOCK_EVERY == 0 || read_bytes >= MOST_READ) {
            read_bytes = 0;
            if !account.has_time() {
                break;
            }
        }
        let chunk = ends.partition_point(|&end| end <= index);
        let texts = &column.texts[chunk];
        let Some(text) = texts.get(account.walk.live, index + texts.length - ends[chunk]) else { return };
        looked += 1;
        bytes += text.len() as u64;
        read_bytes += text.len() as u64;
        distinct.add(xxh3_64(text));
    }
    let (different, exact) = distinct.count();
    facts.distinct = Some(different);
    facts.distinct_estimated = looked < count as u64 || !exact;
    facts.text_bytes = Some((bytes as f64 * count as f64 / looked.max(1) as f64) as u64);
    if looked < count as u64 {
        facts.sampled = Some(looked);
    }
}

/// What is gathered of strings.
#[derive(Debug, Default)]
struct Strings {
    count: u64,
    text_bytes: u64,
    /// Bytes of strings that stand for a text that another string has too.
    duplicate_bytes: u64,
    distinct: Distinct,
    /// Bytes that were read since the clock was looked at.
    read_bytes: u64,
    /// Those that were read, with the bytes of their text.
    objects: FxHashMap<Address, u64>,
    texts: FxHashSet<u64>,
}

impl Strings {
    fn add(&mut self, live: Live<'_>, string: Address) {
        const MOST_KEPT: usize = 200_000;
        self.count += 1;
        if let Some(text_bytes) = self.objects.get(&string) {
            self.text_bytes += text_bytes;
            return;
        }
        let facts = live.string(string);
        // SAFETY: a live string has its characters there.
        let characters =
            unsafe { std::slice::from_raw_parts(facts.start as *const u8, facts.bytes() as usize) };
        self.read_bytes += facts.bytes();
        let text_bytes = match (facts.ascii, facts.width) {
            (true, _) => facts.length,
            (false, 1) => {
                facts.length + characters.iter().filter(|&&character| character >= 0x80).count() as u64
            }
            _ => live.text(string, 1 << 20).len() as u64,
        };
        self.text_bytes += text_bytes;
        // Equal texts have the same width, so their bytes are equal.
        let hash = xxh3_64(characters);
        self.distinct.add(hash);
        if self.objects.len() < MOST_KEPT {
            self.objects.insert(string, text_bytes);
            if !self.texts.insert(hash) {
                self.duplicate_bytes += live.string_size(string);
            }
        }
    }

    fn tell(&self, facts: &mut Facts, scale: impl Fn(u64) -> u64, sampled: bool) {
        if self.count == 0 {
            return;
        }
        facts.text_bytes = Some(scale(self.text_bytes));
        let (distinct, exact) = self.distinct.count();
        facts.distinct = Some(distinct);
        facts.distinct_estimated = sampled || !exact;
        facts.duplicate_bytes = Some(scale(self.duplicate_bytes));
    }
}

/// Where a cache of `functools` has its function; read from its fields, as the rest.
///
/// `lru_cache_object` of `Modules/_functoolsmodule.c`, the same from 3.10 to 3.13: the head of a linked list of 56 bytes,
/// then `wrapper`, `typed`, `cache`, `hits`, `func`, `maxsize`, `misses`, a word each.
pub(crate) const CACHED_FUNCTION: usize = 88;

const CACHED_RESULTS: usize = 72;

/// The dict of such a cache; 0 if the object is none.
pub(crate) fn cached_results(live: Live<'_>, object: Address) -> Address {
    if live.c_name(live.type_of(object)) != "functools._lru_cache_wrapper" {
        return 0;
    }
    let dict: Address = live.read(object, CACHED_RESULTS);
    if dict != 0 && live.builtin(live.type_of(dict)) == Some(Builtin::Dict) { dict } else { 0 }
}

/// Entries, bound and use of such a cache.
pub(crate) fn cache(live: Live<'_>, object: Address) -> Option<Cache> {
    const HITS: usize = 80;
    const LIMIT: usize = 96;
    const MISSES: usize = 104;
    let dict = cached_results(live, object);
    if dict == 0 {
        return None;
    }
    let number = |offset: usize| live.read::<i64>(object, offset);
    Some(Cache {
        entries: live.dict_length(dict) as u64,
        limit: u64::try_from(number(LIMIT)).ok(),
        hits: number(HITS).max(0).cast_unsigned(),
        misses: number(MISSES).max(0).cast_unsigned(),
    })
}

impl Account<'_, '_> {
    /// Bytes that the objects of an array of objects keep alive with its places, and those that nothing else does.
    pub(crate) fn bytes_of_elements(&self, array: &Array) -> (u64, u64) {
        let live = self.walk.live;
        let places = array.bytes();
        let Some(step) = array.step_of_one_dimension() else { return (places, 0) };
        let mut seen = FxHashSet::default();
        let (mut bytes, mut own) = (places, places);
        let count = array.length();
        let sample = count.div_ceil(MOST_ELEMENTS).max(1);
        for index in (0..count).step_by(sample) {
            let object: Address = live.read(array.start.wrapping_add_signed(index as isize * step), 0);
            if object != 0 && seen.insert(object) {
                let (all, alone) = self.weighted(object);
                bytes += all;
                own += alone;
            }
        }
        (bytes, own)
    }
}
