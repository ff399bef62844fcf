//! From a capture to its report, for every command that shows one.
//!
//! Owns the sign of life while that takes long. Invariant: it appears only on a terminal, and nothing of it stays.

use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use heapwise_analysis::{Analysis, JobAnalysis};
use heapwise_profile::{Job, OpenError, Profile};
use heapwise_report::Report;
use heapwise_report::text::{self, TextOptions};
use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::Failure;
use crate::terminal::Look;
use crate::verify::proofs;

/// A person starts to wonder after this time.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two pictures of the spinner.
const TICK: Duration = Duration::from_millis(100);
/// Lines of the program that the text lists.
const LINES: usize = 10;

/// Reads and analyses the capture at `path`, with what is proven of its advice.
pub(super) fn read(path: &Path) -> Result<Report, OpenError> {
    with_sign_of_life(|| Ok(Run::open(path)?.report(path)))
}

/// Reads and analyses the capture at `path`: its report, and that as a page.
pub(super) fn read_page(path: &Path) -> Result<(Report, Vec<u8>), OpenError> {
    with_sign_of_life(|| {
        let run = Run::open(path)?;
        let report = run.report(path);
        let page = match &run.held {
            Held::One(analysis) => heapwise_page::render(run.profile(), analysis, &report),
            Held::Several(analysis) => heapwise_page::render_job(&run.job, analysis, &report),
        };
        Ok((report, page))
    })
}

/// Reads and analyses the capture at `path` with all its processes, for what is not a report.
pub(super) fn read_run(path: &Path) -> Result<Run, Failure> {
    with_sign_of_life(|| Run::open(path)).map_err(|error| Failure::refused(error.to_string()))
}

/// A run, and what its processes held.
pub(super) struct Run {
    pub(super) job: Job,
    held: Held,
}

enum Held {
    One(Box<Analysis>),
    Several(Box<JobAnalysis>),
}

impl Run {
    fn open(path: &Path) -> Result<Self, OpenError> {
        let job = Job::open(path)?;
        let held = match heapwise_analysis::analyse_job(&job) {
            Some(analysis) => Held::Several(Box::new(analysis)),
            None => Held::One(Box::new(heapwise_analysis::analyse(&job.processes[0].profile))),
        };
        Ok(Self { job, held })
    }

    /// The tables of all processes; without the events if there are several.
    pub(super) fn profile(&self) -> &Profile {
        match &self.held {
            Held::One(_) => &self.job.processes[0].profile,
            Held::Several(analysis) => &analysis.profile,
        }
    }

    /// The analysis of all processes together.
    pub(super) fn analysis(&self) -> &Analysis {
        match &self.held {
            Held::One(analysis) => analysis,
            Held::Several(analysis) => &analysis.analysis,
        }
    }

    /// Each process, and when it started, milliseconds after the first one.
    pub(super) fn processes(&self) -> Vec<(&Profile, u64)> {
        let profiles = self.job.processes.iter().map(|process| &process.profile);
        match &self.held {
            Held::One(_) => profiles.map(|profile| (profile, 0)).collect(),
            Held::Several(analysis) => {
                profiles.zip(analysis.processes.iter().map(|process| process.start_ms)).collect()
            }
        }
    }

    /// The report, with what is proven of its advice.
    fn report(&self, path: &Path) -> Report {
        let mut report = match &self.held {
            Held::One(analysis) => {
                let mut report = Report::build(self.profile(), analysis);
                report.add_not_followed(&self.job);
                report
            }
            Held::Several(analysis) => Report::build_job(&self.job, analysis),
        };
        proofs::fill(path, &self.job.processes[0].profile, &mut report.findings);
        report
    }
}

/// Reads the capture at `path` and analyses its first process; and how many processes it has.
pub(super) fn read_first(path: &Path) -> Result<(Profile, Analysis, usize), Failure> {
    with_sign_of_life(|| {
        let mut processes = Job::open(path)?.processes;
        let count = processes.len();
        let profile = processes.swap_remove(0).profile;
        let analysis = heapwise_analysis::analyse(&profile);
        Ok((profile, analysis, count))
    })
    .map_err(|error: OpenError| Failure::refused(error.to_string()))
}

/// The report as text.
pub(super) fn as_text(report: &Report, look: Look) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let options = TextOptions { width: look.width, color: look.colour, lines: LINES };
    text::render(report, &options, &mut out)?;
    Ok(out)
}

/// Does `work`; if it takes long, a spinner on the terminal says what is going on.
fn with_sign_of_life<T>(work: impl FnOnce() -> T) -> T {
    if !stderr().is_terminal() {
        return work();
    }
    let (done, is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            if is_done.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let spinner =
                ProgressBar::new_spinner().with_elapsed(PATIENCE).with_message("reading the capture");
            if let Ok(style) = ProgressStyle::with_template("heapwise: {msg} {spinner} {elapsed}") {
                spinner.set_style(style);
            }
            while is_done.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                spinner.tick();
            }
            spinner.finish_and_clear();
        });
        let result = work();
        drop(done);
        result
    })
}
