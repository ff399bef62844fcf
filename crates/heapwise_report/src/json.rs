//! The report as JSON, as `schema/report.schema.json` describes it.

use std::io;

use serde::Serialize as _;

use crate::Report;

/// Writes `report` indented by two spaces, with a line feed at the end.
///
/// # Errors
/// Those of `out`.
pub fn render(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    report.serialize(&mut serde_json::Serializer::pretty(&mut *out))?;
    out.write_all(b"\n")
}

/// Writes `report` on a single line, with a line feed at the end.
///
/// # Errors
/// Those of `out`.
pub fn render_compact(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    report.serialize(&mut serde_json::Serializer::new(&mut *out))?;
    out.write_all(b"\n")
}
