//! What the bytes are: the objects that held them at the peak, largest first, with their parts.

use std::io;

use heapwise_advisor::words;
use heapwise_analysis::profile::inspection::HolderKind;

use super::View;
use super::lines::amount;
use super::page::{Line, Page, Style};
use crate::model::HeldObject;
use crate::numbers::{bytes, count, share};

/// An object with less than one in so many bytes of the peak is not listed.
const SMALLEST: u64 = 100;
/// Parts of one object that are listed.
const PARTS: usize = 6;
/// Where the text of an object stands, behind its bytes and share.
const TEXT_COLUMN: usize = 18;

/// Writes at most `limit` objects.
pub(super) fn write(view: &View<'_>, limit: usize, page: &mut Page<'_>) -> io::Result<()> {
    let peak = view.report.peak.heap_bytes;
    let large = |object: &&HeldObject| object.bytes >= peak / SMALLEST && object.bytes > 0;
    let mut objects: Vec<&HeldObject> = Vec::new();
    for object in view.report.objects.iter().filter(large) {
        if object.same_as.is_none() && !is_told(object, &objects) {
            objects.push(object);
        }
    }
    if objects.is_empty() || limit == 0 {
        return Ok(());
    }
    page.blank()?;
    let explained = share(view.report.objects_explain_bytes.min(peak), peak);
    page.heading(&format!("Objects at the peak (they explain {} of it)", explained.trim()))?;
    for object in objects.iter().take(limit) {
        write_object(view, object, page)?;
    }
    if objects.len() > limit {
        let rest = format!("and {} more", count((objects.len() - limit) as u64));
        page.line(Line::default().to(TEXT_COLUMN).add(Style::Quiet, &rest))?;
    }
    Ok(())
}

fn write_object(view: &View<'_>, object: &HeldObject, page: &mut Page<'_>) -> io::Result<()> {
    let peak = view.report.peak.heap_bytes;
    let mut label = amount(object.bytes, peak).to(TEXT_COLUMN);
    let (name, place) = match &object.holder {
        Some(holder) => (holder.name.as_str(), held_by(view, object)),
        None => (object.name.as_str(), String::new()),
    };
    label = label.add(Style::Strong, name).add(Style::Plain, &format!("{place}: {}", what(object)));
    page.line(label)?;
    let mut notes: Vec<String> = object.process.map(|pid| format!("process {pid}")).into_iter().collect();
    if let Some(at) = &object.allocated_at {
        notes.push(format!("allocated at {}", view.place(&at.file, at.line, &at.function)));
    }
    let others = also(view, object);
    if !others.is_empty() {
        notes.push(format!("also {}", others.join(", ")));
    }
    // What is shared with its own other names is no less its own.
    let own_names: Vec<&str> =
        view.report.objects.iter().filter(|other| is_same(other, object)).map(name_in).collect();
    let shared = object.shared_with.iter().find(|shared| !own_names.contains(&shared.name.as_str()));
    if object.own_bytes < object.bytes && (shared.is_some() || others.is_empty()) {
        let with = shared.map(|shared| format!(", the rest with {}", shared.name)).unwrap_or_default();
        notes.push(format!("{} of it alone{with}", bytes(object.own_bytes)));
    }
    if let (Some(first), Some(last)) = (object.growth.first(), object.growth.last())
        && first.bytes + first.bytes / 2 < last.bytes
    {
        notes.push(format!("grew from {}", bytes(first.bytes)));
    }
    if !notes.is_empty() {
        page.prose((Style::Plain, ""), TEXT_COLUMN, &notes.join("; "))?;
    }
    let parts: Vec<&HeldObject> = object.parts.iter().filter(|part| part.bytes >= peak / SMALLEST).collect();
    for part in parts.iter().take(PARTS) {
        let short = part.name.strip_prefix(&object.name).unwrap_or(&part.name);
        let line = Line::default()
            .add(Style::Quiet, &format!("{:>10}", bytes(part.bytes)))
            .to(TEXT_COLUMN + 2)
            .add(Style::Plain, &format!("{short}: {}", what(part)));
        page.line(line)?;
    }
    if parts.len() > PARTS {
        let rest = format!("and {} more", count((parts.len() - PARTS) as u64));
        page.line(Line::default().to(TEXT_COLUMN + 2).add(Style::Quiet, &rest))?;
    }
    Ok(())
}

/// Whether a name in a library's function only leads to what an object above holds.
fn is_told(object: &HeldObject, above: &[&HeldObject]) -> bool {
    let in_library = object.holder.as_ref().is_some_and(|holder| holder.called_from.is_some());
    in_library
        && object.own_bytes < object.bytes / 100
        && object.shared_with.iter().any(|shared| {
            let named =
                |other: &&HeldObject| other.process == object.process && name_in(other) == shared.name;
            shared.bytes >= object.bytes / 100 * 98 && above.iter().any(named)
        })
}

/// Other names of an object that are told.
const MOST_NAMES: usize = 2;

/// The other names of the user's that an object has: `joined in delay_model()`.
fn also(view: &View<'_>, object: &HeldObject) -> Vec<String> {
    let same = view.report.objects.iter().filter(|other| is_same(other, object));
    let of_user =
        same.filter_map(|other| other.holder.as_ref().filter(|holder| holder.called_from.is_none()));
    of_user
        .take(MOST_NAMES)
        .map(|holder| match holder.function.as_str() {
            "" | "<module>" => holder.name.clone(),
            function => format!("{} in {}()", holder.name, super::function_name(function)),
        })
        .collect()
}

fn is_same(other: &HeldObject, object: &HeldObject) -> bool {
    other.process == object.process && other.same_as.as_ref() == Some(&object.name)
}

fn name_in(object: &HeldObject) -> &str {
    object.holder.as_ref().map_or(object.name.as_str(), |holder| holder.name.as_str())
}

/// ` in load() at line 31`, of a library ` in concat(), called by flights.py:168`; empty for a global of the program.
fn held_by(view: &View<'_>, object: &HeldObject) -> String {
    let Some(holder) = &object.holder else { return String::new() };
    let at = match &holder.called_from {
        Some(call) => format!(", called by {}", view.place(&call.file, call.line, "")),
        None if holder.line == 0 => String::new(),
        None => format!(" at line {}", holder.line),
    };
    match holder.function.as_str() {
        "<module>" if holder.kind == HolderKind::Stack => at,
        "" | "<module>" => String::new(),
        function => format!(" in {}(){at}", super::function_name(function)),
    }
}

/// `DataFrame 336,776 x 19`; with the facts that say most: distinct values, zeros.
fn what(object: &HeldObject) -> String {
    let mut text = words::kind(&object.kind).to_owned();
    if let Some(shape) = &object.shape {
        let sides: Vec<String> = shape.iter().map(|&side| count(side)).collect();
        text = format!("{text} {}", sides.join(" x "));
    }
    if let Some(dtype) = &object.dtype {
        text = format!("{text} {dtype}");
    }
    let facts = &object.facts;
    if let Some(distinct) = facts.distinct {
        let about = if facts.distinct_estimated { "about " } else { "" };
        text = format!("{text}, {about}{} distinct", count(distinct));
    } else if let (Some(minimum), Some(maximum)) = (&facts.minimum, &facts.maximum) {
        text = format!("{text}, {minimum} to {maximum}");
    }
    if let Some(zeros) = facts.zero_share.filter(|&zeros| zeros >= 0.5) {
        text = format!("{text}, {:.0} % zeros", zeros * 100.0);
    }
    text
}
