//! From a capture to its report, for every command that shows one.
//!
//! Owns the sign of life while that takes long. Invariant: it appears only on a terminal, and nothing of it stays.

use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use heapwise_analysis::Analysis;
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
    with_sign_of_life(|| {
        let job = Job::open(path)?;
        let profile = &job.processes[0].profile;
        let mut report = match heapwise_analysis::analyse_job(&job) {
            Some(analysis) => Report::build_job(&job, &analysis),
            None => {
                let mut report = Report::build(profile, &heapwise_analysis::analyse(profile));
                report.add_not_followed(&job);
                report
            }
        };
        proofs::fill(path, profile, &mut report.findings);
        Ok(report)
    })
}

/// Reads and analyses the capture at `path`: its report, and that as a page.
pub(super) fn read_page(path: &Path) -> Result<(Report, Vec<u8>), OpenError> {
    with_sign_of_life(|| {
        let profile = Profile::open(path)?;
        let analysis = heapwise_analysis::analyse(&profile);
        let mut report = Report::build(&profile, &analysis);
        proofs::fill(path, &profile, &mut report.findings);
        let page = heapwise_page::render(&profile, &analysis, &report);
        Ok((report, page))
    })
}

/// Reads and analyses the capture at `path`, for what is not a report.
pub(super) fn read_profile(path: &Path) -> Result<(Profile, Analysis), Failure> {
    with_sign_of_life(|| {
        let profile = Profile::open(path)?;
        let analysis = heapwise_analysis::analyse(&profile);
        Ok((profile, analysis))
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
