//! How the program ended, in plain words, what held the memory at that moment, and what memory was refused.
//!
//! Invariant: what the kernel counted is told as a fact, what follows from it is told as likely; a program that
//! ended well gets no line.

use std::io;

use super::View;
use super::page::{Page, Style};
use crate::model::{Exit, MemoryKills, Recording, Refused};
use crate::numbers::{bytes, counted, seconds};

/// A heap of at least so many hundredths of the peak is the peak, for people.
const AT_PEAK_PERCENT: u64 = 98;
/// A stack of so many frames may have overflowed. Python's own limit is 1000 calls, unless the program raises it.
const DEEP: u64 = 1_000;

/// Writes the paragraph, and an empty line behind it.
pub(super) fn write(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let Some((label, text)) = ending(view) else { return Ok(()) };
    let parts = [Some(text), moment(view), refusal(view)];
    let text: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    page.prose((Style::Warning, &label), 0, &text.join(" "))?;
    page.blank()
}

/// Whether the program ended at another moment than that of the highest heap, so that both are worth showing.
pub(super) fn is_below_peak(view: &View<'_>) -> bool {
    let peak = view.report.peak.heap_bytes;
    let death = view.report.death.as_ref().filter(|_| view.report.run.exit.is_some());
    death.is_some_and(|death| death.heap_bytes / AT_PEAK_PERCENT < peak / 100)
}

/// What a person would say happened, and what there is to know about it.
fn ending(view: &View<'_>) -> Option<(String, String)> {
    let run = &view.report.run;
    let after = seconds(run.duration_s);
    let said = |label: &str, how: &str, why: &str| {
        let why = if why.is_empty() { String::new() } else { format!(" {why}") };
        Some((format!("The program {label} "), format!("{how} after {after}.{why}")))
    };
    match (run.exit, run.recording) {
        (Some(Exit::Code(0)) | None, Recording::Complete | Recording::StoppedEarly) => None,
        (Some(Exit::Code(code)), Recording::Open) => {
            said(&format!("ended with exit code {code}"), "and without its exit handlers (os._exit)", "")
        }
        (Some(Exit::Code(code)), _) => {
            Some(("The program ended ".to_owned(), format!("with exit code {code} after {after}.")))
        }
        (Some(Exit::Signal(signal)), _) => match signal {
            2 => said("was interrupted", "(signal 2, SIGINT)", ""),
            6 => said(
                "aborted",
                "(signal 6, SIGABRT)",
                "It, or a library of its, called abort(); its stderr may say why.",
            ),
            7 => said(
                "ended with a bus error",
                "(signal 7, SIGBUS)",
                "That comes of a mapped file that was cut short, or of a full disk below it.",
            ),
            9 => said("was killed", "by signal 9 (SIGKILL)", &killer(run.memory_kills)),
            11 => said("ended with a segmentation fault", "(signal 11, SIGSEGV)", &fault(view)),
            15 => said("was asked to end", "(signal 15, SIGTERM)", ""),
            _ => match signal_name(signal) {
                Some(name) => said("was killed", &format!("by signal {signal} ({name})"), ""),
                None => said("was killed", &format!("by signal {signal}"), ""),
            },
        },
        (None, Recording::Open) => Some((
            String::new(),
            "The end is not in the capture: the program still runs, or ended without its exit handlers."
                .to_owned(),
        )),
    }
}

/// Who kills with SIGKILL.
fn killer(kills: Option<MemoryKills>) -> String {
    let Some(kills) = kills else {
        return "Only the kernel, when memory runs out, or a person or another program does that.".to_owned();
    };
    match (kills.cgroup, kills.system) {
        (Some(in_group @ 1..), _) => {
            let limit =
                kills.cgroup_limit_bytes.map_or(String::new(), |limit| format!(", limit {}", bytes(limit)));
            format!(
                "The kernel did that because memory had run out ({} in its cgroup during the run{limit}).",
                counted(u64::from(in_group), "out-of-memory kill")
            )
        }
        (_, Some(in_system @ 1..)) => format!(
            "Probably by the kernel, because memory had run out: it counted {} in the whole system during the run.",
            counted(u64::from(in_system), "out-of-memory kill")
        ),
        (_, Some(0)) => {
            "A person or another program did that: the kernel counted no out-of-memory kill during the run."
                .to_owned()
        }
        _ => "Only the kernel, when memory runs out, or a person or another program does that.".to_owned(),
    }
}

/// What may lie behind a segmentation fault.
fn fault(view: &View<'_>) -> String {
    let last = view.report.death.as_ref().and_then(|death| death.last.as_ref());
    let Some(last) = last else {
        return "Native code used memory that is not its own.".to_owned();
    };
    let place = view.place(&last.file, last.line, &last.function);
    if last.depth >= DEEP {
        format!(
            "Its stack was {} deep when it last allocated, at {place}: probably it ran out of stack.",
            counted(last.depth, "call")
        )
    } else {
        format!("Native code used memory that is not its own; the last recorded allocation was at {place}.")
    }
}

/// What held the heap at the last moment.
fn moment(view: &View<'_>) -> Option<String> {
    let report = view.report;
    let death = report.death.as_ref().filter(|death| report.run.exit.is_some() && death.heap_bytes > 0)?;
    let top = report.user_lines.iter().max_by_key(|line| line.leaked_bytes);
    let by = top.filter(|line| line.leaked_bytes > 0).map_or(String::new(), |line| {
        let place = view.place(&line.file, line.line, &line.function);
        format!("; {place} held {} of it", bytes(line.leaked_bytes))
    });
    let heap = bytes(death.heap_bytes);
    Some(if is_below_peak(view) {
        let peak = bytes(report.peak.heap_bytes);
        let before = seconds((death.time_s - report.peak.time_s).max(0.0));
        format!("At that moment the heap was {heap}{by}. Its peak, {peak}, was {before} before.")
    } else {
        format!("At that moment the heap was {heap}, its peak{by}.")
    })
}

/// The last request for memory that was refused, where it may be the reason of the end.
fn refusal(view: &View<'_>) -> Option<String> {
    view.report
        .refused
        .last()
        .map(|refused| format!("Memory was refused: {}.", refused_request(view, refused)))
}

/// One refused request: `8.00 GB asked for at app.py:7 when the heap was 1.20 GB`.
pub(super) fn refused_request(view: &View<'_>, refused: &Refused) -> String {
    let place = view.place(&refused.file, refused.line, &refused.function);
    let limit = refused
        .address_space_limit_bytes
        .map_or(String::new(), |limit| format!(" (address space limited to {}, ulimit -v)", bytes(limit)));
    format!(
        "{} asked for at {place} when the heap was {}{limit}",
        bytes(refused.bytes),
        bytes(refused.heap_bytes)
    )
}

/// The names that mean the same on every Linux that heapwise runs on.
fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        8 => "SIGFPE",
        10 => "SIGUSR1",
        12 => "SIGUSR2",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => return None,
    })
}
