//! Damaged captures give what can be read, and say what is lost.

use std::sync::LazyLock;

use heapwise_profile::{DecodeError, NO_STACK, Problem, Profile, StackId, State, Stop, Target};
use heapwise_testkit::{CaptureBuilder, EventKind, Mode};
use proptest::prelude::*;

const HEADER: usize = 4096;
const CHUNK: usize = 8192;
const CHUNK_HEADER: usize = 24;

/// A capture with one chunk of tables first, then many of events of two threads, with tables between them; and the
/// number of its events.
static CAPTURE: LazyLock<(Vec<u8>, usize)> = LazyLock::new(|| {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    capture.chunk_size(CHUNK).fact("python", "3.12.1");
    let mut events = 0;
    for round in 0..60u64 {
        for line in 0..40 {
            let frame = format!("function_with_a_long_name_{round}:{line}");
            let stack = capture.stack(&["main:1", &frame]);
            for address in 0..5 {
                capture.on(1 + (round % 2) as u32).time(round).allocation(
                    round << 12 | address << 6,
                    64,
                    stack,
                );
                events += 1;
            }
        }
    }
    (capture.build(), events)
});

fn capture() -> (Vec<u8>, usize) {
    CAPTURE.clone()
}

/// Reads everything there is to read.
fn read_all(bytes: Vec<u8>) -> Result<(usize, Vec<Problem>), DecodeError> {
    let profile = Profile::from_bytes(bytes)?;
    for stack in 0..=profile.stack_count() as StackId {
        for frame in profile.outwards(stack) {
            let _ = (profile.file_of(frame), profile.function_of(frame));
        }
    }
    let mut events = profile.events();
    let count = events.by_ref().count();
    let mut problems = profile.problems().to_vec();
    problems.extend(events.problems());
    Ok((count, problems))
}

#[test]
fn a_whole_capture_has_no_problems() {
    let (bytes, events) = capture();
    assert_eq!(read_all(bytes), Ok((events, vec![])));
}

#[test]
fn a_cut_off_capture_says_so_and_gives_the_rest() {
    let (bytes, events) = capture();
    let length = bytes.len();
    let (count, problems) = read_all(bytes[..length - 3 * CHUNK].to_vec()).expect("the header is there");
    assert_eq!(problems[0], Problem::ShortFile { missing: 3 * CHUNK as u64 });
    assert!(count > events / 2 && count < events, "{count} of {events}");

    // Cut in the middle of the first chunk's committed bytes.
    let (_, problems) = read_all(bytes[..HEADER + 1000].to_vec()).expect("the header is there");
    assert!(
        matches!(problems[1], Problem::TruncatedChunk { offset: 4096, missing } if missing > 4000),
        "{problems:?}"
    );
}

#[test]
fn a_lost_chunk_of_events_costs_only_its_events_and_later_tables() {
    let (mut bytes, events) = capture();
    let (whole, _) = read_all(bytes.clone()).expect("whole");
    assert_eq!(whole, events);
    let second = HEADER + CHUNK;
    bytes[second] ^= 0xff;
    let profile = Profile::from_bytes(bytes).expect("the header is there");
    assert!(
        profile.problems().contains(&Problem::LostChunk { offset: second as u64, length: CHUNK as u64 }),
        "{:?}",
        profile.problems()
    );
    // The tables before it are known. Those behind it are not: it might have held some, and their
    // numbers would be those of others.
    assert!(profile.stack_count() > 0);
    let last_known = profile.outwards(profile.stack_count() as StackId).next().expect("a frame");
    assert!(profile.function_of(last_known).starts_with("function_with_a_long_name_"));
    let mut read = profile.events();
    let unknown = read
        .by_ref()
        .filter(|(_, event)| matches!(event.kind, EventKind::Allocation { stack: NO_STACK, .. }))
        .count();
    assert!(unknown > 0);
    assert_eq!(
        read.problems(),
        [Problem::UnknownReferences { target: Target::Stack, count: unknown as u64 }]
    );
}

#[test]
fn a_chunk_that_was_not_begun_is_no_problem() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    capture.chunk_size(CHUNK).fact("a", "b").on(2).free(1).on(3).free(2).string(b"late");
    let mut bytes = capture.build();
    // The chunk of thread 2 was handed out, but the process died before it could write its header.
    bytes[HEADER + CHUNK..HEADER + 2 * CHUNK].fill(0);
    assert_eq!(read_all(bytes), Ok((1, vec![])));
}

#[test]
fn damage_within_events_costs_the_rest_of_the_chunk() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    capture.chunk_size(4096);
    // Frees of equal distance take two bytes each: 2024 of them fill a chunk.
    for block in 1..=3000u64 {
        capture.free(block * 16);
    }
    let mut bytes = capture.build();
    let (whole, _) = read_all(bytes.clone()).expect("whole");
    assert_eq!(whole, 3000);
    // A tag that is none, behind a hundred events.
    bytes[HEADER + CHUNK_HEADER + 200] = 0x0f;
    let (count, problems) = read_all(bytes).expect("the header is there");
    let Problem::DamagedEvents { thread: 1, offset: 4096, lost, cause: DecodeError::UnknownTag(0x0f) } =
        problems[0]
    else {
        panic!("{problems:?}");
    };
    assert_eq!(problems.len(), 1);
    assert_eq!(count as u64 + lost.div_ceil(2), 3000, "{lost} bytes lost");
}

#[test]
fn damage_within_tables_makes_later_numbers_unknown_and_not_wrong() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let before = capture.stack(&["early:1"]);
    let after = capture.stack(&["late:2"]);
    capture.fact("k", "v").allocation(16, 1, before).allocation(32, 1, after);
    let mut bytes = capture.build();
    // The record of that string: a tag, its length, its bytes.
    let late = bytes.windows(4).position(|text| text == b"late").expect("it is there");
    bytes[late - 2] = 0;
    let profile = Profile::from_bytes(bytes).expect("the header is there");
    assert_eq!(
        profile.problems(),
        [Problem::DamagedTables { offset: late as u64 - 2, cause: DecodeError::UnknownTag(0) }]
    );
    let stacks: Vec<StackId> = profile
        .events()
        .filter_map(|(_, event)| match event.kind {
            EventKind::Allocation { stack, .. } => Some(stack),
            _ => None,
        })
        .collect();
    assert_eq!(stacks, [before, NO_STACK]);
}

#[test]
fn references_to_nothing_are_counted_and_become_unknown() {
    use heapwise_profile::capture::table::TableRecord;

    let mut capture = CaptureBuilder::new(Mode::Exact);
    capture
        .record(&TableRecord::Code { file: 9, function: 9, first_line: 1 })
        .record(&TableRecord::Frame { code: 7, position: heapwise_testkit::Position::default() })
        // A stack that is its own caller, and one whose frame is missing.
        .record(&TableRecord::Stack { parent: 1, frame: 1 })
        .record(&TableRecord::Stack { parent: 1, frame: 8 });
    let profile = Profile::from_bytes(capture.build()).expect("the header is there");
    assert_eq!(
        profile.problems(),
        [
            Problem::UnknownReferences { target: Target::String, count: 2 },
            Problem::UnknownReferences { target: Target::Code, count: 1 },
            Problem::UnknownReferences { target: Target::Frame, count: 1 },
            Problem::UnknownReferences { target: Target::Stack, count: 1 },
        ]
    );
    assert_eq!(profile.outwards(2).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn a_recording_that_stopped_early_says_why() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    capture.header(|header| header.state = State::Stopped(Stop::NoSpace));
    let profile = Profile::from_bytes(capture.build()).expect("the header is there");
    assert_eq!(profile.problems(), [Problem::Stopped(Stop::NoSpace)]);
    assert!(profile.problems()[0].to_string().contains("disk full"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn cut_anywhere_it_is_read_or_refused(length in 0usize..1 << 19) {
        let (bytes, events) = capture();
        let cut = length.min(bytes.len());
        let result = read_all(bytes[..cut].to_vec());
        if cut < HEADER {
            prop_assert!(result.is_err());
        } else {
            let (count, problems) = result.expect("the header is there");
            prop_assert!(count <= events);
            prop_assert_eq!(problems.is_empty(), cut == bytes.len());
        }
    }

    #[test]
    fn whatever_the_bytes_nothing_panics(
        flips in prop::collection::vec((0usize..1 << 19, any::<u8>()), 1..40),
    ) {
        let (mut bytes, _) = capture();
        let length = bytes.len();
        for (at, value) in flips {
            bytes[at % length] = value;
        }
        let _ = read_all(bytes);
    }
}
