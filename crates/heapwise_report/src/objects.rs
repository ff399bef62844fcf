//! From the objects of the look nearest to the peak to those of the report.
//!
//! Invariant: largest first; names say where an object is to be found.

use heapwise_analysis::Objects;
use heapwise_analysis::profile::Profile;
use heapwise_analysis::profile::inspection::{Holder, HolderKind, Object};

use crate::model::{AllocatedAt, Held, HeldBy, HeldObject};

/// The objects of the look that was chosen.
pub(crate) fn held(profile: &Profile, seen: &Objects<'_>) -> Vec<HeldObject> {
    let look = seen.inspection.map(|look| look.objects.as_slice()).unwrap_or_default();
    let mut objects: Vec<HeldObject> = look.iter().map(|object| of(profile, seen, object, None)).collect();
    objects.sort_by(|a, b| (b.bytes, &a.name).cmp(&(a.bytes, &b.name)));
    objects
}

fn of(profile: &Profile, seen: &Objects<'_>, object: &Object, whole: Option<&str>) -> HeldObject {
    let allocated_at = seen.allocated_at(profile, object).map(|place| AllocatedAt {
        file: place.file.to_owned(),
        line: place.line,
        function: place.function.to_owned(),
    });
    let growth = if whole.is_some() { Vec::new() } else { seen.growth(profile, object) };
    let name =
        object.holder.as_ref().map_or_else(|| object.name.clone(), |holder| path(holder, &object.name));
    let mut parts: Vec<HeldObject> =
        object.parts.iter().map(|part| of(profile, seen, part, Some(&name))).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    HeldObject {
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
        }),
        shared_with: object.shared_with.clone(),
        parts,
        growth: growth
            .into_iter()
            .map(|held| Held { time_s: held.time_ns as f64 / 1e9, bytes: held.bytes })
            .collect(),
        name,
    }
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
