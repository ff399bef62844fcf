//! Exactly what a person sees, for each kind of run and width.

mod captures;

use heapwise_report::Report;
use heapwise_report::text::{TextOptions, render, render_advice};
use unicode_width::UnicodeWidthStr;

fn text(report: &Report, width: usize, color: bool) -> String {
    let mut out = Vec::new();
    render(report, &TextOptions { width, color, lines: 10 }, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("text is UTF-8")
}

/// Snapshots at three widths; and at every other width the text fits and is whole.
fn check(name: &str, capture: Vec<u8>) {
    check_report(name, &captures::report(capture));
}

fn check_report(name: &str, report: &Report) {
    for width in [80, 120, 200] {
        insta::assert_snapshot!(format!("{name}_{width}"), text(report, width, false));
    }
    for width in 1..220 {
        let text = text(report, width, false);
        for line in text.lines() {
            assert!(line.width() <= width, "{} columns at {width}: {line}", line.width());
            assert!(!line.chars().any(char::is_control), "{line:?}");
            assert!(!line.ends_with(' '), "{line:?}");
        }
    }
}

#[test]
fn ordinary() {
    check("ordinary", captures::ordinary().build());
}

#[test]
fn several_processes() {
    check_report("several_processes", &captures::job());
}

#[test]
fn with_objects() {
    check("with_objects", captures::with_objects());
}

#[test]
fn advice() {
    for (name, capture) in [("advice", captures::with_objects()), ("no_advice", captures::tiny())] {
        let report = captures::report(capture);
        let advice = |width| {
            let mut out = Vec::new();
            let options = TextOptions { width, color: false, lines: 10 };
            render_advice(&report, &options, &mut out).expect("a vector takes everything");
            String::from_utf8(out).expect("text is UTF-8")
        };
        for width in [80, 120] {
            insta::assert_snapshot!(format!("{name}_{width}"), advice(width));
        }
        for width in 1..220 {
            for line in advice(width).lines() {
                assert!(line.width() <= width, "{} columns at {width}: {line}", line.width());
            }
        }
    }
}

#[test]
fn sampled() {
    check("sampled", captures::sampled());
}

#[test]
fn killed() {
    check("killed", captures::killed());
}

#[test]
fn crashed_below_the_peak() {
    check("crashed_below_the_peak", captures::crashed_below_the_peak());
}

#[test]
fn refused() {
    check("refused", captures::refused());
}

#[test]
fn recursive() {
    check("recursive", captures::recursive());
}

#[test]
fn damaged() {
    check("damaged", captures::damaged());
}

#[test]
fn empty() {
    check("empty", captures::empty());
}

#[test]
fn tiny() {
    check("tiny", captures::tiny());
}

#[test]
fn script_elsewhere() {
    check("script_elsewhere", captures::script_elsewhere());
}

#[test]
fn hostile() {
    check("hostile", captures::hostile());
}

#[test]
fn long_line() {
    check("long_line", captures::long_line());
}

#[test]
fn thousands_of_lines() {
    check("thousands_of_lines", captures::thousands_of_lines());
}

#[test]
fn colour_changes_nothing_but_the_colour() {
    let report = captures::report(captures::ordinary().build());
    for width in [80, 120, 200] {
        let colored = text(&report, width, true);
        insta::assert_snapshot!(format!("colored_{width}"), colored.replace('\u{1b}', "␛"));
        let mut plain = String::new();
        let mut rest = colored.as_str();
        while let Some((before, behind)) = rest.split_once("\u{1b}[") {
            plain.push_str(before);
            rest = behind.split_once('m').expect("a colour ends").1;
        }
        plain.push_str(rest);
        assert_eq!(plain, text(&report, width, false));
    }
}

#[test]
fn hostile_names_stay_harmless_in_colour() {
    let report = captures::report(captures::hostile());
    let colored = text(&report, 120, true);
    for (at, _) in colored.match_indices('\u{1b}') {
        let sequence = &colored[at + 1..];
        let end = sequence.find('m').expect("a colour ends");
        assert!(sequence[..end].chars().all(|c| c.is_ascii_digit() || "[;".contains(c)), "{sequence:?}");
    }
    assert!(!colored.chars().any(|c| c.is_control() && c != '\u{1b}' && c != '\n'));
}

#[test]
fn as_many_lines_as_asked_for() {
    let report = captures::report(captures::ordinary().build());
    for lines in [0, 1, 3, 1_000] {
        let mut out = Vec::new();
        render(&report, &TextOptions { width: 100, color: false, lines }, &mut out).expect("a vector");
        let text = String::from_utf8(out).expect("text is UTF-8");
        insta::assert_snapshot!(format!("lines_{lines}"), text);
    }
}
