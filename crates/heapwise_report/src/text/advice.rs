//! Findings as text: in the report the first three in a line each, in `heapwise advise` each with its source.

use std::io;

use heapwise_advisor::{Certainty, Finding};

use super::page::{Line, Page, Style};
use super::{TextOptions, View};
use crate::Report;
use crate::advice::proof;
use crate::numbers::{bytes, counted};

/// Findings that the report shows.
const IN_REPORT: usize = 3;
/// Lines of source that a finding shows.
const EXCERPT: usize = 6;
/// Where the text stands, behind the bytes.
const TEXT_COLUMN: usize = 18;

/// Writes the first findings in a line each.
pub(super) fn write_first(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let report = view.report;
    if report.findings.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.heading(&headline(report))?;
    for finding in in_order(report).into_iter().take(IN_REPORT) {
        let place = view.place(&finding.file, finding.line, "");
        let proven = finding.verified.is_some_and(|verified| verified.is_proof());
        let line = Line::default()
            .add(Style::Strong, &format!("{:>10}", bytes(finding.peak_saving_bytes)))
            .add(Style::Plain, " less")
            .to(TEXT_COLUMN)
            .add(Style::Place, &place)
            .add(Style::Strong, if proven { "  proven:" } else { "" })
            .add(Style::Plain, &format!("{}{}", if proven { " " } else { "  " }, plain(&finding.title)));
        page.line(line)?;
    }
    let more = report.findings.len().saturating_sub(IN_REPORT);
    let more = if more == 0 { String::new() } else { format!("{more} more; ") };
    page.prose(
        (Style::Plain, ""),
        TEXT_COLUMN,
        &format!("{more}why, and what to write: heapwise advise CAPTURE"),
    )
}

/// Writes all findings of `report`, with what speaks for each and what to write instead.
///
/// # Errors
/// Those of `out`.
pub fn render(report: &Report, options: &TextOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let page = &mut Page::new(out, options.width, options.color);
    let view = &View::new(report);
    if report.findings.is_empty() {
        let text = match report.run.processes.len() {
            0 | 1 => format!(
                "Nothing to change was found: no rule would lower the peak of {} by 1 % and 1 MB.",
                bytes(report.peak.heap_bytes)
            ),
            several => format!(
                "No advice: it is given for a run of one process, and this run had {several}. Profile what one of them does in a process of its own; heapwise fix looks at the first process alone."
            ),
        };
        return page.prose((Style::Plain, ""), 0, &text);
    }
    page.prose((Style::Strong, ""), 0, &headline(report))?;
    for (index, finding) in in_order(report).into_iter().enumerate() {
        page.blank()?;
        write_finding(view, index + 1, finding, page)?;
    }
    page.blank()?;
    page.prose((Style::Plain, ""), 0, "What a rule looks for, and when it is silent: heapwise explain RULE")
}

fn write_finding(view: &View<'_>, number: usize, finding: &Finding, page: &mut Page<'_>) -> io::Result<()> {
    let title = format!("{number}. {}", plain(&finding.title));
    page.prose((Style::Strong, ""), 0, &title)?;
    let saved = format!(
        "{} less: the peak falls from {} to {}",
        bytes(finding.peak_saving_bytes),
        bytes(view.report.peak.heap_bytes),
        bytes(finding.new_peak_bytes)
    );
    page.line(Line::default().to(3).add(Style::Strong, &saved))?;
    if let Some(proof) = proof(finding) {
        page.prose((Style::Strong, ""), 3, &proof)?;
    }
    let place = view.place(&finding.file, finding.line, "");
    let label = Line::default()
        .to(3)
        .add(Style::Place, &place)
        .add(Style::Quiet, &format!("  {}  {}", finding.rule, finding.id));
    page.line(label)?;
    match finding.fix.as_ref().map(|fix| fix.diff.as_str()) {
        Some(diff) => {
            for line in diff.lines().skip(2) {
                // What differs may stand at the end of a long line.
                match line.as_bytes().first() {
                    Some(b'+') => page.code(5, Style::Strong, line)?,
                    Some(b'-') => page.code(5, Style::Warning, line)?,
                    _ => page.line(Line::default().to(5).add(Style::Quiet, line))?,
                }
            }
        }
        None => write_excerpt(finding, page)?,
    }
    page.prose((Style::Plain, ""), 3, &plain(&finding.message))?;
    if finding.certainty == Certainty::Likely {
        page.prose(
            (Style::Quiet, ""),
            3,
            "This follows from the values of this run: check that others are alike.",
        )?;
    }
    Ok(())
}

fn write_excerpt(finding: &Finding, page: &mut Page<'_>) -> io::Result<()> {
    for (number, text) in (finding.line..).zip(&finding.excerpt).take(EXCERPT) {
        let line = Line::default()
            .to(5)
            .add(Style::Quiet, &format!("{number:>5}  "))
            .add(Style::Plain, &text.replace('\t', "    "));
        page.line(line)?;
    }
    Ok(())
}

/// What is certain first.
fn in_order(report: &Report) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    findings.sort_by_key(|finding| finding.certainty);
    findings
}

fn headline(report: &Report) -> String {
    let peak = bytes(report.peak.heap_bytes);
    match (report.findings.as_slice(), report.together) {
        ([only], _) => format!("One change takes the peak from {peak} to {}", bytes(only.new_peak_bytes)),
        (all, Some(together)) => format!(
            "{} together take the peak from {peak} to {}",
            counted(all.len() as u64, "change"),
            bytes(together.new_peak_bytes)
        ),
        (all, None) => counted(all.len() as u64, "change"),
    }
}

/// Prose without the marks of code, which a terminal shows as they are.
fn plain(text: &str) -> String {
    text.replace('`', "")
}
