//! Which object of the old run is which object of the new one.
//!
//! An object is known by the name that holds it, in steps from sure to likely:
//!
//! 1. same file, function and name;
//! 2. same name and type in another function or file, where only one such object is left on each side: it moved;
//! 3. same type, made by a line with the same text of the same function, where only one is left: it was renamed.

use rustc_hash::FxHashMap;

use super::Match;
use super::lines::{below, root};
use super::matching::{Left, Pair, Several};
use crate::model::{HeldObject, Report};

/// Every object of both runs once.
pub(super) fn matches<'a>(old: &'a Report, new: &'a Report) -> Vec<Pair<'a, HeldObject>> {
    // What has several names is told under the first.
    let of = |report: &'a Report| report.objects.iter().filter(|object| object.same_as.is_none()).collect();
    let mut left = Left::new(of(old), of(new));
    let place = |report: &'a Report| {
        let root = root(&report.run);
        move |object: &'a HeldObject| {
            let holder = object.holder.as_ref()?;
            Some((below(&holder.file, root), holder.function.as_str(), object.name.as_str()))
        }
    };
    left.pair(Match::Same, place(old), place(new), Several::InOrder);
    let name = |object: &'a HeldObject| {
        let holder = object.holder.as_ref().filter(|holder| !holder.name.is_empty())?;
        Some((holder.name.as_str(), object.kind.as_str()))
    };
    left.pair(Match::Moved, name, name, Several::None);
    left.pair(Match::Edited, made_by(old), made_by(new), Several::None);
    left.finish()
}

/// The key of the line that made an object: its function and text, and the object's type.
fn made_by<'a>(report: &'a Report) -> impl Fn(&'a HeldObject) -> Option<(&'a str, &'a str, &'a str)> {
    let lines = report.user_lines.iter().filter_map(|line| {
        let text = line.source.as_deref().map(str::trim).filter(|text| !text.is_empty())?;
        // What is made, not what it is called.
        let text = text.split_once(" = ").map_or(text, |(_, made)| made);
        Some(((line.file.as_str(), line.line), text))
    });
    let texts: FxHashMap<(&str, u32), &str> = lines.collect();
    move |object| {
        let at = object.allocated_at.as_ref()?;
        let text = *texts.get(&(at.file.as_str(), at.line))?;
        Some((at.function.as_str(), text, object.kind.as_str()))
    }
}
