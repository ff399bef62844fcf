//! What every stack of every process of a run held at a bounded number of moments.
//!
//! Moments are chosen where all processes together were highest within a span of time, and where each process was
//! highest by itself, so that a short one is seen too. Invariants: what the processes held at a moment was held at one
//! time whatever the order of events within a tick was ([`crate::ticks`]); at the moment of the high-water mark each
//! stack has its `peak_bytes`.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use heapwise_profile::{Job, NO_STACK};

use crate::job::{JobAnalysis, ProcessCourse, reached};
use crate::moments::{Holding, Moment, Moments, moments_behind};
use crate::ticks::{GONE, Level, Reached};

/// Replays the events of all processes again: at most about `count` moments of all together, and as many of single
/// processes. `analysis` must be that of `job`.
pub fn job_moments(job: &Job, analysis: &JobAnalysis, count: usize) -> Moments {
    let courses = &analysis.courses;
    let points = points(analysis, count);
    let mut moments: Vec<Moment> =
        points.iter().map(|&(time_ms, _)| Moment { time_ms, heap_bytes: 0 }).collect();
    let mut holdings = Vec::new();
    let mut threads = 0;
    for (index, (process, course)) in job.processes.iter().zip(courses).enumerate() {
        let events: Vec<u64> = points
            .iter()
            .map(|&(time_ms, raised_by)| course.at(time_ms, reached(raised_by, index)).event)
            .collect();
        let own = moments_behind(&process.profile, &events);
        for (moment, own) in moments.iter_mut().zip(&own.moments) {
            moment.heap_bytes = moment.heap_bytes.saturating_add(own.heap_bytes);
        }
        holdings.extend(own.holdings.into_iter().map(|holding| moved(holding, course, threads)));
        threads += process.profile.threads().len() as u32;
    }
    let peak_ms = analysis.analysis.peak.time_ms;
    let peak = points.iter().position(|&(time_ms, _)| time_ms == peak_ms).unwrap_or(0);
    Moments { peak, ..Moments::new(moments, holdings) }
}

/// The moments by time, with the process whose event reached what is held then, if it is within a tick. The last one is
/// behind all events.
fn points(analysis: &JobAnalysis, count: usize) -> Vec<(u64, Option<usize>)> {
    let courses = &analysis.courses;
    let mut points = BTreeMap::new();
    let mut by_peak: Vec<usize> = (0..courses.len()).collect();
    by_peak.sort_by_key(|&index| Reverse(analysis.processes[index].own_peak_bytes));
    for index in by_peak.into_iter().take(count) {
        let ProcessCourse { offset_ms, ticks, .. } = &courses[index];
        // The first of equal ones, as everywhere.
        let highest = ticks.ticks.iter().rev().max_by(|a, b| a.high.bytes.total_cmp(&b.high.bytes));
        if let Some(tick) = highest.filter(|tick| tick.high.event != GONE) {
            points.entry(tick.time_ms.saturating_add(*offset_ms)).or_insert(Some(index));
        }
    }
    for point in analysis.analysis.time_line(count) {
        points.insert(point.max_time_ms, highest_at(courses, point.max_time_ms));
    }
    let last_ms = courses.iter().filter_map(|course| {
        let last = course.ticks.ticks.last()?;
        Some(last.time_ms.saturating_add(course.offset_ms))
    });
    let peak_ms = analysis.analysis.peak.time_ms;
    points.insert(peak_ms, highest_at(courses, peak_ms));
    let end = last_ms.max().map(|last_ms| (last_ms, None));
    let mut points: Vec<(u64, Option<usize>)> = points.into_iter().collect();
    if points.last() != end.as_ref() {
        points.extend(end);
    }
    points
}

/// The process whose event reached the highest sum within the tick at `time_ms`; `None` if the sum behind it is higher.
fn highest_at(courses: &[ProcessCourse], time_ms: u64) -> Option<usize> {
    let sum = |reached: Reached| courses.iter().map(|course| course.at(time_ms, reached).bytes).sum::<f64>();
    let (low, behind) = (sum(Reached::ByAnother), sum(Reached::Behind));
    let (mut highest, mut by) = (0.0, None);
    for (index, course) in courses.iter().enumerate() {
        let rise = course.at(time_ms, Reached::ByItself).bytes - course.at(time_ms, Reached::ByAnother).bytes;
        if low + rise > highest {
            (highest, by) = (low + rise, Some(index));
        }
    }
    by.filter(|_| behind <= highest)
}

impl ProcessCourse {
    /// What counts of the process at `time_ms` of the run.
    fn at(&self, time_ms: u64, reached: Reached) -> Level {
        time_ms
            .checked_sub(self.offset_ms)
            .map_or_else(Level::default, |own_ms| self.ticks.level_at(own_ms, reached))
    }
}

/// A holding with the numbers that the whole has for its stack and its thread.
fn moved(holding: Holding, course: &ProcessCourse, threads: u32) -> Holding {
    let stack = course.merged.stacks.get(holding.stack as usize).copied().unwrap_or(NO_STACK);
    let mut steps = holding.steps;
    if !course.with_leaks {
        for step in &mut steps {
            step.kept_bytes = 0;
        }
    }
    Holding { stack, thread: holding.thread + threads, steps }
}
