//! Any capture becomes a page of bounded size whose numbers are those of the report.

use std::io::Read;

use base64::Engine as _;
use heapwise_analysis::profile::inspection::{Buffer, Holder, Inspection, Object};
use heapwise_analysis::profile::{Job, Process, Profile};
use heapwise_analysis::{analyse, analyse_job};
use heapwise_page::{MOST_BYTES, render, render_comparison, render_job};
use heapwise_report::Report;
use heapwise_report::comparison::Comparison;
use heapwise_testkit::{CaptureBuilder, Mode};
use serde_json::Value;

/// A page, what it was given, and the report.
fn page(capture: CaptureBuilder) -> (String, Value, Report) {
    let profile = Profile::from_bytes(capture.build()).expect("a capture");
    let analysis = analyse(&profile);
    let report = Report::build(&profile, &analysis);
    let (page, payload) = opened(render(&profile, &analysis, &report));
    (page, payload, report)
}

/// A page and what it was given.
fn opened(page: Vec<u8>) -> (String, Value) {
    let page = String::from_utf8(page).expect("text");
    assert!(page.len() <= MOST_BYTES, "{} bytes", page.len());
    let (_, packed) = page.split_once("id=\"payload\">").expect("a payload");
    let (packed, _) = packed.split_once('<').expect("its end");
    let packed = base64::engine::general_purpose::STANDARD.decode(packed).expect("base64");
    let mut json = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut json).expect("gzip");
    let payload = serde_json::from_str(&json).expect("JSON");
    (page, payload)
}

fn numbers(value: &Value) -> Vec<i64> {
    value.as_array().expect("a list").iter().map(|it| it.as_i64().expect("a number")).collect()
}

/// By node of the payload: bytes live at a moment, itself.
fn live(payload: &Value, moment: i64) -> Vec<i64> {
    let nodes = &payload["nodes"];
    let (gaps, changes) = (numbers(&nodes["gap"]), numbers(&nodes["change"]));
    let mut step = 0;
    numbers(&nodes["steps"])
        .into_iter()
        .map(|count| {
            let (mut at, mut sum) = (-1, 0);
            for _ in 0..count {
                at += gaps[step];
                if at <= moment {
                    sum += changes[step];
                }
                step += 1;
            }
            sum
        })
        .collect()
}

fn peak_of(payload: &Value) -> i64 {
    payload["moments"]["peak"].as_i64().expect("a moment")
}

#[test]
fn the_tree_adds_up_to_the_heap_at_every_moment() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let load = capture.stack(&["main:1", "load:5", "/p/site-packages/pandas/io.py:read:7"]);
    let fit = capture.stack(&["main:2", "fit:9"]);
    capture.time(10).allocation(0x1000, 300, load);
    capture.on(2).time(20).allocation(0x2000, 500, fit).free(0x1000);
    capture.time(30).free(0x2000).allocation(0x3000, 100, 0);
    let (_, payload, report) = page(capture);
    for (moment, &heap) in numbers(&payload["moments"]["heap"]).iter().enumerate() {
        assert_eq!(live(&payload, moment as i64).iter().sum::<i64>(), heap);
    }
    let peak = payload["moments"]["heap"][peak_of(&payload) as usize].as_u64();
    assert_eq!(peak, Some(report.peak.heap_bytes));
    assert_eq!(payload["folded"]["calls"], 0);
    assert_eq!(payload["threads"].as_array().map(Vec::len), Some(2));
    assert_eq!(payload["peak"], serde_json::to_value(report.peak).expect("JSON"));
}

#[test]
fn the_lines_have_the_bytes_of_the_report() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let stacks = [
        capture.stack(&["main:1", "load:5", "/p/site-packages/pandas/io.py:read:7"]),
        capture.stack(&["main:1", "load:5"]),
        capture.stack(&["walk:3", "walk:3", "walk:3"]),
    ];
    for (number, &stack) in (1..).zip(&stacks) {
        capture.allocation(0x1000 * number, 100 * number, stack);
    }
    capture.source("app.py", "a\nb\nc\nd\ne\n");
    let (_, payload, report) = page(capture);
    let places = &payload["places"];
    let function = numbers(&places["lines"]["function"]);
    for line in &report.lines {
        let row = (0..function.len()).find(|&row| {
            let number = function[row] as usize;
            let file = places["functions"]["file"][number].as_u64().expect("a file") as usize;
            places["files"][file]["name"] == line.file
                && places["functions"]["name"][number] == line.function
                && places["lines"]["line"][row] == line.line
        });
        let row = row.expect("every line of the report");
        assert_eq!(places["lines"]["own"][row], line.peak_bytes);
        assert_eq!(places["lines"]["total"][row], line.peak_bytes_total);
    }
    let users: i64 = numbers(&places["lines"]["user"]).iter().sum();
    assert_eq!(users, report.peak.heap_bytes as i64);
    assert_eq!(payload["sources"][0]["parts"][0][1], "a\nb\nc\nd\ne");
}

/// A program that allocates on many lines. `name` names the function of a number.
fn many_lines(count: u64, name: impl Fn(u64) -> String) -> CaptureBuilder {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    for number in 0..count {
        let file = format!("/home/someone/project/package_{}/module_{}.py", number % 40, number % 1_000);
        let frame = format!("{file}:{}:{}", name(number), 1 + number % 5_000);
        let stack = capture.stack(&["app.py:main:3", &frame]);
        capture.time(number / 20).allocation(0x1_0000 + number * 0x100, 16 + number * 7 % 4_001, stack);
        if number % 3 == 0 {
            capture.free(0x1_0000 + number / 2 * 0x100);
        }
    }
    capture
}

#[test]
fn a_hundred_thousand_lines_fit() {
    let (_, payload, report) = page(many_lines(100_000, |number| format!("function_{}", number / 7)));
    let at_peak: i64 = live(&payload, peak_of(&payload)).iter().sum();
    assert_eq!(at_peak as u64, report.peak.heap_bytes);
    let listed: i64 = numbers(&payload["places"]["lines"]["own"]).iter().sum();
    let missing = payload["folded"]["line_bytes"].as_u64().expect("a number");
    assert_eq!(listed as u64 + missing, report.peak.heap_bytes);
}

#[test]
fn what_does_not_fit_is_folded_and_counted() {
    // Names that do not compress.
    let name = |number: u64| {
        let mix = |it: u64| (it + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(it | 1);
        format!("f{:016x}{:016x}{:016x}", mix(number), mix(mix(number)), mix(number ^ 0xabcd))
    };
    let (page, payload, report) = page(many_lines(40_000, name));
    assert!(page.len() > MOST_BYTES / 2, "the room is used: {} bytes", page.len());
    let folded = &payload["folded"];
    assert!(folded["calls"].as_u64() > Some(0) && folded["lines"].as_u64() > Some(0), "{folded}");
    let at_peak = live(&payload, peak_of(&payload));
    assert_eq!(at_peak.iter().sum::<i64>() as u64, report.peak.heap_bytes);
    let smaller: i64 = numbers(&payload["nodes"]["line"])
        .iter()
        .zip(&at_peak)
        .filter(|(line, _)| **line == -1)
        .map(|(_, bytes)| bytes)
        .sum();
    assert_eq!(Some(smaller as u64), folded["call_bytes"].as_u64());
    let listed: i64 = numbers(&payload["places"]["lines"]["own"]).iter().sum();
    assert_eq!(Some(report.peak.heap_bytes - listed as u64), folded["line_bytes"].as_u64());
}

#[test]
fn deep_recursion_and_long_names_fit() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let long = "n".repeat(10_000);
    let frames: Vec<String> = (0..20_000).map(|depth| format!("walk{}:{}", depth % 3, 1 + depth)).collect();
    let deep = capture.stack(&frames.iter().map(String::as_str).collect::<Vec<_>>());
    capture.allocation(0x1000, 100, deep);
    for number in 0..2_000u64 {
        let stack = capture.stack(&[&format!("{long}{number}:{}", number + 1)]);
        capture.allocation(0x1_0000 + number * 16, 16, stack);
    }
    let (_, payload, report) = page(capture);
    assert_eq!(live(&payload, peak_of(&payload)).iter().sum::<i64>() as u64, report.peak.heap_bytes);
}

#[test]
fn nothing_at_all_still_makes_a_page() {
    let (page, payload, _) = page(CaptureBuilder::new(Mode::Exact));
    assert!(page.contains("Nothing was allocated while heapwise recorded."));
    assert_eq!(numbers(&payload["nodes"]["up"]), [0]);
    assert_eq!((peak_of(&payload), payload["sources"].as_array().map(Vec::len)), (0, Some(0)));
}

#[test]
fn markup_in_names_stays_text() {
    let attack = "</script><script>document.title='run'</script><img src=x onerror=alert(1)>";
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let file = capture.frame(
        &format!("/x/{attack}.py"),
        attack,
        1,
        heapwise_testkit::Position { line: 1, end_line: 1, column: 0, end_column: 0 },
    );
    let stack = capture.node(0, file);
    capture.fact("argument", "python").fact("argument", attack).allocation(0x1000, 500_000, stack);
    let (page, payload, _) = page(capture);
    assert!(!page.contains("onerror=alert(1)>") && !page.contains("document.title='run'"));
    assert_eq!(payload["places"]["functions"]["name"][1], attack);
}

#[test]
fn the_processes_of_a_run_are_told_apart() {
    let process = |pid: u32, size: u64| {
        let mut capture = CaptureBuilder::new(Mode::Exact);
        capture.header(|header| header.pid = pid);
        capture.fact("argument", "/usr/bin/python").fact("argument", &format!("worker-{pid}"));
        let work = capture.stack(&["main:1", "work:5"]);
        capture.on(1).time(10).allocation(0x1000, size, work);
        capture.on(2).allocation(0x2000, 100, work);
        let buffers = vec![Buffer { address: 0x1000, bytes: size }];
        let holder = Some(Holder { file: "app.py".into(), ..Holder::default() });
        let block = Object { name: "block".into(), holder, bytes: size, buffers, ..Object::default() };
        capture.inspection(&Inspection {
            sequence: 2,
            time_ns: 10_000_000,
            objects: vec![block],
            ..Inspection::default()
        });
        Process { profile: Profile::from_bytes(capture.build()).expect("a capture"), still_running: true }
    };
    let processes = vec![process(7, 1_000), process(8, 5_000)];
    let job = Job { processes, not_followed: Vec::new(), problems: Vec::new() };
    let analysis = analyse_job(&job).expect("several processes");
    let report = Report::build_job(&job, &analysis);
    let (_, payload) = opened(render_job(&job, &analysis, &report));
    assert_eq!(payload["peak"]["heap_bytes"], 6_200);
    let processes = payload["processes"].as_array().expect("a list");
    let told: Vec<_> = processes.iter().map(|it| (&it["pid"], &it["name"], &it["peak_bytes"])).collect();
    assert_eq!(
        format!("{told:?}"),
        format!(
            "{:?}",
            [(7, "python worker-7", 1_100), (8, "python worker-8", 5_100),].map(|(pid, command, bytes)| (
                Value::from(pid),
                Value::from(command),
                Value::from(bytes)
            ))
        )
    );
    let of: Vec<i64> = payload["threads"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| it["process"].as_i64().expect("a process"))
        .collect();
    assert_eq!(of, [0, 0, 1, 1]);
    let of = |list: &str, names: [&str; 2]| {
        let list = payload[list].as_array().expect("a list").iter();
        list.map(|it| names.map(|name| it[name].as_i64().expect("a number"))).collect::<Vec<_>>()
    };
    assert_eq!(of("objects", ["process", "bytes"]), [[8, 5_000], [7, 1_000]]);
    assert_eq!(of("looks", ["process", "time_ms"]), [[7, 10], [8, 10]]);
    // By thread: what it holds with all below it; nodes 1 to 4 are the threads.
    let mut below = live(&payload, peak_of(&payload));
    for (node, up) in numbers(&payload["nodes"]["up"]).into_iter().enumerate().rev() {
        if node > 4 {
            below[node - up as usize] += below[node];
        }
    }
    assert_eq!(below[1..=4], [1_000, 100, 5_000, 100]);
}

#[test]
fn of_very_many_looks_a_part_is_marked() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let work = capture.stack(&["work:5"]);
    capture.allocation(0x1000, 200_000, work);
    for time_ms in 0..5_000 {
        let time_ns = time_ms * 1_000_000;
        capture.inspection(&Inspection { sequence: 1, time_ns, ..Inspection::default() });
    }
    let (_, payload, _) = page(capture);
    let looks = payload["looks"].as_array().expect("a list");
    assert_eq!((looks.len(), &looks[1]["time_ms"]), (1_667, &Value::from(3)));
}

#[test]
fn of_many_threads_the_smaller_ones_are_one() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let work = capture.stack(&["work:5"]);
    for thread in 1..=3_000u32 {
        capture.thread(thread, &format!("Thread-{thread}"), 0);
        capture.on(thread).allocation(u64::from(thread) * 0x1000, 10 + u64::from(thread % 1_000), work);
    }
    let (_, payload, report) = page(capture);
    let threads = payload["threads"].as_array().expect("a list");
    let apart = threads.iter().filter(|it| !it["process"].is_null()).count();
    assert_eq!(
        (threads.len(), payload["folded"]["threads"].as_u64()),
        (apart + 1, Some(3_000 - apart as u64))
    );
    assert!(threads.iter().any(|it| it["name"] == "Thread-999") && threads[apart]["process"].is_null());
    assert_eq!(live(&payload, peak_of(&payload)).iter().sum::<i64>() as u64, report.peak.heap_bytes);
}

#[test]
fn a_comparison_is_a_page_without_a_program() {
    let run = |text: &str, bytes: u64| {
        let mut capture = CaptureBuilder::new(Mode::Exact);
        capture
            .file("/x/app.py")
            .fact("argument", "python")
            .fact("argument", "<script>alert(1)</script>\u{202e}.py");
        capture.source("/x/app.py", text);
        let load = capture.stack(&["load:1"]);
        capture.time(5).allocation(0x1000, bytes, load).time(10).free(0x1000);
        let profile = Profile::from_bytes(capture.build()).expect("a capture");
        Report::build(&profile, &analyse(&profile))
    };
    let (old, new) =
        (run("rows = '<b>' * read(path)", 5_000_000), run("rows = '<b>' * read(path, 2)", 7_000_000));
    let page = render_comparison(&old, &new, &Comparison::new(&old, &new));
    let page = String::from_utf8(page).expect("text");
    assert!(page.contains("The peak grew by 2.0 MB (+40 %): 5.0 MB before, 7.0 MB now."), "{page}");
    assert!(page.contains("data-bytes=\"2000000\"") && page.contains("edited: "), "{page}");
    assert!(!page.contains("<script") && !page.contains("<b>' *") && !page.contains('\u{202e}'), "{page}");
    assert!(page.contains("default-src 'none'") && !page.contains("<!--heapwise:"), "{page}");
}

#[test]
fn a_comparison_of_many_lines_fits() {
    let long = |number: u64| format!("function_{number}_{}", "n".repeat(3_000));
    let run = |count| {
        let profile = Profile::from_bytes(many_lines(count, long).build()).expect("a capture");
        Report::build(&profile, &analyse(&profile))
    };
    let (old, new) = (run(10), run(4_000));
    let page = render_comparison(&old, &new, &Comparison::new(&old, &new));
    assert!(page.len() <= MOST_BYTES, "{} bytes", page.len());
    assert!(String::from_utf8(page).expect("text").contains("smaller changes"));
}
