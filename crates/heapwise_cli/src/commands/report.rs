//! `heapwise report`: says where the memory went, from a capture.
//!
//! Invariant: a file that it writes is whole or not there; a reader of stdout that has had enough is no error.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, IsTerminal, Write, stdout};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use heapwise_profile::OpenError;
use heapwise_report::{Report, json};

use super::reading;
use crate::args::{Format, ReportArguments};
use crate::exit::{End, ExitStatus};
use crate::failure::{self, Failure};
use crate::terminal::Look;

/// What a new file may be by itself; the process's mask takes away what it should not.
const NEW_FILE_MODE: u32 = 0o666;

/// Does it.
pub(super) fn report(arguments: &ReportArguments) -> Result<End> {
    if let Some(output) = &arguments.output {
        check_output(output, &arguments.capture)?;
    }
    if arguments.format == Format::Html && arguments.output.is_none() && stdout().is_terminal() {
        let name = arguments.capture.with_extension("html");
        return Err(Failure::refused("a page of HTML is nothing to read on a terminal")
            .hint(format!(
                "give it a file: -o {}",
                failure::typed(Path::new(name.file_name().unwrap_or_default()))
            ))
            .into());
    }
    let refused = |error: OpenError| Failure::refused(error.to_string());
    let (report, written) = if arguments.format == Format::Html {
        reading::read_page(&arguments.capture).map_err(refused)?
    } else {
        let report = reading::read(&arguments.capture).map_err(refused)?;
        let written = rendered(&report, arguments)?;
        (report, written)
    };
    match &arguments.output {
        Some(output) => write_file(output, &written)
            .with_context(|| format!("cannot write the report to {}", output.display()))?,
        None => write_stdout(&written).context("cannot write the report")?,
    }
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
        // A page is made of more than the report.
        Format::Html => Ok(Vec::new()),
        Format::Text => {
            let mut look = if arguments.output.is_some() { Look::plain() } else { Look::of(&stdout()) };
            if let Some(width) = arguments.width {
                look.width = usize::from(width);
            }
            reading::as_text(report, look)
        }
    }
}

/// Says before the work what would make it useless after it.
pub(super) fn check_output(output: &Path, capture: &Path) -> Result<(), Failure> {
    let shown = output.display();
    if output.is_dir() {
        return Err(Failure::refused(format!("cannot write {shown}: it is a directory"))
            .hint("give -o the name of the file to write"));
    }
    let folder = folder_of(output);
    if !folder.is_dir() {
        return Err(Failure::refused(format!(
            "cannot write {shown}: there is no folder {}",
            folder.display()
        ))
        .hint(format!("create it first: mkdir -p {}", failure::typed(folder))));
    }
    if let (Ok(output), Ok(capture)) = (output.canonicalize(), capture.canonicalize())
        && output == capture
    {
        return Err(Failure::refused(format!("cannot write {shown}: it is the capture itself"))
            .hint("give -o another name"));
    }
    Ok(())
}

fn folder_of(output: &Path) -> &Path {
    output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn write_stdout(written: &[u8]) -> io::Result<()> {
    let mut out = stdout().lock();
    match out.write_all(written).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Writes the file under another name beside it, which then takes its place in one step.
pub(super) fn write_file(output: &Path, written: &[u8]) -> io::Result<()> {
    // A link stays a link, and what it leads to is written.
    let target = output.canonicalize();
    let target = target.as_deref().unwrap_or(output);
    let existing = target.metadata().ok();
    if existing.as_ref().is_some_and(|file| !file.is_file()) {
        // A pipe or a device is not replaced but written to.
        return fs::OpenOptions::new().write(true).open(target)?.write_all(written);
    }
    let permissions = existing.map_or(Permissions::from_mode(NEW_FILE_MODE), |file| file.permissions());
    let mut beside = tempfile::Builder::new()
        .prefix(".heapwise-report-")
        .permissions(permissions)
        .tempfile_in(folder_of(target))?;
    beside.write_all(written)?;
    beside.persist(target)?;
    Ok(())
}
