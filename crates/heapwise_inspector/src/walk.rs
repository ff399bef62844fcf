//! The walk: from roots through everything that they keep alive, in breadth, each object once.
//!
//! Nodes are numbered as they are met; what large containers hold is walked into last. Node 0 is the root of all, then come the
//! names. Invariants: nothing is recursive, whatever the depth; a look that has a limit keeps to it, and says when
//! it saw only a part.

use std::collections::VecDeque;
use std::time::Duration;

use heapwise_cpython::objects::{Address, Live};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::arrays;
use crate::clock::thread_time;
use crate::kinds::{Form, Kind, Kinds};
use crate::ownership::References;

/// How much may be looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// Objects, about; containers are sampled so that it is kept.
    pub(crate) nodes: usize,
    /// When to stop in any case, by [`thread_time`].
    pub(crate) until: Option<Duration>,
}

impl Limit {
    /// Everything.
    pub(crate) const NONE: Self = Self { nodes: u32::MAX as usize, until: None };
}

/// Looked at in any container, however full the walk is.
const FEWEST: usize = 32;
/// A container of more elements is a large one: what it holds comes after everything near.
const MANY: usize = 256;
/// Nodes between two looks at the clock.
const CLOCK_EVERY: usize = 256;

/// A node: an object, or with address 0 a name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) address: Address,
    pub(crate) kind: u32,
    /// Bytes of its own.
    pub(crate) size: u64,
}

/// A walk.
pub(crate) struct Walk<'a> {
    pub(crate) live: Live<'a>,
    pub(crate) kinds: Kinds,
    pub(crate) nodes: Vec<Node>,
    numbers: FxHashMap<Address, u32>,
    /// Rows of targets: see [`References`].
    rows: Vec<(u32, u32)>,
    /// Where the row that is being written starts.
    row_start: u32,
    /// To be walked into: first what is near, then what large containers hold, so that of a look that is cut short the
    /// arrays behind a few attributes are not lost behind a million elements.
    near: VecDeque<u32>,
    far: VecDeque<u32>,
    /// What is met now is an element of a large container.
    among_many: bool,
    targets: Vec<u32>,
    /// Objects that belong to the interpreter or are roots themselves, and are not walked into.
    borders: &'a FxHashSet<Address>,
    limit: Limit,
    /// How many elements stand for each one looked at, for containers that were sampled.
    sampled: FxHashMap<u32, f64>,
    pub(crate) complete: bool,
    /// Bytes of `__dict__`s, for classes: by node of the instance.
    pub(crate) fixed_names: usize,
    /// Walked into though it may belong to the interpreter; 0 for none.
    asked_for: Address,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(live: Live<'a>, borders: &'a FxHashSet<Address>, limit: Limit) -> Self {
        Self {
            live,
            kinds: Kinds::default(),
            nodes: Vec::new(),
            numbers: FxHashMap::default(),
            rows: Vec::new(),
            row_start: 0,
            near: VecDeque::new(),
            far: VecDeque::new(),
            among_many: false,
            targets: Vec::new(),
            borders,
            limit,
            sampled: FxHashMap::default(),
            complete: true,
            fixed_names: 0,
            asked_for: 0,
        }
    }

    /// Puts down the root and the names, each with the objects that it stands for, and walks from there.
    pub(crate) fn walk_from(&mut self, names: &[Address]) {
        let name = Node { address: 0, kind: u32::MAX, size: 0 };
        self.nodes.resize(names.len() + 1, name);
        self.rows.resize(names.len() + 1, (0, 0));
        self.fixed_names = names.len();
        self.targets.extend(1..=names.len() as u32);
        self.end_row(0);
        for (number, &address) in (1..).zip(names) {
            self.meet(address);
            self.end_row(number);
        }
        self.run();
    }

    /// Walks from one object, which counts even if it never ends or is the namespace of a module.
    pub(crate) fn walk_exactly(&mut self, object: Address) {
        self.asked_for = object;
        self.walk_from(&[object]);
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

    /// The node of an object.
    pub(crate) fn node_of(&self, address: Address) -> Option<u32> {
        self.numbers.get(&address).copied()
    }

    /// What was met since the last row ended are the targets of this node.
    fn end_row(&mut self, number: u32) {
        let end = self.targets.len() as u32;
        self.rows[number as usize] = (self.row_start, end);
        self.row_start = end;
    }

    fn run(&mut self) {
        let mut walked = 0usize;
        while let Some(number) = self.near.pop_front().or_else(|| self.far.pop_front()) {
            walked += 1;
            if walked.is_multiple_of(CLOCK_EVERY)
                && self.limit.until.is_some_and(|until| thread_time() >= until)
            {
                self.complete = false;
                self.near.push_front(number);
                break;
            }
            self.expand(number);
            self.end_row(number);
        }
        // What was met and not walked into counts by itself.
        for number in std::mem::take(&mut self.near).into_iter().chain(std::mem::take(&mut self.far)) {
            self.nodes[number as usize].size = self.own_size(self.nodes[number as usize]);
        }
    }

    /// An object was met as the target of the node whose row is being written.
    #[inline]
    fn meet(&mut self, address: Address) {
        if address == 0 {
            return;
        }
        if let Some(&number) = self.numbers.get(&address) {
            self.targets.push(number);
            return;
        }
        let kind = self.kinds.number(self.live, self.live.type_of(address));
        if (self.kinds.get(kind).form == Form::Opaque
            || self.live.is_immortal(address)
            || self.borders.contains(&address))
            && (address != self.asked_for || self.kinds.get(kind).form == Form::Opaque)
        {
            return;
        }
        let number = self.nodes.len() as u32;
        self.nodes.push(Node { address, kind, size: 0 });
        self.rows.push((0, 0));
        self.numbers.insert(address, number);
        if self.among_many {
            self.far.push_back(number);
        } else {
            self.near.push_back(number);
        }
        self.targets.push(number);
    }

    /// The bytes of an object alone.
    pub(crate) fn own_size(&self, node: Node) -> u64 {
        if node.address == 0 {
            return 0;
        }
        let kind = self.kinds.get(node.kind);
        own_size(self.live, node.address, kind)
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
                let step = self.step(number, items.length);
                for index in (0..items.length).step_by(step) {
                    self.meet(live.item(items, index));
                }
            }
            Form::Dict => self.expand_dict(number, address),
            Form::Set => {
                let step = self.step(number, live.set_places(address));
                for place in (0..live.set_places(address)).step_by(step) {
                    if let Some(entry) = live.set_entry(address, place) {
                        self.meet(entry.0);
                    }
                }
            }
            Form::Function => {
                for part in live.function_parts(address) {
                    self.meet(part);
                }
            }
            Form::Cell => self.meet(live.cell_content(address)),
            Form::Array => self.expand_array(number, address),
            Form::ForeignDict => self.expand_foreign_dict(number, address, traverse),
            Form::Generator | Form::Foreign => {
                // An object that is only being made is not known to the collector yet.
                if !self.kinds.get(node.kind).fields.is_collected || live.is_tracked(address) {
                    self.expand_foreign(address, traverse);
                }
            }
        }
        self.among_many = false;
        if attributes {
            self.expand_attributes(address, node.kind);
        }
    }

    fn expand_dict(&mut self, number: u32, address: Address) {
        let live = self.live;
        let positions = live.dict_positions(address);
        let step = self.step(number, positions);
        // Keys of instances of a class are the class's.
        let has_keys = !live.dict_is_split(address);
        let mut position = 0;
        while let Some((key, value, next)) = live.dict_next(address, position) {
            if has_keys {
                self.meet(key);
            }
            self.meet(value);
            position = if step == 1 { next } else { (position + step).max(next) };
        }
    }

    fn expand_array(&mut self, number: u32, address: Address) {
        let array = arrays::Array::read(self.live, address);
        self.meet(array.base);
        if array.base == 0 && array.is_object() && array.owns {
            let count = array.length();
            let step = self.step(number, count);
            for index in (0..count).step_by(step) {
                self.meet(self.live.read(array.start, index * 8));
            }
        } else if array.base == 0 && array.owns && array.letter == b'V' {
            let offsets = array.object_fields(self.live);
            if offsets.is_empty() {
                return;
            }
            let count = array.length();
            let step = self.step(number, count);
            for index in (0..count).step_by(step) {
                for offset in &offsets {
                    self.meet(self.live.read(array.start, index * array.item_size as usize + offset));
                }
            }
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
        live.traverse(address, live.dict_traverse(), &mut |object| *as_dict.entry(object).or_default() += 1);
        let mut more = Vec::new();
        live.traverse(address, traverse, &mut |object| match as_dict.get_mut(&object) {
            Some(left) if *left > 0 => *left -= 1,
            _ => more.push(object),
        });
        for object in more {
            self.meet(object);
        }
    }

    fn expand_foreign(&mut self, address: Address, traverse: usize) {
        let live = self.live;
        let mut found = Vec::new();
        live.traverse(address, traverse, &mut |object| found.push(object));
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

    /// Every how-manieth element of a container of this length is looked at.
    fn step(&mut self, number: u32, length: usize) -> usize {
        self.among_many = length > MANY;
        let left = self.limit.nodes.saturating_sub(self.nodes.len());
        let most = (left / 8).max(FEWEST);
        if length <= most {
            return 1;
        }
        let step = length.div_ceil(most);
        self.complete = false;
        self.sampled.insert(number, step as f64);
        step
    }

    /// Bytes of the nodes, where something was sampled with what they stand for: each object that was met through
    /// a sample stands for as many as the sample left out, divided among those who refer to it.
    pub(crate) fn weighted_sizes(&self) -> Vec<u64> {
        if self.sampled.is_empty() {
            return self.nodes.iter().map(|node| node.size).collect();
        }
        let mut sums = vec![0f64; self.nodes.len()];
        let mut most = vec![1f64; self.nodes.len()];
        let references = self.references();
        let mut weights = vec![1f64; self.nodes.len()];
        for number in 0..self.nodes.len() as u32 {
            let place = number as usize;
            if self.nodes[place].address != 0 && most[place] > 1.0 {
                let shares = self.live.references(self.nodes[place].address).clamp(1, 1 << 31) as f64;
                weights[place] = (sums[place] / shares).clamp(1.0, most[place]);
            }
            let factor = weights[place] * self.sampled.get(&number).copied().unwrap_or(1.0);
            for &target in references.of(number) {
                sums[target as usize] += factor;
                most[target as usize] = most[target as usize].max(factor);
            }
        }
        self.nodes.iter().zip(weights).map(|(node, weight)| (node.size as f64 * weight) as u64).collect()
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
        Form::Array => plain + arrays::Array::read(live, address).own_bytes(),
        Form::Foreign | Form::ForeignDict => {
            let said = if kind.sizer == 0 { 0 } else { live.said_size(address, kind.sizer) };
            fields.head_size + said.max(fields.basic_size + items())
        }
    };
    body + values
}
