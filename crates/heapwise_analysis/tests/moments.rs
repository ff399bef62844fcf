//! The moments agree with the one-pass analysis, and with what a program did.

use heapwise_analysis::profile::Profile;
use heapwise_analysis::{Analysis, Holding, Moments, analyse, moments};
use heapwise_testkit::{CaptureBuilder, Mode, StackId};
use proptest::prelude::*;

fn replayed(capture: CaptureBuilder, count: usize) -> (Profile, Analysis, Moments) {
    let profile = Profile::from_bytes(capture.build()).expect("a capture");
    let analysis = analyse(&profile);
    let moments = moments(&profile, &analysis, count);
    (profile, analysis, moments)
}

/// Bytes live in a holding at a moment.
fn live_at(holding: &Holding, moment: usize) -> u64 {
    holding.steps.iter().rev().find(|step| step.moment as usize <= moment).map_or(0, |step| step.live_bytes)
}

fn of_stack(moments: &Moments, stack: StackId) -> impl Iterator<Item = &Holding> {
    moments.holdings.iter().filter(move |holding| holding.stack == stack)
}

#[test]
fn each_moment_tells_who_held_what_then() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let load = capture.stack(&["main:1", "load:5"]);
    let fit = capture.stack(&["main:2", "fit:9"]);
    capture.time(10).allocation(0x1000, 300, load);
    capture.time(20).allocation(0x2000, 500, fit).free(0x1000);
    capture.time(30).free(0x2000).allocation(0x3000, 100, load);
    let (_, _, moments) = replayed(capture, 100);
    let heaps: Vec<(u64, u64)> = moments.moments.iter().map(|it| (it.time_ms, it.heap_bytes)).collect();
    let peak = moments.peak;
    assert_eq!(heaps[peak], (20, 800));
    let held = |moment| {
        let sum = |stack| of_stack(&moments, stack).map(|it| live_at(it, moment)).sum::<u64>();
        (sum(load), sum(fit))
    };
    assert_eq!(held(peak), (300, 500));
    let before = heaps.iter().rposition(|&(time_ms, _)| time_ms < 20).expect("a moment before");
    assert_eq!(held(before), (300, 0));
    assert_eq!(held(moments.moments.len() - 1), (100, 0));
    // Of what `load` allocated, only what came last is kept.
    let kept: Vec<u64> =
        of_stack(&moments, load).flat_map(|it| it.steps.iter().map(|step| step.kept_bytes)).collect();
    assert_eq!((kept.iter().sum::<u64>(), kept.last()), (100, Some(&100)));
}

#[test]
fn a_capture_without_events_has_an_empty_moment() {
    let (_, analysis, moments) = replayed(CaptureBuilder::new(Mode::Exact), 10);
    assert_eq!(analysis.peak.heap_bytes, 0);
    assert!(moments.moments.iter().all(|it| it.heap_bytes == 0) && moments.holdings.is_empty());
    assert!(moments.peak < moments.moments.len());
}

proptest! {
    #[test]
    fn sums_are_those_of_the_analysis(
        steps in prop::collection::vec((0u64..4, 1u32..4, 0usize..6, 0u64..12, 1u64..100_000, 0u8..4), 1..200),
        count in 1usize..50,
        interval in prop_oneof![Just(0u64), Just(50_000)],
    ) {
        let mut capture = CaptureBuilder::new(if interval == 0 { Mode::Exact } else { Mode::Sampled });
        if interval != 0 {
            capture.sampling(interval, 60_000);
        }
        let stacks: Vec<StackId> = std::iter::once(0)
            .chain((1..6).map(|line| capture.stack(&["main:1", &format!("work:{line}")])))
            .collect();
        let mut now_ms = 0;
        for (pause, thread, stack, slot, size, what) in steps {
            now_ms += pause;
            capture.on(thread).time(now_ms);
            let stack = stacks[stack];
            let (address, place) = (0x1_0000 + slot * 16, 0x7000_0000 + slot * 0x1_0000);
            match what {
                0 => capture.free(address),
                1 => capture.map(place, size, stack, true),
                2 => capture.unmap(place, size / 2),
                _ => capture.allocation(address, size, stack),
            };
        }
        let (profile, analysis, moments) = replayed(capture, count);
        let last = moments.moments.len() - 1;
        // Each number of each step is rounded to whole bytes.
        let numbers = moments.holdings.iter().map(|it| it.steps.len() as u64).sum();
        let slack = if interval == 0 { 0 } else { numbers };
        prop_assert_eq!(moments.moments[moments.peak].heap_bytes, analysis.peak.heap_bytes);
        prop_assert_eq!(moments.moments[moments.peak].time_ms, analysis.peak.time_ms);
        for (index, moment) in moments.moments.iter().enumerate() {
            let sum: u64 = moments.holdings.iter().map(|holding| live_at(holding, index)).sum();
            prop_assert!(sum.abs_diff(moment.heap_bytes) <= slack);
        }
        for stack in 0..=profile.stack_count() as StackId {
            let totals = analysis.stack(stack);
            let sum = |number: &dyn Fn(&Holding) -> u64| of_stack(&moments, stack).map(number).sum::<u64>();
            for (found, wanted) in [
                (sum(&|it| live_at(it, moments.peak)), totals.peak_bytes),
                (sum(&|it| live_at(it, last)), totals.leaked_bytes),
                (sum(&|it| it.steps.iter().map(|step| step.allocated_bytes).sum()), totals.allocated_bytes),
                (sum(&|it| it.steps.iter().map(|step| step.kept_bytes).sum()), totals.leaked_bytes),
            ] {
                prop_assert!(found.abs_diff(wanted) <= slack);
            }
        }
    }
}
