//! `heapwise fix`: the edits that findings propose, proven by running the program again, and applied.
//!
//! Owns what is told of it. Invariants: without `--apply` no file of the user's changes; with it only edits that are
//! safe by themselves or proven by a run do; stdout has the answer, stderr what goes on.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{IsTerminal, stderr, stdin};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use heapwise_advisor::{Advice, Finding, Safety};
use heapwise_profile::{Ending, Mode, Profile};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::{output, reading};
use crate::args::{FixArguments, FixFormat};
use crate::exit::{End, ExitStatus};
use crate::failure::{self, Failure};
use crate::verify::edited::{self, EditedFile};
use crate::verify::sandbox::Sandbox;
use crate::verify::trial::Setting;
use crate::verify::{Impossible, Proof, Request, Together, Verification, apply, proofs, verify};

/// The shortest limit for one run, where nobody gave one.
const LEAST_LIMIT: Duration = Duration::from_mins(1);
/// Longer runs are repeated only for those who say how long they may take.
const LONG: Duration = Duration::from_mins(10);

/// What `--format json` prints; `schema/fix.schema.json` describes it.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    schema: u32,
    peak_bytes: u64,
    findings: Vec<&'a Finding>,
    withdrawn: Vec<Withdrawn<'a>>,
    together: Option<TogetherAnswer>,
    applied: Vec<String>,
    undo: Option<String>,
    notes: &'a [String],
}

#[derive(Debug, Serialize)]
struct Withdrawn<'a> {
    id: &'a str,
    reason: &'a str,
}

#[derive(Debug, Serialize)]
struct TogetherAnswer {
    ids: Vec<String>,
    peak_before_bytes: u64,
    peak_after_bytes: u64,
    same_output: bool,
    diff: String,
}

/// What was applied.
#[derive(Debug, Default)]
struct Applied {
    ids: Vec<String>,
    undo: Option<PathBuf>,
}

/// Does it.
pub(super) fn fix(arguments: &FixArguments) -> Result<End> {
    let (profile, mut advice) = read_advice(&arguments.capture)?;
    let chosen = choose(&advice, &arguments.findings)?;
    let fixable = |advice: &Advice| -> Vec<usize> {
        chosen.iter().copied().filter(|&index| has_edit(&advice.findings[index])).collect()
    };
    let editable = fixable(&advice);
    let folder = profile.fact("folder").next().unwrap_or(".").to_owned();
    let mut verification = None;
    if arguments.verify && !editable.is_empty() {
        let request = Request {
            profile: &profile,
            findings: editable.iter().map(|&index| &advice.findings[index]).collect(),
            setting: setting(arguments, &profile, &folder)?,
            tolerance: arguments.tolerance,
        };
        let done = match with_progress(|progress| verify(&request, progress)) {
            Ok(done) => done,
            Err(Impossible::Interrupted(signal)) => return Ok(End::LikeProgram(Ending::Signal(signal))),
            Err(Impossible::Told(what, hint)) => return Err(Failure::refused(what).hint(hint).into()),
        };
        if let Err(error) = proofs::keep(&arguments.capture, &advice, &done.proofs) {
            failure::warn(format_args!(
                "cannot keep the proofs beside the capture: {}",
                failure::reason(&error)
            ));
        }
        for proof in &done.proofs {
            if let Some(finding) = advice.findings.iter_mut().find(|finding| finding.id == proof.id) {
                finding.verified = proof.verified;
            }
        }
        verification = Some(done);
    }
    let writable = to_write(&profile, &advice, &editable, verification.as_ref())?;
    let said =
        Said { advice: &advice, chosen: &chosen, verification: verification.as_ref(), folder: &folder };
    let mut applied = Applied::default();
    if arguments.format == FixFormat::Text {
        let text = said.text(&writable, arguments);
        output::write(None, text.as_bytes(), "the answer")?;
    }
    let wanted = arguments.apply || (arguments.ask && !writable.files.is_empty() && confirmed(&writable)?);
    if wanted && !writable.files.is_empty() {
        applied = write(arguments, &writable, &folder)?;
        if let (FixFormat::Text, Some(undo)) = (arguments.format, &applied.undo) {
            let (ids, undo) = (applied.ids.join(", "), failure::typed(undo));
            let text = format!(
                "\nApplied: {ids}.\nTo undo it: patch -p1 -d {} < {undo}\n",
                failure::typed(Path::new(&folder))
            );
            output::write(None, text.as_bytes(), "the answer")?;
        }
    } else if wanted && arguments.format == FixFormat::Text {
        failure::say("heapwise: nothing was applied: no edit is safe by itself or proven\n");
    }
    if arguments.format == FixFormat::Json {
        let answer = said.answer(&applied);
        let mut text = serde_json::to_vec_pretty(&answer)?;
        text.push(b'\n');
        output::write(None, &text, "the answer")?;
    }
    let withdrawn = verification.as_ref().is_some_and(|done| {
        let alone = done.proofs.iter().any(|proof| proof.withdrawn.is_some());
        alone || done.together.as_ref().is_some_and(|together| together.proof.withdrawn.is_some())
    });
    let nothing_applied = wanted && applied.ids.is_empty() && !editable.is_empty();
    let status = if withdrawn || nothing_applied { ExitStatus::NotProven } else { ExitStatus::Success };
    Ok(End::Own(status))
}

/// The profile and the advice on it, with what is proven of it.
fn read_advice(capture: &Path) -> Result<(Profile, Advice), Failure> {
    let (profile, analysis) = reading::read_profile(capture)?;
    let objects = heapwise_analysis::objects(&profile, &analysis);
    let mut advice = heapwise_advisor::advise(&profile, &analysis, &objects);
    drop(objects);
    proofs::fill(capture, &mut advice.findings);
    Ok((profile, advice))
}

fn has_edit(finding: &Finding) -> bool {
    let safety = finding.fix.as_ref().map(|fix| fix.safety);
    finding.proposal.is_some() && matches!(safety, Some(Safety::Safe | Safety::Unsafe))
}

/// The indices of the findings that were named; of all if none was.
fn choose(advice: &Advice, named: &[String]) -> Result<Vec<usize>, Failure> {
    if named.is_empty() {
        return Ok((0..advice.findings.len()).collect());
    }
    let find = |name: &String| {
        advice.findings.iter().position(|finding| finding.id == *name).ok_or_else(|| {
            let ids: Vec<&str> = advice.findings.iter().map(|finding| finding.id.as_str()).collect();
            let hint = if ids.is_empty() {
                "there is none in this capture".to_owned()
            } else {
                format!("there are {}", ids.join(", "))
            };
            Failure::refused(format!("there is no finding {name}")).hint(hint)
        })
    };
    named.iter().map(find).collect()
}

/// How to repeat the recorded run.
fn setting(arguments: &FixArguments, profile: &Profile, folder: &str) -> Result<Setting> {
    let mut words = profile.fact("argument").map(OsString::from);
    let named = words.next().unwrap_or_default();
    let recorded = profile.fact("executable").next().unwrap_or_default();
    // As it was typed, if it has a folder: a virtual environment's interpreter is a link to another one.
    let interpreter =
        if named.as_encoded_bytes().contains(&b'/') { named.into() } else { PathBuf::from(recorded) };
    if !interpreter.exists() {
        let shown = interpreter.display();
        return Err(Failure::refused(format!(
            "cannot run the program again: there is no interpreter {shown}"
        ))
        .hint("verify on the machine, and in the environment, of the run")
        .into());
    }
    if !Path::new(folder).is_dir() {
        return Err(Failure::refused(format!("cannot run the program again: there is no folder {folder}"))
            .hint("verify on the machine of the run")
            .into());
    }
    let words: Vec<OsString> = words.collect();
    if words.is_empty() || words[0] == "-" {
        return Err(Failure::refused("cannot run the program again: its code came from stdin")
            .hint("put it into a file")
            .into());
    }
    let recorded = Duration::from_nanos(profile.header().outcome.duration_ns);
    let limit = match arguments.timeout {
        Some(seconds) => Duration::from_secs_f64(seconds),
        None if recorded > LONG => {
            let minutes = recorded.as_secs() / 60;
            return Err(Failure::refused(format!(
                "the recorded run took {minutes} minutes; to prove edits takes that for each of them and once more"
            ))
            .hint("say how long one run may take: --timeout SECONDS; or record a run on less data")
            .into());
        }
        None => LEAST_LIMIT.max(recorded * 10),
    };
    let work = tempfile::Builder::new()
        .prefix("heapwise-fix-")
        .tempdir()
        .context("cannot make a folder to work in")?;
    let sandbox = arguments.sandbox.then(|| Sandbox::new(Path::new(folder), work.path()));
    let stdin = arguments.stdin.as_ref().map(|path| path.canonicalize().unwrap_or_else(|_| path.clone()));
    if let Some(path) = stdin.as_ref().filter(|path| !path.exists()) {
        return Err(Failure::refused(format!("there is no file {}", path.display())).into());
    }
    Ok(Setting {
        interpreter,
        arguments: words,
        folder: folder.into(),
        mode: if profile.header().mode == Mode::Exact { Mode::Exact } else { Mode::Sampled },
        stdin,
        limit,
        check: arguments.check.clone(),
        sandbox,
        work,
    })
}

/// Shows on a terminal what goes on.
fn with_progress<T>(work: impl FnOnce(&mut dyn FnMut(usize, usize, &str)) -> T) -> T {
    if !stderr().is_terminal() {
        return work(&mut |_, _, _| {});
    }
    let spinner = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("heapwise: {msg} {spinner} {elapsed}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(Duration::from_millis(100));
    let result = work(&mut |run, runs, what| {
        spinner.set_message(format!("run {run} of {runs}: {what}"));
        spinner.reset_elapsed();
    });
    spinner.finish_and_clear();
    result
}

/// What may be written into the user's files.
#[derive(Debug, Default)]
struct Writable {
    ids: Vec<String>,
    files: Vec<EditedFile>,
}

/// With a verification: what is proven together. Else: what is safe by itself, or was proven before.
fn to_write(
    profile: &Profile,
    advice: &Advice,
    editable: &[usize],
    verification: Option<&Verification>,
) -> Result<Writable, Failure> {
    if let Some(verification) = verification {
        return Ok(match &verification.together {
            Some(Together { ids, files, proof }) if proof.withdrawn.is_none() => {
                Writable { ids: ids.clone(), files: files.clone() }
            }
            _ => Writable::default(),
        });
    }
    let proven = |finding: &Finding| {
        finding
            .verified
            .is_some_and(|proof| proof.same_output && proof.peak_after_bytes < proof.peak_before_bytes)
    };
    let safe = |finding: &Finding| finding.fix.as_ref().is_some_and(|fix| fix.safety == Safety::Safe);
    let disproven = |finding: &Finding| finding.verified.is_some() && !proven(finding);
    let findings: Vec<&Finding> = editable
        .iter()
        .map(|&index| &advice.findings[index])
        .filter(|finding| (safe(finding) || proven(finding)) && !disproven(finding))
        .collect();
    let files = edited::edit(profile, &findings).map_err(|why| {
        Failure::refused(format!("the edits cannot be made together: {why}"))
            .hint("name one finding at a time")
    })?;
    Ok(Writable { ids: findings.iter().map(|finding| finding.id.clone()).collect(), files })
}

/// Asks on the terminal.
fn confirmed(writable: &Writable) -> Result<bool> {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Ok(false);
    }
    failure::say(format_args!("\nheapwise: apply {}? [y/N] ", writable.ids.join(", ")));
    let mut answer = String::new();
    stdin().read_line(&mut answer).context("cannot read the answer")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Leaves the way back first, then changes the files.
fn write(arguments: &FixArguments, writable: &Writable, folder: &str) -> Result<Applied> {
    let stem = arguments.capture.with_extension("");
    let undo = edited::diff(&edited::undone(&writable.files), folder);
    let path = apply::write_undo(&stem, &undo)
        .with_context(|| format!("no file was changed: cannot write {}.undo.diff", stem.display()))?;
    if let Err(failure) = apply::apply(&writable.files, Path::new(folder)) {
        // There is nothing to undo.
        let _ = std::fs::remove_file(&path);
        return Err(failure.into());
    }
    Ok(Applied { ids: writable.ids.clone(), undo: Some(path) })
}

/// What is told.
struct Said<'a> {
    advice: &'a Advice,
    chosen: &'a [usize],
    verification: Option<&'a Verification>,
    folder: &'a str,
}

impl<'a> Said<'a> {
    fn findings(&self) -> Vec<&'a Finding> {
        self.chosen.iter().map(|&index| &self.advice.findings[index]).collect()
    }

    fn answer(&self, applied: &Applied) -> Answer<'a> {
        let proofs = self.verification.map_or(&[][..], |done| &done.proofs);
        let alone = proofs
            .iter()
            .filter_map(|proof| Some(Withdrawn { id: &proof.id, reason: proof.withdrawn.as_deref()? }));
        let together = self.verification.and_then(|done| done.together.as_ref());
        let all = together.and_then(|together| {
            Some(Withdrawn { id: "together", reason: together.proof.withdrawn.as_deref()? })
        });
        Answer {
            schema: 1,
            peak_bytes: self.advice.peak_bytes,
            findings: self.findings(),
            withdrawn: alone.chain(all).collect(),
            together: together.and_then(|together| {
                let verified = together.proof.verified?;
                Some(TogetherAnswer {
                    ids: together.ids.clone(),
                    peak_before_bytes: verified.peak_before_bytes,
                    peak_after_bytes: verified.peak_after_bytes,
                    same_output: verified.same_output,
                    diff: edited::diff(&together.files, self.folder),
                })
            }),
            applied: applied.ids.clone(),
            undo: applied.undo.as_ref().map(|path| path.to_string_lossy().into_owned()),
            notes: self.verification.map_or(&[], |done| &done.notes),
        }
    }

    fn text(&self, writable: &Writable, arguments: &FixArguments) -> String {
        let findings = self.findings();
        if findings.is_empty() {
            return "Nothing to fix: heapwise has no findings in this capture.\n".to_owned();
        }
        let mut text = String::new();
        match self.verification {
            Some(done) => self.write_table(done, arguments, &mut text),
            None => Self::write_list(&findings, &mut text),
        }
        for finding in findings.iter().filter(|finding| !has_edit(finding)) {
            let _ = writeln!(text, "By hand: {} — {}", finding.id, shown(&finding.title));
        }
        if !writable.files.is_empty() {
            let _ = write!(text, "\n{}", shown_diff(&edited::diff(&writable.files, self.folder)));
        }
        if !arguments.apply && !arguments.ask && findings.iter().any(|finding| has_edit(finding)) {
            let capture = failure::typed(&arguments.capture);
            let next = match (self.verification.is_some(), writable.files.is_empty()) {
                (true, true) => None,
                (true, false) => Some(("To write it into your files", "--apply")),
                (false, _) => Some(("To prove it by running the program again", "--verify")),
            };
            if let Some((purpose, option)) = next {
                let _ = writeln!(text, "\n{purpose}: heapwise fix {capture} {option}");
            }
        }
        text
    }

    fn write_list(findings: &[&Finding], text: &mut String) {
        for finding in findings.iter().filter(|finding| has_edit(finding)) {
            let how = match finding.fix.as_ref().map(|fix| fix.safety) {
                Some(Safety::Safe) => "safe",
                _ => "to be proven",
            };
            let _ = writeln!(
                text,
                "{}  {} (saves {}, {how})",
                finding.id,
                shown(&finding.title),
                megabytes(finding.peak_saving_bytes)
            );
        }
    }

    fn write_table(&self, done: &Verification, arguments: &FixArguments, text: &mut String) {
        let before = done.peak_before_bytes;
        let _ = writeln!(text, "Unedited: peak {}, {}\n", megabytes(before), seconds(done.duration_before));
        let finding = |id: &str| self.advice.findings.iter().find(|finding| finding.id == id);
        let labels: Vec<String> = done
            .proofs
            .iter()
            .map(|proof| finding(&proof.id).map_or_else(|| proof.id.clone(), label))
            .collect();
        let width = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0).max(8);
        let _ = writeln!(
            text,
            "{:<width$}  {:>10}  {:>10}  {:<6}  {:>8}",
            "Finding", "Predicted", "Measured", "Output", "Time"
        );
        for (proof, label) in done.proofs.iter().zip(&labels) {
            // Predicted for the recorded run, whose peak may have been a little other.
            let predicted = finding(&proof.id).map(|finding| megabytes(finding.new_peak_bytes));
            write_row(text, width, label, predicted.as_deref().unwrap_or_default(), proof);
        }
        if let Some(together) = done.together.as_ref().filter(|together| together.ids.len() > 1) {
            write_row(text, width, "together", "", &together.proof);
        }
        if arguments.tolerance > 0.0 {
            let _ = writeln!(
                text,
                "Numbers in the output were compared with a relative tolerance of {}.",
                arguments.tolerance
            );
        }
        for note in &done.notes {
            let _ = writeln!(text, "{note}");
        }
    }
}

/// A finding in a column of a table: `6f1a2b dead-variable app.py:12`.
fn label(finding: &Finding) -> String {
    let file = finding.file.rsplit('/').next().unwrap_or(&finding.file);
    let label = shown(&format!("{} {} {file}:{}", finding.id, finding.rule, finding.line));
    label.chars().take(44).collect()
}

fn write_row(text: &mut String, width: usize, name: &str, predicted: &str, proof: &Proof) {
    let measured = proof.verified.map(|verified| megabytes(verified.peak_after_bytes)).unwrap_or_default();
    let output = match proof.verified {
        Some(verified) if verified.same_output => "same",
        Some(_) => "other",
        None => "",
    };
    let time = proof.duration.map(seconds).unwrap_or_default();
    let line = format!("{name:<width$}  {predicted:>10}  {measured:>10}  {output:<6}  {time:>8}");
    *text += line.trim_end();
    *text += "\n";
    if let Some(why) = &proof.withdrawn {
        let _ = writeln!(text, "    withdrawn: {}", shown(why));
    }
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

/// A diff, coloured on a terminal only by whoever pages it: lines stay lines.
fn shown_diff(diff: &str) -> String {
    let control = |character: char| character.is_control() && character != '\n' && character != '\t';
    diff.chars().map(|character| if control(character) { '\u{fffd}' } else { character }).collect()
}

/// After `heapwise run --fix`: everything in one go.
pub(super) fn after_run(capture: &Path) -> Result<End> {
    fix(&FixArguments::after_run(capture))
}
