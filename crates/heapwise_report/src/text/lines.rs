//! Who held the peak: lines of the user's code with their text, and what below them held the bytes.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io;

use super::page::{Line, Page, Style};
use super::shown::{cut_start, padded, shown, width};
use super::{View, function_name};
use crate::model::UserLine;
use crate::numbers::{bytes, counted, share};

/// Where the place of a line stands, behind its bytes and its share.
pub(super) const PLACE_COLUMN: usize = 18;
/// Columns between two cells.
const GAP: usize = 2;
/// The widest that cells may be when there is not room for all.
const PLACE_ROOM: usize = 44;
const LEAST_PLACE: usize = 20;
const FUNCTION_ROOM: usize = 28;
const BELOW_ROOM: usize = 26;
/// A line of source that is cut shorter than this does not help any more.
const LEAST_SOURCE: usize = 44;
/// Lines are listed down to this part of the peak, as one in so many.
const SMALLEST_PART: u64 = 200;
/// But so many are listed however small they are.
const LEAST_LINES: usize = 3;
/// Libraries below a line that hold less than one in so many of its bytes are not named.
const SMALLEST_BELOW: u64 = 10;
const MOST_BELOW: usize = 3;

struct Row {
    bytes: u64,
    place: String,
    function: String,
    source: String,
    below: String,
}

/// The widths of the columns; without `source` the source goes on a line of its own.
struct Columns {
    place: usize,
    function: usize,
    source: Option<usize>,
}

pub(super) fn write(view: &View<'_>, most: usize, page: &mut Page<'_>) -> io::Result<()> {
    let peak = view.report.peak.heap_bytes;
    let held: Vec<&UserLine> = view.report.user_lines.iter().filter(|line| line.peak_bytes > 0).collect();
    let worth = held.iter().filter(|line| line.peak_bytes >= peak / SMALLEST_PART).count();
    let listed = worth.max(LEAST_LINES).min(most).min(held.len());
    let rows: Vec<Row> = held[..listed].iter().map(|line| row(view, line)).collect();
    let columns = columns(&rows, page.width);
    page.heading("Held by")?;
    for row in &rows {
        write_row(row, peak, &columns, page)?;
    }
    let rest = sum(held[listed..].iter().map(|line| line.peak_bytes));
    write_rest(rest, held.len() - listed, "smaller line", peak, page)?;
    if listed > 0 && rest > peak / 2 { write_functions(view, &held, most, page) } else { Ok(()) }
}

/// Who held the heap when the program died, if that was another moment than the peak.
pub(super) fn write_at_end(view: &View<'_>, most: usize, page: &mut Page<'_>) -> io::Result<()> {
    let live = view.report.leaked_bytes;
    if live == 0 || !super::ending::is_below_peak(view) {
        return Ok(());
    }
    let mut held: Vec<&UserLine> =
        view.report.user_lines.iter().filter(|line| line.leaked_bytes > 0).collect();
    held.sort_by_key(|line| Reverse(line.leaked_bytes));
    let worth = held.iter().filter(|line| line.leaked_bytes >= live / SMALLEST_PART).count();
    let listed = worth.max(LEAST_LINES).min(most).min(held.len());
    let at_end = |line: &UserLine| Row { bytes: line.leaked_bytes, below: String::new(), ..row(view, line) };
    let rows: Vec<Row> = held[..listed].iter().map(|line| at_end(line)).collect();
    let columns = columns(&rows, page.width);
    page.blank()?;
    page.heading("Held at the end")?;
    for row in &rows {
        write_row(row, live, &columns, page)?;
    }
    let rest = sum(held[listed..].iter().map(|line| line.leaked_bytes));
    write_rest(rest, held.len() - listed, "smaller line", live, page)
}

/// Where no line stands out, functions may.
fn write_functions(view: &View<'_>, held: &[&UserLine], most: usize, page: &mut Page<'_>) -> io::Result<()> {
    let peak = view.report.peak.heap_bytes;
    // By file and function: bytes and lines.
    let mut by_function: HashMap<(&str, &str), (u64, u64)> = HashMap::new();
    for line in held {
        let (bytes, lines) = by_function.entry((&line.file, &line.function)).or_default();
        *bytes = bytes.saturating_add(line.peak_bytes);
        *lines += 1;
    }
    if by_function.len() == held.len() {
        return Ok(());
    }
    let mut functions: Vec<_> = by_function.into_iter().collect();
    functions.sort_unstable_by_key(|&(name, (bytes, _))| (Reverse(bytes), name));
    page.blank()?;
    page.heading("By function")?;
    let listed = most.min(functions.len());
    for &((file, function), (bytes, lines)) in &functions[..listed] {
        let name = format!("{}  ", view.place(file, 0, function));
        let line = amount(bytes, peak).to(PLACE_COLUMN).add(Style::Place, &name);
        let line = line.add(Style::Plain, &function_name(function));
        page.line(line.add(Style::Quiet, &format!("  {}", counted(lines, "line"))))?;
    }
    let rest = sum(functions[listed..].iter().map(|&(_, (bytes, _))| bytes));
    write_rest(rest, functions.len() - listed, "smaller function", peak, page)
}

fn write_rest(bytes: u64, number: usize, noun: &str, peak: u64, page: &mut Page<'_>) -> io::Result<()> {
    if bytes == 0 {
        return Ok(());
    }
    page.line(amount(bytes, peak).to(PLACE_COLUMN).add(Style::Quiet, &counted(number as u64, noun)))
}

fn sum(bytes: impl Iterator<Item = u64>) -> u64 {
    bytes.fold(0, u64::saturating_add)
}

/// The first two cells of a row: bytes and their share of the whole.
pub(super) fn amount(part: u64, whole: u64) -> Line {
    Line::default()
        .add(Style::Strong, &format!("{:>10}", bytes(part)))
        .add(Style::Plain, &format!(" {}", share(part, whole)))
}

fn row(view: &View<'_>, line: &UserLine) -> Row {
    Row {
        bytes: line.peak_bytes,
        place: view.place(&line.file, line.line, &line.function),
        function: function_name(&line.function),
        source: line.source.as_deref().map(shown).unwrap_or_default(),
        below: below(line),
    }
}

/// The libraries that held a good part of what the line holds: `in pandas, numpy`.
fn below(line: &UserLine) -> String {
    let names: Vec<String> = line
        .libraries
        .iter()
        .filter(|library| library.peak_bytes >= line.peak_bytes / SMALLEST_BELOW)
        .take(MOST_BELOW)
        .map(|library| shown(&library.name))
        .collect();
    if names.is_empty() { String::new() } else { format!("in {}", names.join(", ")) }
}

fn columns(rows: &[Row], page_width: usize) -> Columns {
    let widest = |cell: fn(&Row) -> &str| rows.iter().map(|row| width(cell(row))).max().unwrap_or(0);
    let column = |width: usize| if width == 0 { 0 } else { GAP + width };
    let (place, function) = (widest(|row| &row.place), widest(|row| &row.function));
    let (source, below) = (widest(|row| &row.source), widest(|row| &row.below));
    if PLACE_COLUMN + place + column(function) + column(source) + column(below) <= page_width {
        return Columns { place, function, source: Some(source) };
    }
    let (function, below) = (function.min(FUNCTION_ROOM), below.min(BELOW_ROOM));
    let room = page_width.saturating_sub(PLACE_COLUMN + column(function) + column(below));
    let source_room = room.saturating_sub(place.min(PLACE_ROOM) + GAP);
    if source_room >= LEAST_SOURCE {
        return Columns { place: place.min(PLACE_ROOM), function, source: Some(source_room.min(source)) };
    }
    Columns { place: place.min(room.max(LEAST_PLACE)), function, source: None }
}

fn write_row(row: &Row, peak: u64, columns: &Columns, page: &mut Page<'_>) -> io::Result<()> {
    let place = cut_start(&row.place, columns.place);
    let line = amount(row.bytes, peak)
        .to(PLACE_COLUMN)
        .add(Style::Place, &padded(&place, columns.place))
        .add(Style::Plain, &" ".repeat(GAP));
    let gap = " ".repeat(GAP);
    if let Some(source) = columns.source {
        let function = if columns.function == 0 {
            String::new()
        } else {
            padded(&row.function, columns.function) + &gap
        };
        let line = line
            .add(Style::Plain, &function)
            .add(Style::Plain, &padded(&row.source, source))
            .add(Style::Quiet, &format!("{gap}{}", row.below));
        return page.line(line);
    }
    page.line(
        line.add(Style::Plain, &padded(&row.function, columns.function))
            .add(Style::Quiet, &format!("{gap}{}", row.below)),
    )?;
    if row.source.is_empty() {
        return Ok(());
    }
    page.line(Line::default().to(PLACE_COLUMN).add(Style::Plain, &row.source))
}
