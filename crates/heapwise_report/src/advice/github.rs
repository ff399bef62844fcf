//! Advice as GitHub's annotations: a line for each finding, which a workflow's log turns into a warning in the code.

use std::io;

use super::{outcome, relative};
use crate::Report;

/// Writes a `::warning` line for each finding.
///
/// # Errors
/// Those of `out`.
pub fn render(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    for finding in &report.findings {
        writeln!(
            out,
            "::warning file={},line={},endLine={},title={}::{}",
            property(relative(report, &finding.file)),
            finding.line,
            finding.end_line,
            property(&format!("heapwise {}: {}", finding.rule, finding.title)),
            message(&format!("{} {}", finding.message, outcome(finding)))
        )?;
    }
    Ok(())
}

/// Text as GitHub reads it back: its own marks and line ends coded.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
