//! `heapwise advise`: says what to change, from a capture.
//!
//! Invariant: advice is no failure: the exit code says whether the capture could be read, not what was found.

use std::io::{self, stdout};

use anyhow::Result;
use heapwise_report::{Report, advice, text};

use super::{output, reading};
use crate::args::{AdviceFormat, AdviseArguments};
use crate::exit::{End, ExitStatus};
use crate::failure::{self, Failure};
use crate::terminal::Look;

/// Does it.
pub(super) fn advise(arguments: &AdviseArguments) -> Result<End> {
    if let Some(output) = &arguments.output {
        output::check(output, &arguments.capture)?;
    }
    let report = reading::read(&arguments.capture).map_err(|error| Failure::refused(error.to_string()))?;
    let written = rendered(&report, arguments)?;
    output::write(arguments.output.as_deref(), &written, "the advice")?;
    for problem in &report.run.problems {
        failure::warn(format_args!("{}: {problem}", arguments.capture.display()));
    }
    let complete = report.run.problems.is_empty();
    Ok(End::Own(if complete { ExitStatus::Success } else { ExitStatus::Partial }))
}

fn rendered(report: &Report, arguments: &AdviseArguments) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    match arguments.format {
        AdviceFormat::Json => advice::json(report, &mut out)?,
        AdviceFormat::Sarif => advice::sarif(report, &mut out)?,
        AdviceFormat::Github => advice::github(report, &mut out)?,
        AdviceFormat::Text => {
            let mut look = if arguments.output.is_some() { Look::plain() } else { Look::of(&stdout()) };
            if let Some(width) = arguments.width {
                look.width = usize::from(width);
            }
            let options = text::TextOptions { width: look.width, color: look.colour, lines: 0 };
            text::render_advice(report, &options, &mut out)?;
        }
    }
    Ok(out)
}
