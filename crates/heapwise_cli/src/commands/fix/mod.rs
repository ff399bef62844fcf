//! `heapwise fix`: the edits that findings propose, proven by running the program again, and applied.
//!
//! Owns the order of things; `said` owns what is told of them. Invariants: without `--apply` no file of the user's changes; with
//! it only edits that are safe by themselves or proven by a run do; stdout has the answer, stderr what goes on.

mod said;

use std::ffi::OsString;
use std::io::{IsTerminal, stderr, stdin, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use heapwise_advisor::{Advice, Finding, Safety};
use heapwise_fixer::Plan;
use heapwise_profile::{Ending, Mode, Profile};
use indicatif::{ProgressBar, ProgressStyle};

use super::{output, reading};
use crate::args::{FixArguments, FixFormat};
use crate::exit::{End, ExitStatus};
use crate::failure::{self, Failure};
use crate::held_signals::with_signals_held;
use crate::terminal::Look;
use crate::verify::sandbox::Sandbox;
use crate::verify::trial::Setting;
use crate::verify::{self, Impossible, Request, Together, Verification, apply, proofs};
use said::{Said, Withdrawn};

/// The shortest limit for one run, where nobody gave one.
const LEAST_LIMIT: Duration = Duration::from_mins(1);
/// Longer runs are repeated only for those who say how long they may take.
const LONG: Duration = Duration::from_mins(10);

/// What may be written into the user's files.
#[derive(Debug, Default)]
struct Writable {
    ids: Vec<String>,
    plan: Plan,
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
    let folder = PathBuf::from(profile.fact("folder").next().unwrap_or("."));
    let (ready, mut withdrawn) = ready(&profile, &folder, &advice, &chosen);
    let verification = if arguments.verify && !ready.is_empty() {
        match proven(arguments, &profile, &folder, &mut advice, &ready)? {
            Ok(done) => Some(done),
            Err(signal) => return Ok(End::LikeProgram(Ending::Signal(signal))),
        }
    } else {
        None
    };
    let writable = match &verification {
        Some(done) => proven_together(done),
        None => safe_or_proven(arguments, &profile, &folder, &advice, &ready, &mut withdrawn),
    };
    withdrawn.extend(verification.iter().flat_map(said::withdrawn_by));
    // Who only looks sees all edits, what must be proven first among them.
    let looks = !arguments.verify && !arguments.apply;
    let shown = if looks { planned(&profile, &folder, &advice, &ready) } else { writable.plan.clone() };
    let said = Said {
        advice: &advice,
        chosen: &chosen,
        verification: verification.as_ref(),
        withdrawn: &withdrawn,
        writable: &writable,
        shown: &shown,
        folder: &folder,
    };
    if arguments.format == FixFormat::Text {
        let text = said.text(arguments, Look::of(&stdout()).width);
        output::write(None, text.as_bytes(), "the answer")?;
    }
    let wanted =
        arguments.apply || (arguments.ask && !writable.ids.is_empty() && confirmed(arguments, &writable)?);
    let applied = if wanted && !writable.ids.is_empty() {
        write(arguments, &writable, &folder)?
    } else {
        Applied::default()
    };
    match arguments.format {
        FixFormat::Text => {
            if let Some(undo) = &applied.undo {
                output::write(None, said::applied(&applied.ids, &folder, undo).as_bytes(), "the answer")?;
            } else if wanted {
                failure::say("heapwise: nothing was applied: no edit is safe by itself or proven\n");
            }
        }
        FixFormat::Json => output::write(None, &said.json(&applied)?, "the answer")?,
    }
    let nothing_applied =
        wanted && applied.ids.is_empty() && chosen.iter().any(|&it| has_edit(&advice.findings[it]));
    let not_proven = !withdrawn.is_empty() || nothing_applied;
    Ok(End::Own(if not_proven { ExitStatus::NotProven } else { ExitStatus::Success }))
}

/// After `heapwise run --fix`: everything in one go.
pub(super) fn after_run(capture: &Path) -> Result<End> {
    fix(&FixArguments::after_run(capture))
}

/// The profile and the advice on it, with what is proven of it.
fn read_advice(capture: &Path) -> Result<(Profile, Advice), Failure> {
    let (profile, analysis, processes) = reading::read_first(capture)?;
    if processes > 1 {
        failure::say(format_args!(
            "heapwise: edits, savings and proofs are of the first process of this run alone, which had {processes}\n"
        ));
    }
    let objects = heapwise_analysis::objects(&profile, &analysis);
    let mut advice = heapwise_advisor::advise(&profile, &analysis, &objects);
    drop(objects);
    proofs::fill(capture, &profile, &mut advice.findings);
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

/// The findings whose edits can be made in the files as they are, and why others cannot.
fn ready(
    profile: &Profile,
    folder: &Path,
    advice: &Advice,
    chosen: &[usize],
) -> (Vec<usize>, Vec<Withdrawn>) {
    let (mut ready, mut withdrawn) = (Vec::new(), Vec::new());
    for &index in chosen.iter().filter(|&&index| has_edit(&advice.findings[index])) {
        let plan = verify::plan(profile, folder, &[&advice.findings[index]]);
        if plan.withdrawn.is_empty() {
            ready.push(index);
        }
        withdrawn.extend(plan.withdrawn.into_iter().map(Withdrawn::from));
    }
    (ready, withdrawn)
}

/// The edits of findings.
fn planned(profile: &Profile, folder: &Path, advice: &Advice, ready: &[usize]) -> Plan {
    let findings: Vec<&Finding> = ready.iter().map(|&index| &advice.findings[index]).collect();
    verify::plan(profile, folder, &findings)
}

/// Runs the program again, and keeps what that showed: beside the capture, and in the findings. Else the signal that came.
fn proven(
    arguments: &FixArguments,
    profile: &Profile,
    folder: &Path,
    advice: &mut Advice,
    ready: &[usize],
) -> Result<Result<Verification, i32>> {
    let request = Request {
        profile,
        findings: ready.iter().map(|&index| &advice.findings[index]).collect(),
        recorded_peak_bytes: advice.peak_bytes,
        setting: setting(arguments, profile, folder)?,
        tolerance: arguments.tolerance,
    };
    let done = match with_progress(|progress| verify::verify(&request, progress)) {
        Ok(done) => done,
        Err(Impossible::Interrupted(signal)) => return Ok(Err(signal)),
        Err(Impossible::Told(what, hint)) => return Err(Failure::refused(what).hint(hint).into()),
    };
    drop(request);
    if let Err(error) = proofs::keep(&arguments.capture, profile, &advice.findings, &done) {
        let why = failure::reason(&error);
        failure::warn(format_args!("cannot keep the proofs beside the capture: {why}"));
    }
    for proof in &done.proofs {
        if let Some(finding) = advice.findings.iter_mut().find(|finding| finding.id == proof.id) {
            finding.verified = proof.verified;
        }
    }
    Ok(Ok(done))
}

/// How to repeat the recorded run.
fn setting(arguments: &FixArguments, profile: &Profile, folder: &Path) -> Result<Setting> {
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
    if !folder.is_dir() {
        let shown = folder.display();
        return Err(Failure::refused(format!("cannot run the program again: there is no folder {shown}"))
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
    let sandbox = arguments.sandbox.then(|| Sandbox::new(folder, work.path()));
    let stdin = arguments.stdin.as_ref().map(|path| path.canonicalize().unwrap_or_else(|_| path.clone()));
    if let Some(path) = stdin.as_ref().filter(|path| !path.exists()) {
        return Err(Failure::refused(format!("there is no file {}", path.display())).into());
    }
    Ok(Setting {
        interpreter,
        arguments: words,
        folder: folder.to_owned(),
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
    // Its thread must not take the signal that tells of the program's end.
    with_signals_held(|| spinner.enable_steady_tick(Duration::from_millis(100)));
    let result = work(&mut |run, runs, what| {
        spinner.set_message(format!("run {run} of {runs}: {what}"));
        spinner.reset_elapsed();
    });
    spinner.finish_and_clear();
    result
}

/// What a verification leaves to be written.
fn proven_together(verification: &Verification) -> Writable {
    match &verification.together {
        Some(Together { ids, plan, proof }) if proof.withdrawn.is_none() => {
            Writable { ids: ids.clone(), plan: plan.clone() }
        }
        _ => Writable::default(),
    }
}

/// Without a verification: what is safe by itself, or was proven before. Several that are not all safe must have been proven
/// together.
fn safe_or_proven(
    arguments: &FixArguments,
    profile: &Profile,
    folder: &Path,
    advice: &Advice,
    ready: &[usize],
    withdrawn: &mut Vec<Withdrawn>,
) -> Writable {
    let safe = |finding: &Finding| finding.fix.as_ref().is_some_and(|fix| fix.safety == Safety::Safe);
    let good = |finding: &&Finding| match finding.verified {
        Some(verified) => verified.is_proof(),
        None => safe(finding),
    };
    let ready = ready.iter().map(|&index| &advice.findings[index]);
    let mut findings: Vec<&Finding> = ready.filter(good).collect();
    let several = |findings: &[&Finding]| findings.len() > 1 && !findings.iter().all(|it| safe(it));
    let planned = |findings: &[&Finding]| verify::plan(profile, folder, findings);
    let mut plan = planned(&findings);
    if several(&findings) && !proofs::are_proven_together(&arguments.capture, profile, &plan) {
        findings.retain(|finding| safe(finding));
        plan = planned(&findings);
    }
    let left_out = |id: &str| plan.withdrawn.iter().any(|it| it.id == id);
    let ids = findings.iter().map(|it| it.id.clone()).filter(|id| !left_out(id)).collect();
    withdrawn.extend(plan.withdrawn.iter().cloned().map(Withdrawn::from));
    Writable { ids, plan }
}

/// Asks on the terminal.
fn confirmed(arguments: &FixArguments, writable: &Writable) -> Result<bool> {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        let capture = failure::typed(&arguments.capture);
        failure::say(format_args!(
            "heapwise: nothing was applied: there is no terminal to ask on; to apply it: heapwise fix {capture} --apply\n"
        ));
        return Ok(false);
    }
    failure::say(format_args!("\nheapwise: apply {}? [y/N] ", writable.ids.join(", ")));
    let mut answer = String::new();
    stdin().read_line(&mut answer).context("cannot read the answer")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Leaves the way back first, then changes the files.
fn write(arguments: &FixArguments, writable: &Writable, folder: &Path) -> Result<Applied> {
    let stem = arguments.capture.with_extension("");
    let undo = writable.plan.undo(|file| said::short(folder, file));
    let path = apply::write_undo(&stem, &undo)
        .with_context(|| format!("no file was changed: cannot write {}.undo.diff", stem.display()))?;
    if let Err(failure) = apply::apply(&writable.plan, folder) {
        // There is nothing to undo.
        let _ = std::fs::remove_file(&path);
        return Err(failure.into());
    }
    Ok(Applied { ids: writable.ids.clone(), undo: Some(path) })
}
