//! Which processes of the run held what at the peak of all together; nothing where there is only one.

use std::cmp::Reverse;
use std::io;

use super::headline::command;
use super::lines::{PLACE_COLUMN, amount};
use super::page::{Page, Style};
use crate::Report;
use crate::model::{AmongOthers, Begun, Exit, Process};
use crate::numbers::{bytes, count};

/// Processes are listed down to this part of the peak, as one in so many.
const SMALLEST_PART: u64 = 200;
const MOST: usize = 8;
/// Processes that were not followed are named up to here.
const MOST_NOT_FOLLOWED: usize = 3;
/// Where a command stands, behind the process id.
const COMMAND_COLUMN: usize = PLACE_COLUMN + 9;

/// What shows in a command line which helper of a library it starts, and its name for people.
const HELPERS: [(&str, &str); 4] = [
    ("multiprocessing.resource_tracker", "resource tracker of multiprocessing"),
    ("multiprocessing.forkserver", "fork server of multiprocessing"),
    ("--multiprocessing-fork", "worker of multiprocessing (spawn)"),
    ("loky.backend.popen_loky_posix", "worker of loky (joblib)"),
];

pub(super) fn write(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let mut rows: Vec<(&Process, &AmongOthers)> =
        report.run.processes.iter().filter_map(|one| Some((one, one.among_others.as_ref()?))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_by_key(|(process, among)| (Reverse((among.peak_bytes, process.peak_heap_bytes)), process.pid));
    let peak = report.peak.heap_bytes;
    let smallest = (peak / SMALLEST_PART).max(1);
    let listed = rows.iter().take_while(|(_, among)| among.peak_bytes >= smallest).count().min(MOST);
    page.blank()?;
    page.heading("Processes, at the peak of all together")?;
    for (process, among) in &rows[..listed] {
        let line = amount(among.peak_bytes, peak).to(PLACE_COLUMN);
        let line = line.add(Style::Place, &process.pid.to_string()).to(COMMAND_COLUMN);
        let line = line.add(Style::Plain, &process_name(process));
        page.line(line.add(Style::Quiet, &remark(process, among)))?;
    }
    let rest = &rows[listed..];
    if rest.is_empty() {
        return Ok(());
    }
    let held = rest.iter().fold(0u64, |sum, (_, among)| sum.saturating_add(among.peak_bytes));
    let highest = rest.iter().map(|(process, _)| process.peak_heap_bytes).max().unwrap_or(0);
    let what = if listed == 0 { "process" } else { "other process" };
    let text = format!("{}; the largest held up to {}", plural(rest.len() as u64, what), bytes(highest));
    page.line(amount(held, peak).to(PLACE_COLUMN).add(Style::Quiet, &text))
}

/// Names the processes that were not followed.
pub(super) fn write_not_followed(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let missed = &report.run.not_followed;
    for process in missed.iter().take(MOST_NOT_FOLLOWED) {
        let text = format!("process {} ({}): {}", process.pid, command(&process.command), process.reason);
        page.prose((Style::Warning, "Not followed: "), 14, &text)?;
    }
    if missed.len() > MOST_NOT_FOLLOWED {
        let more = format!(
            "and {}; the JSON report lists all",
            plural((missed.len() - MOST_NOT_FOLLOWED) as u64, "other process")
        );
        page.prose((Style::Plain, ""), 14, &more)?;
    }
    Ok(())
}

/// `3 processes`.
pub(super) fn plural(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "es" })
}

/// What a process is: its command line, or which fork or helper of a library.
pub fn process_name(process: &Process) -> String {
    let begun = process.among_others.as_ref().map_or(Begun::Launched, |among| among.begun);
    if begun == Begun::Fork {
        return format!("fork of {}", process.parent);
    }
    let has = |mark: &str| process.command.iter().any(|word| word.contains(mark));
    match HELPERS.iter().find(|(mark, _)| has(mark)) {
        Some((_, name)) if begun == Begun::Exec => (*name).to_owned(),
        _ if process.command.is_empty() => "unknown command".to_owned(),
        _ => command(&process.command),
    }
}

/// What the number alone does not tell.
fn remark(process: &Process, among: &AmongOthers) -> String {
    let mut remarks = Vec::new();
    if process.peak_heap_bytes > among.peak_bytes.saturating_add(among.peak_bytes / 10) {
        remarks.push(format!("up to {}", bytes(process.peak_heap_bytes)));
    }
    match among.exit {
        _ if among.still_running => remarks.push("still running at the end".to_owned()),
        Some(Exit::Code(code)) if code != 0 && among.begun != Begun::Launched => {
            remarks.push(format!("ended with code {code}"));
        }
        None => remarks.push("killed, or its end not known".to_owned()),
        Some(_) => {}
    }
    if remarks.is_empty() { String::new() } else { format!("  {}", remarks.join("; ")) }
}
