//! The tree of calls that led to the peak, as far as it matters.
//!
//! Shows the calls that hold most, each only below its caller, until the rows are used up. Invariant: a call
//! stands below its caller and above its caller's smaller calls.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;

use super::lines::{PLACE_COLUMN, amount};
use super::page::{Line, Page, Style};
use super::shown::{cut, padded, shown, width};
use super::{View, function_name};
use crate::model::{Call, Step};
use crate::numbers::{count, counted};

/// Calls are shown down to this part of the peak, as one in so many.
const SMALLEST_PART: u64 = 50;
/// Columns that a call is indented below its caller, and how often at most.
const INDENT: usize = 2;
const MOST_INDENTS: usize = 12;
/// Columns between a call and its source, and how much of that must fit for it to be shown.
const GAP: usize = 2;
const LEAST_SOURCE: usize = 20;
/// The least room in which a chain tells the library at its end.
const LIBRARY_ROOM: usize = 80;
/// Steps of a chain that are tried to fit on a line.
const MOST_STEPS: usize = 40;
const ARROW: &str = " › ";

struct Row<'a> {
    call: &'a Call,
    level: usize,
    /// The file that the caller is in; it is not named again.
    file: &'a str,
    /// The rows of what is called from here.
    calls: Vec<usize>,
}

pub(super) fn write(view: &View<'_>, most_lines: usize, page: &mut Page<'_>) -> io::Result<()> {
    let most = most_lines + most_lines / 2;
    let (rows, left_out) = choose(&view.report.call_tree, view.report.peak.heap_bytes, most);
    // A tree of single lines is the list of lines over again.
    if rows.iter().all(|row| row.level == 0 && row.call.steps.len() == 1) {
        return Ok(());
    }
    page.blank()?;
    page.heading("Call tree")?;
    let room = page.width.saturating_sub(PLACE_COLUMN);
    let chains: Vec<String> = rows.iter().map(|row| chain(view, row, room)).collect();
    let widest_source = room.saturating_sub(GAP + LEAST_SOURCE);
    // Longer chains than that go without their source.
    let column =
        chains.iter().map(|chain| width(chain)).filter(|&width| width <= widest_source).max().unwrap_or(0);
    for (row, chain) in rows.iter().zip(&chains) {
        let line = amount(row.call.peak_bytes_total, view.report.peak.heap_bytes).to(PLACE_COLUMN);
        let source = row.call.steps.iter().rev().find_map(|step| step.source.as_deref());
        page.line(match source {
            Some(source) if width(chain) <= column => line
                .add(Style::Place, &padded(chain, column))
                .add(Style::Plain, &" ".repeat(GAP))
                .add(Style::Plain, &cut(&shown(source), room.saturating_sub(column + GAP))),
            _ => line.add(Style::Place, chain),
        })?;
    }
    if left_out > 0 {
        let text = counted(left_out as u64, "smaller call");
        page.line(Line::default().to(PLACE_COLUMN).add(Style::Quiet, &text))?;
    }
    Ok(())
}

/// The calls that hold most, in the order of the tree, and how many that matter are not among them.
fn choose(calls: &[Call], peak: u64, most: usize) -> (Vec<Row<'_>>, usize) {
    let matters = |call: &&Call| call.peak_bytes_total >= peak / SMALLEST_PART;
    let new = |call, level, file| Row { call, level, file, calls: Vec::new() };
    let mut found: Vec<Row<'_>> = calls.iter().filter(matters).map(|call| new(call, 0, "")).collect();
    let roots = found.len();
    // By bytes; of equal ones the one found first.
    let candidate = |call: &Call, at: usize| (call.peak_bytes_total, Reverse(at));
    let mut candidates: BinaryHeap<_> =
        found.iter().enumerate().map(|(at, row)| candidate(row.call, at)).collect();
    let mut chosen = Vec::new();
    while chosen.len() < most
        && let Some((_, Reverse(at))) = candidates.pop()
    {
        chosen.push(at);
        let Row { call, level, file, .. } = found[at];
        let file =
            call.steps.iter().rev().find(|step| step.library.is_none()).map_or(file, |step| &step.file);
        // What a library did for a line is told by the list of lines.
        let below = call.calls.iter().filter(matters).filter(|call| !is_library(call));
        for call in below {
            let next = found.len();
            candidates.push(candidate(call, next));
            found[at].calls.push(next);
            found.push(new(call, level + 1, file));
        }
    }
    chosen.sort_unstable();
    let mut order = Vec::with_capacity(chosen.len());
    let mut open: Vec<usize> = (0..roots).rev().collect();
    while let Some(at) = open.pop() {
        if chosen.binary_search(&at).is_ok() {
            open.extend(found[at].calls.iter().rev());
            order.push(at);
        }
    }
    let mut found: Vec<Option<Row<'_>>> = found.into_iter().map(Some).collect();
    (order.into_iter().filter_map(|at| found[at].take()).collect(), candidates.len())
}

fn is_library(call: &Call) -> bool {
    call.steps.iter().all(|step| step.library.is_some())
}

/// A row's chain of calls with its indent, in at most `room` columns: `main:74 › io.py load:33 › pandas`.
fn chain(view: &View<'_>, row: &Row<'_>, room: usize) -> String {
    let indent = " ".repeat(row.level.min(MOST_INDENTS) * INDENT);
    let mut steps = &row.call.steps[..];
    // Where room is short, the library at the end can go: the list of lines names it.
    while room < LIBRARY_ROOM
        && let [before @ .., last] = steps
        && last.library.is_some()
        && !before.is_empty()
    {
        steps = before;
    }
    let mut file = row.file;
    let mut names = Vec::with_capacity(steps.len());
    for step in steps {
        names.push(step_name(view, step, file));
        if step.library.is_none() {
            file = &step.file;
        }
    }
    let whole = format!("{indent}{}", names[..names.len().min(MOST_STEPS)].join(ARROW));
    if names.len() <= MOST_STEPS && width(&whole) <= room {
        return whole;
    }
    // The way in and where it ended say most.
    for kept in (2..names.len().min(MOST_STEPS)).rev() {
        let (first, last) = (kept / 2, kept - kept / 2);
        let omitted = names.len() - kept;
        // The last steps may stand in another file than the last one named.
        let last = &names[names.len() - last..];
        let text = format!(
            "{indent}{}{ARROW}… {} more{ARROW}{}",
            names[..first].join(ARROW),
            count(omitted as u64),
            last.join(ARROW)
        );
        if width(&text) <= room {
            return text;
        }
    }
    cut(&whole, room)
}

/// `load:33`, or `io.py load:33` if it is not in `file`.
fn step_name(view: &View<'_>, step: &Step, file: &str) -> String {
    if let Some(library) = &step.library {
        return shown(library);
    }
    if step.file.is_empty() {
        return view.place("", 0, &step.function);
    }
    let file = if step.file == file { String::new() } else { view.file(&step.file) + " " };
    let again = if step.depth > 1 { format!(" ×{}", count(u64::from(step.depth))) } else { String::new() };
    format!("{file}{}:{}{again}", function_name(&step.function), step.line)
}
