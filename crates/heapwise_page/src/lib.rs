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
mod fit;
mod html;
mod listing;
mod payload;
mod places;

pub use fit::MOST_BYTES;

use heapwise_analysis::Analysis;
use heapwise_analysis::profile::Profile;
use heapwise_report::Report;

/// The page. `analysis` and `report` must be those of `profile`.
pub fn render(profile: &Profile, analysis: &Analysis, report: &Report) -> Vec<u8> {
    fit::page(profile, analysis, report)
}
