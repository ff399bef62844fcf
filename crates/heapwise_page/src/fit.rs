//! From a profile to a page of bounded size.
//!
//! Owns the bytes that each part of the page may take. Invariant: the page is at most [`MOST_BYTES`]; the first try
//! fits for all but the largest captures, and each further one takes less of everything.

use heapwise_analysis::Moments;
use heapwise_report::Report;
use heapwise_report::text::{self, TextOptions};

use crate::calls::Calls;
use crate::payload::{self, Folded, Payload};
use crate::places::{self, LineIndex, PlaceTable};
use crate::{Recorded, advice, html, listing};

/// The most bytes of a page.
pub const MOST_BYTES: usize = 2_000_000;
/// Lines of calls that are wanted at least before moments are given up for them.
const WANTED_CALLS: usize = 6_000;
/// Keep every so many moments; tried in this order.
const COARSE: [usize; 4] = [1, 2, 4, 8];

/// Bytes that the parts may take, before compression.
#[derive(Debug, Clone, Copy)]
struct Room {
    calls: usize,
    /// Lines that are in no call that is shown.
    lines: usize,
    sources: usize,
    objects: usize,
    findings: usize,
}

impl Room {
    /// What compresses to a little less than a page.
    const FIRST: Self =
        Self { calls: 3_600_000, lines: 60_000, sources: 900_000, objects: 400_000, findings: 400_000 };

    fn times(self, share: f64) -> Self {
        let part = |bytes: usize| (bytes as f64 * share) as usize;
        Self {
            calls: part(self.calls),
            lines: part(self.lines),
            sources: part(self.sources),
            objects: part(self.objects),
            findings: part(self.findings),
        }
    }
}

/// The page.
pub(crate) fn page(recorded: &Recorded<'_>) -> Vec<u8> {
    let report = recorded.report;
    let calls = Calls::new(recorded);
    let index = LineIndex::new(recorded.profile);
    let title = title(report);
    let text = as_text(report);
    let room_for_payload = MOST_BYTES.saturating_sub(html::frame_bytes() + 6 * (title.len() + text.len()));
    let mut room = Room::FIRST;
    loop {
        let payload = build(recorded, &calls, &index, room);
        // Only maps with keys that are no strings could fail, and there are none.
        let packed = html::pack(&serde_json::to_vec(&payload).unwrap_or_default());
        if packed.len() <= room_for_payload || room.calls == 0 {
            return html::page(&title, &text, &packed);
        }
        room = room.times((room_for_payload as f64 / packed.len() as f64 * 0.95).min(0.8));
    }
}

fn build<'a>(
    recorded: &'a Recorded<'a>,
    calls: &Calls<'a>,
    index: &'a LineIndex<'a>,
    room: Room,
) -> Payload<'a> {
    let &Recorded { profile, analysis, report, ref moments, ref looks, .. } = recorded;
    let wanted = calls.len().min(WANTED_CALLS);
    let coarse = COARSE.into_iter().find(|&coarse| calls.within(room.calls, coarse) >= wanted);
    let coarse = coarse.unwrap_or(COARSE[COARSE.len() - 1]);
    let (shown, moment_of) = coarser(moments, coarse);
    let mut table = PlaceTable::new(profile, index, folders(report));
    let (nodes, smaller) = calls.columns(calls.within(room.calls, coarse), &moment_of, &mut table);
    table.add_lines(report, room.lines);
    let places::Finished { places, file_ids, missing, missing_bytes } = table.finish(report);
    let held = places.lines.function.iter().zip(&places.lines.line).zip(&places.lines.user);
    let wanted: Vec<(u64, u32, u32)> = held
        .map(|((&function, &line), &bytes)| (bytes, places.functions.file[function as usize], line))
        .collect();
    let (sources, source_lines) = listing::sources(profile, &places.files, &file_ids, &wanted, room.sources);
    let (threads, processes) = listing::threads(recorded, calls.threads());
    let (objects, objects_left_out) = advice::list(&report.objects, room.objects);
    let (findings, findings_left_out) = advice::list(&report.findings, room.findings);
    Payload {
        run: advice::value(&report.run),
        peak: advice::value(&report.peak),
        tiny: text::is_tiny(report),
        leaked_bytes: report.leaked_bytes,
        temporary: advice::value(&report.temporary),
        resident: advice::value(&report.resident),
        timeline: listing::time_line(analysis),
        moments: shown,
        threads,
        processes,
        places,
        nodes,
        sources,
        looks: looks.clone(),
        objects,
        findings,
        folded: Folded {
            calls: smaller.calls,
            call_bytes: smaller.bytes,
            lines: missing,
            line_bytes: missing_bytes,
            source_lines,
            objects: objects_left_out,
            findings: findings_left_out,
            threads: calls.folded_threads(),
        },
    }
}

/// Every `coarse`th moment, the peak and the end; and for each moment the number of the first of these that is not
/// before it.
fn coarser(moments: &Moments, coarse: usize) -> (payload::Moments, Vec<u32>) {
    let mut shown = payload::Moments::default();
    let mut moment_of = Vec::with_capacity(moments.moments.len());
    let last = moments.moments.len().saturating_sub(1);
    for (index, moment) in moments.moments.iter().enumerate() {
        moment_of.push(shown.heap.len() as u32);
        let is_peak = index == moments.peak;
        if is_peak {
            shown.peak = shown.heap.len();
        }
        if is_peak || index == last || index % coarse == coarse - 1 {
            shown.time_ms.push(moment.time_ms);
            shown.heap.push(moment.heap_bytes);
        }
    }
    (shown, moment_of)
}

/// The folders whose files are named relative to them: the working directory and that of the script.
fn folders(report: &Report) -> Vec<&str> {
    let script = report.run.command.get(1).filter(|word| word.starts_with('/'));
    let folder = script.and_then(|script| script.rsplit_once('/')).map(|(folder, _)| folder);
    report.run.folder.as_deref().into_iter().chain(folder).collect()
}

/// The report as text, for where no program runs.
fn as_text(report: &Report) -> String {
    let options = TextOptions { width: 100, color: false, lines: 10 };
    let mut out = Vec::new();
    // Writing to memory does not fail.
    let _ = text::render(report, &options, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// What the browser's tab says.
fn title(report: &Report) -> String {
    let command = &report.run.command;
    let words = command.get(1..).filter(|words| !words.is_empty()).unwrap_or(command);
    let name = words.first().map_or("a program", |word| word.rsplit('/').next().unwrap_or(word));
    places::cut(&format!("{name} · heapwise"))
}
