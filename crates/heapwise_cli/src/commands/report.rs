//! `heapwise report`: says where the memory went, from a capture.
//!
//! Invariant: a file that it writes is whole or not there; a reader of stdout that has had enough is no error.

use std::io::{self, IsTerminal, stdout};
use std::path::Path;

use anyhow::Result;
use heapwise_profile::OpenError;
use heapwise_report::{Report, json};

use super::{export, output, reading};
use crate::args::{ExportFormat, Format, ReportArguments};
use crate::exit::{End, ExitStatus};
use crate::failure::{self, Failure};
use crate::terminal::Look;

/// Does it.
pub(super) fn report(arguments: &ReportArguments) -> Result<End> {
    if let Some(value) = arguments.value
        && !arguments.format.has_values()
    {
        let name = value.name();
        return Err(Failure::refused(format!("--value {name} is for the formats that tell of stacks"))
            .hint("give it with --format collapsed, speedscope, pprof or firefox")
            .into());
    }
    if let Some(output) = &arguments.output {
        output::check(output, &arguments.capture)?;
    }
    if let Some(format) = ExportFormat::of(arguments.format) {
        return export::export(arguments, format);
    }
    if arguments.format == Format::Html && arguments.output.is_none() && stdout().is_terminal() {
        let name = arguments.capture.with_extension("html");
        return Err(output::no_page_on_a_terminal(Path::new(name.file_name().unwrap_or_default())).into());
    }
    let refused = |error: OpenError| Failure::refused(error.to_string());
    let (report, written) = if arguments.format == Format::Html {
        reading::read_page(&arguments.capture).map_err(refused)?
    } else {
        let report = reading::read(&arguments.capture).map_err(refused)?;
        let written = rendered(&report, arguments)?;
        (report, written)
    };
    output::write(arguments.output.as_deref(), &written, "the report")?;
    // The text itself names the problems; whoever reads it on the terminal need not be told twice.
    let read_at_once =
        arguments.format == Format::Text && arguments.output.is_none() && stdout().is_terminal();
    for problem in report.run.problems.iter().filter(|_| !read_at_once) {
        failure::warn(format_args!("{}: {problem}", arguments.capture.display()));
    }
    let complete = report.run.problems.is_empty();
    Ok(End::Own(if complete { ExitStatus::Success } else { ExitStatus::Partial }))
}

fn rendered(report: &Report, arguments: &ReportArguments) -> io::Result<Vec<u8>> {
    match arguments.format {
        Format::Json => {
            let mut out = Vec::new();
            json::render(report, &mut out)?;
            Ok(out)
        }
        Format::Text => {
            let mut look = if arguments.output.is_some() { Look::plain() } else { Look::of(&stdout()) };
            if let Some(width) = arguments.width {
                look.width = usize::from(width);
            }
            reading::as_text(report, look)
        }
        // They are made of more than the report.
        _ => Ok(Vec::new()),
    }
}
