//! Leaked, temporary and how sure the numbers are: a line each.

use std::io;

use heapwise_analysis::TEMPORARY_MS;

use super::View;
use super::page::{Page, Style};
use crate::model::{Exit, Recording, UserLine};
use crate::numbers::{bytes, counted};

/// Where the text stands, behind its label.
const TEXT_COLUMN: usize = 11;
/// A line that did less than one in so many of it is not worth its name.
const SMALLEST_PART: u64 = 10;

pub(super) fn write(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    note(page, "Leaked", &leaked(view))?;
    note(page, "Temporary", &temporary(view))?;
    if let Some(refused) = refused(view) {
        note(page, "Refused", &refused)?;
    }
    note(page, "Accuracy", &accuracy(view))
}

/// What there is to say of a program that allocated next to nothing.
pub(super) fn write_tiny(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let top = view.report.user_lines.iter().max_by_key(|line| line.peak_bytes);
    let by = top
        .filter(|line| !line.file.is_empty())
        .map(|line| format!(", most of it by {}", name(view, line)))
        .unwrap_or_default();
    let text = format!("The program itself held next to nothing{by}.");
    page.prose((Style::Plain, ""), 0, &text)
}

fn note(page: &mut Page<'_>, label: &str, text: &str) -> io::Result<()> {
    page.prose((Style::Strong, label), TEXT_COLUMN, text)
}

fn leaked(view: &View<'_>) -> String {
    let live = bytes(view.report.leaked_bytes);
    let unknown = match (view.report.run.exit, view.report.run.recording) {
        (_, Recording::StoppedEarly) => "recording stopped early",
        (Some(Exit::Signal(_)), Recording::Open) => "the program was killed",
        (Some(Exit::Code(_)), Recording::Open) => "the program ended without its exit handlers",
        (None, Recording::Open) => "the end is not in the capture",
        (_, Recording::Complete) => {
            if view.report.leaked_bytes == 0 {
                return "nothing: all memory was freed".to_owned();
            }
            let by = by(view, view.report.leaked_bytes, |line| line.leaked_bytes);
            return format!("{live} still live when the program had ended{by}");
        }
    };
    format!("not known, because {unknown}; at that moment {live} were live")
}

/// What was asked for in vain by a program that went on; else it is told with the end of the program.
fn refused(view: &View<'_>) -> Option<String> {
    let refused = &view.report.refused;
    let last = refused.last().filter(|_| view.report.run.exit == Some(Exit::Code(0)))?;
    let request = super::ending::refused_request(view, last);
    Some(if refused.len() == 1 { request } else { format!("{} times; the last: {request}", refused.len()) })
}

fn temporary(view: &View<'_>) -> String {
    let temporary = view.report.temporary;
    if temporary.allocations == 0 {
        return format!("nothing was freed within {TEMPORARY_MS} ms of its allocation");
    }
    let by = by(view, temporary.bytes, |line| line.temporary_bytes);
    let about = if view.report.run.sampling.is_some() { "about " } else { "" };
    format!(
        "{} in {about}{} freed within {TEMPORARY_MS} ms{by}",
        bytes(temporary.bytes),
        counted(temporary.allocations, "block")
    )
}

/// The line that did most of it: `; most by flights.py:44 (1.20 GB)`.
fn by(view: &View<'_>, whole: u64, part: impl Fn(&UserLine) -> u64) -> String {
    let Some(line) = view.report.user_lines.iter().rev().max_by_key(|line| part(line)) else {
        return String::new();
    };
    let part = part(line);
    if part == 0 || part < whole / SMALLEST_PART {
        return String::new();
    }
    if part == whole {
        return format!("; all by {}", name(view, line));
    }
    let how_much = if part > whole / 2 { "most" } else { "the largest part" };
    format!("; {how_much} by {} ({})", name(view, line), bytes(part))
}

fn name(view: &View<'_>, line: &UserLine) -> String {
    view.place(&line.file, line.line, &line.function)
}

fn accuracy(view: &View<'_>) -> String {
    let reserve = view.report.peak.reserve_bytes;
    if reserve < view.report.peak.heap_bytes / SMALLEST_PART {
        return recording(view);
    }
    format!(
        "{}. {} lie in pools of libraries' allocators, whose blocks cannot be seen: counted by pages in memory, for \
         the lines that ran when they grew",
        recording(view),
        bytes(reserve)
    )
}

fn recording(view: &View<'_>) -> String {
    let Some(sampling) = view.report.run.sampling else {
        let part =
            if view.report.run.problems.is_empty() { "" } else { " as far as the capture could be read" };
        return format!("exact: every block was recorded{part}");
    };
    let peak = view.report.peak;
    let percent = peak.error_bytes as f64 / peak.heap_bytes.max(1) as f64 * 100.0;
    format!(
        "peak ± {} ({percent:.1} %, one standard error): blocks under {} were sampled, larger ones all recorded",
        bytes(peak.error_bytes),
        bytes(sampling.threshold_bytes)
    )
}
