//! From the objects of the look nearest to the peak to those of the report.
//!
//! Invariant: largest first; names say where an object is to be found.

use std::collections::hash_map::Entry;

use heapwise_analysis::Objects;
use heapwise_analysis::profile::Profile;
use heapwise_analysis::profile::inspection::{Holder, HolderKind, Object};
use rustc_hash::FxHashMap;

use crate::model::{AllocatedAt, Held, HeldBy, HeldObject, Looks};

/// The objects that held the peak, of a process that started at `start_ms`.
pub(crate) fn held(profile: &Profile, seen: &Objects<'_>, start_ms: u64) -> Vec<HeldObject> {
    let mut known: FxHashMap<u64, String> = FxHashMap::default();
    let mut objects: Vec<HeldObject> = Vec::new();
    for object in &seen.held {
        let mut held = of(profile, seen, object);
        held.growth = growth(profile, seen, object, start_ms);
        if object.address != 0 {
            match known.entry(object.address) {
                Entry::Occupied(first) => held.same_as = Some(first.get().clone()),
                Entry::Vacant(entry) => {
                    entry.insert(held.name.clone());
                }
            }
        }
        objects.push(held);
    }
    // What is the same thing under another name keeps its place behind the first one.
    objects.sort_by_key(|object| std::cmp::Reverse(object.bytes));
    objects
}

/// What looking took.
pub(crate) fn looks(profile: &Profile) -> Looks {
    let looks = profile.inspections();
    let seconds = |nanoseconds: u64| nanoseconds as f64 / 1e9;
    Looks {
        count: looks.len() as u64,
        cpu_s: looks.last().map_or(0.0, |last| seconds(last.spent_ns.saturating_add(last.worked_ns))),
        allowed_s: looks.last().map_or(0.0, |last| seconds(last.allowed_ns)),
    }
}

fn of(profile: &Profile, seen: &Objects<'_>, object: &Object) -> HeldObject {
    let allocated_at = seen.allocated_at(profile, object).map(|place| AllocatedAt {
        file: place.file.to_owned(),
        line: place.line,
        function: place.function.to_owned(),
    });
    let name =
        object.holder.as_ref().map_or_else(|| object.name.clone(), |holder| path(holder, &object.name));
    let mut parts: Vec<HeldObject> = object.parts.iter().map(|part| of(profile, seen, part)).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    HeldObject {
        process: None,
        kind: object.kind.clone(),
        dtype: object.dtype.clone(),
        shape: if object.shape.is_empty() {
            object.length.map(|length| vec![length])
        } else {
            Some(object.shape.clone())
        },
        bytes: object.bytes,
        own_bytes: object.own_bytes,
        allocated_at,
        facts: object.facts.clone(),
        holder: object.holder.as_ref().map(|holder| HeldBy {
            kind: holder.kind,
            name: object.name.clone(),
            file: holder.file.clone(),
            function: holder.function.clone(),
            line: holder.line,
            called_from: holder.called_from.as_ref().map(|call| AllocatedAt {
                file: call.file.clone(),
                line: call.line,
                function: call.function.clone(),
            }),
        }),
        same_as: None,
        shared_with: object.shared_with.clone(),
        parts,
        growth: Vec::new(),
        name,
    }
}

/// What the name of an object held at each look.
fn growth(profile: &Profile, seen: &Objects<'_>, object: &Object, start_ms: u64) -> Vec<Held> {
    const NS_PER_MS: u64 = 1_000_000;
    let from_start = |time_ns: u64| start_ms.saturating_mul(NS_PER_MS).saturating_add(time_ns) as f64 / 1e9;
    let sizes = seen.growth(profile, object).into_iter();
    sizes.map(|size| Held { time_s: from_start(size.time_ns), bytes: size.bytes }).collect()
}

/// The path of a name: the function or module that it stands in, then the name.
fn path(holder: &Holder, name: &str) -> String {
    let around = match holder.kind {
        HolderKind::Global if matches!(holder.module.as_str(), "__main__" | "") => "",
        HolderKind::Global => &holder.module,
        HolderKind::Local | HolderKind::Generator | HolderKind::Closure => &holder.function,
        HolderKind::ClassAttribute | HolderKind::Cache | HolderKind::Stack | HolderKind::Garbage => "",
    };
    if around.is_empty() || around == "<module>" { name.to_owned() } else { format!("{around}.{name}") }
}
