//! Sizes of one object that was asked for: all of it, without sampling and without budget.
//!
//! Invariant: the object itself always counts, whatever it is; of what it refers to, what belongs to the interpreter
//! does not.

use heapwise_capture::inspection::Object;
use heapwise_cpython::objects::{Address, Live};
use rustc_hash::FxHashSet;

use crate::roots::is_class;
use crate::walk::{Limit, Walk};
use crate::{describe, streams};

/// Bytes of an object with all that it keeps alive.
pub(crate) fn size_of(live: Live<'_>, object: Address) -> u64 {
    let borders = borders(live);
    let start = Start::of(live, object);
    let mut walk = Walk::new(live, &borders, Limit::NONE);
    let bytes = start.bytes + walk.add_up(start.first());
    let frames = frames(&walk);
    drop(walk);
    bytes + streams::bytes(live, &frames)
}

/// The frames and series of Polars among what was reached.
fn frames(walk: &Walk<'_>) -> Vec<Address> {
    let of_polars: Vec<bool> =
        walk.kinds.all().iter().map(|kind| streams::has_stream(&walk.live.c_name(kind.address))).collect();
    if !of_polars.contains(&true) {
        return Vec::new();
    }
    let objects = walk.nodes.iter().filter(|node| node.address != 0 && of_polars[node.kind as usize]);
    objects.map(|node| node.address).collect()
}

/// What an object consists of.
pub(crate) fn explain(live: Live<'_>, object: Address) -> Object {
    let borders = borders(live);
    let start = Start::of(live, object);
    let mut walk = Walk::new(live, &borders, Limit::NONE);
    walk.walk_exactly(start.first());
    let mut found = describe::explain(&walk, object, start.namespace);
    found.bytes += start.bytes;
    found.own_bytes = start.bytes + walk.own_bytes(start.first());
    let frames = frames(&walk);
    drop(walk);
    // Whether others have the same buffers is not known.
    let of_frames = streams::bytes(live, &frames);
    found.bytes += of_frames;
    found.own_bytes += of_frames;
    found
}

/// Where a walk from an object begins.
struct Start {
    object: Address,
    /// The namespace of a module or class; else 0.
    namespace: Address,
    /// Bytes of the object where the walk does not count it.
    bytes: u64,
}

impl Start {
    fn of(live: Live<'_>, object: Address) -> Self {
        let kind = live.type_of(object);
        let namespace = match live.module_dict(object) {
            Some(dict) => dict,
            None if is_class(live, kind) && live.type_fields(object).is_heap_type => live.type_dict(object),
            None => 0,
        };
        let mut start = Self { object, namespace, bytes: 0 };
        if !Walk::counts(live, object) {
            let fields = live.type_fields(kind);
            let method = live.own_size_method(kind);
            let said = if method == 0 { 0 } else { live.said_size(object, method) };
            start.bytes = fields.head_size + said.max(fields.basic_size);
        }
        start
    }

    const fn first(&self) -> Address {
        if self.namespace == 0 { self.object } else { self.namespace }
    }
}

/// What the interpreter holds itself: namespaces of modules.
fn borders(live: Live<'_>) -> FxHashSet<Address> {
    let table = live.module_table();
    let mut borders = FxHashSet::default();
    borders.insert(table);
    let mut position = 0;
    while let Some((_, module, next)) = live.dict_next(table, position) {
        position = next;
        borders.extend(live.module_dict(module));
    }
    borders
}
