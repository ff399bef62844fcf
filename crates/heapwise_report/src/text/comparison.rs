//! Two runs compared, as text.

use std::io;

use super::TextOptions;
use super::page::{Line, Page, Style};
use super::shown::{cut, width};
use crate::comparison::{Comparison, Row};
use crate::numbers;

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
    page.prose((Style::Strong, ""), 0, &comparison.headline())?;
    for caution in &comparison.cautions {
        page.prose((Style::Warning, "Caution"), 9, caution)?;
    }
    let (lines, objects) = (comparison.line_rows(), comparison.object_rows());
    write_rows(["Change", "Old peak", "New peak"], "Line", &lines, options, page)?;
    write_rows(["Change", "Old size", "New size"], "Object, by what it keeps alive", &objects, options, page)
}

fn write_rows(
    numbers: [&str; 3],
    title: &str,
    rows: &[Row],
    options: &TextOptions,
    page: &mut Page<'_>,
) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    page.blank()?;
    let head = numbers.map(|title| format!("{title:>NUMBER$}"));
    page.line(Line::default().add(Style::Quiet, &format!("{}  {title}", head.concat())))?;
    let (listed, more) = rows.split_at(rows.len().min(options.lines));
    for row in listed {
        let room = PLACE.max(width(&row.place).min(PLACE + 8));
        let numbers = [numbers::signed(row.growth), numbers::bytes(row.old), numbers::bytes(row.new)];
        let line = Line::default()
            .add(Style::Strong, &format!("{:>NUMBER$}", numbers[0]))
            .add(Style::Plain, &format!("{:>NUMBER$}{:>NUMBER$}  ", numbers[1], numbers[2]))
            .add(Style::Place, &cut(&row.place, room))
            .add(Style::Plain, "  ")
            .add(Style::Quiet, &row.note)
            .add(Style::Plain, &row.what);
        page.line(line)?;
    }
    if !more.is_empty() {
        let growth: i128 = more.iter().map(|row| i128::from(row.growth)).sum();
        let growth = i64::try_from(growth).unwrap_or(i64::MAX);
        let noun = format!("more {}", title.split(',').next().unwrap_or(title).to_lowercase());
        let rest = format!(
            "{:>NUMBER$}  in {}",
            numbers::signed(growth),
            numbers::counted(more.len() as u64, &noun)
        );
        page.line(Line::default().add(Style::Quiet, &rest))?;
    }
    Ok(())
}
