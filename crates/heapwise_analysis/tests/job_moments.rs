//! The moments of several processes agree with their analysis, and with what the processes did.

use heapwise_analysis::profile::{Job, Process, Profile};
use heapwise_analysis::{JobAnalysis, Moments, analyse_job, job_moments};
use heapwise_testkit::{CaptureBuilder, Ending, Mode, StackId, State};
use proptest::prelude::*;

/// A process that started so many milliseconds after the first one and ended by its exit handlers.
fn process(pid: u32, start_ms: u64, write: impl FnOnce(&mut CaptureBuilder)) -> Process {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    capture.header(|header| {
        header.pid = pid;
        header.start_monotonic_ms = 1_000 + start_ms;
        header.state = State::Closed;
        header.outcome.ending = Some(Ending::Code(0));
    });
    write(&mut capture);
    Process { profile: Profile::from_bytes(capture.build()).expect("a capture"), still_running: false }
}

fn job(processes: Vec<Process>, count: usize) -> (JobAnalysis, Moments) {
    let job = Job { processes, not_followed: Vec::new(), problems: Vec::new() };
    let analysis = analyse_job(&job).expect("several processes");
    let moments = job_moments(&job, &analysis, count);
    (analysis, moments)
}

/// By moment: bytes live in the holdings of the threads from `from` to before `to`.
fn course(moments: &Moments, from: u32, to: u32) -> Vec<u64> {
    let mut sums = vec![0; moments.moments.len()];
    for holding in moments.holdings.iter().filter(|it| (from..to).contains(&it.thread)) {
        let mut steps = holding.steps.iter().peekable();
        let mut live = 0;
        for (moment, sum) in sums.iter_mut().enumerate() {
            while let Some(step) = steps.next_if(|step| step.moment as usize <= moment) {
                live = step.live_bytes;
            }
            *sum += live;
        }
    }
    sums
}

#[test]
fn each_process_is_told_apart_at_every_moment() {
    let parent = process(1, 0, |capture| {
        let load = capture.stack(&["main:1"]);
        capture.time(10).allocation(0x1000, 300, load).time(90).free(0x1000);
    });
    let child = |pid, start_ms, size| {
        process(pid, start_ms, move |capture| {
            let work = capture.stack(&["work:5"]);
            capture.time(10).allocation(0x1000, size, work).time(20).free(0x1000);
            capture.time(30).allocation(0x2000, 7, work);
        })
    };
    // The first child is gone when the second one begins.
    let (analysis, moments) = job(vec![parent, child(2, 10, 500), child(3, 50, 400)], 100);
    assert_eq!(analysis.analysis.peak.heap_bytes, 800);
    assert_eq!(moments.moments[moments.peak].heap_bytes, 800);
    let courses: Vec<Vec<u64>> = (0..3).map(|thread| course(&moments, thread, thread + 1)).collect();
    assert_eq!(courses.iter().map(|it| it[moments.peak]).collect::<Vec<_>>(), [300, 500, 0]);
    assert_eq!(
        courses.iter().map(|it| *it.iter().max().expect("moments")).collect::<Vec<_>>(),
        [300, 500, 400]
    );
    let last = moments.moments.len() - 1;
    assert!(courses.iter().all(|it| it[last] == 0), "a process that ended holds nothing");
    let kept: u64 = moments.holdings.iter().flat_map(|it| &it.steps).map(|step| step.kept_bytes).sum();
    assert_eq!((kept, analysis.analysis.total.leaked_bytes), (14, 14));
}

#[test]
fn a_short_process_is_seen_however_few_moments_there_are() {
    let parent = process(1, 0, |capture| {
        let load = capture.stack(&["main:1"]);
        capture.time(10).allocation(0x1000, 9_000, load).time(100_000).allocation(0x2000, 5, load);
    });
    let child = process(2, 60_000, |capture| {
        let work = capture.stack(&["work:5"]);
        capture.time(1).allocation(0x1000, 70, work).time(2).free(0x1000);
    });
    let (_, moments) = job(vec![parent, child], 4);
    assert!(course(&moments, 1, 2).contains(&70));
}

proptest! {
    #[test]
    fn sums_are_those_of_the_analysis(
        steps in prop::collection::vec((0usize..3, 0u64..6, 0usize..4, 0u64..6, 1u64..9_000, any::<bool>()), 1..150),
        count in 1usize..40,
    ) {
        let processes = (0..3).map(|index| {
            process(index as u32 + 1, 7 * index as u64, |capture| {
                let stacks: Vec<StackId> = (0..4).map(|line| capture.stack(&[&format!("work:{}", line + 1)])).collect();
                let mut now_ms = 0;
                for &(_, pause, stack, slot, size, free) in steps.iter().filter(|step| step.0 == index) {
                    now_ms += pause;
                    capture.time(now_ms);
                    if free {
                        capture.free(0x1000 + slot * 16);
                    } else {
                        capture.allocation(0x1000 + slot * 16, size, stacks[stack]);
                    }
                }
            })
        });
        let (analysis, moments) = job(processes.collect(), count);
        let peak = analysis.analysis.peak.heap_bytes;
        prop_assert_eq!(moments.moments[moments.peak].heap_bytes, peak);
        prop_assert!(moments.moments.iter().all(|moment| moment.heap_bytes <= peak));
        prop_assert!(moments.moments.is_sorted_by_key(|moment| moment.time_ms));
        let all = course(&moments, 0, u32::MAX);
        for (moment, held) in moments.moments.iter().zip(&all) {
            prop_assert_eq!(moment.heap_bytes, *held);
        }
        for (index, totals) in analysis.processes.iter().enumerate() {
            // Each has one thread, unless it did nothing.
            if analysis.profile.threads().len() == 3 {
                let own = course(&moments, index as u32, index as u32 + 1);
                prop_assert_eq!(own[moments.peak], totals.peak_bytes);
            }
        }
        let by_stack = |stack: StackId| {
            let of = moments.holdings.iter().filter(move |holding| holding.stack == stack);
            of.flat_map(|holding| &holding.steps).fold((0, 0), |(allocated, kept), step| {
                (allocated + step.allocated_bytes, kept + step.kept_bytes)
            })
        };
        for stack in 0..=analysis.profile.stack_count() as StackId {
            let totals = analysis.analysis.stack(stack);
            prop_assert_eq!(by_stack(stack), (totals.allocated_bytes, totals.leaked_bytes));
        }
    }
}
