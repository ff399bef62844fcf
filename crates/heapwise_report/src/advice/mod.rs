//! Advice in the forms that `heapwise advise` prints: JSON, SARIF and GitHub's annotations; text is in
//! [`crate::text`].
//!
//! Invariant: every form says the same findings in the same order.

mod github;
mod sarif;

use std::io;

use heapwise_advisor::Finding;
use serde::Serialize;

use crate::Report;

pub use github::render as github;
pub use sarif::render as sarif;

/// Writes `{"peak_bytes": ..., "findings": [...]}`, indented, with a line feed at the end.
///
/// # Errors
/// Those of `out`.
pub fn json(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Advice<'a> {
        peak_bytes: u64,
        findings: &'a [Finding],
    }
    let advice = Advice { peak_bytes: report.peak.heap_bytes, findings: &report.findings };
    advice.serialize(&mut serde_json::Serializer::pretty(&mut *out))?;
    out.write_all(b"\n")
}

/// The file of a finding relative to the folder that the program ran in, as code hosts want it.
fn relative<'a>(report: &'a Report, file: &'a str) -> &'a str {
    let folder = report.run.folder.as_deref().unwrap_or("");
    let inside = file.strip_prefix(folder.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'));
    inside.filter(|_| !folder.is_empty()).unwrap_or(file)
}

/// One sentence on what a finding saves.
fn saving(finding: &Finding) -> String {
    format!(
        "The peak would fall by {} to {}.",
        crate::numbers::bytes(finding.peak_saving_bytes),
        crate::numbers::bytes(finding.new_peak_bytes)
    )
}

/// One sentence on what a run with the edit in place showed, if there was one.
pub(crate) fn proof(finding: &Finding) -> Option<String> {
    let verified = finding.verified?;
    let before = crate::numbers::bytes(verified.peak_before_bytes);
    let after = crate::numbers::bytes(verified.peak_after_bytes);
    Some(if verified.is_proof() {
        format!(
            "Proven: run again with the change, the peak was {after} instead of {before}, and the output the same."
        )
    } else if verified.same_output {
        format!("Tried, not proven: run again with the change, the peak was {after} instead of {before}.")
    } else {
        "Tried, not proven: run again with the change, the program did not do the same.".to_owned()
    })
}

/// What a finding saves, as predicted and as proven.
fn outcome(finding: &Finding) -> String {
    [Some(saving(finding)), proof(finding)].into_iter().flatten().collect::<Vec<_>>().join(" ")
}
