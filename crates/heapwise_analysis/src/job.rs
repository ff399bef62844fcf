//! The one moment at which all processes of a run together held most.
//!
//! Owns the adding up over processes. Each is replayed once for the course of its heap; the sum of these courses has
//! its highest point somewhere, and each process is replayed again for what it held then. Invariants: the sum is one
//! that was certainly reached, whatever the order of events within a tick of the clock was ([`crate::ticks`]); the
//! peak of the whole is the sum of what the processes held at that moment, and so is that of every stack.

use heapwise_profile::capture::event::Resident;
use heapwise_profile::{
    Header, Job, Merged, NO_STACK, Problem, Process, Profile, Sampling, StackId, State, merge,
};

use crate::account::StackTotals;
use crate::replay::replay;
use crate::resident::ResidentPoint;
use crate::slots::Slots;
use crate::ticks::{At, GONE, Level, Reached, Ticks};
use crate::time_line::TimeLine;
use crate::totals::Totals;
use crate::{Analysis, Peak, Refusal, Refusals, ThreadTotals};

/// A run of several processes, seen as one.
#[derive(Debug)]
pub struct JobAnalysis {
    /// The tables of all processes; it has no events.
    pub profile: Profile,
    /// The sums over all processes, for [`Self::profile`]. Times count from the start of the first process; the peak
    /// is that of all together. Leaked is what processes still held that ended by their exit handlers, and the
    /// first one.
    pub analysis: Analysis,
    /// Each process, in the order of [`Job::processes`].
    pub processes: Vec<ProcessTotals>,
    /// In the resident memory of all together, a page that several of them have counts once (PSS). Not so where the
    /// system does not tell.
    pub shared_pages_once: bool,
    /// The same processes: what [`crate::job_moments`] needs of them.
    pub(crate) courses: Vec<ProcessCourse>,
}

/// How a process stands among the others of a run.
#[derive(Debug)]
pub(crate) struct ProcessCourse {
    /// How much later than the first one it started, milliseconds.
    pub(crate) offset_ms: u64,
    pub(crate) ticks: Ticks,
    pub(crate) merged: Merged,
    /// Whether what it held at its end counts as leaked.
    pub(crate) with_leaks: bool,
}

/// What one process of a run held. Times count from the start of the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessTotals {
    /// Its own high-water mark, bytes.
    pub own_peak_bytes: u64,
    /// What it held when all together held most, bytes.
    pub peak_bytes: u64,
    /// That moment as this process came to it, for [`crate::objects_at`]; its time counts from the start of this process.
    pub at_peak: Peak,
    /// When it was first recorded, milliseconds.
    pub start_ms: u64,
    /// When it ended, or was last heard of, milliseconds.
    pub end_ms: u64,
    /// The most resident memory that was seen of it, bytes; 0 if nobody looked.
    pub max_rss_bytes: u64,
    /// Of that, its share where each page is divided among the processes that have it (PSS); `None` if not known.
    pub max_pss_bytes: Option<u64>,
    /// What is wrong with its capture.
    pub problems: Vec<Problem>,
}

/// One process while it is added up.
struct Part<'a> {
    process: &'a Process,
    /// Of its own start.
    offset_ms: u64,
    end_ms: u64,
    own: Analysis,
    ticks: Ticks,
}

/// Adds up the processes of a run; `None` if there is only one, which [`crate::analyse`] is for.
pub fn analyse_job(job: &Job) -> Option<JobAnalysis> {
    let [first, _, ..] = &job.processes[..] else { return None };
    let first = *first.profile.header();
    let mut parts: Vec<Part<'_>> = job.processes.iter().map(|process| part(process, &first)).collect();
    let last_ms = parts.iter().map(|part| part.end_ms).max().unwrap_or(0);
    for part in &mut parts {
        if part.process.still_running {
            part.end_ms = last_ms;
        } else {
            part.ticks.end(part.end_ms.saturating_sub(part.offset_ms));
        }
    }
    let course = Course::of(&parts);
    let profiles: Vec<&Profile> = job.processes.iter().map(|process| &process.profile).collect();
    let (profile, merged) = merge(&profiles);
    let mut total = Whole::new(&profile, &course);
    let mut processes = Vec::new();
    for (index, (part, merged)) in parts.iter().zip(&merged).enumerate() {
        let at_peak = part.at(course.event_of(index, part));
        processes.push(ProcessTotals {
            own_peak_bytes: part.own.peak.heap_bytes,
            peak_bytes: at_peak.total.peak_bytes,
            at_peak: at_peak.peak,
            start_ms: part.offset_ms,
            end_ms: part.end_ms,
            max_rss_bytes: part.own.max_rss_bytes.unwrap_or(0),
            max_pss_bytes: part
                .own
                .resident_maximum
                .filter(tells_shares)
                .map(|point| point.resident.proportional().total()),
            problems: part.own.problems.clone(),
        });
        total.add(part, &at_peak, merged, index == 0, course.raised_by == Some(index));
    }
    total.looks(&parts, course.time_ms);
    let refused = &mut total.analysis.refusals.last;
    refused.sort_by_key(|refusal| refusal.time_ms);
    refused.drain(..refused.len().saturating_sub(Refusals::KEPT));
    let shared_pages_once = parts.iter().any(|part| part.ticks.looks.iter().any(tells_shares));
    let courses = parts.into_iter().zip(merged).enumerate().map(|(index, (part, merged))| ProcessCourse {
        with_leaks: part.with_leaks(index == 0),
        offset_ms: part.offset_ms,
        ticks: part.ticks,
        merged,
    });
    let courses = courses.collect();
    Some(JobAnalysis { analysis: total.analysis, profile, processes, shared_pages_once, courses })
}

fn tells_shares(point: &ResidentPoint) -> bool {
    point.resident.tells_shares()
}

fn part<'a>(process: &'a Process, first: &Header) -> Part<'a> {
    let (own, ticks) = replay(&process.profile, Ticks::default());
    let header = process.profile.header();
    let offset_ms = offset_ms(header, first);
    let last_ms = ticks.ticks.last().map_or(0, |tick| tick.time_ms);
    // Of the first process the launcher's time is that of the whole, its start included; of one that was killed, that until
    // it was last heard of.
    let told_ms = header.outcome.duration_ns / 1_000_000;
    let end_ms = offset_ms.saturating_add(last_ms.max(told_ms));
    Part { process, offset_ms, end_ms, own, ticks }
}

/// How much later than the first process one started, by the clock that both have in common.
fn offset_ms(header: &Header, first: &Header) -> u64 {
    if header.start_monotonic_ms > 0 && first.start_monotonic_ms > 0 {
        header.start_monotonic_ms.saturating_sub(first.start_monotonic_ms)
    } else {
        header.start_unix_ns.saturating_sub(first.start_unix_ns) / 1_000_000
    }
}

impl Part<'_> {
    /// The analysis with what was live after the event in place of the high-water mark.
    fn at(&self, event: u64) -> Analysis {
        replay(&self.process.profile, At(event)).0
    }

    /// Whether what it held at its end counts as leaked.
    fn with_leaks(&self, first: bool) -> bool {
        first || self.process.profile.header().state == State::Closed
    }
}

/// The sum over all processes in the course of time.
struct Course {
    /// The moment of the highest sum, from the start of the first process.
    time_ms: u64,
    /// The process whose event reached it within its tick; `None` if it was reached between two ticks.
    raised_by: Option<usize>,
    line: TimeLine,
}

impl Course {
    fn of(parts: &[Part<'_>]) -> Self {
        let mut steps: Vec<(u64, u32, u32)> = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let times = part.ticks.ticks.iter().enumerate();
            steps
                .extend(times.map(|(tick, at)| {
                    (at.time_ms.saturating_add(part.offset_ms), index as u32, tick as u32)
                }));
        }
        steps.sort_unstable();
        let mut levels = vec![0.0; parts.len()];
        // Of all levels. Amounts are multiples of a power of two, so that it stays exact.
        let mut after = 0.0;
        let mut course = Self { time_ms: 0, raised_by: None, line: TimeLine::new() };
        let mut highest = 0.0;
        for group in steps.chunk_by(|a, b| a.0 == b.0) {
            let time_ms = group[0].0;
            let tick = |step: &(u64, u32, u32)| parts[step.1 as usize].ticks.ticks[step.2 as usize];
            // What all others hold, and what those of this tick hold at the least.
            let mut sum = after;
            for step in group {
                sum += tick(step).low.bytes - levels[step.1 as usize];
            }
            let mut top = 0.0;
            for step in group {
                let reached = sum - tick(step).low.bytes + tick(step).high.bytes;
                top = reached.max(top);
                if reached > highest {
                    highest = reached;
                    (course.time_ms, course.raised_by) = (time_ms, Some(step.1 as usize));
                }
                let level = &mut levels[step.1 as usize];
                after += tick(step).last.bytes - *level;
                *level = tick(step).last.bytes;
            }
            if after > highest {
                highest = after;
                (course.time_ms, course.raised_by) = (time_ms, None);
            }
            course.line.heap(time_ms, top.max(after));
            course.line.heap(time_ms, after);
        }
        course
    }

    /// The event after which a process held what counts for the peak.
    fn event_of(&self, index: usize, part: &Part<'_>) -> u64 {
        let Some(time_ms) = self.time_ms.checked_sub(part.offset_ms) else { return 0 };
        let Level { event, .. } = part.ticks.level_at(time_ms, reached(self.raised_by, index));
        // Nothing is live before the first event, and no event has the number of the end.
        if event == GONE { 0 } else { event }
    }
}

/// How a height that the process with the index `raised_by` came to was reached for that with the index `index`.
pub(crate) fn reached(raised_by: Option<usize>, index: usize) -> Reached {
    match raised_by {
        None => Reached::Behind,
        Some(by) if by == index => Reached::ByItself,
        Some(_) => Reached::ByAnother,
    }
}

/// The sums over all processes while they grow.
struct Whole {
    analysis: Analysis,
    variance: f64,
}

impl Whole {
    fn new(profile: &Profile, course: &Course) -> Self {
        let analysis = Analysis {
            peak: Peak { time_ms: course.time_ms, ..Peak::default() },
            total: Totals::default(),
            threads: Vec::with_capacity(profile.threads().len()),
            sampling: Sampling::EXACT,
            events: 0,
            duration_ms: 0,
            committed_at_peak: 0,
            resident_at_peak: None,
            resident_maximum: None,
            max_rss_bytes: None,
            refusals: Refusals::default(),
            last_stack: NO_STACK,
            problems: Vec::new(),
            stacks: StackTotals::default(),
            time_line: course.line.clone(),
            slots: Slots::default(),
        };
        Self { analysis, variance: 0.0 }
    }

    /// Takes in a process; `raised` if its event reached the peak.
    fn add(&mut self, part: &Part<'_>, at_peak: &Analysis, merged: &Merged, first: bool, raised: bool) {
        let whole = &mut self.analysis;
        let with_leaks = part.with_leaks(first);
        whole.total += at_peak.total.with_leaks(with_leaks);
        whole.peak.heap_bytes = whole.total.peak_bytes;
        whole.peak.heap_blocks = whole.total.peak_blocks;
        let error = at_peak.peak.error_bytes as f64;
        self.variance += error * error;
        whole.peak.error_bytes = crate::account::whole(self.variance.sqrt());
        if raised {
            whole.peak.thread = at_peak.peak.thread.saturating_add(merged.thread_offset);
            whole.peak.stack = merged.stacks.get(at_peak.peak.stack as usize).copied().unwrap_or(NO_STACK);
        }
        whole.threads.extend(at_peak.threads.iter().map(|thread| ThreadTotals {
            number: thread.number.saturating_add(merged.thread_offset),
            own: thread.own.with_leaks(with_leaks),
        }));
        let rank = |sampling: Sampling| (sampling.threshold, sampling.interval);
        if part.own.sampling.interval != 0 && rank(part.own.sampling) > rank(whole.sampling) {
            whole.sampling = part.own.sampling;
        }
        whole.events += part.own.events;
        whole.committed_at_peak += part.own.committed_at_peak;
        let here = |stack: StackId| merged.stacks.get(stack as usize).copied().unwrap_or(NO_STACK);
        if first {
            // Where the program itself came to.
            whole.duration_ms = part.own.duration_ms;
            whole.last_stack = here(part.own.last_stack);
        }
        whole.refusals.count += part.own.refusals.count;
        whole.refusals.last.extend(part.own.refusals.last.iter().map(|refusal| Refusal {
            time_ms: refusal.time_ms.saturating_add(part.offset_ms),
            stack: here(refusal.stack),
            ..*refusal
        }));
        whole.problems.extend_from_slice(&part.own.problems);
        whole.stacks.absorb(&at_peak.stacks, &merged.stacks, with_leaks);
    }

    /// Adds up the looks at the processes: what each was at its last one.
    fn looks(&mut self, parts: &[Part<'_>], peak_ms: u64) {
        // By time: the process and what it is from then on, nothing when it has ended.
        let mut steps: Vec<(u64, usize, Option<ResidentPoint>)> = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let looks = part.ticks.looks.iter();
            steps.extend(looks.map(|look| (look.time_ms.saturating_add(part.offset_ms), index, Some(*look))));
            if !part.process.still_running {
                steps.push((part.end_ms, index, None));
            }
        }
        steps.sort_by_key(|step| (step.0, step.2.is_none()));
        let parents: Vec<Option<usize>> = (0..parts.len()).map(|index| forked_by(parts, index)).collect();
        let mut now: Vec<Option<ResidentPoint>> = vec![None; parts.len()];
        for (time_ms, index, look) in steps {
            now[index] = look.map(|look| ResidentPoint { time_ms, ..look });
            let shares = now.iter().zip(parts).zip(&parents).filter_map(|((point, part), parent)| {
                let parent = parent.and_then(|parent| now[parent]);
                Some(share((*point)?, parent.is_some_and(|parent| parent.time_ms < part.offset_ms)))
            });
            let point = sum(&shares.collect::<Vec<_>>(), time_ms);
            self.analysis.time_line.look(time_ms, point.resident);
            if time_ms <= peak_ms || self.analysis.resident_at_peak.is_none() {
                self.analysis.resident_at_peak = Some(point);
            }
            let maximum = &mut self.analysis.resident_maximum;
            if maximum.is_none_or(|known| point.resident.total() > known.resident.total()) {
                *maximum = Some(point);
            }
        }
        let sampled = self.analysis.resident_maximum.map(|point| point.resident.total());
        let single = parts.iter().filter_map(|part| part.own.max_rss_bytes).max();
        self.analysis.max_rss_bytes = sampled.max(single);
    }
}

/// The process that another was forked from.
fn forked_by(parts: &[Part<'_>], index: usize) -> Option<usize> {
    let child = &parts[index];
    let profile = &child.process.profile;
    let is_fork = profile.fact("begun").next() == Some("fork");
    let mut before = parts[..index].iter();
    // Of two with the same number, the later one.
    is_fork
        .then(|| before.rposition(|part| part.process.profile.header().pid == profile.header().parent_pid))?
}

/// A look with what counts for its process of the pages that others have too. Where its parent was last looked at before
/// the fork, that look has all pages of the two, so that only those count here that this one has alone.
fn share(point: ResidentPoint, parent_has_all: bool) -> ResidentPoint {
    let mut resident = point.resident.proportional();
    if parent_has_all && point.resident.tells_shares() {
        resident.anonymous = point.resident.anonymous_alone;
    }
    ResidentPoint { resident, ..point }
}

/// What all processes are together, by their shares.
fn sum(points: &[ResidentPoint], time_ms: u64) -> ResidentPoint {
    let all =
        |of: fn(&ResidentPoint) -> u64| points.iter().fold(0u64, |sum, point| sum.saturating_add(of(point)));
    ResidentPoint {
        time_ms,
        resident: Resident {
            anonymous: all(|point| point.resident.anonymous),
            file: all(|point| point.resident.file),
            shared: all(|point| point.resident.shared),
            agent: all(|point| point.resident.agent),
            capture: all(|point| point.resident.capture),
            arenas: all(|point| point.resident.arenas),
            malloc_free: all(|point| point.resident.malloc_free),
            malloc_used: all(|point| point.resident.malloc_used),
            before: all(|point| point.resident.before),
            private: all(|point| point.resident.private),
            stacks: all(|point| point.resident.stacks),
            pools: all(|point| point.resident.pools),
            ..Resident::default()
        },
        heap_bytes: all(|point| point.heap_bytes),
        small_object_bytes: all(|point| point.small_object_bytes),
        pool_bytes: all(|point| point.pool_bytes),
        overhead_bytes: all(|point| point.overhead_bytes),
    }
}
