//! Where commands write what they were asked for: stdout, or a file.
//!
//! Invariant: a file that is written is whole or not there; a reader of stdout that has had enough is no error.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Write, stdout};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::failure::{self, Failure};

/// What a new file may be by itself; the process's mask takes away what it should not.
const NEW_FILE_MODE: u32 = 0o666;

/// Writes to the file, else to stdout. `what` names it in an error: "the report".
pub(super) fn write(output: Option<&Path>, written: &[u8], what: &str) -> Result<()> {
    write_with(output, |out| out.write_all(written), what)
}

/// Lets `render` write to the file, else to stdout. `what` names it in an error.
pub(super) fn write_with(
    output: Option<&Path>,
    render: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
    what: &str,
) -> Result<()> {
    match output {
        Some(output) => render_file(output, render)
            .with_context(|| format!("cannot write {what} to {}", output.display())),
        None => render_stdout(render).with_context(|| format!("cannot write {what}")),
    }
}

/// Says before the work what would make it useless after it.
pub(super) fn check(output: &Path, capture: &Path) -> Result<(), Failure> {
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

/// What is said to who asks for a page and names no file.
pub(super) fn no_page_on_a_terminal(name: &Path) -> Failure {
    Failure::refused("a page of HTML is nothing to read on a terminal")
        .hint(format!("give it a file: -o {}", failure::typed(name)))
}

fn folder_of(output: &Path) -> &Path {
    output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn render_stdout(render: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>) -> io::Result<()> {
    let mut out = io::BufWriter::new(stdout());
    match render(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Writes the file under another name beside it, which then takes its place in one step.
pub(crate) fn write_file(output: &Path, written: &[u8]) -> io::Result<()> {
    render_file(output, |out| out.write_all(written))
}

fn render_file(
    output: &Path,
    render: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> io::Result<()> {
    // A link stays a link, and what it leads to is written.
    let target = output.canonicalize();
    let target = target.as_deref().unwrap_or(output);
    let existing = target.metadata().ok();
    if existing.as_ref().is_some_and(|file| !file.is_file()) {
        // A pipe or a device is not replaced but written to.
        return buffered(fs::OpenOptions::new().write(true).open(target)?, render);
    }
    let permissions = existing.map_or(Permissions::from_mode(NEW_FILE_MODE), |file| file.permissions());
    let beside = tempfile::Builder::new()
        .prefix(".heapwise-report-")
        .permissions(permissions)
        .tempfile_in(folder_of(target))?;
    buffered(beside.reopen()?, render)?;
    beside.persist(target)?;
    Ok(())
}

fn buffered(
    file: fs::File,
    render: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = io::BufWriter::new(file);
    render(&mut out)?;
    out.flush()
}
