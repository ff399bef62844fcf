//! The lists of the page that are no tree: time line, threads, sources, looks at the objects.

use heapwise_analysis::Analysis;
use heapwise_analysis::profile::{Profile, StringId};
use heapwise_report::text;

use crate::Recorded;
use crate::payload::{File, Look, Process, Source, Thread, TimeLine};

/// Points of the time line; each can give two entries.
const POINTS: usize = 500;
/// A file of at most so many lines is shown whole.
const WHOLE_FILE: usize = 1_500;
/// Lines of text around one that allocated, in a file that is not shown whole.
const AROUND: usize = 12;
/// Looks at the objects that are marked, about; a run of many processes has more.
const LOOKS: usize = 2_000;
/// Characters of a line of source text that are kept.
const MOST_CHARACTERS: usize = 400;

/// The heap and the resident set over time: the highest heap of each span, and the one at its end.
pub(crate) fn time_line(analysis: &Analysis) -> TimeLine {
    let mut line = TimeLine::default();
    let mut resident = None;
    for point in analysis.time_line(POINTS) {
        resident = point.resident.or(resident);
        let highest = (point.max_time_ms, point.max_heap_bytes);
        let last = (point.time_ms, point.heap_bytes);
        for (time_ms, heap) in [highest, last] {
            if line.heap.last() == Some(&heap) && line.time_ms.last() == Some(&time_ms) {
                continue;
            }
            line.time_ms.push(time_ms);
            line.heap.push(heap);
            line.anonymous.push(resident.map(|parts| parts.anonymous));
            line.file.push(resident.map(|parts| parts.file));
            line.shared.push(resident.map(|parts| parts.shared));
        }
    }
    line
}

/// The threads that are told apart, which `shown` lists, then one entry for all others if there are any; and the
/// processes of the former.
pub(crate) fn threads<'a>(recorded: &Recorded<'a>, shown: &[usize]) -> (Vec<Thread<'a>>, Vec<Process>) {
    let known = recorded.profile.threads();
    let mut numbers: Vec<usize> = shown.iter().map(|&thread| recorded.process_of[thread]).collect();
    numbers.dedup();
    let mut threads: Vec<Thread<'a>> = shown
        .iter()
        .map(|&thread| Thread {
            name: &known[thread].name,
            os_id: known[thread].os_id,
            process: numbers.binary_search(&recorded.process_of[thread]).ok(),
        })
        .collect();
    if shown.len() < known.len() {
        threads.push(Thread { name: "", os_id: 0, process: None });
    }
    let processes = numbers.iter().filter_map(|&number| recorded.report.run.processes.get(number));
    (threads, processes.map(process).collect())
}

fn process(of: &heapwise_report::Process) -> Process {
    let others = of.among_others.as_ref();
    Process {
        pid: of.pid,
        name: cut(&text::process_name(of)),
        own_peak_bytes: of.peak_heap_bytes,
        peak_bytes: others.map_or(of.peak_heap_bytes, |others| others.peak_bytes),
        start_s: others.map_or(0.0, |others| others.start_s),
        end_s: others.map_or(0.0, |others| others.end_s),
    }
}

/// The looks at the objects of processes, each with the time of its start; of too many every second one, or every third.
pub(crate) fn looks<'a>(processes: impl Iterator<Item = (&'a Profile, u64)>) -> Vec<Look> {
    const NS_PER_MS: u64 = 1_000_000;
    let looks = processes.flat_map(|(profile, start_ms)| {
        profile.inspections().iter().map(move |look| Look {
            process: profile.header().pid,
            time_ms: (look.time_ns / NS_PER_MS).saturating_add(start_ms),
            complete: look.complete,
            garbage_bytes: look.garbage_bytes,
        })
    });
    let all: Vec<Look> = looks.collect();
    let step = all.len().div_ceil(LOOKS).max(1);
    all.into_iter().step_by(step).collect()
}

/// The text of the files that have lines in the page, those with the most bytes first, until it is `most` bytes;
/// and how many lines of text were left out. `wanted` is (bytes, file, line) of every line of the page.
pub(crate) fn sources(
    profile: &Profile,
    files: &[File],
    file_ids: &[StringId],
    wanted: &[(u64, u32, u32)],
    most: usize,
) -> (Vec<Source>, usize) {
    let mut bytes = vec![0u64; files.len()];
    let mut numbers: Vec<Vec<u32>> = vec![Vec::new(); files.len()];
    for &(held, file, line) in wanted {
        bytes[file as usize] = bytes[file as usize].saturating_add(held);
        numbers[file as usize].push(line);
    }
    let mut order: Vec<usize> = (1..files.len()).filter(|&file| !numbers[file].is_empty()).collect();
    order.sort_by_key(|&file| (std::cmp::Reverse(bytes[file]), file));
    let (mut sources, mut left_out, mut taken) = (Vec::new(), 0, 0);
    for file in order {
        let Some(text) = profile.source(profile.string(file_ids[file])) else { continue };
        let lines: Vec<&str> = text.lines().collect();
        let mut parts: Vec<(u32, String)> = Vec::new();
        let mut end = 0;
        for (from, to) in windows(&mut numbers[file], lines.len()) {
            let part = lines[from..to].iter().map(|line| cut(line)).collect::<Vec<_>>().join("\n");
            if taken + part.len() > most {
                left_out += to - from;
                continue;
            }
            taken += part.len();
            left_out += from - end;
            end = to;
            parts.push((from as u32 + 1, part));
        }
        left_out += lines.len().saturating_sub(end);
        if !parts.is_empty() {
            sources.push(Source { file: file as u32, parts, lines: lines.len() as u32 });
        }
    }
    (sources, left_out)
}

/// The stretches of a file of `count` lines that are shown, from and behind, counted from 0.
fn windows(numbers: &mut Vec<u32>, count: usize) -> Vec<(usize, usize)> {
    if count <= WHOLE_FILE {
        return if count == 0 { Vec::new() } else { vec![(0, count)] };
    }
    numbers.sort_unstable();
    numbers.dedup();
    let mut windows: Vec<(usize, usize)> = Vec::new();
    for &number in numbers.iter() {
        let line = number as usize;
        if line == 0 || line > count {
            continue;
        }
        let (from, to) = (line.saturating_sub(1 + AROUND), (line + AROUND).min(count));
        match windows.last_mut() {
            Some(last) if last.1 >= from => last.1 = to,
            _ => windows.push((from, to)),
        }
    }
    windows
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_shown_around_the_lines_that_matter() {
        let mut numbers = vec![5_000, 3, 30, 20, 9_000];
        assert_eq!(windows(&mut numbers, 5_005), [(0, 42), (4_987, 5_005)]);
        assert_eq!(windows(&mut vec![7], 10), [(0, 10)]);
        assert_eq!(windows(&mut vec![7], 0), []);
    }
}
