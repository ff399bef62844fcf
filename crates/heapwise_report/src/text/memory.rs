//! What the resident set consisted of, for those who compare the heap with what the system shows.

use std::cmp::Ordering;
use std::io;

use super::lines::{PLACE_COLUMN, amount};
use super::page::{Line, Page, Style};
use crate::Report;
use crate::model::ResidentKind;
use crate::numbers::{bytes, seconds};

pub(super) fn write(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let Some(resident) = &report.resident else { return Ok(()) };
    page.blank()?;
    let kind = report.run.resident_kind;
    let title = format!("{} {} at {}", kind.name(), bytes(resident.rss_bytes), seconds(resident.time_s));
    let when = match resident.time_s.total_cmp(&report.peak.time_s) {
        Ordering::Less => ", the look just before the peak",
        Ordering::Equal => ", at the peak",
        Ordering::Greater => ", the look just after the peak",
    };
    page.line(Line::default().add(Style::Strong, &title).add(Style::Quiet, when))?;
    if kind == ResidentKind::Pss {
        page.line(
            Line::default().add(Style::Quiet, "a page that several processes have is divided among them"),
        )?;
    }
    for (part, name) in [
        (resident.heap_bytes, "heap"),
        (resident.allocator_overhead_bytes, "added by allocators: headers, sizes rounded up"),
        (resident.allocator_free_bytes, "held free by allocators for later use"),
        (resident.file_bytes, "libraries and other files"),
        (resident.library_variable_bytes, "libraries' variables"),
        (resident.stack_bytes, "stacks of threads"),
        (resident.startup_bytes, "the start of Python"),
        (resident.profiler_bytes, "heapwise itself"),
        (resident.other_bytes, "not explained"),
    ] {
        if part > 0 {
            page.line(amount(part, resident.rss_bytes).to(PLACE_COLUMN).add(Style::Plain, name))?;
        }
    }
    if resident.not_resident_bytes > 0 {
        let line = Line::default().add(Style::Strong, &format!("{:>10}", bytes(resident.not_resident_bytes)));
        let text = "more was allocated but not in memory: untouched or swapped out";
        page.line(line.to(PLACE_COLUMN).add(Style::Quiet, text))?;
    }
    Ok(())
}
