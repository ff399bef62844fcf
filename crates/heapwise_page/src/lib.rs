//! The report as one self-contained HTML page.
//!
//! Owns what the page is given and how it gets there: a capture of any size is aggregated until it fits a number of
//! bytes, put into the page as compressed JSON, and drawn there by the program in `assets/page.html`, which
//! `web/` builds. Invariants: the page never exceeds [`MOST_BYTES`]; what was summed up to reach that is
//! said in it; text out of the capture is never markup.
//!
//! ```no_run
//! # fn page(profile: &heapwise_analysis::profile::Profile) -> Vec<u8> {
//! let analysis = heapwise_analysis::analyse(profile);
//! let report = heapwise_report::Report::build(profile, &analysis);
//! heapwise_page::render(profile, &analysis, &report)
//! # }
//! ```

#![forbid(unsafe_code)]

mod advice;
mod calls;
mod comparison;
mod fit;
mod html;
mod listing;
mod payload;
mod places;

pub use comparison::render_comparison;
pub use fit::MOST_BYTES;

use heapwise_analysis::profile::{Job, Profile};
use heapwise_analysis::{Analysis, JobAnalysis, Moments};
use heapwise_report::Report;

/// Moments that can be looked at, about.
const MOMENTS: usize = 240;

/// The page. `analysis` and `report` must be those of `profile`.
pub fn render(profile: &Profile, analysis: &Analysis, report: &Report) -> Vec<u8> {
    let moments = heapwise_analysis::moments(profile, analysis, MOMENTS);
    let process_of = vec![0; profile.threads().len()];
    let looks = listing::looks([(profile, 0)].into_iter());
    fit::page(&Recorded { profile, analysis, report, moments, looks, process_of })
}

/// The page of a run of several processes. `analysis` and `report` must be those of `job`.
pub fn render_job(job: &Job, analysis: &JobAnalysis, report: &Report) -> Vec<u8> {
    let moments = heapwise_analysis::job_moments(job, analysis, MOMENTS);
    let processes = (0..).zip(&job.processes);
    let process_of = processes
        .flat_map(|(number, process)| process.profile.threads().iter().map(move |_| number))
        .collect();
    let JobAnalysis { profile, analysis, processes: totals, .. } = analysis;
    let started = job.processes.iter().zip(totals);
    let looks = listing::looks(started.map(|(process, totals)| (&process.profile, totals.start_ms)));
    fit::page(&Recorded { profile, analysis, report, moments, looks, process_of })
}

/// What a page is made of.
#[derive(Debug)]
struct Recorded<'a> {
    profile: &'a Profile,
    analysis: &'a Analysis,
    report: &'a Report,
    moments: Moments,
    looks: Vec<payload::Look>,
    /// By thread, as [`Profile::threads`] has them: the index of its process in the report.
    process_of: Vec<usize>,
}
