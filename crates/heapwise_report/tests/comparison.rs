//! Two reports compared: which line is which, and what the text and the JSON say.

use heapwise_analysis::analyse;
use heapwise_analysis::profile::Profile;
use heapwise_analysis::profile::inspection::{Facts, HolderKind};
use heapwise_report::comparison::{Comparison, Match, NamedObject};
use heapwise_report::text::{TextOptions, comparison};
use heapwise_report::{AllocatedAt, HeldBy, HeldObject, Report};
use heapwise_testkit::{CaptureBuilder, Mode};

/// A run of `app.py` with this text in which each of `held` (function, line, bytes) is live at the peak.
fn report(text: &str, held: &[(&str, u32, u64)]) -> Report {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    capture.file("/home/a/app.py").fact("argument", "python").fact("argument", "/home/a/app.py");
    capture.source("/home/a/app.py", text);
    for (number, (function, line, bytes)) in held.iter().enumerate() {
        let stack = capture.stack(&[&format!("{function}:{line}")]);
        capture.allocation(0x10_0000 * (number as u64 + 1), *bytes, stack);
    }
    let profile = Profile::from_bytes(capture.build()).expect("a capture");
    Report::build(&profile, &analyse(&profile))
}

const OLD: &str =
    "def load():\n    rows = read(path)\n    return rows\n\ndef plot():\n    bins = count(rows)\n";
const NEW: &str = "import sys\n\ndef load():\n    rows = read(path, dtype=small)\n    return rows\n\n\ndef draw():\n    \
                   bins = count(rows)\n    more = [0] * 9\n";

fn example() -> Comparison {
    let old = report(OLD, &[("load", 2, 5_000_000), ("load", 3, 100_000), ("plot", 6, 2_000_000)]);
    let new = report(
        NEW,
        &[("load", 4, 3_000_000), ("load", 5, 100_000), ("draw", 9, 2_500_000), ("draw", 10, 400)],
    );
    Comparison::new(&old, &new)
}

#[test]
fn lines_are_found_again_when_they_moved_or_were_edited() {
    let changes: Vec<(Match, Option<u32>, Option<u32>, i64)> = example()
        .lines
        .iter()
        .map(|change| {
            let line = |spot: &Option<heapwise_report::comparison::Spot>| spot.as_ref().map(|spot| spot.line);
            (change.matched, line(&change.old), line(&change.new), change.growth_bytes)
        })
        .collect();
    assert_eq!(
        changes,
        [
            (Match::Edited, Some(2), Some(4), -2_000_000),
            (Match::Moved, Some(6), Some(9), 500_000),
            (Match::New, None, Some(10), 400),
        ]
    );
}

#[test]
fn a_run_compared_with_itself_has_no_changes() {
    let same = report(OLD, &[("load", 2, 5_000_000), ("load", 2, 7), ("plot", 6, 2_000_000)]);
    let comparison = Comparison::new(&same, &same);
    assert_eq!((comparison.lines.len(), comparison.peak_growth_bytes, comparison.cautions.len()), (0, 0, 0));
    assert!(!comparison.grew_beyond(0));
}

/// A run with objects: function and name that hold it, bytes, and the line that made it.
fn with_objects(text: &str, objects: &[(&str, &str, u64, u32)]) -> Report {
    let held: Vec<(&str, u32, u64)> =
        objects.iter().map(|&(function, _, bytes, line)| (function, line, bytes)).collect();
    let mut report = report(text, &held);
    report.objects = objects
        .iter()
        .map(|&(function, name, bytes, line)| HeldObject {
            process: None,
            name: format!("{function}.{name}"),
            kind: "pandas.DataFrame".to_owned(),
            dtype: None,
            shape: Some(vec![1_000, 3]),
            bytes,
            own_bytes: bytes,
            allocated_at: Some(AllocatedAt {
                file: "/home/a/app.py".to_owned(),
                line,
                function: function.to_owned(),
            }),
            facts: Facts::default(),
            holder: Some(HeldBy {
                kind: HolderKind::Local,
                name: name.to_owned(),
                file: "/home/a/app.py".to_owned(),
                function: function.to_owned(),
                line,
                called_from: None,
            }),
            shared_with: Vec::new(),
            parts: Vec::new(),
            same_as: None,
            growth: Vec::new(),
        })
        .collect();
    report
}

#[test]
fn objects_are_found_again_by_name_and_by_what_made_them() {
    let old = with_objects(
        "def load():\n    rows = read(path)\n    bins = count(rows)\n\ndef plot():\n    axes = draw()\n    gone = 1\n",
        &[
            ("load", "rows", 5_000, 2),
            ("load", "bins", 900, 3),
            ("plot", "axes", 700, 6),
            ("plot", "gone", 10, 7),
        ],
    );
    let new = with_objects(
        "import x\ndef load():\n    table = read(path)\n    bins = count(rows)\n\ndef draw():\n    axes = draw()\n    more = 2\n",
        &[
            ("load", "table", 9_000, 3),
            ("load", "bins", 800, 4),
            ("draw", "axes", 720, 7),
            ("draw", "more", 20, 8),
        ],
    );
    let comparison = Comparison::new(&old, &new);
    let name = |object: &Option<NamedObject>| object.as_ref().map(|object| object.name.clone());
    let told: Vec<_> = comparison
        .objects
        .iter()
        .map(|change| (change.matched, name(&change.old), name(&change.new), change.growth_bytes))
        .collect();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        told,
        [
            (Match::Edited, some("load.rows"), some("load.table"), 4_000),
            (Match::Same, some("load.bins"), some("load.bins"), -100),
            (Match::Moved, some("plot.axes"), some("draw.axes"), 20),
            (Match::New, None, some("draw.more"), 20),
            (Match::Gone, some("plot.gone"), None, -10),
        ]
    );
    let mut out = Vec::new();
    let options = TextOptions { width: 100, color: false, lines: 4 };
    comparison::render(&comparison, &options, &mut out).expect("a vector takes all");
    let text = String::from_utf8(out).expect("text");
    assert!(
        text.contains("load.table") && text.contains("was load.rows: pandas.DataFrame 1,000 x 3"),
        "{text}"
    );
    assert!(text.contains("in 1 more object"), "{text}");
}

#[test]
fn objects_are_not_compared_where_one_run_has_none() {
    let with = with_objects(OLD, &[("load", "rows", 5_000, 2)]);
    let comparison = Comparison::new(&report(OLD, &[("load", 2, 5_000)]), &with);
    assert!(comparison.objects.is_empty());
    assert!(comparison.cautions.iter().any(|text| text.contains("old capture knows no objects")));
}

#[test]
fn growth_is_told_from_a_limit() {
    let old = report(OLD, &[("load", 2, 1_000_000)]);
    let new = report(OLD, &[("load", 2, 1_500_000)]);
    let comparison = Comparison::new(&old, &new);
    assert!(comparison.grew_beyond(499_999));
    assert!(!comparison.grew_beyond(500_000));
    assert!(!Comparison::new(&new, &old).grew_beyond(0));
}

#[test]
fn other_programs_are_told() {
    let mut capture = CaptureBuilder::new(Mode::Sampled);
    capture.fact("argument", "python").fact("argument", "other.py").fact("python", "3.13.0");
    let profile = Profile::from_bytes(capture.build()).expect("a capture");
    let other = Report::build(&profile, &analyse(&profile));
    let cautions = Comparison::new(&report(OLD, &[]), &other).cautions;
    assert!(cautions.iter().any(|text| text.contains("app.py and other.py")), "{cautions:?}");
    assert!(cautions.iter().any(|text| text.contains("sampled and the other exact")), "{cautions:?}");
}

#[test]
fn the_text_answers_first_and_keeps_its_width() {
    for width in [60, 80, 120] {
        let mut out = Vec::new();
        let options = TextOptions { width, color: false, lines: 2 };
        comparison::render(&example(), &options, &mut out).expect("a vector takes all");
        let text = String::from_utf8(out).expect("text");
        assert!(text.starts_with("The peak shrank by 1.5 MB (-21 %): 7.1 MB before, 5.6 MB"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
        assert!(text.contains("in 1 more line"), "{text}");
    }
}
