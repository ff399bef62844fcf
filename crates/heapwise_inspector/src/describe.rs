//! Says what the walk found: the large holders, their parts, the classes.
//!
//! Invariant: bytes of a holder are those of the graph; what was not looked at is absent.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use heapwise_capture::inspection::{Buffer, Facts, Inspection, Object, Shared};
use heapwise_cpython::objects::{Address, Builtin, Live};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::Allowance;
use crate::arrays::Array;
use crate::arrow::{self, ArrowBuffer, ArrowClass, Column};
use crate::classes::classes;
use crate::clock::thread_time;
use crate::facts;
use crate::kinds::Form;
use crate::ownership::{dominators, retained};
use crate::resources;
use crate::roots::Roots;
use crate::tables;
use crate::walk::Walk;

/// Holders that are told of.
const MOST_HOLDERS: usize = 60;
/// The values of a thing that no name of the user's leads to are looked at for one in so many of the look's time.
const SHARE_OF_UNNAMED: u32 = 16;
/// The time for values is shared by the next few of the user's names that have this share of the largest one's bytes; what
/// one leaves is the others'.
const OF_RANK: u64 = 20;
const MOST_OF_RANK: usize = 4;
/// Parts of each.
pub(crate) const MOST_PARTS: usize = 40;
/// Parts of parts, and so on, so deep.
pub(crate) const DEEPEST: usize = 3;
/// A part of a holder has at least this share of its bytes.
pub(crate) const SMALLEST_SHARE: u64 = 100;
/// Buffers of fewer bytes are not listed.
pub(crate) const SMALLEST_BUFFER: u64 = 16 * 1024;
pub(crate) const MOST_BUFFERS: usize = 32;
/// Blocks of a name that are in none of its parts.
const MOST_BELOW: usize = 128;

/// What is known of the graph.
pub(crate) struct Account<'w, 'a> {
    pub(crate) walk: &'w Walk<'a>,
    pub(crate) sizes: Vec<u64>,
    pub(crate) dominator: Vec<u32>,
    pub(crate) retained: Vec<u64>,
    order: Vec<u32>,
    /// Values are looked at until then.
    until: Cell<Option<Duration>>,
    /// What is known of values by now, by where they start: an object may have several names.
    known: RefCell<FxHashMap<(Address, Vec<u64>), Facts>>,
    pub(crate) reach: RefCell<Reach>,
}

/// What nodes reach, as far as that was asked for.
#[derive(Default)]
pub(crate) struct Reach {
    bytes: FxHashMap<u32, u64>,
    /// By node the turn in which it was reached last.
    turns: Vec<u32>,
    turn: u32,
    stack: Vec<u32>,
    /// Nodes that were met for it.
    pub(crate) met: usize,
}

impl<'w, 'a> Account<'w, 'a> {
    fn new(walk: &'w Walk<'a>, until: Option<Duration>) -> Self {
        let sizes = walk.weighted_sizes();
        // A value without a name, such as a view of an array that a call is given, is no holder of what names hold.
        let named = walk.named();
        let counts = |from: u32, to: u32| {
            named.as_ref().is_none_or(|named| named[from as usize] || !named[to as usize])
        };
        let (dominator, order) = dominators(walk.references(), counts);
        let retained = retained(&sizes, &dominator, &order);
        Self {
            walk,
            sizes,
            dominator,
            retained,
            order,
            until: Cell::new(until),
            known: RefCell::default(),
            reach: RefCell::default(),
        }
    }

    /// Whether a part ends with the whole: nothing but what the whole alone keeps leads to it.
    pub(crate) fn ends_with(&self, part: Address, whole: Address) -> bool {
        let (Some(part), Some(whole)) = (self.walk.node_of(part), self.walk.node_of(whole)) else {
            return false;
        };
        let above = |&node: &u32| self.dominator.get(node as usize).copied();
        std::iter::successors(Some(part), above)
            .take_while(|&node| node != u32::MAX)
            .any(|node| node == whole)
    }

    /// Whether there is time left to look at values.
    pub(crate) fn has_time(&self) -> bool {
        self.until.get().is_none_or(|until| thread_time() < until)
    }

    /// Whether time is limited at all.
    pub(crate) fn has_deadline(&self) -> bool {
        self.until.get().is_some()
    }

    /// Does some work that may take one in so many of the time that is left, however much it would take.
    pub(crate) fn with_share<R>(&self, one_in: usize, work: impl FnOnce() -> R) -> R {
        let until = self.until.get();
        self.until.set(until.map(|until| {
            let now = thread_time();
            now + until.saturating_sub(now) / one_in.max(1) as u32
        }));
        let result = work();
        self.until.set(until);
        result
    }

    /// Bytes that a node keeps alive, itself included.
    fn reached(&self, node: u32) -> u64 {
        let Reach { bytes, turns, turn, stack, met } = &mut *self.reach.borrow_mut();
        if let Some(&known) = bytes.get(&node) {
            return known;
        }
        let references = self.walk.references();
        turns.resize(references.nodes(), 0);
        *turn += 1;
        turns[node as usize] = *turn;
        stack.push(node);
        let mut sum: u64 = 0;
        while let Some(node) = stack.pop() {
            *met += 1;
            sum = sum.saturating_add(self.sizes[node as usize]);
            let fresh = |target: &u32| std::mem::replace(&mut turns[*target as usize], *turn) != *turn;
            stack.extend(references.of(node).iter().copied().filter(fresh));
        }
        bytes.insert(node, sum);
        sum
    }

    /// Bytes that an object keeps alive, and those that nothing else does.
    pub(crate) fn bytes_of(&self, address: Address) -> (u64, u64) {
        self.walk.node_of(address).map_or((0, 0), |node| (self.reached(node), self.retained[node as usize]))
    }

    /// As [`Self::bytes_of`], with what the object stands for where it was sampled, without what it shares.
    pub(crate) fn weighted(&self, address: Address) -> (u64, u64) {
        let Some(node) = self.walk.node_of(address) else { return (0, 0) };
        let retained = self.retained[node as usize];
        // Held through one array only, which is a child of a child of the root or deeper.
        let alone = self.dominator[node as usize] != 0;
        (retained, if alone { retained } else { 0 })
    }

    pub(crate) fn retained_by(&self, address: Address) -> u64 {
        self.walk.node_of(address).map_or(0, |node| self.retained[node as usize])
    }

    /// An object without name and holder.
    pub(crate) fn object(
        &self,
        name: &str,
        address: Address,
        bytes: u64,
        own_bytes: u64,
        depth: usize,
    ) -> Object {
        let live = self.walk.live;
        let mut address = address;
        while live.builtin(live.type_of(address)) == Some(Builtin::Cell) && live.cell_content(address) != 0 {
            address = live.cell_content(address);
        }
        let mut object = Object {
            name: name.to_owned(),
            address: address as u64,
            kind: type_name(self.walk, address),
            bytes,
            own_bytes,
            ..Object::default()
        };
        let Some(node) = self.walk.node_of(address) else { return object };
        let form = self.walk.kinds.get(self.walk.nodes[node as usize].kind).form;
        if tables::describe(self, &mut object, address, depth)
            || self.describe_polars(&mut object, address, depth)
        {
            return object;
        }
        let own = self.walk.nodes[node as usize].size;
        match form {
            Form::Array => self.describe_array(&mut object, address),
            Form::Arrow(class) => self.describe_arrow(&mut object, address, class, depth),
            Form::List => {
                object.length = Some(live.list_items(address).length as u64);
                push_buffer(&mut object, live.list_items(address).address(), live.list_row_size(address));
                self.look_at_elements(&mut object.facts, node, address);
            }
            Form::Tuple => {
                object.length = Some(live.tuple_items(address).length as u64);
                push_buffer(&mut object, address, own);
                self.look_at_elements(&mut object.facts, node, address);
            }
            Form::Dict => {
                object.length = Some(live.dict_length(address) as u64);
                push_buffer(&mut object, live.dict_table(address), live.dict_table_size(address));
                self.look_at_elements(&mut object.facts, node, address);
            }
            Form::Set => {
                object.length = Some(live.set_length(address) as u64);
                push_buffer(&mut object, live.set_table(address), live.set_table_size(address));
                self.look_at_elements(&mut object.facts, node, address);
            }
            Form::String => {
                let text = live.string(address);
                object.length = Some(text.length);
                push_buffer(&mut object, address, own);
            }
            Form::Bytes => {
                object.length = Some(live.size_field(address).max(0).cast_unsigned());
                push_buffer(&mut object, address, own);
            }
            Form::ByteArray => {
                let (start, bytes) = live.byte_array_buffer(address);
                object.length = Some(live.size_field(address).max(0).cast_unsigned());
                push_buffer(&mut object, start, bytes);
            }
            Form::Foreign => {
                if own >= SMALLEST_BUFFER {
                    push_buffer(&mut object, address, own);
                }
                object.facts.cache = facts::cache(live, address);
            }
            _ => {}
        }
        if depth < DEEPEST && !matches!(form, Form::Arrow(_)) {
            object.parts = self.parts(name, address, form, bytes, depth);
        }
        object
    }

    fn look_at_elements(&self, facts: &mut Facts, node: u32, address: Address) {
        let place = (address, Vec::new());
        if let Some(known) = self.known.borrow().get(&place) {
            facts.clone_from(known);
            return;
        }
        facts::elements(self, facts, node);
        self.known.borrow_mut().insert(place, facts.clone());
    }

    fn look_at_column(&self, facts: &mut Facts, column: &Column) {
        facts.missing = column.nulls;
        let Some(texts) = column.texts.first() else { return };
        let place = (texts.offsets, vec![column.length]);
        if let Some(known) = self.known.borrow().get(&place) {
            facts.clone_from(known);
            return;
        }
        facts::texts(self, facts, column);
        if facts.distinct.is_some() {
            self.known.borrow_mut().insert(place, facts.clone());
        }
    }

    fn describe_array(&self, object: &mut Object, address: Address) {
        let live = self.walk.live;
        let array = Array::read(live, address);
        object.dtype = Some(array.type_name());
        object.shape.clone_from(&array.shape);
        let owner = self.owner(&array);
        if owner.address == address {
            push_buffer(object, array.start, array.bytes());
        } else {
            push_buffer(object, owner.start, owner.bytes());
            object.facts.view_of = Some(Buffer { address: owner.start as u64, bytes: owner.bytes() });
        }
        object.facts.mapped_file = self.is_mapped_file(&array);
        let place = (
            array.start,
            array.shape.iter().copied().chain(array.strides.iter().map(|it| it.cast_unsigned())).collect(),
        );
        if let Some(facts) = self.known.borrow().get(&place) {
            let view_of = object.facts.view_of;
            object.facts = Facts { view_of, ..facts.clone() };
            return;
        }
        facts::array(self, &mut object.facts, &array);
        self.known.borrow_mut().insert(place, object.facts.clone());
    }

    /// What pyarrow made: its columns with their buffers.
    fn describe_arrow(&self, object: &mut Object, address: Address, class: ArrowClass, depth: usize) {
        let Some(columns) = arrow::columns(self.walk.live, address, class) else { return };
        match class {
            ArrowClass::Table | ArrowClass::RecordBatch => {
                self.describe_columns(object, &columns, "pyarrow.ChunkedArray", depth);
            }
            ArrowClass::Array | ArrowClass::ChunkedArray | ArrowClass::Buffer => {
                self.describe_only_column(object, &columns);
            }
        }
    }

    /// A frame or series of Polars that was asked for its columns; false if the object is none.
    fn describe_polars(&self, object: &mut Object, address: Address, depth: usize) -> bool {
        let inner = match object.kind.as_str() {
            "polars.DataFrame" => "_df",
            "polars.Series" => "_s",
            _ => return false,
        };
        let attributes = self.walk.live.attributes(address, 200);
        let inside = attributes.iter().find(|attribute| attribute.name == inner);
        let Some(columns) = inside.and_then(|inside| self.walk.polars.columns(inside.value)) else {
            return false;
        };
        if inner == "_df" {
            self.describe_columns(object, columns, "polars.Series", depth);
        } else {
            self.describe_only_column(object, columns);
        }
        true
    }

    /// A table as its columns, each of which is of this kind.
    fn describe_columns(&self, table: &mut Object, columns: &[Column], kind: &str, depth: usize) {
        table.shape = vec![columns.first().map_or(0, |column| column.length), columns.len() as u64];
        for (index, column) in columns.iter().enumerate() {
            let (bytes, own_bytes) = self.bytes_of_buffers(&column.buffers);
            let label = match &column.name {
                Some(name) => format!("[{}]", quoted(name)),
                None => format!(".column({index})"),
            };
            let mut part = Object {
                name: format!("{}{label}", table.name),
                kind: kind.into(),
                dtype: (!column.type_name.is_empty()).then(|| column.type_name.to_owned()),
                length: Some(column.length),
                bytes,
                own_bytes,
                ..Object::default()
            };
            push_buffers(&mut part, &column.buffers);
            if depth < DEEPEST && bytes >= table.bytes / SMALLEST_SHARE {
                self.look_at_column(&mut part.facts, column);
                table.parts.push(part);
            }
        }
        table.parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
        table.parts.truncate(MOST_PARTS);
        push_buffers_of(table, columns);
    }

    /// What is one column by itself.
    fn describe_only_column(&self, object: &mut Object, columns: &[Column]) {
        object.length = Some(columns.first().map_or(0, |column| column.length));
        if let Some(column) = columns.first() {
            object.dtype = (!column.type_name.is_empty()).then(|| column.type_name.to_owned());
            self.look_at_column(&mut object.facts, column);
        }
        push_buffers_of(object, columns);
    }

    /// Bytes of buffers, each once, and of those that nothing else refers to.
    fn bytes_of_buffers(&self, buffers: &[ArrowBuffer]) -> (u64, u64) {
        let nodes: FxHashSet<u32> =
            buffers.iter().filter_map(|buffer| self.walk.node_of_memory(buffer.address)).collect();
        let bytes = nodes.iter().map(|&node| self.sizes[node as usize]).sum();
        let alone = nodes.iter().filter(|&&node| self.dominator[node as usize] != 0);
        (bytes, alone.map(|&node| self.sizes[node as usize]).sum())
    }

    /// The array at the end of the chain of bases, or the array itself.
    pub(crate) fn owner(&self, array: &Array) -> Array {
        let live = self.walk.live;
        let mut owner = array.clone();
        for _ in 0..100 {
            let base = owner.base;
            let is_array = base != 0
                && self.walk.node_of(base).is_some_and(|node| {
                    self.walk.kinds.get(self.walk.nodes[node as usize].kind).form == Form::Array
                });
            if !is_array {
                break;
            }
            owner = Array::read(live, base);
        }
        owner
    }

    fn is_mapped_file(&self, array: &Array) -> bool {
        let owner = self.owner(array);
        owner.base != 0 && self.walk.live.c_name(self.walk.live.type_of(owner.base)) == "mmap.mmap"
    }
}

pub(crate) fn push_buffer(object: &mut Object, address: Address, bytes: u64) {
    if bytes >= SMALLEST_BUFFER && address != 0 && object.buffers.len() < MOST_BUFFERS {
        object.buffers.push(Buffer { address: address as u64, bytes });
    }
}

fn push_buffers(object: &mut Object, buffers: &[ArrowBuffer]) {
    for buffer in buffers {
        push_buffer(object, buffer.address, buffer.bytes);
    }
}

/// Adds the buffers of all columns, the largest first.
fn push_buffers_of(object: &mut Object, columns: &[Column]) {
    let mut buffers: Vec<ArrowBuffer> = columns.iter().flat_map(|column| column.buffers.clone()).collect();
    buffers.sort_by_key(|buffer| std::cmp::Reverse(buffer.bytes));
    push_buffers(object, &buffers);
}

/// Text as one would write it in Python.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n"))
}

/// A key as one would write it.
pub(crate) fn key_text(walk: &Walk<'_>, key: Address) -> String {
    let live = walk.live;
    match live.builtin(live.type_of(key)) {
        Some(Builtin::String) => quoted(&live.text(key, 60)),
        Some(Builtin::Integer) => live.integer(key).map_or_else(|| "...".into(), |value| value.to_string()),
        Some(Builtin::Constant) if key == live.none() => "None".into(),
        Some(Builtin::Tuple) => {
            let items = live.tuple_items(key);
            let texts: Vec<String> = (0..items.length.min(4))
                .map(|index| match live.item(items, index) {
                    item if item == key || item == 0 => "...".into(),
                    item if live.builtin(live.type_of(item)) == Some(Builtin::Tuple) => "(...)".into(),
                    item => key_text(walk, item),
                })
                .collect();
            format!("({}{})", texts.join(", "), if items.length > 4 { ", ..." } else { "" })
        }
        _ => format!("<{}>", type_name(walk, key)),
    }
}

/// A type with its module, as a person would say it.
pub(crate) fn type_name(walk: &Walk<'_>, address: Address) -> String {
    let (module, name) = walk.live.type_name(walk.live.type_of(address));
    // Where the class is imported from, not where it happens to be written.
    let module = match module.split('.').next() {
        Some(top @ ("pandas" | "polars" | "pyarrow")) => top,
        _ if module == "_io" => "io",
        _ if module == "__main__" => "",
        _ => &module,
    };
    if module.is_empty() { name } else { format!("{module}.{name}") }
}

/// All of a look.
pub(crate) fn describe(walk: &Walk<'_>, roots: &Roots, allowance: Allowance, until: Duration) -> Inspection {
    let account = Account::new(walk, Some(until));
    let mut inspection = Inspection { complete: walk.complete, ..Inspection::default() };
    let regions = Regions::of(&account);
    let mut held: Vec<(usize, u64, Vec<u32>)> = Vec::new();
    for index in 0..roots.names.len() {
        let heads = regions.reached_from(index as u32 + 1);
        let bytes: u64 = heads.iter().map(|&head| account.retained[head as usize]).sum();
        if bytes >= allowance.smallest {
            held.push((index, bytes, heads));
        }
    }
    held.sort_by_key(|entry| (std::cmp::Reverse(entry.1), entry.0));
    held.truncate(MOST_HOLDERS);
    // Names of the user's come first: there is little time for the values of what is still being made.
    let of_user = |index: usize| roots.names[index].holder.is_users();
    held.sort_by_key(|&(index, _, _)| !of_user(index));
    let blocks = regions.blocks(&account);
    let mut shared = shared(&account, &held);
    // However long all this took, something is left for the values of what is largest.
    let until = until.max(thread_time() + allowance.time / 3);
    for (place, (index, bytes, _)) in held.iter().enumerate() {
        let name = &roots.names[*index];
        let own = account.retained[index + 1];
        let with_values = if of_user(*index) {
            account.until.set(Some(until));
            let of_rank =
                |&&(index, of_other, _): &&(usize, u64, _)| of_user(index) && of_other >= bytes / OF_RANK;
            held[place..].iter().take(MOST_OF_RANK).filter(of_rank).count()
        } else {
            account.until.set(Some(until.min(thread_time() + allowance.time / SHARE_OF_UNNAMED)));
            1
        };
        let object = || account.object(&name.text, name.object, *bytes, own, 0);
        let mut object = account.with_share(with_values, object);
        object.holder = Some(name.holder.clone());
        // What is in none of its parts is told by its largest blocks.
        let mut known: FxHashSet<u64> = FxHashSet::default();
        gather_buffers(&object, &mut known);
        let mut below: Vec<Buffer> =
            held[place].2.iter().filter_map(|head| blocks.get(head)).flatten().copied().collect();
        below.retain(|buffer| !known.contains(&buffer.address));
        below.sort_by_key(|buffer| (std::cmp::Reverse(buffer.bytes), buffer.address));
        below.truncate(MOST_BELOW);
        object.buffers.extend(below);
        let with = std::mem::take(&mut shared[place]);
        object.shared_with = with
            .into_iter()
            .map(|(other, bytes)| Shared { name: roots.names[held[other].0].text.clone(), bytes })
            .collect();
        inspection.objects.push(object);
    }
    account.until.set(Some(until));
    inspection.classes = classes(&account);
    inspection.resources = resources::find(&account, roots);
    inspection
}

/// For each holder the others that share bytes with it, the largest first.
fn shared(account: &Account<'_, '_>, held: &[(usize, u64, Vec<u32>)]) -> Vec<Vec<(usize, u64)>> {
    let mut by_head: FxHashMap<u32, Vec<usize>> = FxHashMap::default();
    for (place, (_, _, heads)) in held.iter().enumerate() {
        for &head in heads {
            by_head.entry(head).or_default().push(place);
        }
    }
    let mut sums: FxHashMap<(usize, usize), u64> = FxHashMap::default();
    for (head, places) in by_head {
        let bytes = account.retained[head as usize];
        for &one in &places {
            for &other in places.iter().filter(|&&other| other != one) {
                *sums.entry((one, other)).or_default() += bytes;
            }
        }
    }
    let mut shared = vec![Vec::new(); held.len()];
    for ((one, other), bytes) in sums {
        if bytes > 0 {
            shared[one].push((other, bytes));
        }
    }
    for with in &mut shared {
        with.sort_by_key(|&(other, bytes)| (std::cmp::Reverse(bytes), other));
        with.truncate(Shared::MOST);
    }
    shared
}

/// Adds the addresses of the buffers of an object and its parts.
fn gather_buffers(object: &Object, addresses: &mut FxHashSet<u64>) {
    addresses.extend(object.buffers.iter().map(|buffer| buffer.address));
    for part in &object.parts {
        gather_buffers(part, addresses);
    }
}

/// The graph of what no single name keeps alive: each name with all that it alone keeps is one region, and each
/// shared object with all that only it keeps another.
struct Regions {
    ways: FxHashMap<u32, Vec<u32>>,
    /// By node the first node of its region.
    head: Vec<u32>,
}

impl Regions {
    fn of(account: &Account<'_, '_>) -> Self {
        let mut head = vec![u32::MAX; account.dominator.len()];
        for &node in &account.order {
            let above = account.dominator[node as usize];
            head[node as usize] = match above {
                u32::MAX | 0 => node,
                _ => head[above as usize],
            };
        }
        let references = account.walk.references();
        // Many references may lead to the same few objects.
        let mut pairs: FxHashSet<(u32, u32)> = FxHashSet::default();
        for &node in &account.order[1..] {
            let from = head[node as usize];
            pairs.extend(
                references
                    .of(node)
                    .iter()
                    .map(|&target| (from, head[target as usize]))
                    .filter(|p| p.0 != p.1),
            );
        }
        let mut pairs: Vec<(u32, u32)> = pairs.into_iter().collect();
        pairs.sort_unstable();
        let mut ways: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for (from, to) in pairs {
            ways.entry(from).or_default().push(to);
        }
        Self { ways, head }
    }

    /// The large blocks of each region, by its head.
    fn blocks(&self, account: &Account<'_, '_>) -> FxHashMap<u32, Vec<Buffer>> {
        let walk = account.walk;
        let mut blocks: FxHashMap<u32, Vec<Buffer>> = FxHashMap::default();
        for (number, node) in walk.nodes.iter().enumerate() {
            let head = self.head[number];
            if node.address == 0 || node.size < SMALLEST_BUFFER || head == u32::MAX {
                continue;
            }
            let form = walk.kinds.get(node.kind).form;
            blocks.entry(head).or_default().extend(block(walk.live, form, node.address, node.size));
        }
        blocks
    }

    fn reached_from(&self, name: u32) -> Vec<u32> {
        let mut seen = FxHashSet::default();
        let mut found = vec![name];
        seen.insert(name);
        let mut next = 0;
        while next < found.len() {
            if let Some(ways) = self.ways.get(&found[next]) {
                found.extend(ways.iter().copied().filter(|&to| seen.insert(to)));
            }
            next += 1;
        }
        found
    }
}

/// One object and its parts, exactly; with the namespace, if the object is a module or class. Names of parts are what
/// is written behind the name of the object.
pub(crate) fn explain(walk: &Walk<'_>, address: Address, namespace: Address) -> Object {
    let account = Account::new(walk, None);
    let bytes = walk.nodes.iter().map(|node| node.size).sum();
    let mut object = account.object("", address, bytes, bytes, 0);
    if namespace != 0 {
        object.parts = account.parts("", namespace, Form::Dict, bytes, 0);
    }
    object
}

/// The large block of an object, if it has one.
pub(crate) fn block(live: Live<'_>, form: Form, address: Address, own: u64) -> Option<Buffer> {
    let (start, bytes) = match form {
        Form::Array => {
            let array = Array::read(live, address);
            (array.start, if array.owns { array.bytes() } else { 0 })
        }
        Form::List => (live.list_items(address).address(), live.list_row_size(address)),
        Form::Dict => (live.dict_table(address), live.dict_table_size(address)),
        Form::Set => (live.set_table(address), live.set_table_size(address)),
        Form::ByteArray => live.byte_array_buffer(address),
        _ => (address, own),
    };
    (start != 0 && bytes >= SMALLEST_BUFFER).then_some(Buffer { address: start as u64, bytes })
}
