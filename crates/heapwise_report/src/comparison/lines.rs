//! Which line of the old run is which line of the new one.
//!
//! Numbers of lines change with every edit above them, so lines are matched by what they are, in steps from sure to
//! likely; each line is matched at most once:
//!
//! 1. same file, function and text;
//! 2. same file and function, text alike: the line was edited;
//! 3. same text in another function or file, where only one such line is left on each side: the code was moved;
//! 4. same file, function and number, where the text of a line is not known.
//!
//! Files are the same if their paths below the run's folder are, so a checkout elsewhere compares.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Match;
use super::matching::{Left, Pair, Several};
use crate::model::{Report, Run, UserLine};

/// Texts are alike from this share of common characters on.
const ALIKE: f32 = 0.6;
/// The most pairs of texts of one function that are compared character by character.
const MOST_PAIRS: usize = 10_000;
/// Shorter lines than this, `else:` for one, say nothing of where code was moved to.
const TELLING: usize = 8;

/// Every line of both runs once.
pub(super) fn matches<'a>(old: &'a Report, new: &'a Report) -> Vec<Pair<'a, UserLine>> {
    let mut left = Left::new(sorted(&old.user_lines), sorted(&new.user_lines));
    let (old_root, new_root) = (root(&old.run), root(&new.run));
    let (old_file, new_file) =
        (|line: &'a UserLine| below(&line.file, old_root), |line: &'a UserLine| below(&line.file, new_root));
    left.pair(
        Match::Same,
        |line| Some((old_file(line), line.function.as_str(), text(line)?)),
        |line| Some((new_file(line), line.function.as_str(), text(line)?)),
        Several::InOrder,
    );
    pair_alike(&mut left, |line| (old_file(line), &line.function), |line| (new_file(line), &line.function));
    let telling = |line: &'a UserLine| text(line).filter(|text| text.len() >= TELLING);
    left.pair(Match::Moved, telling, telling, Several::None);
    left.pair(
        Match::Same,
        |line| Some((old_file(line), line.function.as_str(), line.line)),
        |line| Some((new_file(line), line.function.as_str(), line.line)),
        Several::InOrder,
    );
    left.finish()
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
pub(super) fn root(run: &Run) -> &str {
    let script =
        run.command.get(1).filter(|word| word.starts_with('/')).and_then(|word| word.rsplit_once('/'));
    script.map(|(folder, _)| folder).or(run.folder.as_deref()).unwrap_or_default()
}

pub(super) fn below<'a>(file: &'a str, root: &str) -> &'a str {
    file.strip_prefix(root).and_then(|rest| rest.strip_prefix('/')).unwrap_or(file)
}

/// Within each function, matches the lines whose texts are most alike first.
fn pair_alike<'a, 'k>(
    left: &mut Left<'a, UserLine>,
    old_key: impl Fn(&'a UserLine) -> (&'a str, &'k String),
    new_key: impl Fn(&'a UserLine) -> (&'a str, &'k String),
) {
    let mut functions: BTreeMap<(&str, &String), [Vec<usize>; 2]> = BTreeMap::new();
    for (index, line) in left.of_old().iter().enumerate().filter(|(_, line)| text(line).is_some()) {
        functions.entry(old_key(line)).or_default()[0].push(index);
    }
    for (index, line) in left.of_new().iter().enumerate().filter(|(_, line)| text(line).is_some()) {
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
                let ratio = likeness(text(left.of_old()[old]), text(left.of_new()[new]));
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
    left.take(Match::Edited, &taken);
}

/// The share of characters that two texts have in common, in their order.
fn likeness(old: Option<&str>, new: Option<&str>) -> f32 {
    match (old, new) {
        (Some(old), Some(new)) => similar::TextDiff::from_chars(old, new).ratio(),
        _ => 0.0,
    }
}
