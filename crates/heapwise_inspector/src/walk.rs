//! The walk: from roots through everything that they keep alive, in breadth, each object once.
//!
//! Nodes are numbered as they are met. Arrays and tables come first, with their objects when all of them are known, then
//! what is near; what large containers hold is walked into last, a few elements of each in turn and from all over it, so
//! that what was seen when the time ends stands for the rest. Node 0 is the root of all, then come the names. Invariants: nothing is recursive, whatever the depth; a look that has a limit keeps to it, and says when
//! it saw only a part.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::time::Duration;

use heapwise_cpython::objects::{Address, Live};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::addresses::{Addresses, LEFT_OUT, NEW};
use crate::arrays::Array;
use crate::arrow::{self, ArrowBuffer};
use crate::clock::{Deadline, thread_time};
use crate::kinds::{Form, Kinds, own_size};
use crate::ownership::References;
use crate::polars::PolarsColumns;
use crate::samples::Places;

/// How much may be looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// Objects, about; containers are sampled so that it is kept.
    pub(crate) nodes: usize,
    /// When to stop in any case, by [`crate::thread_time`].
    pub(crate) until: Option<Duration>,
}

impl Limit {
    /// Everything.
    pub(crate) const NONE: Self = Self { nodes: u32::MAX as usize, until: None };
}

/// Looked at in any container, however full the walk is.
const FEWEST: usize = 32;
/// All of a container of no more elements is looked at, as long as there is room.
const ALL_OF: usize = 1024;
/// A container of more elements is a large one: what it holds comes after everything near.
const MANY: usize = 256;
/// Elements of a large container that are walked into before it is another one's turn.
const TURN: usize = 8;
/// So many elements of a large one are met, however little time there is; and so many between two looks at the clock.
const MET_OF_MANY: usize = 256;
const MET_AT_ONCE: usize = 64;
/// Of a container of no more elements all are met, however little time there is: a sample of it would cost more in truth
/// than it saves in time.
const MET_WHOLLY: usize = 2048;
/// Memory that several may own is known by its address from this size on, bytes.
const SMALLEST_KNOWN: u64 = 4096;

/// A node: an object, or with address 0 a name or a buffer that is no object's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) address: Address,
    pub(crate) kind: u32,
    /// Bytes of its own; [`UNKNOWN`] until it is walked into.
    pub(crate) size: u64,
}

const UNKNOWN: u64 = u64::MAX;
const NO_KIND: u32 = u32::MAX;

/// The elements of a large container that are still to be walked into, as places among the targets.
#[derive(Debug, Clone, Copy)]
struct Run {
    owner: u32,
    next: u32,
    end: u32,
    /// Elements that were walked into in this turn.
    taken: usize,
}

/// A walk.
pub(crate) struct Walk<'a> {
    pub(crate) live: Live<'a>,
    pub(crate) kinds: Kinds,
    pub(crate) nodes: Vec<Node>,
    numbers: Addresses,
    /// Rows of targets: see [`References`].
    rows: Vec<(u32, u32)>,
    /// Where the row that is being written starts.
    row_start: u32,
    /// To be walked into: tables and arrays, the last one met first; the large arrays of objects among them; what is near;
    /// and what large containers hold. So of a look that is cut short the arrays behind a few attributes are not lost
    /// behind a million elements.
    tables: Vec<u32>,
    objects_of_tables: VecDeque<u32>,
    near: VecDeque<u32>,
    far: VecDeque<Run>,
    /// What is met now is an element of a large container.
    among_many: bool,
    /// What is met now is part of a table.
    of_table: bool,
    targets: Vec<u32>,
    /// By address: memory that an array owns or that is a node of its own, so that each counts once.
    memory: FxHashMap<Address, u32>,
    /// Objects that belong to the interpreter or are roots themselves, and are not walked into.
    borders: &'a FxHashSet<Address>,
    /// Frames and series of Polars whose columns are known.
    pub(crate) polars: &'a PolarsColumns,
    limit: Limit,
    /// How many elements stand for each one looked at, for containers that were sampled.
    sampled: FxHashMap<u32, f64>,
    pub(crate) complete: bool,
    /// Values without a name that have not been met yet: the node that stands for each, and its address.
    unnamed: Vec<(u32, Address)>,
    /// The nodes that stand for values without a name.
    unnamed_roots: Range<u32>,
    /// Walked into though it may belong to the interpreter; 0 for none.
    asked_for: Address,
    /// Where only the sum of all bytes is wanted: those of objects that are no nodes. They refer to nothing, and nothing
    /// but what they were met through refers to them, so they are met once and nobody asks for them again.
    loose_bytes: Option<u64>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(
        live: Live<'a>,
        borders: &'a FxHashSet<Address>,
        polars: &'a PolarsColumns,
        limit: Limit,
    ) -> Self {
        Self {
            live,
            kinds: Kinds::default(),
            nodes: Vec::new(),
            numbers: Addresses::default(),
            rows: Vec::new(),
            row_start: 0,
            tables: Vec::new(),
            objects_of_tables: VecDeque::new(),
            near: VecDeque::new(),
            far: VecDeque::new(),
            among_many: false,
            of_table: false,
            targets: Vec::new(),
            memory: FxHashMap::default(),
            borders,
            polars,
            limit,
            sampled: FxHashMap::default(),
            complete: true,
            unnamed: Vec::new(),
            unnamed_roots: 0..0,
            asked_for: 0,
            loose_bytes: None,
        }
    }

    /// Puts down the root and the names, each with the object that it stands for, and walks from there. Of the names, those
    /// from `unnamed` on are values without one: they count only where no name leads to them.
    pub(crate) fn walk_from(&mut self, names: &[Address], unnamed: usize) {
        let name = Node { address: 0, kind: NO_KIND, size: 0 };
        self.nodes.resize(names.len() + 1, name);
        self.rows.resize(names.len() + 1, (0, 0));
        self.targets.extend(1..=names.len() as u32);
        self.unnamed_roots = unnamed as u32 + 1..names.len() as u32 + 1;
        self.end_row(0);
        for (number, &address) in (1..).zip(names) {
            if number as usize > unnamed {
                self.unnamed.push((number, address));
                continue;
            }
            self.meet(address);
            self.end_row(number);
        }
        self.run();
    }

    /// Once all near names are known: the values that none of them leads to.
    fn meet_unnamed(&mut self) {
        for (number, address) in std::mem::take(&mut self.unnamed) {
            if self.numbers.get(address).is_none() {
                self.meet(address);
                self.end_row(number);
            }
        }
    }

    /// Walks from one object, which counts even if it never ends or is the namespace of a module.
    pub(crate) fn walk_exactly(&mut self, object: Address) {
        self.asked_for = object;
        self.walk_from(&[object], 1);
    }

    /// Walks from one object; the bytes of all that was reached. Not all of that are nodes.
    pub(crate) fn add_up(&mut self, object: Address) -> u64 {
        self.loose_bytes = Some(0);
        self.walk_exactly(object);
        self.loose_bytes.unwrap_or_default() + self.nodes.iter().map(|node| node.size).sum::<u64>()
    }

    /// The frames and series of Polars that were met.
    pub(crate) fn polars_met(&self) -> Vec<Address> {
        let is_frame = |kind: u32| kind != NO_KIND && self.kinds.get(kind).form == Form::Polars;
        self.nodes.iter().filter(|node| is_frame(node.kind)).map(|node| node.address).collect()
    }

    /// Whether objects of this type are counted and walked into at all.
    pub(crate) fn counts(live: Live<'_>, object: Address) -> bool {
        let mut kinds = Kinds::default();
        let kind = kinds.number(live, live.type_of(object));
        kinds.get(kind).form != Form::Opaque
    }

    /// Bytes that end with an object: of it and of what nothing refers to but what ends with it.
    pub(crate) fn own_bytes(&self, object: Address) -> u64 {
        let stays = self.staying(|address| address == object);
        self.nodes.iter().zip(&stays).filter(|&(_, &stays)| !stays).map(|(node, _)| node.size).sum()
    }

    /// For each node whether it stays when certain objects end. An object with more references than the walk has met is
    /// held by others too, with all that it refers to.
    pub(crate) fn staying(&self, ends: impl Fn(Address) -> bool) -> Vec<bool> {
        let references = self.references();
        let mut met = vec![0u64; self.nodes.len()];
        for (number, node) in self.nodes.iter().enumerate() {
            // A name of the walk's own is no reference.
            if node.address != 0 {
                for &target in references.of(number as u32) {
                    met[target as usize] += 1;
                }
            }
        }
        let mut stays: Vec<bool> = self
            .nodes
            .iter()
            .zip(&met)
            .map(|(node, &met)| {
                let met = met + self.polars.references(node.address);
                node.address != 0 && !ends(node.address) && self.live.references(node.address) > met
            })
            .collect();
        let mut stack: Vec<u32> = (0..self.nodes.len() as u32).filter(|&node| stays[node as usize]).collect();
        while let Some(node) = stack.pop() {
            for &target in references.of(node) {
                // What ends is taken to end, though those who stay may refer to it.
                let ends = ends(self.nodes[target as usize].address);
                if !ends && !std::mem::replace(&mut stays[target as usize], true) {
                    stack.push(target);
                }
            }
        }
        stays
    }

    pub(crate) fn references(&self) -> References<'_> {
        References { rows: &self.rows, targets: &self.targets }
    }

    /// For each node whether names lead to it, and not values without one alone; `None` if all are reached so.
    pub(crate) fn named(&self) -> Option<Vec<bool>> {
        let references = self.references();
        if self.unnamed_roots.clone().all(|number| references.of(number).is_empty()) {
            return None;
        }
        let mut named = vec![false; self.nodes.len()];
        named[0] = true;
        let mut stack = vec![0u32];
        while let Some(node) = stack.pop() {
            let targets = references.of(node).iter().filter(|target| !self.unnamed_roots.contains(target));
            stack.extend(targets.filter(|&&target| !std::mem::replace(&mut named[target as usize], true)));
        }
        Some(named)
    }

    /// The node of an object.
    pub(crate) fn node_of(&self, address: Address) -> Option<u32> {
        self.numbers.get(address)
    }

    /// Whether what a node refers to is known: the time may have ended before.
    pub(crate) fn was_walked(&self, node: u32) -> bool {
        // The row of the root comes first, so that no other starts there.
        self.rows[node as usize] != (0, 0)
    }

    /// Whether a node refers to nothing by its type.
    pub(crate) fn is_leaf(&self, node: u32) -> bool {
        let node = self.nodes[node as usize];
        node.address == 0 || self.kinds.get(node.kind).is_leaf()
    }

    /// For how many elements each one of a container stands that the walk has met.
    pub(crate) fn stands_for(&self, node: u32) -> f64 {
        self.sampled.get(&node).copied().unwrap_or(1.0)
    }

    /// What was met since the last row ended are the targets of this node.
    fn end_row(&mut self, number: u32) {
        let end = self.targets.len() as u32;
        self.rows[number as usize] = (self.row_start, end);
        self.row_start = end;
    }

    fn run(&mut self) {
        let mut deadline = Deadline::at(self.limit.until.unwrap_or(Duration::MAX));
        while let Some(number) = self.next() {
            if self.nodes[number as usize].size != UNKNOWN {
                continue;
            }
            let met = self.walk_into(number);
            // Of a list some elements are to be walked into, however long it took to meet them.
            if !deadline.allows(if self.of_table { met + 1 } else { 1 }) {
                self.meet_unnamed();
                break;
            }
        }
        self.cut_short();
    }

    /// Notes what a node refers to; returns how many references that are.
    fn walk_into(&mut self, number: u32) -> u32 {
        self.expand(number);
        let start = self.row_start;
        let end = self.targets.len() as u32;
        self.end_row(number);
        if std::mem::take(&mut self.among_many) {
            self.far.push_back(Run { owner: number, next: start, end, taken: 0 });
        }
        end - start
    }

    /// The node to walk into next.
    fn next(&mut self) -> Option<u32> {
        while let Some(number) = self.tables.pop() {
            if !self.has_many_objects(number) {
                return Some(number);
            }
            self.objects_of_tables.push_back(number);
        }
        if let Some(number) = self.objects_of_tables.pop_front() {
            return Some(number);
        }
        if self.near.is_empty() && !self.unnamed.is_empty() {
            self.meet_unnamed();
            return self.next();
        }
        if let Some(number) = self.near.pop_front() {
            return Some(number);
        }
        while let Some(run) = self.far.front_mut() {
            if run.taken == TURN {
                run.taken = 0;
                self.far.rotate_left(1);
                continue;
            }
            let rest = &self.targets[run.next as usize..run.end as usize];
            let unknown = rest.iter().position(|&target| self.nodes[target as usize].size == UNKNOWN);
            if let Some(place) = unknown {
                run.next += place as u32 + 1;
                run.taken += 1;
                return Some(rest[place]);
            }
            self.far.pop_front();
        }
        None
    }

    /// Whether a node is an array of more objects than are met at once.
    fn has_many_objects(&self, number: u32) -> bool {
        let node = self.nodes[number as usize];
        node.address != 0 && self.kinds.get(node.kind).form == Form::Array && {
            let array = Array::read(self.live, node.address);
            array.is_object() && array.length() > MANY
        }
    }

    /// Where the time ended among the elements of a container, those that were walked into stand for all of them. Of the
    /// arrays of objects that there was no time for, a few elements do. What else was met and not walked into counts by
    /// itself.
    fn cut_short(&mut self) {
        let all = self.tables.is_empty()
            && self.objects_of_tables.is_empty()
            && self.near.is_empty()
            && self.far.is_empty();
        self.complete &= all;
        self.tables.clear();
        self.near.clear();
        self.limit.nodes = 0;
        for number in std::mem::take(&mut self.objects_of_tables) {
            if self.nodes[number as usize].size == UNKNOWN {
                self.walk_into(number);
            }
        }
        for run in std::mem::take(&mut self.far) {
            let (start, end) = self.rows[run.owner as usize];
            let done = (run.next - start) as usize;
            if done >= FEWEST && run.end == end {
                self.rows[run.owner as usize].1 = run.next;
                let share = f64::from(end - start) / f64::from(run.next - start);
                *self.sampled.entry(run.owner).or_insert(1.0) *= share;
            }
        }
        if all {
            return;
        }
        for &(start, end) in &self.rows {
            for &target in &self.targets[start as usize..end as usize] {
                let node = self.nodes[target as usize];
                if node.size == UNKNOWN {
                    self.nodes[target as usize].size =
                        own_size(self.live, node.address, self.kinds.get(node.kind));
                }
            }
        }
        for node in &mut self.nodes {
            if node.size == UNKNOWN {
                node.size = 0;
            }
        }
    }

    /// Notes a reference to an object, from the node whose row is being written.
    #[inline]
    fn meet(&mut self, address: Address) {
        if address == 0 || self.loose_bytes.is_some() && self.is_loose(address) {
            return;
        }
        let entry = self.numbers.number(address);
        match *entry {
            NEW => {}
            LEFT_OUT => return,
            known => {
                self.targets.push(known);
                return;
            }
        }
        let live = self.live;
        let kind = self.kinds.number(live, live.type_of(address));
        let known = self.kinds.get(kind);
        let asked_for = address == self.asked_for;
        if known.form == Form::Opaque
            || !asked_for && (live.is_immortal(address) || self.borders.contains(&address))
        {
            *entry = LEFT_OUT;
            return;
        }
        let number = self.nodes.len() as u32;
        // What refers to nothing is known at once.
        let size = if known.is_leaf() { own_size(live, address, known) } else { UNKNOWN };
        *entry = number;
        self.nodes.push(Node { address, kind, size });
        self.rows.push((0, 0));
        if size == UNKNOWN && !self.among_many {
            // Arrays and tables lead to memory at once, and that is what the names are looked at for. An array that Arrow
            // keeps too comes before it, since Arrow's reference to the array is met only where the memory is the array's.
            let is_arrow = matches!(known.form, Form::Arrow(_));
            if !is_arrow && (known.is_of_table || self.of_table) {
                self.tables.push(number);
            } else {
                self.near.push_back(number);
            }
        }
        self.targets.push(number);
    }

    /// Whether an object needs no node where the sum is enough; its bytes are added then.
    #[inline]
    fn is_loose(&mut self, address: Address) -> bool {
        let live = self.live;
        if live.references(address) != 1 || address == self.asked_for {
            return false;
        }
        let kind = self.kinds.number(live, live.type_of(address));
        let kind = self.kinds.get(kind);
        let is_loose = kind.is_leaf();
        if is_loose && let Some(bytes) = &mut self.loose_bytes {
            *bytes += own_size(live, address, kind);
        }
        is_loose
    }

    /// Notes a reference to memory that is no object.
    fn meet_buffer(&mut self, buffer: ArrowBuffer) {
        if let Some(&number) = self.memory.get(&buffer.address) {
            self.targets.push(number);
            return;
        }
        let number = self.nodes.len() as u32;
        self.nodes.push(Node { address: 0, kind: NO_KIND, size: buffer.bytes });
        self.rows.push((0, 0));
        self.memory.insert(buffer.address, number);
        self.targets.push(number);
    }

    /// The node of memory that is no object, and of its bytes.
    pub(crate) fn node_of_memory(&self, address: Address) -> Option<u32> {
        self.memory.get(&address).copied()
    }

    fn expand(&mut self, number: u32) {
        let node = self.nodes[number as usize];
        if node.address == 0 {
            return;
        }
        let live = self.live;
        let address = node.address;
        let kind = self.kinds.get(node.kind);
        let (form, traverse) = (kind.form, kind.fields.traverse);
        let attributes = kind.has_attributes && !form.is_foreign();
        self.of_table = kind.is_of_table;
        self.nodes[number as usize].size = own_size(live, address, kind);
        match form {
            Form::Opaque
            | Form::Integer
            | Form::String
            | Form::Bytes
            | Form::ByteArray
            | Form::Leaf
            | Form::Instance => {}
            Form::List | Form::Tuple => {
                let items =
                    if form == Form::List { live.list_items(address) } else { live.tuple_items(address) };
                self.meet_elements(number, items.length, items.length, |walk, index| {
                    walk.meet(live.item(items, index));
                    true
                });
            }
            Form::Dict => self.expand_dict(number, address),
            Form::Set => {
                self.meet_elements(
                    number,
                    live.set_places(address),
                    live.set_length(address),
                    |walk, place| {
                        let entry = live.set_entry(address, place);
                        entry.inspect(|entry| walk.meet(entry.0)).is_some()
                    },
                );
            }
            Form::Function => {
                for part in live.function_parts(address) {
                    self.meet(part);
                }
            }
            Form::Cell => self.meet(live.cell_content(address)),
            Form::Array => self.expand_array(number, address),
            Form::ForeignDict => self.expand_foreign_dict(number, address, traverse),
            Form::Arrow(class) => {
                self.expand_foreign(address, traverse);
                for column in arrow::columns(live, address, class).unwrap_or_default() {
                    for buffer in column.buffers {
                        self.meet_buffer(buffer);
                    }
                }
            }
            Form::Polars => {
                for column in self.polars.columns(address).unwrap_or_default() {
                    for &buffer in &column.buffers {
                        self.meet_buffer(buffer);
                    }
                }
            }
            Form::Generator | Form::Foreign => {
                // An object that is only being made is not known to the collector yet.
                if !self.kinds.get(node.kind).fields.is_collected || live.is_tracked(address) {
                    self.expand_foreign(address, traverse);
                }
            }
        }
        if attributes {
            let among_many = std::mem::take(&mut self.among_many);
            self.expand_attributes(address, node.kind);
            self.among_many = among_many;
        }
    }

    fn expand_dict(&mut self, number: u32, address: Address) {
        let live = self.live;
        if let Some(entries) = live.dict_entries(address) {
            self.meet_elements(number, entries.length, live.dict_length(address), |walk, place| {
                let entry = live.entry(entries, place);
                if let Some((key, value)) = entry {
                    walk.meet(key);
                    walk.meet(value);
                }
                entry.is_some()
            });
            return;
        }
        // Keys of instances of a class are the class's.
        let mut position = 0;
        while let Some((_, value, next)) = live.dict_next(address, position) {
            self.meet(value);
            position = next;
        }
    }

    fn expand_array(&mut self, number: u32, address: Address) {
        let array = Array::read(self.live, address);
        self.meet(array.base);
        if array.base != 0 || !array.owns {
            return;
        }
        if array.bytes() >= SMALLEST_KNOWN {
            match self.memory.entry(array.start) {
                Entry::Occupied(known) => {
                    // Arrow has it too.
                    let node = *known.get();
                    self.targets.push(node);
                    self.nodes[number as usize].size -= array.bytes();
                }
                Entry::Vacant(entry) => {
                    entry.insert(number);
                }
            }
        }
        if array.is_object() {
            let live = self.live;
            self.meet_elements(number, array.length(), array.length(), |walk, index| {
                walk.meet(live.read(array.start, index * 8));
                true
            });
        } else if array.letter == b'V' {
            let offsets = array.object_fields(self.live);
            if offsets.is_empty() {
                return;
            }
            let live = self.live;
            self.meet_elements(number, array.length(), array.length(), |walk, index| {
                for offset in &offsets {
                    walk.meet(live.read(array.start, index * array.item_size as usize + offset));
                }
                true
            });
        }
    }

    /// A dict does not tell the collector of keys that are strings, so it is read as a dict; what else its type knows of
    /// comes on top.
    fn expand_foreign_dict(&mut self, number: u32, address: Address, traverse: usize) {
        let live = self.live;
        self.expand_dict(number, address);
        if !live.is_tracked(address) {
            return;
        }
        let mut as_dict: FxHashMap<Address, usize> = FxHashMap::default();
        live.traverse(address, live.dict_traverse(), &mut |object| {
            *as_dict.entry(object).or_default() += 1;
            true
        });
        let mut more = Vec::new();
        live.traverse(address, traverse, &mut |object| {
            match as_dict.get_mut(&object) {
                Some(left) if *left > 0 => *left -= 1,
                _ => more.push(object),
            }
            true
        });
        for object in more {
            self.meet(object);
        }
    }

    fn expand_foreign(&mut self, address: Address, traverse: usize) {
        let live = self.live;
        let mut found = Vec::new();
        live.traverse(address, traverse, &mut |object| {
            found.push(object);
            true
        });
        for object in found {
            self.meet(object);
        }
    }

    fn expand_attributes(&mut self, address: Address, kind: u32) {
        let live = self.live;
        let (class, fields) = (self.kinds.get(kind).address, self.kinds.get(kind).fields);
        let dict = live.instance_dict(address, &fields);
        if dict == 0 {
            let mut values = [0; 32];
            let mut count = 0;
            let mut more = Vec::new();
            live.inline_values(address, class, &fields, |value| {
                if count < values.len() {
                    values[count] = value;
                    count += 1;
                } else {
                    more.push(value);
                }
            });
            for &value in values[..count].iter().chain(&more) {
                self.meet(value);
            }
        } else {
            self.meet(dict);
        }
        for index in 0..self.kinds.get(kind).slots.len() {
            let offset = self.kinds.get(kind).slots[index];
            self.meet(live.read(address, offset));
        }
    }

    /// Meets the elements of a container that stand at so many places: all of a small one, of a large one as many as the
    /// limit allows and half of the time that is left is enough for, so that some of them are walked into too. `meet` says
    /// whether there is an element at a place.
    fn meet_elements(
        &mut self,
        number: u32,
        places: usize,
        elements: usize,
        mut meet: impl FnMut(&mut Self, usize) -> bool,
    ) {
        self.among_many = places > MANY;
        let left = self.limit.nodes.saturating_sub(self.nodes.len());
        let most = (left / 4).max(left.min(ALL_OF)).max(FEWEST);
        let step = if elements <= most { 1 } else { elements.div_ceil(most) };
        // Without a limit all are seen, and what stands together is read faster.
        let visited = Places::new(places, step, self.limit.until.is_some());
        let mut found = 0;
        let mut is_all = step == 1;
        let until = self.limit.until.filter(|_| elements > MET_WHOLLY);
        let until = until.map(|until| {
            let now = thread_time();
            now + until.saturating_sub(now) / 2
        });
        for (turn, place) in visited.enumerate() {
            let asks = found >= MET_OF_MANY && turn.is_multiple_of(MET_AT_ONCE);
            if asks && until.is_some_and(|until| thread_time() >= until) {
                is_all = false;
                break;
            }
            found += usize::from(meet(self, place));
        }
        if !is_all {
            self.complete = false;
            // Those that were met stand for all that the container says it has.
            self.sampled.insert(number, (elements as f64 / found.max(1) as f64).max(1.0));
        }
    }

    /// Bytes of the nodes, where something was sampled with what they stand for: each object that was met through samples
    /// alone stands for as many as they left out, divided among those who refer to it.
    pub(crate) fn weighted_sizes(&self) -> Vec<u64> {
        if self.sampled.is_empty() {
            return self.nodes.iter().map(|node| node.size).collect();
        }
        let nodes = self.nodes.len();
        let (mut sums, mut least, mut most) = (vec![0f64; nodes], vec![f64::MAX; nodes], vec![1f64; nodes]);
        let references = self.references();
        let mut weights = vec![1f64; nodes];
        for number in 0..nodes as u32 {
            let place = number as usize;
            // What is met by a way without samples is there once, whatever else leads to it.
            if most[place] > 1.0 && least[place] > 1.0 {
                let address = self.nodes[place].address;
                let shares =
                    if address == 0 { 1.0 } else { self.live.references(address).clamp(1, 1 << 31) as f64 };
                weights[place] = (sums[place] / shares).clamp(1.0, most[place]);
            }
            let factor = weights[place] * self.stands_for(number);
            for &target in references.of(number) {
                let target = target as usize;
                sums[target] += factor;
                least[target] = least[target].min(factor);
                most[target] = most[target].max(factor);
            }
        }
        self.nodes.iter().zip(weights).map(|(node, weight)| (node.size as f64 * weight) as u64).collect()
    }
}
