//! `heapwise report --format pprof` and others: a capture in the format of another tool.
//!
//! Invariant: bytes that a terminal cannot show are not sent to one.

use std::io::{IsTerminal, Write, stdout};

use anyhow::Result;
use heapwise_export::{Value, collapsed, events, firefox, lines, pprof, speedscope};

use super::reading::Run;
use super::{output, reading};
use crate::args::{ExportFormat, ReportArguments};
use crate::exit::{End, ExitStatus};
use crate::failure::{self, Failure};

/// Does it.
pub(super) fn export(arguments: &ReportArguments, format: ExportFormat) -> Result<End> {
    if arguments.output.is_none() && format.is_binary() && stdout().is_terminal() {
        return Err(Failure::refused(format!("{} is not for a terminal", format.name()))
            .hint("name a file with -o, or send stdout to one")
            .into());
    }
    let run = reading::read_run(&arguments.capture)?;
    let analysis = run.analysis();
    let value = arguments.value.map_or(Value::Peak, Into::into);
    let name = arguments.capture.file_name().unwrap_or_default().to_string_lossy();
    let write = |out: &mut (dyn Write + Send)| render(&run, format, value, &name, out);
    output::write_with(arguments.output.as_deref(), write, "the report")?;
    for problem in &analysis.problems {
        failure::warn(format_args!("{}: {problem}", arguments.capture.display()));
    }
    let complete = analysis.problems.is_empty();
    Ok(End::Own(if complete { ExitStatus::Success } else { ExitStatus::Partial }))
}

fn render(
    run: &Run,
    format: ExportFormat,
    value: Value,
    name: &str,
    out: &mut (dyn Write + Send),
) -> std::io::Result<()> {
    let (profile, analysis) = (run.profile(), run.analysis());
    match format {
        ExportFormat::Collapsed => collapsed::write(profile, analysis, value, out),
        ExportFormat::Speedscope => speedscope::write(profile, analysis, value, name, out),
        ExportFormat::Pprof => pprof::write(profile, analysis, value, out),
        ExportFormat::Firefox => firefox::write(profile, analysis, value, name, out),
        ExportFormat::Csv => lines::write(profile, analysis, out),
        ExportFormat::Parquet => events::write(&run.processes(), out),
    }
}
