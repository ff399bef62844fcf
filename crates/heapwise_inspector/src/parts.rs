//! The parts of an object: attributes, entries and elements that hold much of it.
//!
//! Invariants: a part is told once, under the first place that it stands at; of a container with many elements only those
//! are looked for that the walk found to hold much.

use heapwise_capture::inspection::Object;
use heapwise_cpython::objects::{Address, Items};
use rustc_hash::FxHashSet;

use crate::describe::{Account, DEEPEST, MOST_PARTS, SMALLEST_SHARE, key_text};
use crate::facts;
use crate::kinds::Form;

/// In a container of more elements, only those that hold much are looked for.
const MANY: usize = 256;
/// Elements of a container that are looked at as parts.
const MOST_ELEMENTS: usize = 100_000;
/// Nodes that may be met to find the bytes of parts when the time of the look is over.
const MOST_REACHED: usize = 200_000;

enum Label {
    Attribute(String),
    Index(usize),
    Key(Address),
}

impl Account<'_, '_> {
    /// Attributes, entries and elements that hold much of an object.
    pub(crate) fn parts(
        &self,
        name: &str,
        address: Address,
        form: Form,
        bytes: u64,
        depth: usize,
    ) -> Vec<Object> {
        let live = self.walk.live;
        // Of a container that was sampled, an element stands for others too: of its own it has that part of its bytes.
        let stands_for = self.walk.node_of(address).map_or(1.0, |node| self.walk.stands_for(node));
        let depth = if stands_for > 1.0 { DEEPEST } else { depth + 1 };
        let smallest = (bytes / SMALLEST_SHARE).max(1024);
        let least = (smallest as f64 * stands_for) as u64;
        let large = |value: Address| {
            // What a part alone keeps is known; what it shares is found by walking, for those that could be large.
            let retained = self.retained_by(value);
            (retained >= least || self.is_shared(value)).then_some(retained)
        };
        let mut candidates: Vec<(u64, Label, Address)> = Vec::new();
        // What stands there many times is one part.
        let mut seen = FxHashSet::default();
        let mut add = |label: Label, value: Address| {
            if value != 0
                && value != address
                && seen.insert(value)
                && let Some(retained) = large(value)
            {
                candidates.push((retained, label, value));
            }
        };
        match form {
            Form::List | Form::Tuple => {
                let items =
                    if form == Form::List { live.list_items(address) } else { live.tuple_items(address) };
                self.items(address, items, &large, &mut add);
            }
            Form::Dict => self.entries(address, &large, &mut add),
            Form::Foreign if facts::cached_results(live, address) != 0 => {
                self.entries(facts::cached_results(live, address), &large, &mut add);
            }
            _ => {
                for attribute in live.attributes(address, 1000) {
                    add(Label::Attribute(attribute.name), attribute.value);
                }
            }
        }
        candidates.sort_by_key(|entry| std::cmp::Reverse(entry.0));
        candidates.truncate(MOST_PARTS * 2);
        let mut parts: Vec<Object> = Vec::new();
        for (_, label, value) in candidates {
            // Objects that refer to each other all reach each other.
            if self.reach.borrow().met > MOST_REACHED && !self.has_time() {
                break;
            }
            let (bytes, own_bytes) = self.bytes_of(value);
            if bytes >= least {
                let name = self.part_name(name, &label);
                let own = |bytes: u64| (bytes as f64 / stands_for) as u64;
                parts.push(self.object(&name, value, own(bytes), own(own_bytes), depth));
            }
        }
        parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
        parts.truncate(MOST_PARTS);
        parts
    }

    /// Adds the elements of a list or tuple that are worth it, with their places.
    fn items(
        &self,
        container: Address,
        items: Items,
        large: &impl Fn(Address) -> Option<u64>,
        add: &mut impl FnMut(Label, Address),
    ) {
        let wanted = self.wanted_elements(container, items.length, large);
        if wanted.as_ref().is_some_and(FxHashSet::is_empty) {
            return;
        }
        let step = items.length.div_ceil(MOST_ELEMENTS).max(1);
        for index in (0..items.length).step_by(step) {
            let value = self.walk.live.item(items, index);
            if wanted.as_ref().is_none_or(|wanted| wanted.contains(&value)) {
                add(Label::Index(index), value);
            }
        }
    }

    /// Adds the values of a dict that are worth it, with their keys.
    fn entries(
        &self,
        dict: Address,
        large: &impl Fn(Address) -> Option<u64>,
        add: &mut impl FnMut(Label, Address),
    ) {
        let live = self.walk.live;
        let positions = live.dict_positions(dict);
        let wanted = self.wanted_elements(dict, positions, large);
        if wanted.as_ref().is_some_and(FxHashSet::is_empty) {
            return;
        }
        let step = positions.div_ceil(MOST_ELEMENTS).max(1);
        let mut position = 0;
        while let Some((key, value, next)) = live.dict_next(dict, position) {
            if wanted.as_ref().is_none_or(|wanted| wanted.contains(&value)) {
                add(Label::Key(key), value);
            }
            position = if step == 1 { next } else { (position + step).max(next) };
        }
    }

    /// Of a container with many elements, those that hold most of it and are to be looked for among all; `None` for a small
    /// one, of which each is.
    fn wanted_elements(
        &self,
        container: Address,
        length: usize,
        large: &impl Fn(Address) -> Option<u64>,
    ) -> Option<FxHashSet<Address>> {
        if length <= MANY {
            return None;
        }
        let node = self.walk.node_of(container)?;
        let elements = self.walk.references().of(node).iter();
        let elements = elements.map(|&target| self.walk.nodes[target as usize].address);
        let mut wanted: Vec<(u64, Address)> =
            elements.filter_map(|address| Some((large(address)?, address))).collect();
        wanted.sort_unstable_by_key(|&(retained, address)| (std::cmp::Reverse(retained), address));
        wanted.truncate(MOST_PARTS * 2);
        Some(wanted.into_iter().map(|(_, address)| address).collect())
    }

    /// Whether others refer to the object too, or to what it refers to: an array that is a view, for instance.
    fn is_shared(&self, address: Address) -> bool {
        let references = self.walk.references();
        self.walk.node_of(address).is_some_and(|node| {
            references.of(node).iter().any(|&target| self.dominator[target as usize] != node)
        })
    }

    fn part_name(&self, name: &str, label: &Label) -> String {
        match label {
            Label::Attribute(attribute) => format!("{name}.{attribute}"),
            Label::Index(index) => format!("{name}[{index}]"),
            Label::Key(key) => format!("{name}[{}]", key_text(self.walk, *key)),
        }
    }
}
