//! What `heapwise fix` says, as text and as JSON.
//!
//! Invariants: `schema/fix.schema.json` describes the JSON; text of the program's reaches a terminal without what that would
//! obey; tables fit 80 columns.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use heapwise_advisor::{Advice, Finding, Safety};
use heapwise_fixer::{Plan, Withdrawal};
use serde::Serialize;

use super::{Applied, Writable};
use crate::args::FixArguments;
use crate::failure;
use crate::verify::{Proof, Verification};

/// Where the second line of a row begins: below the rule.
const INDENT: usize = 9;

/// An edit that is not proven or cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Withdrawn {
    /// A finding's, or `together`.
    id: String,
    reason: String,
}

impl From<Withdrawal> for Withdrawn {
    fn from(withdrawal: Withdrawal) -> Self {
        Self { id: withdrawal.id, reason: withdrawal.why.to_string() }
    }
}

/// What runs with edits withdrew.
pub(super) fn withdrawn_by(verification: &Verification) -> Vec<Withdrawn> {
    let of = |id: &str, proof: &Proof| {
        let reason = proof.withdrawn.clone()?;
        Some(Withdrawn { id: id.to_owned(), reason })
    };
    let alone = verification.proofs.iter().filter_map(|proof| of(&proof.id, proof));
    let together = verification.together.as_ref();
    alone.chain(together.and_then(|together| of("together", &together.proof))).collect()
}

/// What `--format json` prints.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    schema: u32,
    peak_bytes: u64,
    findings: Vec<&'a Finding>,
    withdrawn: &'a [Withdrawn],
    together: Option<TogetherAnswer<'a>>,
    runs: Vec<Run<'a>>,
    applied: &'a [String],
    undo: Option<String>,
    notes: &'a [String],
}

#[derive(Debug, Serialize)]
struct TogetherAnswer<'a> {
    ids: &'a [String],
    peak_before_bytes: u64,
    peak_after_bytes: u64,
    same_output: bool,
    diff: String,
}

/// A run that came to an end.
#[derive(Debug, Serialize)]
struct Run<'a> {
    /// A finding's, `unedited` or `together`.
    id: &'a str,
    peak_bytes: u64,
    duration_s: f64,
}

/// All that there is to tell.
pub(super) struct Said<'a> {
    pub(super) advice: &'a Advice,
    /// The findings that are meant.
    pub(super) chosen: &'a [usize],
    pub(super) verification: Option<&'a Verification>,
    pub(super) withdrawn: &'a [Withdrawn],
    pub(super) writable: &'a Writable,
    /// The edits to show.
    pub(super) shown: &'a Plan,
    /// The working directory of the run.
    pub(super) folder: &'a Path,
}

impl<'a> Said<'a> {
    fn findings(&self) -> Vec<&'a Finding> {
        self.chosen.iter().map(|&index| &self.advice.findings[index]).collect()
    }

    fn finding(&self, id: &str) -> Option<&'a Finding> {
        self.advice.findings.iter().find(|finding| finding.id == id)
    }

    pub(super) fn json(&self, applied: &Applied) -> serde_json::Result<Vec<u8>> {
        let together = self.verification.and_then(|done| done.together.as_ref());
        let answer = Answer {
            schema: 1,
            peak_bytes: self.advice.peak_bytes,
            findings: self.findings(),
            withdrawn: self.withdrawn,
            together: together.and_then(|together| {
                let verified = together.proof.verified?;
                Some(TogetherAnswer {
                    ids: &together.ids,
                    peak_before_bytes: verified.peak_before_bytes,
                    peak_after_bytes: verified.peak_after_bytes,
                    same_output: verified.same_output,
                    diff: together.plan.diff(|file| short(self.folder, file)),
                })
            }),
            runs: self.verification.map(runs).unwrap_or_default(),
            applied: &applied.ids,
            undo: applied.undo.as_ref().map(|path| path.to_string_lossy().into_owned()),
            notes: self.verification.map_or(&[], |done| &done.notes),
        };
        let mut text = serde_json::to_vec_pretty(&answer)?;
        text.push(b'\n');
        Ok(text)
    }

    pub(super) fn text(&self, arguments: &FixArguments, width: usize) -> String {
        let findings = self.findings();
        if findings.is_empty() {
            return "Nothing to fix: heapwise has no findings in this capture.\n".to_owned();
        }
        let mut text = String::new();
        if let Some(done) = self.verification {
            self.write_table(done, arguments.tolerance, width, &mut text);
        }
        self.write_rest(width, &mut text);
        if !self.shown.files.is_empty() {
            let diff = self.shown.diff(|file| short(self.folder, file));
            let _ = write!(text, "\n{}", shown_diff(&diff));
        }
        if !arguments.apply && !arguments.ask && !self.shown.files.is_empty() {
            let is_proven = |id: &String| self.finding(id).is_some_and(|it| it.verified.is_some());
            let (purpose, option) = if self.writable.ids.iter().any(is_proven) {
                ("To write what is proven into your files", "--apply")
            } else {
                ("To prove it by running the program again", "--verify")
            };
            let capture = failure::typed(&arguments.capture);
            let _ = writeln!(text, "\n{purpose}: heapwise fix {capture} {option}");
        }
        text
    }

    /// The findings that are in no table.
    fn write_rest(&self, width: usize, text: &mut String) {
        for finding in self.findings() {
            let proofs = self.verification.map_or(&[][..], |done| &done.proofs);
            if proofs.iter().any(|proof| proof.id == finding.id) {
                continue;
            }
            let withdrawn = self.withdrawn.iter().find(|it| it.id == finding.id);
            let how = match finding.fix.as_ref().map(|fix| fix.safety) {
                Some(_) if withdrawn.is_some() => "not edited",
                Some(_) if finding.verified.is_some_and(|it| it.is_proof()) => "proven",
                Some(_) if finding.verified.is_some() => "tried and withdrawn",
                Some(Safety::Safe) => "safe",
                Some(Safety::Unsafe) => "to be proven",
                _ => "by hand",
            };
            let saving = megabytes(finding.peak_saving_bytes);
            let _ = writeln!(text, "{:<INDENT$}{} saves {saving}; {how}", finding.id, finding.rule);
            about(finding, width, text);
            if let Some(withdrawn) = withdrawn {
                wrapped(&withdrawn.reason, width, text);
            } else if let (None, Some(rule)) = (&finding.fix, heapwise_advisor::rules::rule(finding.rule)) {
                wrapped(&format!("not edited: {}", rule.by_hand()), width, text);
            }
        }
    }

    fn write_table(&self, done: &Verification, tolerance: f64, width: usize, text: &mut String) {
        let before = seconds(done.duration_before);
        let peak = megabytes(done.peak_before_bytes);
        let _ = writeln!(text, "Run again, unedited: a peak of {peak} in {before}.");
        let _ = writeln!(text, "The new peak with each edit, and the time without and with it:\n");
        row(text, ["Finding", "Rule", "Predicted", "Measured", "Output", "Before", "After"]);
        let write = |id: &str, rule: &str, predicted: Option<u64>, proof: &Proof, text: &mut String| {
            let measured = proof.verified.map(|it| megabytes(it.peak_after_bytes)).unwrap_or_default();
            let same = match proof.verified {
                Some(verified) if verified.same_output => "same",
                Some(_) => "other",
                None => "",
            };
            let after = proof.duration.map(seconds).unwrap_or_default();
            let predicted = predicted.map(megabytes).unwrap_or_default();
            row(text, [id, rule, &predicted, &measured, same, &before, &after]);
        };
        for proof in &done.proofs {
            let Some(finding) = self.finding(&proof.id) else { continue };
            write(&proof.id, finding.rule, Some(finding.new_peak_bytes), proof, text);
            about(finding, width, text);
            if let Some(why) = &proof.withdrawn {
                wrapped(&format!("withdrawn: {why}"), width, text);
            }
        }
        if let Some(together) = done.together.as_ref().filter(|together| together.ids.len() > 1) {
            // Only all findings were replayed together.
            let all = together.ids.len() == self.advice.findings.len();
            let predicted = self.advice.together.filter(|_| all).map(|it| it.new_peak_bytes);
            let edits = format!("{} edits", together.ids.len());
            write("together", &edits, predicted, &together.proof, text);
            if let Some(why) = &together.proof.withdrawn {
                wrapped(&format!("withdrawn: {why}"), width, text);
            }
        }
        let mut notes = done.notes.clone();
        if tolerance > 0.0 {
            notes.push(format!(
                "Numbers in the output were compared with a relative tolerance of {tolerance}."
            ));
        }
        for note in &notes {
            let _ = writeln!(text, "{note}");
        }
    }
}

fn runs(done: &Verification) -> Vec<Run<'_>> {
    let run = |id, peak_bytes, duration: Duration| Run { id, peak_bytes, duration_s: duration.as_secs_f64() };
    let of = |id, proof: &Proof| Some(run(id, proof.verified?.peak_after_bytes, proof.duration?));
    let mut runs = vec![run("unedited", done.peak_before_bytes, done.duration_before)];
    runs.extend(done.proofs.iter().filter_map(|proof| of(proof.id.as_str(), proof)));
    let together = done.together.as_ref().filter(|together| together.ids.len() > 1);
    runs.extend(together.and_then(|together| of("together", &together.proof)));
    runs
}

/// What is told when files were changed.
pub(super) fn applied(ids: &[String], folder: &Path, undo: &Path) -> String {
    let (folder, undo) = (failure::typed(folder), failure::typed(undo));
    format!("\nApplied: {}.\nTo undo it: patch -p1 -d {folder} < {undo}\n", ids.join(", "))
}

/// A file's name in a diff that `patch -p1` applies in `folder`; files elsewhere are named from the root.
pub(super) fn short(folder: &Path, file: &str) -> String {
    let below = Path::new(file).strip_prefix(folder).ok().and_then(Path::to_str);
    below.unwrap_or_else(|| file.trim_start_matches('/')).to_owned()
}

/// A row of the table.
fn row(text: &mut String, [id, rule, predicted, measured, output, before, after]: [&str; 7]) {
    let line =
        format!("{id:<8} {rule:<20} {predicted:>9}  {measured:>9}  {output:<6} {before:>8}  {after:>8}");
    *text += line.trim_end();
    *text += "\n";
}

/// Where a finding is and what it says, in one line.
fn about(finding: &Finding, width: usize, text: &mut String) {
    let file = finding.file.rsplit('/').next().unwrap_or(&finding.file);
    let about = shown(&format!("{file}:{}  {}", finding.line, finding.title.replace('`', "")));
    let room = width.saturating_sub(INDENT).max(20);
    let fits = about.chars().count() <= room;
    let kept: String = about.chars().take(if fits { room } else { room - 1 }).collect();
    let _ = writeln!(text, "{:INDENT$}{kept}{}", "", if fits { "" } else { "…" });
}

/// Text in lines that fit, below a row.
fn wrapped(words: &str, width: usize, text: &mut String) {
    let room = width.saturating_sub(INDENT).max(20);
    let mut line = String::new();
    for word in shown(words).split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            let _ = writeln!(text, "{:INDENT$}{line}", "");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(text, "{:INDENT$}{line}", "");
}

/// MB of 1,000,000 bytes.
fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn seconds(span: Duration) -> String {
    format!("{:.2} s", span.as_secs_f64())
}

/// Text of the program's, without what a terminal would obey.
fn shown(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

/// A diff: lines stay lines.
fn shown_diff(diff: &str) -> String {
    let control = |character: char| character.is_control() && character != '\n' && character != '\t';
    diff.chars().map(|character| if control(character) { '\u{fffd}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_from_the_folder() {
        assert_eq!(short(Path::new("/home/a"), "/home/a/b/app.py"), "b/app.py");
        assert_eq!(short(Path::new("/srv"), "/home/a/app.py"), "home/a/app.py");
        assert_eq!(short(Path::new("/srv"), "app.py"), "app.py");
    }

    #[test]
    fn rows_and_reasons_fit() {
        let mut text = String::new();
        let long = [
            "0123456",
            "broadcast-temporary",
            "123456.7 MB",
            "123456.7 MB",
            "other",
            "3600.00 s",
            "3600.00 s",
        ];
        row(&mut text, long);
        wrapped(&"several words of a reason \u{1b}[31m ".repeat(8), 80, &mut text);
        assert!(text.lines().all(|line| line.chars().count() <= 84), "{text}");
        assert!(
            text.lines().skip(1).all(|line| line.starts_with("         ") && !line.contains('\u{1b}')),
            "{text}"
        );
        row(
            &mut text,
            ["0123456", "broadcast-temporary", "9999.9 MB", "9999.9 MB", "other", "999.99 s", "999.99 s"],
        );
        assert!(text.lines().last().is_some_and(|line| line.chars().count() <= 80), "{text}");
    }
}
