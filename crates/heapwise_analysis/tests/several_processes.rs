//! Runs of several processes: what is added up, and how.

use heapwise_analysis::profile::{Job, Process, Profile, Resident};
use heapwise_analysis::{JobAnalysis, analyse_job};
use heapwise_testkit::{CaptureBuilder, Mode};
use proptest::prelude::*;

/// A process that started at `start_ms`; what `write` records counts from there.
fn process(pid: u32, start_ms: u64, mode: Mode, write: impl FnOnce(&mut CaptureBuilder)) -> Process {
    let mut capture = CaptureBuilder::new(mode);
    capture.header(|header| {
        (header.pid, header.parent_pid) = (pid, 1);
        (header.start_monotonic_ms, header.start_unix_ns) = (1000 + start_ms, 1000 + start_ms);
    });
    if pid > 1 {
        capture.fact("begun", "fork");
    }
    write(&mut capture);
    Process { profile: Profile::from_bytes(capture.build()).expect("it opens"), still_running: false }
}

fn analysed(processes: Vec<Process>) -> JobAnalysis {
    let job = Job { processes, not_followed: Vec::new(), problems: Vec::new() };
    analyse_job(&job).expect("several processes")
}

/// A look at a process with so many anonymous bytes, of which others' share is `elsewhere` and `alone` its own only.
fn look(anonymous: u64, elsewhere: u64, alone: u64) -> Resident {
    Resident {
        anonymous,
        anonymous_elsewhere: elsewhere,
        anonymous_alone: alone,
        file_elsewhere: 1,
        ..Resident::default()
    }
}

/// The parent has 900 bytes when it forks; the child writes to 100 of them.
fn parent_and_child(parent_looked_again_at: u64) -> JobAnalysis {
    let parent = process(1, 0, Mode::Exact, |capture| {
        capture.time(5).resident(look(900, 0, 900));
        capture.time(parent_looked_again_at).resident(look(900, 400, 100));
        capture.time(200).allocation(0x1000, 1, 0);
    });
    let child = process(2, 10, Mode::Exact, |capture| {
        capture.time(20).resident(look(900, 400, 100));
        capture.time(40).resident(look(900, 400, 100));
    });
    analysed(vec![parent, child])
}

#[test]
fn pages_of_parent_and_child_count_once() {
    for parent_looked_again_at in [15, 35, 100] {
        let job = parent_and_child(parent_looked_again_at);
        assert!(job.shared_pages_once);
        let most = job.analysis.resident_maximum.expect("looks").resident.total();
        assert_eq!(most, 1000, "800 that both have, and 100 of each: {parent_looked_again_at}");
        assert_eq!(job.processes[1].max_pss_bytes, Some(500));
        assert_eq!(job.processes[1].max_rss_bytes, 900);
    }
}

#[test]
fn a_killed_process_has_its_memory_until_it_was_last_heard_of() {
    let together = |heard_ms: u64| {
        let parent = process(1, 0, Mode::Exact, |capture| {
            capture.time(50).allocation(0x1000, 30, 0);
            capture.time(60).free(0x1000);
        });
        let child = process(2, 10, Mode::Exact, |capture| {
            capture.time(20).allocation(0x1000, 40, 0);
            capture.header(|header| header.outcome.duration_ns = heard_ms * 1_000_000);
        });
        let job = analysed(vec![parent, child]);
        (job.analysis.peak.heap_bytes, job.processes[1].end_ms)
    };
    assert_eq!(together(0), (40, 30), "at its last event");
    assert_eq!(together(39), (40, 49));
    assert_eq!(together(41), (70, 51));
}

#[test]
fn without_shares_the_sets_are_added_up() {
    let plain = |capture: &mut CaptureBuilder| {
        capture.time(5).resident(Resident { anonymous: 900, ..Resident::default() });
        capture.time(50).resident(Resident { anonymous: 900, ..Resident::default() });
    };
    let job = analysed(vec![process(1, 0, Mode::Exact, plain), process(2, 10, Mode::Exact, plain)]);
    assert!(!job.shared_pages_once);
    assert_eq!(job.processes[1].max_pss_bytes, None);
    assert_eq!(job.analysis.resident_maximum.expect("looks").resident.total(), 1800);
}

proptest! {
    #[test]
    fn the_time_line_reaches_the_peak_to_the_byte(
        sizes in prop::collection::vec(prop::collection::vec((1u64..5000, 0u64..3, any::<bool>()), 1..20), 2..5),
    ) {
        let processes = sizes.iter().enumerate().map(|(number, sizes)| {
            process(number as u32 + 1, number as u64, Mode::Sampled, |capture| {
                // Each block stands for a number of bytes that is not whole.
                capture.sampling(4096, 16_384);
                let mut now = 0;
                for (index, &(size, pause, free)) in sizes.iter().enumerate() {
                    now += pause;
                    capture.time(now).allocation(0x1000 + index as u64 * 0x10_000, size, 0);
                    if free {
                        capture.free(0x1000 + index as u64 * 0x10_000);
                    }
                }
            })
        });
        let job = analysed(processes.collect());
        let peak = job.analysis.peak.heap_bytes;
        let highest = job.analysis.time_line(500).iter().map(|point| point.max_heap_bytes).max();
        prop_assert_eq!(highest, Some(peak));
        prop_assert_eq!(job.processes.iter().map(|process| process.peak_bytes).sum::<u64>(), peak);
    }
}
