//! Proves edits by running the program again.
//!
//! Owns what a proof is: the program runs unedited, then with each edit alone, then with all edits that survived, each
//! time under the profiler. An edit survives if the program ends in the same way, does the same (prints the same and
//! writes the same files, or passes the check), and its highest heap is lower. Invariant: nothing of the user's is
//! changed here; `apply` is the one place that does.

pub(crate) mod apply;
pub(crate) mod edited;
mod likeness;
pub(crate) mod proofs;
pub(crate) mod sandbox;
pub(crate) mod trial;

use std::time::Duration;

use heapwise_advisor::{Finding, Verified};
use heapwise_profile::{Ending, Profile};

use edited::EditedFile;
use likeness::Difference;
use trial::{Fault, Setting, Trial};

/// What is to be proven.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The run that the findings are of.
    pub(crate) profile: &'a Profile,
    /// The findings with an edit.
    pub(crate) findings: Vec<&'a Finding>,
    /// How to repeat the run.
    pub(crate) setting: Setting,
    /// By how much numbers in the output may differ, relative to the larger one.
    pub(crate) tolerance: f64,
}

/// What became of one edit.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    /// The finding's.
    pub(crate) id: String,
    /// What was measured; `None` if the program came to no end.
    pub(crate) verified: Option<Verified>,
    /// Run time with the edit.
    pub(crate) duration: Option<Duration>,
    /// Why it is not proven; `None` if it is.
    pub(crate) withdrawn: Option<String>,
}

/// All survivors at once.
#[derive(Debug, Clone)]
pub(crate) struct Together {
    /// The findings.
    pub(crate) ids: Vec<String>,
    /// The files that they change.
    pub(crate) files: Vec<EditedFile>,
    /// What became of them.
    pub(crate) proof: Proof,
}

/// What all runs showed.
#[derive(Debug)]
pub(crate) struct Verification {
    /// The highest heap unedited, bytes.
    pub(crate) peak_before_bytes: u64,
    /// Run time unedited.
    pub(crate) duration_before: Duration,
    /// Each edit alone.
    pub(crate) proofs: Vec<Proof>,
    /// All that survived; `None` if none did.
    pub(crate) together: Option<Together>,
    /// What to know of how outputs were compared, in whole sentences.
    pub(crate) notes: Vec<String>,
}

/// Why nothing could be proven.
#[derive(Debug)]
pub(crate) enum Impossible {
    /// What is wrong, and what to do.
    Told(String, String),
    /// This signal came for heapwise.
    Interrupted(i32),
}

/// Runs everything. `progress` is told what comes next: which run, of how many at most, and what it is.
pub(crate) fn verify(
    request: &Request<'_>,
    progress: &mut dyn FnMut(usize, usize, &str),
) -> Result<Verification, Impossible> {
    let count = request.findings.len();
    let runs = count + 1 + usize::from(count > 1);
    progress(1, runs, "unedited");
    let baseline = request.setting.run(&[]).map_err(|fault| impossible(&fault, request))?;
    check_baseline(&baseline, request)?;
    let mut judge = Judge { request, baseline: &baseline, notes: Vec::new(), steady: false };
    let mut proofs = Vec::new();
    for (number, finding) in request.findings.iter().enumerate() {
        progress(number + 2, runs, &finding.id);
        let proof = match edited::edit(request.profile, &[finding]) {
            Ok(files) => judge.prove(&finding.id, &files)?,
            Err(why) => {
                Proof { id: finding.id.clone(), verified: None, duration: None, withdrawn: Some(why) }
            }
        };
        proofs.push(proof);
    }
    let survivors: Vec<&Finding> = request
        .findings
        .iter()
        .zip(&proofs)
        .filter(|(_, proof)| proof.withdrawn.is_none())
        .map(|(finding, _)| *finding)
        .collect();
    let ids: Vec<String> = survivors.iter().map(|finding| finding.id.clone()).collect();
    let together = match (survivors.as_slice(), edited::edit(request.profile, &survivors)) {
        ([], _) => None,
        (_, Err(why)) => {
            let proof = Proof { id: String::new(), verified: None, duration: None, withdrawn: Some(why) };
            Some(Together { ids, files: Vec::new(), proof })
        }
        ([_], Ok(files)) => {
            let proof = proofs.iter().find(|proof| proof.withdrawn.is_none()).cloned();
            proof.map(|proof| Together { ids, files, proof })
        }
        (_, Ok(files)) => {
            progress(runs, runs, "all together");
            let proof = judge.prove("", &files)?;
            Some(Together { ids, files, proof })
        }
    };
    let notes = judge.notes;
    Ok(Verification {
        peak_before_bytes: baseline.peak_bytes,
        duration_before: baseline.duration,
        proofs,
        together,
        notes,
    })
}

/// In words: `exit code 1`, `signal 9`.
pub(crate) fn ending_in_words(ending: Ending) -> String {
    match ending {
        Ending::Code(code) => format!("exit code {code}"),
        Ending::Signal(signal) => format!("signal {signal}"),
    }
}

const STDIN: &str = "if it reads stdin, give --stdin FILE; if it needs something that is gone, bring it back";

fn impossible(fault: &Fault, request: &Request<'_>) -> Impossible {
    match fault {
        Fault::Interrupted(signal) => Impossible::Interrupted(*signal),
        Fault::TimedOut(what) => {
            let limit = request.setting.limit.as_secs_f64();
            Impossible::Told(
                format!("{what} did not end within {limit:.0} s, unedited"),
                "give it more with --timeout SECONDS; if it waits for stdin, give --stdin FILE".to_owned(),
            )
        }
        Fault::Other(why) => Impossible::Told(
            format!("the program cannot be run again: {why}"),
            "run it with heapwise run first, in the same folder".to_owned(),
        ),
    }
}

/// Whether the unedited run did what the recorded one did.
fn check_baseline(baseline: &Trial, request: &Request<'_>) -> Result<(), Impossible> {
    if let Some(recorded) = request.profile.header().outcome.ending
        && recorded != baseline.ending
    {
        let said = trial::last_line(&baseline.stderr);
        let said = if said.is_empty() { said } else { format!(" and said: {said}") };
        return Err(Impossible::Told(
            format!(
                "the program, unedited, ended with {} instead of {} as recorded{said}",
                ending_in_words(baseline.ending),
                ending_in_words(recorded)
            ),
            STDIN.to_owned(),
        ));
    }
    match &baseline.check {
        Some((ending, said)) if *ending != Ending::Code(0) => Err(Impossible::Told(
            format!("the check fails without any edit, with {}: {said}", ending_in_words(*ending)),
            "make it pass first, or give another --check".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// Holds runs with edits against the one without.
struct Judge<'a> {
    request: &'a Request<'a>,
    baseline: &'a Trial,
    notes: Vec<String>,
    /// Whether the unedited program was seen to do the same twice.
    steady: bool,
}

impl Judge<'_> {
    fn prove(&mut self, id: &str, files: &[EditedFile]) -> Result<Proof, Impossible> {
        let withdrawn =
            |why: String| Proof { id: id.to_owned(), verified: None, duration: None, withdrawn: Some(why) };
        let trial = match self.request.setting.run(files) {
            Ok(trial) => trial,
            Err(Fault::Interrupted(signal)) => return Err(Impossible::Interrupted(signal)),
            Err(Fault::TimedOut(what)) => {
                return Ok(withdrawn(format!("with it {what} does not end in time")));
            }
            Err(Fault::Other(why)) => {
                return Ok(withdrawn(format!("with it the program cannot be measured: {why}")));
            }
        };
        let before = self.baseline.peak_bytes;
        let mut why = self.other_behaviour(self.baseline, &trial);
        if why.is_some() && trial.ending == self.baseline.ending && self.request.setting.check.is_none() {
            self.check_steadiness()?;
        }
        let same_output = why.is_none();
        if same_output {
            let error = (self.baseline.error_bytes as f64).hypot(trial.error_bytes as f64) * 2.0;
            if trial.peak_bytes as f64 + error >= before as f64 {
                why = Some(
                    if trial.peak_bytes > before { "the peak is higher" } else { "the peak is no lower" }
                        .to_owned(),
                );
            }
        }
        let verified =
            Verified { peak_before_bytes: before, peak_after_bytes: trial.peak_bytes, same_output };
        Ok(Proof {
            id: id.to_owned(),
            verified: Some(verified),
            duration: Some(trial.duration),
            withdrawn: why,
        })
    }

    /// What `trial` did otherwise than `before`, if anything.
    fn other_behaviour(&mut self, before: &Trial, trial: &Trial) -> Option<String> {
        if trial.ending != before.ending {
            let said = trial::last_line(&trial.stderr);
            let said = if said.is_empty() { said } else { format!(": {said}") };
            return Some(format!("the program ends with {}{said}", ending_in_words(trial.ending)));
        }
        if let Some((ending, said)) = &trial.check {
            let failed = *ending != Ending::Code(0);
            return failed.then(|| format!("the check fails with {}: {said}", ending_in_words(*ending)));
        }
        for (what, before, after) in
            [("stdout", &before.stdout, &trial.stdout), ("stderr", &before.stderr, &trial.stderr)]
        {
            match likeness::compare(before, after, self.request.tolerance) {
                Ok(allowed) => {
                    self.note(
                        allowed.times,
                        "Times and durations in the output differ; they were not compared.",
                    );
                    self.note(allowed.addresses, "Addresses in the output differ; they were not compared.");
                    self.note(allowed.numbers, "Numbers in the output differ within the tolerance.");
                }
                Err(difference) => return Some(in_words(what, &difference)),
            }
        }
        let (Some(before), Some(after)) = (&before.tree, &trial.tree) else { return None };
        sandbox::difference(before, after).map(|file| format!("it leaves another {}", file.display()))
    }

    fn note(&mut self, happened: bool, text: &str) {
        if happened && !self.notes.iter().any(|known| known == text) {
            self.notes.push(text.to_owned());
        }
    }

    /// Before an edit is blamed for another output: does the program do the same twice without any?
    fn check_steadiness(&mut self) -> Result<(), Impossible> {
        if self.steady {
            return Ok(());
        }
        let again = self.request.setting.run(&[]).map_err(|fault| impossible(&fault, self.request))?;
        match self.other_behaviour(self.baseline, &again) {
            None => {
                self.steady = true;
                Ok(())
            }
            Some(why) => Err(Impossible::Told(
                format!("the program does not do the same twice, even unedited: {why}"),
                "say what counts with --check 'COMMAND', or let numbers differ with --tolerance 1e-6; a fixed random \
                 seed helps too"
                    .to_owned(),
            )),
        }
    }
}

fn in_words(stream: &str, difference: &Difference) -> String {
    let shown = |text: &Option<String>| match text {
        None => "nothing".to_owned(),
        Some(text) => {
            let text: String = text.chars().filter(|character| !character.is_control()).collect();
            if text.chars().count() > 60 {
                format!("“{}…”", text.chars().take(60).collect::<String>())
            } else {
                format!("“{text}”")
            }
        }
    };
    format!(
        "line {} of its {stream} is {} instead of {}",
        difference.line,
        shown(&difference.after),
        shown(&difference.before)
    )
}
