//! Whole captures come back as they were written.

use heapwise_profile::capture::table::TableRecord;
use heapwise_profile::{Event, EventKind, NO_STACK, Origin, Profile, Resident, Sampling, UNKNOWN, origin};
use heapwise_testkit::{CaptureBuilder, Ending, Mode, Outcome, Position, State};
use proptest::prelude::*;

fn profile(capture: CaptureBuilder) -> Profile {
    let profile = Profile::from_bytes(capture.build()).expect("the header is valid");
    assert_eq!(profile.problems(), []);
    profile
}

#[test]
fn tables_come_back() {
    let mut capture = CaptureBuilder::new(Mode::Sampled);
    capture.header(|header| {
        header.state = State::Closed;
        header.outcome = Outcome {
            ending: Some(Ending::Code(3)),
            max_rss_bytes: 77,
            duration_ns: 9,
            ..Outcome::default()
        };
    });
    let load = capture.file("/home/a/app.py").stack(&["main@9:10", "/v/site-packages/lib.py:read@5:20"]);
    capture.fact("argument", "app.py").fact("python", "3.12.1").fact("argument", "--fast");
    capture.source("/home/a/app.py", "x = 1\n").thread(2, "worker", load).thread(1, "main", NO_STACK);
    let profile = profile(capture);

    assert_eq!(profile.header().outcome.ending, Some(Ending::Code(3)));
    assert_eq!(profile.fact("argument").collect::<Vec<_>>(), ["app.py", "--fast"]);
    assert_eq!(profile.fact("folder").count(), 0);
    assert_eq!(profile.source("/home/a/app.py"), Some("x = 1\n"));
    assert_eq!(profile.source("other.py"), None);
    let threads: Vec<_> = profile.threads().iter().map(|it| (it.number, &*it.name, it.started_by)).collect();
    assert_eq!(threads, [(1, "main", NO_STACK), (2, "worker", load)]);

    let frames: Vec<_> = profile
        .outwards(load)
        .map(|id| {
            let frame = profile.frame(id);
            (profile.file_of(id), profile.function_of(id), frame.first_line, frame.position.line)
        })
        .collect();
    assert_eq!(frames, [("/v/site-packages/lib.py", "read", 5, 20), ("/home/a/app.py", "main", 9, 10)]);
    assert_eq!(origin(frames[0].0), Origin::Library("lib"));
    assert_eq!((profile.frame_count(), profile.stack_count()), (2, 2));
}

#[test]
fn a_look_stands_behind_the_event_whose_number_it_shares() {
    let mut capture = CaptureBuilder::new(Mode::Sampled);
    let stack = capture.stack(&["main:1"]);
    // The agent's thread has the lower number here, and looked long after the allocation.
    capture.on(2).time(10).allocation(16, 1, stack);
    capture.on(1).time(50).same_number().resident(Resident::default());
    capture.on(2).time(60).free(16);
    let profile = profile(capture);
    let order: Vec<_> = profile.events().map(|(thread, event)| (thread, event.time_ms)).collect();
    assert_eq!(order, [(2, 10), (1, 50), (2, 60)]);
}

#[test]
fn what_is_not_there_is_unknown() {
    let profile = profile(CaptureBuilder::new(Mode::Exact));
    assert_eq!(profile.outwards(NO_STACK).count(), 0);
    assert_eq!(profile.outwards(5).count(), 0);
    assert_eq!((profile.file_of(3), profile.function_of(3)), ("", UNKNOWN));
    assert_eq!(profile.string(u32::MAX), "");
    assert_eq!(profile.events().count(), 0);
    assert!(profile.threads().is_empty());
}

#[test]
fn text_that_is_no_utf8_is_shown_as_far_as_it_is() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let id = capture.string(b"caf\xe9.py");
    assert_eq!(profile(capture).string(id), "caf\u{fffd}.py");
}

#[test]
fn equal_texts_have_one_number() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    // Different bytes, the same text once they are made UTF-8.
    for file in [&b"\xff"[..], b"\xfe"] {
        let file = capture.string(file);
        let function = capture.string(b"f");
        capture.record(&TableRecord::Code { file, function, first_line: 1 });
    }
    for code in [1, 2] {
        capture.record(&TableRecord::Frame { code, position: Position::default() });
    }
    let profile = profile(capture);
    assert_eq!(profile.frame(1), profile.frame(2));
    assert_eq!(profile.file_of(1), "\u{fffd}");
}

#[test]
fn threads_without_a_record_are_listed() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    capture.on(3).free(1).on(1).free(2).thread(2, "new", NO_STACK).thread(1, "main", NO_STACK);
    capture.thread(2, "named", NO_STACK);
    let profile = profile(capture);
    let threads: Vec<_> = profile.threads().iter().map(|it| (it.number, &*it.name)).collect();
    assert_eq!(threads, [(1, "main"), (2, "named"), (3, "")]);
}

#[test]
fn the_coarsest_sampling_is_known_when_all_is_read() {
    let mut capture = CaptureBuilder::new(Mode::Sampled);
    capture.sampling(512, 4096).free(1).sampling(2048, 16_384).free(1).sampling(0, 0).free(2);
    let profile = profile(capture);
    let mut events = profile.events();
    assert_eq!(events.by_ref().count(), 3);
    assert_eq!(events.coarsest_sampling(), Sampling { interval: 2048, threshold: 16_384 });
    assert_eq!(events.problems(), []);
}

/// An event, the thread it is of, and how much time passed before it.
fn steps() -> impl Strategy<Value = Vec<(u32, u64, EventKind)>> {
    let kind = prop_oneof![
        (0u64..100, 0u64..10_000).prop_map(|(block, size)| EventKind::Allocation {
            address: block * 16,
            size,
            stack: NO_STACK,
            allocator: heapwise_testkit::Allocator::PythonRaw,
            probability: 1.0,
        }),
        (0u64..1600).prop_map(|address| EventKind::Free { address }),
        (0u64..100, 0u64..9)
            .prop_map(|(page, pages)| EventKind::Unmap { address: page * 4096, length: pages * 4096 }),
        (0u64..9).prop_map(|anonymous| {
            EventKind::Resident(Box::new(Resident { anonymous, ..Resident::default() }))
        }),
    ];
    prop::collection::vec((1u32..6, 0u64..3, kind), 0..3000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn events_of_several_threads_come_in_the_order_in_which_they_happened(steps in steps()) {
        let mut capture = CaptureBuilder::new(Mode::Exact);
        // Small chunks, so that threads alternate in the file.
        capture.chunk_size(4096);
        let mut time_ms = 0;
        let mut expected = Vec::new();
        for (sequence, (thread, pause, kind)) in (1..).zip(steps) {
            time_ms += pause;
            capture.on(thread).time(time_ms).event(&kind);
            expected.push((thread, Event { sequence, time_ms, kind }));
        }
        let found: Vec<_> = profile(capture).events().collect();
        prop_assert_eq!(found, expected);
    }
}
