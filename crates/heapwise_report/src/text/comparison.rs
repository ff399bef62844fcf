//! Two runs compared, as text.

use std::io;

use super::TextOptions;
use super::page::{Line, Page, Style};
use super::shown::{cut, shown, width};
use crate::comparison::{Comparison, LineChange, Match};
use crate::numbers;
use crate::place;

/// Columns of a number with its sign and unit.
const NUMBER: usize = 12;
/// Columns of the place.
const PLACE: usize = 28;

/// Writes `comparison` as text; [`TextOptions::lines`] says how many lines of the program to list.
///
/// # Errors
/// Those of `out`.
pub fn render(comparison: &Comparison, options: &TextOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let page = &mut Page::new(out, options.width, options.color);
    headline(comparison, page)?;
    for caution in &comparison.cautions {
        page.prose((Style::Warning, "Caution"), 9, caution)?;
    }
    if comparison.lines.is_empty() {
        return Ok(());
    }
    page.blank()?;
    let head = ["Change", "Old peak", "New peak"].map(|title| format!("{title:>NUMBER$}"));
    page.line(Line::default().add(Style::Quiet, &format!("{}  Line", head.concat())))?;
    for change in comparison.lines.iter().take(options.lines) {
        write_change(change, page)?;
    }
    let more = &comparison.lines[comparison.lines.len().min(options.lines)..];
    if !more.is_empty() {
        let growth: i128 = more.iter().map(|change| i128::from(change.growth_bytes)).sum();
        let growth = i64::try_from(growth).unwrap_or(i64::MAX);
        let rest =
            format!("{:>NUMBER$}  in {}", signed(growth), numbers::counted(more.len() as u64, "more line"));
        page.line(Line::default().add(Style::Quiet, &rest))?;
    }
    Ok(())
}

fn headline(comparison: &Comparison, page: &mut Page<'_>) -> io::Result<()> {
    let (old, new) = (comparison.old.peak_bytes, comparison.new.peak_bytes);
    let growth = comparison.peak_growth_bytes;
    let verb = if growth > 0 { "grew" } else { "shrank" };
    let both = format!("{} before, {} now", numbers::bytes(old), numbers::bytes(new));
    let text = if growth.unsigned_abs() == 0 {
        format!("The peak is the same: {}.", numbers::bytes(new))
    } else if growth.unsigned_abs() <= comparison.peak_growth_error_bytes {
        format!("The peak is the same within the error of sampling: {both}.")
    } else {
        let percent = if old == 0 { String::new() } else { format!(" ({})", percent(growth, old)) };
        format!("The peak {verb} by {}{percent}: {both}.", numbers::bytes(growth.unsigned_abs()))
    };
    page.prose((Style::Strong, ""), 0, &text)
}

fn percent(growth: i64, old: u64) -> String {
    let percent = growth as f64 / old as f64 * 100.0;
    if percent.abs() < 10.0 { format!("{percent:+.1} %") } else { format!("{percent:+.0} %") }
}

/// Bytes with a sign.
fn signed(bytes: i64) -> String {
    let sign = if bytes < 0 { "-" } else { "+" };
    format!("{sign}{}", numbers::bytes(bytes.unsigned_abs()))
}

fn write_change(change: &LineChange, page: &mut Page<'_>) -> io::Result<()> {
    let Some(spot) = change.new.as_ref().or(change.old.as_ref()) else { return Ok(()) };
    let file = shown(place::short(&spot.file, &[]));
    let file = file.rsplit('/').next().unwrap_or(&file);
    let place = match (file, spot.line) {
        ("", _) => "(no Python line)".to_owned(),
        (file, 0) => file.to_owned(),
        (file, line) => format!("{file}:{line}"),
    };
    let note = match (change.matched, &change.old) {
        (Match::New, _) => "new: ".to_owned(),
        (Match::Gone, _) => "gone: ".to_owned(),
        (Match::Edited, _) => "edited: ".to_owned(),
        (Match::Moved, Some(old)) => {
            format!("from {}:{}: ", old.file.rsplit('/').next().unwrap_or_default(), old.line)
        }
        _ => String::new(),
    };
    let numbers = [
        signed(change.growth_bytes),
        numbers::bytes(change.old_peak_bytes),
        numbers::bytes(change.new_peak_bytes),
    ];
    let room = PLACE.max(width(&place).min(PLACE + 8));
    let line = Line::default()
        .add(Style::Strong, &format!("{:>NUMBER$}", numbers[0]))
        .add(Style::Plain, &format!("{:>NUMBER$}{:>NUMBER$}  ", numbers[1], numbers[2]))
        .add(Style::Place, &cut(&place, room))
        .add(Style::Plain, "  ")
        .add(Style::Quiet, &note)
        .add(Style::Plain, spot.source.as_deref().map_or(spot.function.as_str(), str::trim));
    page.line(line)
}
