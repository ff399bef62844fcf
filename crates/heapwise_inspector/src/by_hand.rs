//! Sizes of one object that was asked for: all of it, without sampling and without budget.
//!
//! Invariant: the object itself always counts, whatever it is; of what it refers to, what belongs to the interpreter
//! does not.

use heapwise_capture::inspection::Object;
use heapwise_cpython::objects::{Address, Live};
use rustc_hash::FxHashSet;

use crate::describe;
use crate::polars::PolarsColumns;
use crate::roots::is_class;
use crate::walk::{Limit, Walk};

/// Bytes of an object with all that it keeps alive.
pub(crate) fn size_of(live: Live<'_>, object: Address) -> u64 {
    let borders = borders(live);
    let start = Start::of(live, object);
    let unknown = PolarsColumns::default();
    let mut walk = Walk::new(live, &borders, &unknown, Limit::NONE);
    let bytes = walk.add_up(start.first());
    let met = walk.polars_met();
    if met.is_empty() {
        return start.bytes + bytes;
    }
    let (columns, _held) = PolarsColumns::ask(live, &met, None);
    start.bytes + Walk::new(live, &borders, &columns, Limit::NONE).add_up(start.first())
}

/// What an object consists of.
pub(crate) fn explain(live: Live<'_>, object: Address) -> Object {
    let borders = borders(live);
    let start = Start::of(live, object);
    let unknown = PolarsColumns::default();
    let mut walk = Walk::new(live, &borders, &unknown, Limit::NONE);
    walk.walk_exactly(start.first());
    let met = walk.polars_met();
    let (columns, _held) = PolarsColumns::ask(live, &met, None);
    if !met.is_empty() {
        walk = Walk::new(live, &borders, &columns, Limit::NONE);
        walk.walk_exactly(start.first());
    }
    let mut found = describe::explain(&walk, object, start.namespace);
    found.bytes += start.bytes;
    found.own_bytes = start.bytes + walk.own_bytes(start.first());
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
