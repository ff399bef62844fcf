//! The report as text for people.
//!
//! The answer comes first: how high the heap went, when, and which lines held it; then what explains it, each
//! section in a file of its own. Invariant: no line is wider than the options say, nothing of a capture reaches
//! the terminal raw (the module `shown`), and without colour the text is the same but for the colours.

use std::io;

use heapwise_analysis::NO_PYTHON;

use crate::{Report, place};
pub use advice::render as render_advice;
use page::Page;
pub use processes::process_name;
pub use shown::shown;

mod advice;
pub mod comparison;
mod ending;
mod headline;
mod lines;
mod memory;
mod notes;
mod objects;
mod page;
mod processes;
mod shown;
mod timeline;
mod tree;

/// Below so many bytes at the peak a program holds less than Python itself does, and details would only be
/// noise.
const TINY_BYTES: u64 = 100_000;

/// How the text is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextOptions {
    /// Columns; no line of the text is wider.
    pub width: usize,
    /// Whether to colour with terminal sequences.
    pub color: bool,
    /// How many lines of the program to list.
    pub lines: usize,
}

/// Whether the program itself held so little that how it was held is of no interest.
pub fn is_tiny(report: &Report) -> bool {
    report.peak.heap_bytes < TINY_BYTES
}

/// Writes `report` as text.
///
/// # Errors
/// Those of `out`.
pub fn render(report: &Report, options: &TextOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let page = &mut Page::new(out, options.width, options.color);
    let view = &View::new(report);
    headline::write(view, page)?;
    processes::write_not_followed(report, page)?;
    if !is_tiny(report) {
        processes::write(report, page)?;
        page.blank()?;
        lines::write(view, options.lines, page)?;
        lines::write_at_end(view, options.lines, page)?;
        objects::write(view, options.lines, page)?;
        advice::write_first(view, page)?;
        tree::write(view, options.lines, page)?;
        timeline::write(report, page)?;
        memory::write(report, page)?;
        page.blank()?;
        notes::write(view, page)?;
    } else if report.peak.heap_bytes > 0 {
        notes::write_tiny(view, page)?;
    }
    Ok(())
}

/// A report with the names of its places.
struct View<'a> {
    report: &'a Report,
    /// Files below these are named relative to them.
    folders: Vec<&'a str>,
}

impl<'a> View<'a> {
    fn new(report: &'a Report) -> Self {
        let run = &report.run;
        let mut folders: Vec<&str> = run.folder.as_deref().into_iter().collect();
        // Also the folder of the script, which is named in full in the command line.
        let is_run = |file: &str| run.command.iter().skip(1).any(|argument| argument == file);
        let script = report.lines.iter().map(|line| line.file.as_str()).find(|file| is_run(file));
        folders.extend(script.and_then(|file| file.rsplit_once('/')).map(|(folder, _)| folder));
        Self { report, folders }
    }

    /// The name of a place for people, safe to print: `flights.py:33`.
    fn place(&self, file: &str, line: u32, function: &str) -> String {
        if file.is_empty() {
            return if function == NO_PYTHON { "(no Python line)" } else { "(unknown file)" }.to_owned();
        }
        let file = self.file(file);
        if line == 0 { file } else { format!("{file}:{line}") }
    }

    /// The name of a file for people, safe to print.
    fn file(&self, file: &str) -> String {
        shown(place::short(file, &self.folders))
    }
}

/// The name of a function for people, safe to print; empty for what is none.
fn function_name(function: &str) -> String {
    if function == NO_PYTHON { String::new() } else { shown(&function.replace("<locals>.", "")) }
}
