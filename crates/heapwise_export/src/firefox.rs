//! The Firefox Profiler's processed format, made by the library of that project's own people.
//!
//! Every value is a thread of its own, whose samples are stacks with bytes as their weight; the heap over time is a
//! memory track. Invariant: what a thread's samples weigh sums up to its value.

use std::io::{self, Write};
use std::time::Duration;

use fxprof_processed_profile::{
    CategoryColor, CategoryHandle, CategoryPairHandle, CpuDelta, Frame, FrameFlags, FrameInfo,
    Profile as Firefox, ReferenceTimestamp, SamplingInterval, StackHandle, ThreadHandle, Timestamp,
    WeightType,
};
use heapwise_analysis::Analysis;
use heapwise_analysis::profile::{Origin, origin};
use heapwise_profile::Profile;

use crate::Value;
use crate::stacks::{ROOT, Stacks};

/// Points of the memory track.
const MOMENTS: usize = 2000;
/// The format holds a sample's weight in 31 bits; a larger one is written as several samples.
const MOST_WEIGHT: u64 = i32::MAX as u64;
/// The most samples one stack is split into: 8 TB.
const MOST_SAMPLES: u64 = 4096;

/// Writes all values, with `value` as the one that is shown first. `name` is what the viewer calls the process.
///
/// # Errors
/// Those of `out`.
pub fn write(
    profile: &Profile,
    analysis: &Analysis,
    value: Value,
    name: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let stacks = Stacks::new(profile, analysis);
    let header = profile.header();
    let start =
        ReferenceTimestamp::from_duration_since_unix_epoch(Duration::from_nanos(header.start_unix_ns));
    let mut firefox = Firefox::new(name, start, SamplingInterval::from_millis(1));
    firefox.set_symbolicated(true);
    let at = |ms: u64| Timestamp::from_millis_since_reference(ms as f64);
    let process = firefox.add_process(name, header.pid, at(0));
    firefox.set_process_end_time(process, at(analysis.duration_ms));
    let categories = Categories::new(&mut firefox);
    for (known, order) in Value::ALL.into_iter().zip(0..) {
        // The library sorts threads by their start: a nanosecond apart, they keep the order of the values.
        let thread_start = Timestamp::from_nanos_since_reference(order);
        let thread = firefox.add_thread(process, header.pid, thread_start, false);
        firefox.set_thread_name(thread, known.title());
        firefox.set_thread_end_time(thread, at(analysis.duration_ms));
        firefox.set_thread_samples_weight_type(thread, WeightType::Bytes);
        firefox.add_initial_visible_thread(thread);
        if known == value {
            firefox.add_initial_selected_thread(thread);
        }
        let moment = if known == Value::Peak { analysis.peak.time_ms } else { analysis.duration_ms };
        add_samples(&mut firefox, thread, &stacks, known, &categories, at(moment));
    }
    let heap = firefox.add_counter(process, "heap", "Memory", "Bytes live on the heap");
    let mut before = 0.0;
    for point in analysis.time_line(MOMENTS) {
        let highest = (point.max_time_ms, point.max_heap_bytes as f64);
        for (time_ms, bytes) in [highest, (point.time_ms, point.heap_bytes as f64)] {
            firefox.add_counter_sample(heap, at(time_ms), bytes - before, 0);
            before = bytes;
        }
    }
    serde_json::to_writer(&mut *out, &firefox)?;
    out.write_all(b"\n")
}

/// Whose code a frame is, by colour.
#[derive(Debug)]
struct Categories {
    user: CategoryPairHandle,
    library: CategoryPairHandle,
    python: CategoryPairHandle,
    none: CategoryPairHandle,
}

impl Categories {
    fn new(firefox: &mut Firefox) -> Self {
        Self {
            user: firefox.add_category("Your code", CategoryColor::Blue).into(),
            library: firefox.add_category("Libraries", CategoryColor::Orange).into(),
            python: firefox.add_category("Python", CategoryColor::Green).into(),
            none: CategoryHandle::OTHER.into(),
        }
    }

    fn of(&self, file: &str) -> CategoryPairHandle {
        match origin(file) {
            Origin::User => self.user,
            Origin::Library(_) => self.library,
            Origin::Python => self.python,
            Origin::NoFile => self.none,
        }
    }
}

fn add_samples(
    firefox: &mut Firefox,
    thread: ThreadHandle,
    stacks: &Stacks<'_>,
    value: Value,
    categories: &Categories,
    moment: Timestamp,
) {
    let totals = stacks.with_callees(value);
    let mut handles: Vec<Option<StackHandle>> = vec![None; stacks.nodes.len()];
    for (index, node) in stacks.nodes.iter().enumerate().skip(1).filter(|&(index, _)| totals[index] > 0) {
        let frame = &stacks.frames[node.frame as usize];
        let label = firefox.intern_string(&frame.label());
        let frame = firefox.intern_frame(
            thread,
            FrameInfo {
                frame: Frame::Label(label),
                category_pair: categories.of(frame.file),
                flags: FrameFlags::empty(),
            },
        );
        let parent = if node.parent == ROOT { None } else { handles[node.parent as usize] };
        let stack = firefox.intern_stack(thread, parent, frame);
        handles[index] = Some(stack);
        let mut left = value.bytes(&node.own);
        for _ in 0..MOST_SAMPLES {
            if left == 0 {
                break;
            }
            let weight = left.min(MOST_WEIGHT);
            firefox.add_sample(thread, moment, Some(stack), CpuDelta::ZERO, weight as i32);
            left -= weight;
        }
    }
}
