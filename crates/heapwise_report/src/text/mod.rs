//! The report as text for people.

use std::io;

use crate::Report;

mod shown;

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
    let _ = (report, options, out);
    todo!("the sections")
}
