//! The report as text for people.
//!
//! The answer comes first: how high the heap went, when, and which lines held it; then what explains it, each
//! section in a file of its own. Invariant: no line is wider than the options say, nothing of a capture reaches
//! the terminal raw ([`shown`]), and without colour the text is the same but for the colours.

use std::io;

use heapwise_analysis::NO_PYTHON;

use crate::{Report, place};
use page::Page;
use shown::shown;

mod headline;
mod lines;
mod memory;
mod notes;
mod page;
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

/// Writes `report` as text.
///
/// # Errors
/// Those of `out`.
pub fn render(report: &Report, options: &TextOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let page = &mut Page::new(out, options.width, options.color);
    headline::write(report, page)?;
    if report.peak.heap_bytes >= TINY_BYTES {
        page.blank()?;
        lines::write(report, options.lines, page)?;
        tree::write(report, options.lines, page)?;
        timeline::write(report, page)?;
        memory::write(report, page)?;
        page.blank()?;
        notes::write(report, page)?;
    } else if report.peak.heap_bytes > 0 {
        notes::write_tiny(report, page)?;
    }
    Ok(())
}

/// The name of a place for people, safe to print: `flights.py:33`.
fn place_name(report: &Report, file: &str, line: u32, function: &str) -> String {
    if file.is_empty() {
        return if function == NO_PYTHON { "(no Python line)" } else { "(unknown file)" }.to_owned();
    }
    let file = file_name(report, file);
    if line == 0 { file } else { format!("{file}:{line}") }
}

/// The name of a file for people, safe to print.
fn file_name(report: &Report, file: &str) -> String {
    shown(place::short(file, report.run.folder.as_deref()))
}

/// The name of a function for people, safe to print; empty for what is none.
fn function_name(function: &str) -> String {
    if function == NO_PYTHON { String::new() } else { shown(&function.replace("<locals>.", "")) }
}
