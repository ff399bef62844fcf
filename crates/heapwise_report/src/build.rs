//! From a profile and its analysis to the report.
//!
//! Invariant: the same profile gives the same report, byte for byte; every list has a total order.

use std::cmp::Reverse;

use heapwise_analysis::profile::{self, Ending, Origin, Profile, State};
use heapwise_analysis::{self as analysis, Analysis, LineTotals, Place, Places};

use rustc_hash::FxHashMap;

use crate::model::{
    Below, Exit, File, Function, Library, Line, Mode, Moment, Peak, Process, Recording, Report, Resident,
    ResidentKind, Run, SCHEMA, Sampling, Temporary, UserLine, Whose,
};
use crate::source::Sources;
use crate::{death, objects, place, tree};

/// Points of the time line; each can give two moments.
const BUCKETS: usize = 500;

impl Report {
    /// Gathers all there is to tell. `analysis` must be that of `profile`.
    pub fn build(profile: &Profile, analysis: &Analysis) -> Self {
        let places = analysis::places(profile, analysis);
        let sources = Sources::new(profile);
        let seen = analysis::objects(profile, analysis);
        let advice = heapwise_advisor::advise(profile, analysis, &seen);
        Self {
            schema: SCHEMA,
            run: run(profile, analysis),
            peak: Peak {
                heap_bytes: analysis.peak.heap_bytes,
                reserve_bytes: analysis.committed_at_peak,
                error_bytes: analysis.peak.error_bytes,
                time_s: seconds(analysis.peak.time_ms),
                rss_bytes: analysis.max_rss_bytes.unwrap_or(0),
            },
            leaked_bytes: analysis.total.leaked_bytes,
            temporary: Temporary {
                bytes: analysis.total.temporary_bytes,
                allocations: analysis.total.temporaries,
            },
            timeline: timeline(analysis),
            resident: analysis.resident_at_peak.map(|point| {
                let parts = point.parts();
                Resident {
                    time_s: seconds(point.time_ms),
                    rss_bytes: parts.total,
                    heap_bytes: parts.heap,
                    allocator_overhead_bytes: parts.overhead,
                    allocator_free_bytes: parts.held_free,
                    file_bytes: parts.files,
                    library_variable_bytes: parts.variables,
                    stack_bytes: parts.stacks,
                    startup_bytes: parts.before,
                    profiler_bytes: parts.agent,
                    other_bytes: parts.rest,
                    not_resident_bytes: parts.not_resident,
                }
            }),
            user_lines: user_lines(&places, below(profile, analysis), &sources),
            lines: lines(&places),
            functions: functions(&places),
            files: files(&places),
            libraries: libraries(&places),
            call_tree: tree::fold(&analysis::call_tree(profile, analysis), &sources),
            objects: objects::held(profile, &seen, 0),
            objects_explain_bytes: seen.explained_bytes(analysis.peak.sequence).min(analysis.peak.heap_bytes),
            looks: objects::looks(profile),
            death: death::death(profile, analysis),
            refused: death::refused(profile, analysis),
            findings: advice.findings,
            together: advice.together,
        }
    }
}

pub(crate) fn exit(ending: Ending) -> Exit {
    match ending {
        Ending::Code(code) => Exit::Code(code),
        Ending::Signal(signal) => Exit::Signal(signal),
    }
}

pub(crate) fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1e3
}

fn run(profile: &Profile, analysis: &Analysis) -> Run {
    let header = profile.header();
    let command: Vec<String> = profile.fact("argument").map(str::to_owned).collect();
    let duration_s = match header.outcome.duration_ns {
        0 => seconds(analysis.duration_ms),
        duration => duration as f64 / 1e9,
    };
    let sampling = analysis.sampling;
    Run {
        folder: profile.fact("folder").next().map(str::to_owned),
        // The fact may go on with the build and the compiler.
        python: profile
            .fact("python")
            .find_map(|text| text.split_whitespace().next())
            .map_or_else(|| version(header.python_hex), str::to_owned),
        mode: match header.mode {
            profile::Mode::Sampled => Mode::Sampled,
            profile::Mode::Exact => Mode::Exact,
        },
        sampling: (sampling.interval != 0)
            .then_some(Sampling { threshold_bytes: sampling.threshold, interval_bytes: sampling.interval }),
        duration_s,
        exit: header.outcome.ending.map(exit),
        memory_kills: death::memory_kills(header),
        recording: match header.state {
            State::Closed => Recording::Complete,
            State::Recording => Recording::Open,
            State::Stopped(_) => Recording::StoppedEarly,
        },
        resident_kind: ResidentKind::Rss,
        processes: vec![Process {
            pid: header.pid,
            parent: header.parent_pid,
            command: command.clone(),
            peak_heap_bytes: analysis.peak.heap_bytes,
            among_others: None,
        }],
        not_followed: Vec::new(),
        problems: analysis.problems.iter().map(ToString::to_string).collect(),
        command,
    }
}

/// The version in a `PY_VERSION_HEX`.
fn version(hex: u32) -> String {
    let [major, minor, micro, _] = hex.to_be_bytes();
    format!("{major}.{minor}.{micro}")
}

fn timeline(analysis: &Analysis) -> Vec<Moment> {
    let mut moments = Vec::new();
    let mut rss_bytes = 0;
    for point in analysis.time_line(BUCKETS) {
        if let Some(resident) = point.resident {
            rss_bytes = resident.total();
        }
        let highest =
            Moment { time_s: seconds(point.max_time_ms), heap_bytes: point.max_heap_bytes, rss_bytes };
        let last = Moment { time_s: seconds(point.time_ms), heap_bytes: point.heap_bytes, rss_bytes };
        let same =
            |a: &Moment, b: &Moment| a.heap_bytes == b.heap_bytes && a.time_s.total_cmp(&b.time_s).is_eq();
        // A plateau begins with what the point before ended with.
        if !same(&highest, &last) && !moments.last().is_some_and(|before| same(before, &highest)) {
            moments.push(highest);
        }
        moments.push(last);
    }
    moments
}

/// For every line that [`LineTotals::user`] counts for: the libraries below it, with their bytes at the peak.
fn below<'a>(profile: &'a Profile, analysis: &Analysis) -> FxHashMap<Place<'a>, Vec<Below>> {
    // By stack: the innermost line of the user's. A stack's parent has a smaller number.
    let mut user: Vec<Option<Place<'a>>> = vec![None];
    let mut bytes: FxHashMap<Place<'a>, FxHashMap<&'a str, u64>> = FxHashMap::default();
    for id in 1..=profile.stack_count() {
        let id = id as u32;
        let Some(stack) = profile.stack(id) else { break };
        let file = profile.file_of(stack.frame);
        let library = place::library(file);
        let caller = user[stack.parent as usize];
        let in_user_file = caller.is_some_and(|line| !place::is_generated(line.file));
        let here = if library.is_some() || (in_user_file && place::is_generated(file)) {
            caller
        } else {
            let line = profile.frame(stack.frame).position.line;
            Some(Place { file, line, function: profile.function_of(stack.frame) })
        };
        user.push(here);
        let peak_bytes = analysis.stack(id).peak_bytes;
        if let (Some(line), Some(name)) = (here, library)
            && peak_bytes > 0
        {
            let sum = bytes.entry(line).or_default().entry(name).or_default();
            *sum = sum.saturating_add(peak_bytes);
        }
    }
    bytes
        .into_iter()
        .map(|(line, libraries)| {
            let mut libraries: Vec<Below> = libraries
                .into_iter()
                .map(|(name, peak_bytes)| Below { name: name.to_owned(), peak_bytes })
                .collect();
            libraries.sort_by(|a, b| (b.peak_bytes, &a.name).cmp(&(a.peak_bytes, &b.name)));
            (line, libraries)
        })
        .collect()
}

fn user_lines<'a>(
    places: &Places<'a>,
    mut below: FxHashMap<Place<'a>, Vec<Below>>,
    sources: &Sources<'_>,
) -> Vec<UserLine> {
    let mut lines: Vec<UserLine> = places
        .lines
        .iter()
        .filter(|line| !line.user.is_zero())
        .map(|LineTotals { place, user, .. }| UserLine {
            file: place.file.to_owned(),
            line: place.line,
            function: place.function.to_owned(),
            source: sources.line(place.file, place.line),
            peak_bytes: user.peak_bytes,
            allocated_bytes: user.allocated_bytes,
            allocations: user.allocations,
            leaked_bytes: user.leaked_bytes,
            temporary_bytes: user.temporary_bytes,
            temporary_allocations: user.temporaries,
            libraries: below.remove(place).unwrap_or_default(),
        })
        .collect();
    lines.sort_by(|a, b| {
        (b.peak_bytes, &a.file, a.line, &a.function).cmp(&(a.peak_bytes, &b.file, b.line, &b.function))
    });
    lines
}

fn lines(places: &Places<'_>) -> Vec<Line> {
    let mut lines: Vec<Line> = places
        .lines
        .iter()
        .filter(|line| !line.own.is_zero() || line.total.peak_bytes > 0)
        .map(|LineTotals { place, own, total, .. }| Line {
            file: place.file.to_owned(),
            line: place.line,
            function: place.function.to_owned(),
            peak_bytes: own.peak_bytes,
            peak_bytes_total: total.peak_bytes,
            allocated_bytes: own.allocated_bytes,
            allocations: own.allocations,
            leaked_bytes: own.leaked_bytes,
            temporary_bytes: own.temporary_bytes,
            temporary_allocations: own.temporaries,
        })
        .collect();
    lines.sort_by(|a, b| {
        (b.peak_bytes, &a.file, a.line, &a.function).cmp(&(a.peak_bytes, &b.file, b.line, &b.function))
    });
    lines
}

fn functions(places: &Places<'_>) -> Vec<Function> {
    let held = places.functions.iter().filter(|function| function.total.peak_bytes > 0);
    let mut functions: Vec<Function> = held
        .map(|function| Function {
            file: function.place.file.to_owned(),
            line: function.place.line,
            function: function.place.function.to_owned(),
            peak_bytes: function.own.peak_bytes,
            peak_bytes_total: function.total.peak_bytes,
        })
        .collect();
    functions.sort_by(|a, b| {
        (b.peak_bytes, b.peak_bytes_total, &a.file, a.line, &a.function).cmp(&(
            a.peak_bytes,
            a.peak_bytes_total,
            &b.file,
            b.line,
            &b.function,
        ))
    });
    functions
}

fn files(places: &Places<'_>) -> Vec<File> {
    let held = places.files.iter().filter(|file| file.total.peak_bytes > 0);
    let mut files: Vec<File> = held
        .map(|file| File {
            file: match file.whose {
                analysis::Whose::NoPython => String::new(),
                analysis::Whose::Code(_) => file.file.to_owned(),
            },
            peak_bytes: file.own.peak_bytes,
            peak_bytes_total: file.total.peak_bytes,
        })
        .collect();
    files.sort_by(|a, b| {
        (b.peak_bytes, b.peak_bytes_total, &a.file).cmp(&(a.peak_bytes, a.peak_bytes_total, &b.file))
    });
    files
}

fn libraries(places: &Places<'_>) -> Vec<Library> {
    let mut libraries: Vec<Library> = Vec::new();
    for origin in places.origins.iter().filter(|origin| origin.total.peak_bytes > 0) {
        let (whose, name) = match origin.whose {
            analysis::Whose::NoPython => (Whose::NoPython, ""),
            analysis::Whose::Code(Origin::User) => (Whose::User, ""),
            analysis::Whose::Code(Origin::NoFile) => (Whose::NoFile, ""),
            analysis::Whose::Code(Origin::Python) => (Whose::Python, ""),
            analysis::Whose::Code(Origin::Library(name)) => (Whose::Library, name),
        };
        libraries.push(Library {
            whose,
            name: name.to_owned(),
            peak_bytes: origin.own.peak_bytes,
            peak_bytes_total: origin.total.peak_bytes,
        });
    }
    libraries.sort_by(|a, b| {
        (Reverse(a.peak_bytes), Reverse(a.peak_bytes_total), a.whose as u8, &a.name).cmp(&(
            Reverse(b.peak_bytes),
            Reverse(b.peak_bytes_total),
            b.whose as u8,
            &b.name,
        ))
    });
    libraries
}
