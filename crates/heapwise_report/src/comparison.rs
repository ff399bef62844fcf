//! Two reports compared: what grew, what shrank.
//!
//! Owns which line of the old run is which line of the new one. Numbers of lines change with every edit above them,
//! so lines are matched by what they are, in steps from sure to likely; each line is matched at most once:
//!
//! 1. same file, function and text;
//! 2. same file and function, text alike: the line was edited;
//! 3. same text in another function or file, where only one such line is left on each side: the code was moved;
//! 4. same file, function and number, where the text of a line is not known.
//!
//! Files are the same if their paths below the run's folder are, so a checkout elsewhere compares.
//! Invariant: over all lines, matched or not, the old bytes add up to the old peak, the new ones to the new peak (up to
//! rounding in sampled captures).

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::model::{Mode, Recording, Report, Run, UserLine};

/// The version of the interface; raised when a field changes its meaning or goes away.
pub const COMPARISON_SCHEMA: u32 = 1;

/// Texts are alike from this share of common characters on.
const ALIKE: f32 = 0.6;
/// The most pairs of texts of one function that are compared character by character.
const MOST_PAIRS: usize = 10_000;
/// Shorter lines than this, `else:` for one, say nothing of where code was moved to.
const TELLING: usize = 8;

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

/// How a line of one run was found in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// In the same file and function, with the same text or number.
    Same,
    /// In the same file and function, with another text.
    Edited,
    /// The same text in another function or file.
    Moved,
    /// It holds bytes in the new run only.
    New,
    /// It held bytes in the old run only.
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

impl Comparison {
    /// Compares two reports.
    pub fn new(old: &Report, new: &Report) -> Self {
        let mut lines: Vec<LineChange> = matches(old, new)
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
            cautions: cautions(&old.run, &new.run),
            lines,
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

fn difference(old: u64, new: u64) -> i64 {
    i64::try_from(i128::from(new) - i128::from(old)).unwrap_or(if new > old { i64::MAX } else { i64::MIN })
}

/// What makes the comparison doubtful.
fn cautions(old: &Run, new: &Run) -> Vec<String> {
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
    cautions
}

type Pair<'a> = (Match, Option<&'a UserLine>, Option<&'a UserLine>);

/// Every line of both runs once.
fn matches<'a>(old: &'a Report, new: &'a Report) -> Vec<Pair<'a>> {
    let mut left = Left { old: sorted(&old.user_lines), new: sorted(&new.user_lines), pairs: Vec::new() };
    let (old_root, new_root) = (root(&old.run), root(&new.run));
    let (old_file, new_file) =
        (|line: &'a UserLine| below(&line.file, old_root), |line: &'a UserLine| below(&line.file, new_root));
    left.pair(
        Match::Same,
        |line| Some((old_file(line), line.function.as_str(), text(line)?)),
        |line| Some((new_file(line), line.function.as_str(), text(line)?)),
        Several::InOrder,
    );
    left.pair_alike(|line| (old_file(line), &line.function), |line| (new_file(line), &line.function));
    let telling = |line: &'a UserLine| text(line).filter(|text| text.len() >= TELLING);
    left.pair(Match::Moved, telling, telling, Several::None);
    left.pair(
        Match::Same,
        |line| Some((old_file(line), line.function.as_str(), line.line)),
        |line| Some((new_file(line), line.function.as_str(), line.line)),
        Several::InOrder,
    );
    let mut pairs = left.pairs;
    pairs.extend(left.old.into_iter().map(|line| (Match::Gone, Some(line), None)));
    pairs.extend(left.new.into_iter().map(|line| (Match::New, None, Some(line))));
    pairs
}

/// By place, so that what is matched in order is matched in the order of the code.
fn sorted(lines: &[UserLine]) -> Vec<&UserLine> {
    let mut lines: Vec<&UserLine> = lines.iter().collect();
    lines.sort_by(|a, b| (&a.file, a.line, &a.function).cmp(&(&b.file, b.line, &b.function)));
    lines
}

fn text(line: &UserLine) -> Option<&str> {
    line.source.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// The folder that paths are compared below: that of the script, else the working directory.
fn root(run: &Run) -> &str {
    let script =
        run.command.get(1).filter(|word| word.starts_with('/')).and_then(|word| word.rsplit_once('/'));
    script.map(|(folder, _)| folder).or(run.folder.as_deref()).unwrap_or_default()
}

fn below<'a>(file: &'a str, root: &str) -> &'a str {
    file.strip_prefix(root).and_then(|rest| rest.strip_prefix('/')).unwrap_or(file)
}

/// What to do where several lines have the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Several {
    /// Match them in their order.
    InOrder,
    /// Match none of them.
    None,
}

/// What is not matched yet, by place; and what is.
struct Left<'a> {
    old: Vec<&'a UserLine>,
    new: Vec<&'a UserLine>,
    pairs: Vec<Pair<'a>>,
}

impl<'a> Left<'a> {
    /// Matches lines of equal keys. Lines without a key stay.
    fn pair<K: std::hash::Hash + Eq>(
        &mut self,
        matched: Match,
        old_key: impl Fn(&'a UserLine) -> Option<K>,
        new_key: impl Fn(&'a UserLine) -> Option<K>,
        several: Several,
    ) {
        // By key: the indices in `old` and in `new`, last first.
        let mut found: FxHashMap<K, [Vec<usize>; 2]> = FxHashMap::default();
        for (side, lines) in [(0, &self.old), (1, &self.new)] {
            for (index, line) in lines.iter().enumerate().rev() {
                let key = if side == 0 { old_key(line) } else { new_key(line) };
                if let Some(key) = key {
                    found.entry(key).or_default()[side].push(index);
                }
            }
        }
        let mut taken: Vec<(usize, usize)> = Vec::new();
        for [mut olds, mut news] in found.into_values() {
            if several == Several::None && (olds.len() > 1 || news.len() > 1) {
                continue;
            }
            while let (Some(old), Some(new)) = (olds.pop(), news.pop()) {
                taken.push((old, new));
                if olds.is_empty() || news.is_empty() {
                    break;
                }
            }
        }
        taken.sort_unstable();
        self.take(matched, &taken);
    }

    /// Within each function, matches the lines whose texts are most alike first.
    fn pair_alike<'k>(
        &mut self,
        old_key: impl Fn(&'a UserLine) -> (&'a str, &'k String),
        new_key: impl Fn(&'a UserLine) -> (&'a str, &'k String),
    ) {
        let mut functions: BTreeMap<(&str, &String), [Vec<usize>; 2]> = BTreeMap::new();
        for (index, line) in self.old.iter().enumerate().filter(|(_, line)| text(line).is_some()) {
            functions.entry(old_key(line)).or_default()[0].push(index);
        }
        for (index, line) in self.new.iter().enumerate().filter(|(_, line)| text(line).is_some()) {
            functions.entry(new_key(line)).or_default()[1].push(index);
        }
        let mut taken = Vec::new();
        for [olds, news] in functions.into_values() {
            if olds.len() * news.len() > MOST_PAIRS {
                continue;
            }
            let mut candidates: Vec<(Reverse<u32>, usize, usize)> = Vec::new();
            for &old in &olds {
                for &new in &news {
                    let ratio = likeness(text(self.old[old]), text(self.new[new]));
                    if ratio >= ALIKE {
                        candidates.push((Reverse((ratio * 1e6) as u32), old, new));
                    }
                }
            }
            candidates.sort_unstable();
            let (mut used_old, mut used_new) = (Vec::new(), Vec::new());
            for (_, old, new) in candidates {
                if !used_old.contains(&old) && !used_new.contains(&new) {
                    used_old.push(old);
                    used_new.push(new);
                    taken.push((old, new));
                }
            }
        }
        taken.sort_unstable();
        self.take(Match::Edited, &taken);
    }

    fn take(&mut self, matched: Match, taken: &[(usize, usize)]) {
        let mut keep = [vec![true; self.old.len()], vec![true; self.new.len()]];
        for &(old, new) in taken {
            keep[0][old] = false;
            keep[1][new] = false;
            self.pairs.push((matched, Some(self.old[old]), Some(self.new[new])));
        }
        for (lines, keep) in [&mut self.old, &mut self.new].into_iter().zip(keep) {
            let mut keep = keep.into_iter();
            lines.retain(|_| keep.next().unwrap_or(true));
        }
    }
}

/// The share of characters that two texts have in common, in their order.
fn likeness(old: Option<&str>, new: Option<&str>) -> f32 {
    match (old, new) {
        (Some(old), Some(new)) => similar::TextDiff::from_chars(old, new).ratio(),
        _ => 0.0,
    }
}
