//! Proves edits by running the program again.
//!
//! Owns what is run and in which order: the program unedited, then with each edit alone, then with all edits that survived, each
//! time under the profiler; `heapwise_fixer` says what the runs prove. Invariant: nothing of the user's is changed here;
//! `apply` is the one place that does.

pub(crate) mod apply;
pub(crate) mod proofs;
pub(crate) mod sandbox;
pub(crate) mod trial;

use std::fs;
use std::path::Path;
use std::time::Duration;

use heapwise_advisor::{Finding, Verified};
use heapwise_fixer::{
    Allowed, Difference, FileState, Outcome, Plan, Tolerance, compare, in_words, judge, last_line,
};
use heapwise_profile::{Ending, Profile};

use crate::failure;
use trial::{Fault, Setting};

/// A run whose peak is off by more than this share of the recorded one did other work.
const OTHER_WORK: f64 = 0.25;

/// What is to be proven.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The run that the findings are of.
    pub(crate) profile: &'a Profile,
    /// The findings with an edit that can be made.
    pub(crate) findings: Vec<&'a Finding>,
    /// The highest heap of the recorded run, bytes.
    pub(crate) recorded_peak_bytes: u64,
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
    /// The files with all their edits.
    pub(crate) plan: Plan,
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
    /// What to know of how runs were compared, in whole sentences.
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

/// The edits of findings, in the user's files as they are now.
pub(crate) fn plan(profile: &Profile, folder: &Path, findings: &[&Finding]) -> Plan {
    let state = |file: &str| FileState {
        as_run: profile.source(file).map(str::to_owned),
        now: fs::read(folder.join(file)).map_err(|error| failure::reason(&error)),
    };
    Plan::of(findings.iter().copied(), state)
}

/// Runs everything. `progress` is told what comes next: which run, of how many at most, and what it is.
pub(crate) fn verify(
    request: &Request<'_>,
    progress: &mut dyn FnMut(usize, usize, &str),
) -> Result<Verification, Impossible> {
    let count = request.findings.len();
    let runs = count + 1 + usize::from(count > 1);
    progress(1, runs, "unedited");
    let baseline = request.setting.run(&Plan::default()).map_err(|fault| impossible(&fault, request))?;
    let mut judge = Judge { request, baseline: &baseline, notes: Vec::new(), clocks: None };
    judge.check_baseline()?;
    let mut proofs = Vec::new();
    for (number, finding) in request.findings.iter().enumerate() {
        progress(number + 2, runs, &finding.id);
        proofs.push(judge.prove(&finding.id, &request.plan(&[finding]))?);
    }
    let survivors: Vec<&Finding> = request
        .findings
        .iter()
        .zip(&proofs)
        .filter(|(_, proof)| proof.withdrawn.is_none())
        .map(|(finding, _)| *finding)
        .collect();
    let plan = request.plan(&survivors);
    for withdrawal in &plan.withdrawn {
        judge.note(true, &format!("{} is not among those together: {}.", withdrawal.id, withdrawal.why));
    }
    let left_out = |id: &str| plan.withdrawn.iter().any(|withdrawal| withdrawal.id == id);
    let ids: Vec<String> =
        survivors.iter().map(|finding| finding.id.clone()).filter(|id| !left_out(id)).collect();
    let proof = match ids.as_slice() {
        [] => None,
        [only] => proofs.iter().find(|proof| proof.id == *only).cloned(),
        _ => {
            progress(runs, runs, "all together");
            Some(judge.prove("", &plan)?)
        }
    };
    Ok(Verification {
        peak_before_bytes: baseline.peak_bytes,
        duration_before: baseline.duration,
        notes: judge.notes,
        proofs,
        together: proof.map(|proof| Together { ids, plan, proof }),
    })
}

impl Request<'_> {
    fn plan(&self, findings: &[&Finding]) -> Plan {
        plan(self.profile, &self.setting.folder, findings)
    }

    /// The longest that one run may take, in seconds, for people.
    fn limit(&self) -> f64 {
        (self.setting.limit.as_secs_f64() * 10.0).round() / 10.0
    }
}

fn impossible(fault: &Fault, request: &Request<'_>) -> Impossible {
    match fault {
        Fault::Interrupted(signal) => Impossible::Interrupted(*signal),
        Fault::TimedOut(what) => Impossible::Told(
            format!("{what} did not end within {} s, unedited", request.limit()),
            "give it more with --timeout SECONDS; if it waits for stdin, give --stdin FILE".to_owned(),
        ),
        Fault::Other(why) => Impossible::Told(
            format!("the program cannot be run again: {why}"),
            "run it with heapwise run first, in the same folder".to_owned(),
        ),
    }
}

/// Holds runs with edits against the one without.
struct Judge<'a> {
    request: &'a Request<'a>,
    baseline: &'a Outcome,
    notes: Vec<String>,
    /// Whether the unedited program prints other times and addresses in another run; `None` before that was tried.
    clocks: Option<bool>,
}

impl Judge<'_> {
    /// Whether the unedited run did what the recorded one did.
    fn check_baseline(&mut self) -> Result<(), Impossible> {
        const STDIN: &str =
            "if it reads stdin, give --stdin FILE; if it needs something that is gone, bring it back";
        let baseline = self.baseline;
        if let Some(recorded) = self.request.profile.header().outcome.ending
            && recorded != baseline.ending
        {
            let said = last_line(&baseline.stderr);
            let said = if said.is_empty() { said } else { format!(" and said: {said}") };
            let (now, then) = (in_words(baseline.ending), in_words(recorded));
            return Err(Impossible::Told(
                format!("the program, unedited, ended with {now} instead of {then} as recorded{said}"),
                STDIN.to_owned(),
            ));
        }
        let recorded = self.request.recorded_peak_bytes as f64;
        if (baseline.peak_bytes as f64 - recorded).abs() > OTHER_WORK * recorded {
            return Err(Impossible::Told(
                format!(
                    "the program did not do the same work again: its peak, unedited, is {:.1} MB instead of {:.1} MB as recorded",
                    baseline.peak_bytes as f64 / 1e6,
                    recorded / 1e6
                ),
                format!("{STDIN}; else record it anew with heapwise run"),
            ));
        }
        match &baseline.check {
            Some((ending, said)) if *ending != Ending::Code(0) => Err(Impossible::Told(
                format!("the check fails without any edit, with {}: {said}", in_words(*ending)),
                "make it pass first, or give another --check".to_owned(),
            )),
            _ => Ok(()),
        }
    }

    fn prove(&mut self, id: &str, plan: &Plan) -> Result<Proof, Impossible> {
        let withdrawn =
            |why: String| Proof { id: id.to_owned(), verified: None, duration: None, withdrawn: Some(why) };
        if plan.files.is_empty() {
            // The file was changed while the runs before this one went on.
            let why = plan.withdrawn.first().map(|withdrawal| withdrawal.why.to_string());
            return Ok(withdrawn(why.unwrap_or_default()));
        }
        let outcome = match self.request.setting.run(plan) {
            Ok(outcome) => outcome,
            Err(Fault::Interrupted(signal)) => return Err(Impossible::Interrupted(signal)),
            Err(Fault::TimedOut(what)) => {
                let limit = self.request.limit();
                return Ok(withdrawn(format!("with it {what} does not end within {limit} s")));
            }
            Err(Fault::Other(why)) => {
                return Ok(withdrawn(format!("with it the program cannot be measured: {why}")));
            }
        };
        let verdict = judge(self.baseline, &outcome, self.difference(&outcome)?);
        Ok(Proof {
            id: id.to_owned(),
            verified: Some(verdict.verified()),
            duration: Some(outcome.duration),
            withdrawn: verdict.withdrawn(),
        })
    }

    /// What a run with edits did otherwise. Before an edit is blamed for another output the program runs unedited once more.
    fn difference(&mut self, outcome: &Outcome) -> Result<Option<Difference>, Impossible> {
        let mut compared = compare(self.baseline, outcome, self.tolerance(self.clocks == Some(true)));
        if matches!(compared, Err(Difference::Line(..) | Difference::File(_))) && self.clocks.is_none() {
            let clocks = self.prints_clocks()?;
            self.clocks = Some(clocks);
            compared = compare(self.baseline, outcome, self.tolerance(clocks));
        }
        Ok(match compared {
            Ok(Allowed { times, addresses, numbers }) => {
                self.note(
                    times,
                    "Times in the output differ, as they do without any edit; they were not compared.",
                );
                self.note(addresses, "Addresses in the output differ; they were not compared.");
                self.note(numbers, "Numbers in the output differ within the tolerance.");
                None
            }
            Err(difference) => Some(difference),
        })
    }

    /// Whether two unedited runs differ in times and addresses; an error if they differ in more.
    fn prints_clocks(&self) -> Result<bool, Impossible> {
        let setting = &self.request.setting;
        let again = setting.run(&Plan::default()).map_err(|fault| impossible(&fault, self.request))?;
        compare(self.baseline, &again, self.tolerance(true)).map_err(|why| {
            Impossible::Told(
                format!("the program does not do the same twice, even unedited: {why}"),
                "say what counts with --check 'COMMAND', or let numbers differ with --tolerance 1e-6; a fixed random \
                 seed helps too"
                    .to_owned(),
            )
        })?;
        Ok(compare(self.baseline, &again, self.tolerance(false)).is_err())
    }

    fn tolerance(&self, clocks: bool) -> Tolerance {
        Tolerance { relative: self.request.tolerance, clocks }
    }

    fn note(&mut self, happened: bool, text: &str) {
        if happened && !self.notes.iter().any(|known| known == text) {
            self.notes.push(text.to_owned());
        }
    }
}
