//! Exports of worked examples, of hostile names, of deep stacks and of damaged captures.

use heapwise_analysis::{Analysis, analyse};
use heapwise_export::{Value, collapsed, events, firefox, lines, pprof, speedscope};
use heapwise_profile::Profile;
use heapwise_testkit::{CaptureBuilder, Mode, NO_STACK, Position};
use proptest::prelude::*;

fn profile(bytes: Vec<u8>) -> (Profile, Analysis) {
    let profile = Profile::from_bytes(bytes).expect("a capture");
    let analysis = analyse(&profile);
    (profile, analysis)
}

/// 300 bytes at the peak in two stacks, of which 200 are leaked; 50 of no Python.
fn example() -> CaptureBuilder {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let load = capture.stack(&["main:10", "load:20"]);
    let other = capture.stack(&["main:10", "load:21"]);
    capture.allocation(0x1000, 100, load).allocation(0x2000, 200, other).allocation(0x3000, 50, NO_STACK);
    capture.time(500).free(0x1000).free(0x3000);
    capture
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("a vector takes all");
    String::from_utf8(out).expect("text")
}

/// All formats; the length of each.
fn all(profile: &Profile, analysis: &Analysis) -> [usize; 6] {
    let mut outs: [Vec<u8>; 6] = Default::default();
    let [collapsed, speedscope, pprof, firefox, csv, parquet] = &mut outs;
    collapsed::write(profile, analysis, Value::Peak, collapsed).expect("collapsed");
    speedscope::write(profile, analysis, Value::Peak, "a", speedscope).expect("speedscope");
    pprof::write(profile, analysis, Value::Peak, pprof).expect("pprof");
    firefox::write(profile, analysis, Value::Peak, "a", firefox).expect("firefox");
    lines::write(profile, analysis, csv).expect("csv");
    events::write(&[(profile, 0)], &mut *parquet).expect("parquet");
    outs.map(|out| out.len())
}

#[test]
fn collapsed_stacks_begin_with_the_outermost_line() {
    let (profile, analysis) = profile(example().build());
    let peak = text(|out| collapsed::write(&profile, &analysis, Value::Peak, out));
    assert_eq!(
        peak,
        "<no Python> 50\nmain (app.py:10);load (app.py:20) 100\nmain (app.py:10);load (app.py:21) 200\n"
    );
    let leaked = text(|out| collapsed::write(&profile, &analysis, Value::Leaked, out));
    assert_eq!(leaked, "main (app.py:10);load (app.py:21) 200\n");
}

#[test]
fn stacks_that_differ_in_columns_only_are_one() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    for column in [1, 9] {
        let place = Position { line: 7, end_line: 7, column, end_column: column + 2 };
        let frame = capture.frame("app.py", "f", 1, place);
        let stack = capture.node(NO_STACK, frame);
        capture.allocation(0x1000 * u64::from(column), 10, stack);
    }
    let (profile, analysis) = profile(capture.build());
    assert_eq!(text(|out| collapsed::write(&profile, &analysis, Value::Peak, out)), "f (app.py:7) 20\n");
}

#[test]
fn hostile_names_stay_in_their_place() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let place = Position { line: 7, ..Position::default() };
    let frame = capture.frame("=a;b\n.py", "x;y\u{1b}[31m \u{2028}9", 1, place);
    let stack = capture.node(NO_STACK, frame);
    capture.allocation(0x1000, 10, stack);
    let (profile, analysis) = profile(capture.build());
    let lines_of = text(|out| collapsed::write(&profile, &analysis, Value::Peak, out));
    assert_eq!(lines_of, "x:y\\u{1b}[31m  9 (=a:b\\n.py:7) 10\n");
    let csv = text(|out| lines::write(&profile, &analysis, out));
    assert!(csv.contains("\n\"'=a;b\n.py\",7,"), "{csv}");
}

#[test]
fn a_deep_recursion_with_allocations_at_every_level_stays_small() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let frame = capture.frame("app.py", "dig", 1, Position { line: 2, ..Position::default() });
    let mut stack = NO_STACK;
    for level in 0..3_000u64 {
        stack = capture.node(stack, frame);
        capture.allocation(0x1000 + level * 64, 64, stack);
    }
    let (profile, analysis) = profile(capture.build());
    let out = text(|out| collapsed::write(&profile, &analysis, Value::Peak, out));
    assert!(out.lines().all(|line| line.matches(';').count() < 512), "a stack is too deep");
    let sum: u64 = out
        .lines()
        .map(|line| line.rsplit_once(' ').and_then(|(_, bytes)| bytes.parse::<u64>().ok()).expect("bytes"))
        .sum();
    assert_eq!(sum, 3_000 * 64);
    all(&profile, &analysis);
}

#[test]
fn a_weight_beyond_31_bits_is_split_and_not_lost() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let stack = capture.stack(&["main:1"]);
    capture.allocation(0x1000, 5_000_000_000, stack);
    let (profile, analysis) = profile(capture.build());
    let written = text(|out| firefox::write(&profile, &analysis, Value::Peak, "a", out));
    let written: serde_json::Value = serde_json::from_str(&written).expect("JSON");
    let weights = written["threads"][0]["samples"]["weight"].as_array().expect("weights");
    assert_eq!(weights.iter().filter_map(serde_json::Value::as_u64).sum::<u64>(), 5_000_000_000);
}

#[test]
fn a_capture_without_events_gives_valid_empty_exports() {
    let (profile, analysis) = profile(CaptureBuilder::new(Mode::Sampled).build());
    let [collapsed, rest @ ..] = all(&profile, &analysis);
    assert_eq!(collapsed, 0);
    assert!(rest.iter().all(|&length| length > 0), "{rest:?}");
}

#[test]
fn a_writer_that_fails_is_an_error() {
    let (profile, analysis) = profile(example().build());
    let mut full: &mut [u8] = &mut [0; 8];
    assert!(events::write(&[(&profile, 0)], &mut full).is_err());
    let mut full: &mut [u8] = &mut [0; 8];
    assert!(pprof::write(&profile, &analysis, Value::Peak, &mut full).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damage_never_panics(changes in prop::collection::vec((0usize..100_000, any::<u8>()), 1..8), cut in 0usize..100_000) {
        let mut bytes = example().build();
        for (at, value) in changes {
            let at = 4096 + at % (bytes.len() - 4096);
            bytes[at] = value;
        }
        bytes.truncate(bytes.len() - cut % 4096);
        let (profile, analysis) = profile(bytes);
        all(&profile, &analysis);
    }
}
