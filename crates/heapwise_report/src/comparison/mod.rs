//! Two reports compared: what grew, what shrank.
//!
//! Owns what is told of two runs. Which line or object of the old run is which of the new one is in `lines` and
//! `objects`. Invariant: over all lines, matched or not, the old bytes add up to the old peak, the new ones to the new
//! peak (up to rounding in sampled captures).

mod lines;
mod matching;
mod objects;
mod rows;

use std::cmp::Reverse;

pub use rows::Row;
use serde::Serialize;

use crate::model::{HeldObject, Mode, Recording, Report, Run, UserLine};

/// The version of the interface; raised when a field changes its meaning or goes away.
pub const COMPARISON_SCHEMA: u32 = 1;

/// What changed from one run to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// [`COMPARISON_SCHEMA`].
    pub schema: u32,
    /// The run that is compared with.
    pub old: Side,
    /// The run that is looked at.
    pub new: Side,
    /// Bytes that the highest heap grew by; negative if it shrank.
    pub peak_growth_bytes: i64,
    /// What the difference of two peaks may be by sampling alone: twice its standard error; 0 if both are exact.
    pub peak_growth_error_bytes: u64,
    /// Why the runs may not be comparable, in whole sentences.
    pub cautions: Vec<String>,
    /// The lines of the user's own code that hold other bytes at the peak than before; the largest change first.
    pub lines: Vec<LineChange>,
    /// The objects that are larger or smaller than before at the looks nearest to the peaks; the largest change first.
    /// Empty if one of the runs was not looked at. They can share bytes, so they do not add up.
    pub objects: Vec<ObjectChange>,
}

/// One of the two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Side {
    /// The command line of the program, interpreter first.
    pub command: Vec<String>,
    /// The version of CPython.
    pub python: String,
    /// How blocks were chosen for recording.
    pub mode: Mode,
    /// The highest heap, bytes.
    pub peak_bytes: u64,
    /// Bytes still live when the process ended.
    pub leaked_bytes: u64,
    /// Run time in seconds.
    pub duration_s: f64,
}

/// How a line or an object of one run was found in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// In the same file and function, with the same text or number; an object: with the same name.
    Same,
    /// In the same file and function, with another text; an object: with another name, made by the same line.
    Edited,
    /// The same text or name in another function or file.
    Moved,
    /// It is in the new run only.
    New,
    /// It was in the old run only.
    Gone,
}

/// A line of the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spot {
    /// The file as the code names it; empty for what no Python line asked for.
    pub file: String,
    /// The line, from 1; 0 if not known.
    pub line: u32,
    /// The qualified name of the function.
    pub function: String,
    /// The text of the line as it was when run; `None` if the capture does not have it.
    pub source: Option<String>,
}

/// What a line holds at the peak, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineChange {
    /// How the two were matched.
    pub matched: Match,
    /// Where it was; `None` if it is new.
    pub old: Option<Spot>,
    /// Where it is; `None` if it is gone.
    pub new: Option<Spot>,
    /// Bytes at the old peak.
    pub old_peak_bytes: u64,
    /// Bytes at the new peak.
    pub new_peak_bytes: u64,
    /// Bytes that it grew by; negative if it shrank.
    pub growth_bytes: i64,
}

/// An object that a name held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedObject {
    /// Where it is to be found: `load.orders` for a local of `load`.
    pub name: String,
    /// Its type with its module.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its shape, or its length; `None` if it has neither.
    pub shape: Option<Vec<u64>>,
    /// The file of the code that the name stands in; empty if not known.
    pub file: String,
    /// The function, class or module that the name stands in.
    pub function: String,
}

/// What an object keeps alive, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObjectChange {
    /// How the two were matched.
    pub matched: Match,
    /// What it was; `None` if it is new.
    pub old: Option<NamedObject>,
    /// What it is; `None` if it is gone.
    pub new: Option<NamedObject>,
    /// Bytes that it kept alive at the old peak.
    pub old_bytes: u64,
    /// Bytes that it keeps alive at the new peak.
    pub new_bytes: u64,
    /// Bytes that it grew by; negative if it shrank.
    pub growth_bytes: i64,
}

impl Comparison {
    /// Compares two reports.
    pub fn new(old: &Report, new: &Report) -> Self {
        let mut lines: Vec<LineChange> = lines::matches(old, new)
            .into_iter()
            .map(|(matched, old, new)| {
                let bytes = |line: Option<&UserLine>| line.map_or(0, |line| line.peak_bytes);
                LineChange {
                    matched,
                    old: old.map(spot),
                    new: new.map(spot),
                    old_peak_bytes: bytes(old),
                    new_peak_bytes: bytes(new),
                    growth_bytes: difference(bytes(old), bytes(new)),
                }
            })
            .filter(|change| change.growth_bytes != 0)
            .collect();
        let place = |change: &LineChange| {
            let spot = change.new.as_ref().or(change.old.as_ref());
            spot.map(|spot| (spot.file.clone(), spot.line, spot.function.clone()))
        };
        lines.sort_by_cached_key(|change| (Reverse(change.growth_bytes.unsigned_abs()), place(change)));
        let error = (old.peak.error_bytes as f64).hypot(new.peak.error_bytes as f64);
        Self {
            schema: COMPARISON_SCHEMA,
            old: side(old),
            new: side(new),
            peak_growth_bytes: difference(old.peak.heap_bytes, new.peak.heap_bytes),
            peak_growth_error_bytes: (2.0 * error).round() as u64,
            cautions: cautions(old, new),
            lines,
            objects: object_changes(old, new),
        }
    }

    /// Whether the peak grew by more than `bytes` and by more than sampling alone could explain.
    pub fn grew_beyond(&self, bytes: u64) -> bool {
        u64::try_from(self.peak_growth_bytes)
            .is_ok_and(|growth| growth > bytes && growth > self.peak_growth_error_bytes)
    }
}

fn side(report: &Report) -> Side {
    Side {
        command: report.run.command.clone(),
        python: report.run.python.clone(),
        mode: report.run.mode,
        peak_bytes: report.peak.heap_bytes,
        leaked_bytes: report.leaked_bytes,
        duration_s: report.run.duration_s,
    }
}

fn spot(line: &UserLine) -> Spot {
    Spot {
        file: line.file.clone(),
        line: line.line,
        function: line.function.clone(),
        source: line.source.clone(),
    }
}

fn object_changes(old: &Report, new: &Report) -> Vec<ObjectChange> {
    if looked_at_one(old, new).is_some() {
        return Vec::new();
    }
    let bytes = |object: Option<&HeldObject>| object.map_or(0, |object| object.bytes);
    let mut changes: Vec<ObjectChange> = objects::matches(old, new)
        .into_iter()
        .map(|(matched, old, new)| ObjectChange {
            matched,
            old: old.map(named),
            new: new.map(named),
            old_bytes: bytes(old),
            new_bytes: bytes(new),
            growth_bytes: difference(bytes(old), bytes(new)),
        })
        .filter(|change| change.growth_bytes != 0)
        .collect();
    let name =
        |change: &ObjectChange| change.new.as_ref().or(change.old.as_ref()).map(|object| object.name.clone());
    changes.sort_by_cached_key(|change| (Reverse(change.growth_bytes.unsigned_abs()), name(change)));
    changes
}

/// Which of the runs has no objects, if only one has.
fn looked_at_one(old: &Report, new: &Report) -> Option<&'static str> {
    match (old.objects.is_empty(), new.objects.is_empty()) {
        (true, false) => Some("old"),
        (false, true) => Some("new"),
        _ => None,
    }
}

fn named(object: &HeldObject) -> NamedObject {
    let holder = object.holder.as_ref();
    NamedObject {
        name: object.name.clone(),
        kind: object.kind.clone(),
        shape: object.shape.clone(),
        file: holder.map(|holder| holder.file.clone()).unwrap_or_default(),
        function: holder.map(|holder| holder.function.clone()).unwrap_or_default(),
    }
}

fn difference(old: u64, new: u64) -> i64 {
    i64::try_from(i128::from(new) - i128::from(old)).unwrap_or(if new > old { i64::MAX } else { i64::MIN })
}

/// What makes the comparison doubtful.
fn cautions(old_report: &Report, new_report: &Report) -> Vec<String> {
    let (old, new) = (&old_report.run, &new_report.run);
    let mut cautions = Vec::new();
    // The first word is the interpreter, which may lie elsewhere; a script may too.
    let last = |word: &String| word.rsplit('/').next().unwrap_or(word).to_owned();
    let program = |run: &Run| run.command.get(1).map(last);
    let arguments = |run: &Run| run.command.iter().skip(2).cloned().collect::<Vec<_>>();
    if program(old) != program(new) {
        let name = |run: &Run| program(run).unwrap_or_else(|| "unknown".to_owned());
        cautions.push(format!("These are different programs: {} and {}.", name(old), name(new)));
    } else if arguments(old) != arguments(new) {
        let shown = |run: &Run| match arguments(run).join(" ") {
            none if none.is_empty() => "none".to_owned(),
            some => some,
        };
        cautions.push(format!("The program's arguments differ: {} and {}.", shown(old), shown(new)));
    }
    if old.python != new.python {
        cautions.push(format!("The Pythons differ: {} and {}.", old.python, new.python));
    }
    if old.mode != new.mode {
        cautions.push(
            "One run is sampled and the other exact: small differences may be those of sampling.".to_owned(),
        );
    }
    for (run, which) in [(old, "old"), (new, "new")] {
        if run.recording == Recording::StoppedEarly || !run.problems.is_empty() {
            cautions.push(format!("The {which} capture is incomplete: its numbers are partial."));
        }
    }
    if old.exit.is_some() && new.exit.is_some() && old.exit != new.exit {
        cautions
            .push("The runs ended in different ways: one may not have come as far as the other.".to_owned());
    }
    if let Some(which) = looked_at_one(old_report, new_report) {
        cautions.push(format!("The {which} capture knows no objects, so objects are not compared."));
    }
    cautions
}
