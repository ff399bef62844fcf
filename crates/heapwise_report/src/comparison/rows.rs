//! What the text and the page tell of a change, in words. Invariant: every text is safe to print.

use super::{Comparison, LineChange, Match, ObjectChange};
use crate::numbers;
use crate::place;
use crate::text::shown;

/// What is told of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Bytes that it grew by; negative if it shrank.
    pub growth: i64,
    /// Bytes before.
    pub old: u64,
    /// Bytes now.
    pub new: u64,
    /// The place of a line, the name of an object.
    pub place: String,
    /// How it was found, where there is something to say: `edited: `.
    pub note: String,
    /// The text of a line, the type of an object.
    pub what: String,
}

impl Comparison {
    /// The answer in a sentence.
    pub fn headline(&self) -> String {
        let (old, new) = (self.old.peak_bytes, self.new.peak_bytes);
        let growth = self.peak_growth_bytes;
        let verb = if growth > 0 { "grew" } else { "shrank" };
        let both = format!("{} before, {} now", numbers::bytes(old), numbers::bytes(new));
        if growth == 0 {
            format!("The peak is the same: {}.", numbers::bytes(new))
        } else if growth.unsigned_abs() <= self.peak_growth_error_bytes {
            format!("The peak is the same within the error of sampling: {both}.")
        } else {
            let percent = if old == 0 { String::new() } else { format!(" ({})", percent(growth, old)) };
            format!("The peak {verb} by {}{percent}: {both}.", numbers::bytes(growth.unsigned_abs()))
        }
    }

    /// What is told of the lines.
    pub fn line_rows(&self) -> Vec<Row> {
        self.lines.iter().map(of_line).collect()
    }

    /// What is told of the objects.
    pub fn object_rows(&self) -> Vec<Row> {
        self.objects.iter().map(of_object).collect()
    }
}

fn percent(growth: i64, old: u64) -> String {
    let percent = growth as f64 / old as f64 * 100.0;
    if percent.abs() < 10.0 { format!("{percent:+.1} %") } else { format!("{percent:+.0} %") }
}

fn of_line(change: &LineChange) -> Row {
    let spot = change.new.as_ref().or(change.old.as_ref());
    let place = spot.map(|spot| place(&spot.file, spot.line)).unwrap_or_default();
    let from = change.old.as_ref().map(|old| place_name(&old.file, old.line)).unwrap_or_default();
    let what = spot.map(|spot| spot.source.as_deref().map_or(spot.function.as_str(), str::trim));
    Row {
        growth: change.growth_bytes,
        old: change.old_peak_bytes,
        new: change.new_peak_bytes,
        place,
        note: note(change.matched, "edited", &from),
        what: shown(what.unwrap_or_default()),
    }
}

fn of_object(change: &ObjectChange) -> Row {
    let object = change.new.as_ref().or(change.old.as_ref());
    let from = change.old.as_ref().map(|old| old.name.as_str()).unwrap_or_default();
    let renamed = format!("was {}", shown(from));
    Row {
        growth: change.growth_bytes,
        old: change.old_bytes,
        new: change.new_bytes,
        place: object.map(|object| shown(&object.name)).unwrap_or_default(),
        note: note(change.matched, &renamed, &shown(from)),
        what: object.map(|object| kind(&object.kind, object.shape.as_deref())).unwrap_or_default(),
    }
}

/// How a thing was found, where there is something to say.
fn note(matched: Match, edited: &str, from: &str) -> String {
    match matched {
        Match::Same => String::new(),
        Match::Edited => format!("{edited}: "),
        Match::Moved => format!("from {from}: "),
        Match::New => "new: ".to_owned(),
        Match::Gone => "gone: ".to_owned(),
    }
}

fn kind(name: &str, shape: Option<&[u64]>) -> String {
    match shape {
        Some(shape) if !shape.is_empty() => {
            let sizes: Vec<String> = shape.iter().map(|&size| numbers::count(size)).collect();
            format!("{} {}", shown(name), sizes.join(" x "))
        }
        _ => shown(name),
    }
}

/// A place, however little of it is known.
fn place(file: &str, line: u32) -> String {
    if file.is_empty() { "(no Python line)".to_owned() } else { place_name(file, line) }
}

fn place_name(file: &str, line: u32) -> String {
    let file = shown(place::short(file, &[]));
    let file = file.rsplit('/').next().unwrap_or(&file);
    if line == 0 { file.to_owned() } else { format!("{file}:{line}") }
}
