//! `heapwise diff`: what grew and what shrank from one run to another.
//!
//! Invariant: the exit code tells of growth only where a limit was asked for.

use std::io::{IsTerminal, stdout};
use std::path::Path;

use anyhow::Result;
use heapwise_report::comparison::Comparison;
use heapwise_report::text::{self, TextOptions};

use super::{output, reading};
use crate::args::{DiffArguments, DiffFormat, Growth};
use crate::exit::{End, ExitStatus};
use crate::failure::{self, Failure};
use crate::terminal::Look;

/// Lines of the program that the text lists.
const LINES: usize = 15;

/// Does it.
pub(super) fn diff(arguments: &DiffArguments) -> Result<End> {
    if let Some(output) = &arguments.output {
        output::check(output, &arguments.old)?;
        output::check(output, &arguments.new)?;
    }
    if arguments.format == DiffFormat::Html && arguments.output.is_none() && stdout().is_terminal() {
        return Err(output::no_page_on_a_terminal(Path::new("diff.html")).into());
    }
    let read = |path| reading::read(path).map_err(|error| Failure::refused(error.to_string()));
    let (old, new) = (read(&arguments.old)?, read(&arguments.new)?);
    let comparison = Comparison::new(&old, &new);
    let mut written = Vec::new();
    if arguments.format == DiffFormat::Json {
        serde_json::to_writer_pretty(&mut written, &comparison)?;
        written.push(b'\n');
    } else if arguments.format == DiffFormat::Html {
        written = heapwise_page::render_comparison(&old, &new, &comparison);
    } else {
        let mut look = if arguments.output.is_some() { Look::plain() } else { Look::of(&stdout()) };
        if let Some(width) = arguments.width {
            look.width = usize::from(width);
        }
        let options = TextOptions { width: look.width, color: look.colour, lines: LINES };
        text::comparison::render(&comparison, &options, &mut written)?;
    }
    output::write(arguments.output.as_deref(), &written, "the comparison")?;
    let limit = arguments.fail_on_growth.map(|growth| match growth {
        Growth::Bytes(bytes) => bytes,
        Growth::Percent(percent) => (comparison.old.peak_bytes as f64 * percent / 100.0) as u64,
    });
    if limit.is_some_and(|limit| comparison.grew_beyond(limit)) {
        failure::say("heapwise: the peak grew beyond --fail-on-growth\n");
        return Ok(End::Own(ExitStatus::Exceeded));
    }
    Ok(End::Own(ExitStatus::Success))
}
