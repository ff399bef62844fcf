//! The first lines: what makes the report doubtful, how the program ended, the peak, what was run.

use std::io;

use super::page::{Page, Style};
use super::processes::plural;
use super::{View, ending};
use crate::numbers::{bytes, seconds};
use crate::{Mode, Report};

/// Problems that are told one by one.
const MOST_PROBLEMS: usize = 3;

pub(super) fn write(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let report = view.report;
    problems(&report.run.problems, page)?;
    ending::write(view, page)?;
    peak(report, page)?;
    run(report, page)
}

fn problems(problems: &[String], page: &mut Page<'_>) -> io::Result<()> {
    const LABEL: &str = "Partial report: ";
    for (at, problem) in problems.iter().take(MOST_PROBLEMS).enumerate() {
        let label = if at == 0 { LABEL } else { "" };
        page.prose((Style::Warning, label), LABEL.len(), problem)?;
    }
    if problems.len() > MOST_PROBLEMS {
        let more = problems.len() - MOST_PROBLEMS;
        page.prose((Style::Plain, ""), LABEL.len(), &format!("and {more} more; the JSON report lists all"))?;
    }
    if problems.is_empty() { Ok(()) } else { page.blank() }
}

fn peak(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let peak = &report.peak;
    if peak.heap_bytes == 0 {
        return page.prose((Style::Strong, ""), 0, "Nothing was allocated while heapwise recorded.");
    }
    let mut label = format!("Peak heap {}", bytes(peak.heap_bytes));
    // From a hundredth on, the error says that the number is not what it seems.
    if peak.error_bytes >= peak.heap_bytes / 100 && peak.error_bytes > 0 {
        label = format!("{label} ± {}", bytes(peak.error_bytes));
    }
    label.push(' ');
    let time = seconds(peak.time_s);
    let text = format!("at {time} of {}", seconds(report.run.duration_s.max(peak.time_s)));
    let text = match report.run.processes.len() {
        0 | 1 => text,
        several => format!("{text} in {}", plural(several as u64, "process")),
    };
    let text = if peak.rss_bytes > 0 {
        format!("{text}   ({} peak {})", report.run.resident_kind.name(), bytes(peak.rss_bytes))
    } else {
        text
    };
    page.prose((Style::Strong, &label), 0, &text)
}

/// The command, the Python, the mode, in one line that says which run this was.
fn run(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let run = &report.run;
    let mut parts = Vec::new();
    if !run.command.is_empty() {
        parts.push(command(&run.command));
    }
    parts.push(format!("Python {}", run.python));
    parts.push(match run.mode {
        Mode::Sampled => "sampled".to_owned(),
        Mode::Exact => "exact".to_owned(),
    });
    page.line(super::page::Line::default().add(Style::Quiet, &parts.join(" · ")))
}

/// The command as one would type it, the interpreter without its folder.
pub(super) fn command(arguments: &[String]) -> String {
    let plain = |character: char| character.is_alphanumeric() || "-_./:=,+@%".contains(character);
    let mut words = Vec::with_capacity(arguments.len());
    for (at, argument) in arguments.iter().enumerate() {
        let word = if at == 0 { argument.rsplit('/').next().unwrap_or(argument) } else { argument };
        let quoted = || format!("'{}'", word.replace('\'', r"'\''"));
        words.push(if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { quoted() });
    }
    words.join(" ")
}
