//! The programs that the report tests tell of, as captures made in memory.
//!
//! Each function says what a reader must find in its report. Sizes are chosen so that wrong sums show.

use heapwise_analysis::analyse;
use heapwise_analysis::profile::inspection::{Buffer, Facts, Holder, HolderKind, Inspection, Object, Shared};
use heapwise_analysis::profile::{Job, NotFollowed, Profile};
use heapwise_report::Report;
use heapwise_testkit::{
    CaptureBuilder, Ending, EventKind, MemoryKills, Mode, NO_STACK, Outcome, Position, Resident, State, Stop,
};

/// A million bytes.
const MB: u64 = 1_000_000;

const FLIGHTS: &str = "\
import pandas as pd
from features import design

def load(path):
    frame = pd.read_csv(path)
    return frame

def enrich(frame, weather):
    merged = frame.merge(weather, on=[\"origin\", \"time_hour\"], how=\"left\", validate=\"m:1\")
    merged[\"delay\"] = merged.dep_delay.fillna(0) + merged.arr_delay.fillna(0)
    return merged

def main():
    frame = load(\"flights.csv\")
    merged = enrich(frame, load(\"weather.csv\"))
    x = design(merged)
    scores = merged.groupby(\"carrier\").apply(lambda part: part.delay.sum() / len(part))
    return scores

main()
";

const FEATURES: &str = "\
import numpy as np

def design(frame):
    columns = [frame[name].to_numpy() for name in frame.columns]
    return np.column_stack(columns)
";

const PANDAS: &str = "/venv/lib/python3.12/site-packages/pandas";
const NUMPY: &str = "/venv/lib/python3.12/site-packages/numpy";

pub(crate) fn report(capture: Vec<u8>) -> Report {
    let profile = Profile::from_bytes(capture).expect("the header is whole");
    Report::build(&profile, &analyse(&profile))
}

fn ended(capture: &mut CaptureBuilder, ending: Ending, seconds: f64, max_rss_bytes: u64) {
    let outcome = Outcome {
        ending: Some(ending),
        max_rss_bytes,
        duration_ns: (seconds * 1e9) as u64,
        ..Outcome::default()
    };
    capture.header(|header| header.outcome = outcome);
}

fn program(mode: Mode, arguments: &[&str]) -> CaptureBuilder {
    let mut capture = CaptureBuilder::new(mode);
    capture.header(|header| {
        header.pid = 4711;
        header.parent_pid = 4710;
        header.python_hex = 0x030c_01f0;
        header.state = State::Closed;
    });
    for argument in arguments {
        capture.fact("argument", argument);
    }
    capture
        .fact("folder", "/home/ann/delays")
        .fact("python", "3.12.1 (main, Jan  1 2024, 00:00:00) [GCC 13.2.0]");
    capture.file("/home/ann/delays/flights.py");
    capture
}

fn resident(anonymous: u64, file: u64) -> Resident {
    Resident {
        anonymous: anonymous * MB,
        file: file * MB,
        agent: 8 * MB,
        arenas: 20 * MB,
        malloc_free: 12 * MB,
        malloc_used: 300 * MB,
        ..Resident::default()
    }
}

/// An analysis as analysts write it: two files, pandas and numpy below them, a thread, a few leaks and
/// temporaries. `flights.py:5` holds 214 MB.
pub(crate) fn ordinary() -> CaptureBuilder {
    let mut capture = program(Mode::Exact, &["python", "flights.py", "--year", "2013"]);
    capture.source("/home/ann/delays/flights.py", FLIGHTS).source("/home/ann/delays/features.py", FEATURES);
    let inside = |frames: &[&str], library: &str, path: &str, function: &str| {
        let mut frames: Vec<String> = frames.iter().map(|&frame| frame.to_owned()).collect();
        frames.push(format!("{library}/{path}:{function}"));
        frames
    };
    let stack = |capture: &mut CaptureBuilder, frames: &[String]| {
        let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
        capture.stack(&frames)
    };
    let import = stack(&mut capture, &inside(&["<module>:1"], PANDAS, "__init__.py", "<module>:49"));
    let frozen = capture.stack(&["<module>:1", "<frozen importlib._bootstrap_external>:get_data:1131"]);
    let read =
        inside(&["<module>:20", "main@13:14", "load@4:5"], PANDAS, "io/parsers/readers.py", "read_csv:948");
    let read = stack(&mut capture, &read);
    let weather =
        inside(&["<module>:20", "main@13:15", "load@4:5"], PANDAS, "io/parsers/readers.py", "read_csv:948");
    let weather = stack(&mut capture, &weather);
    let merge = ["<module>:20", "main@13:15", "enrich@8:9"];
    let merge_pandas = stack(&mut capture, &inside(&merge, PANDAS, "core/reshape/merge.py", "merge:170"));
    let mut deep = inside(&merge, PANDAS, "core/reshape/merge.py", "merge:170");
    deep.push(format!("{NUMPY}/lib/stride_tricks.py:broadcast_to:413"));
    let merge_numpy = stack(&mut capture, &deep);
    let delay = ["<module>:20", "main@13:15", "enrich@8:10"];
    let delay = stack(&mut capture, &inside(&delay, PANDAS, "core/generic.py", "fillna:7349"));
    let column = capture.stack(&["<module>:20", "main@13:16", "/home/ann/delays/features.py:design@3:5"]);
    let apply = ["<module>:20", "main@13:17"];
    let mut apply = inside(&apply, PANDAS, "core/groupby/groupby.py", "apply:1824");
    apply.push("main.<locals>.<lambda>:17".to_owned());
    let apply = stack(&mut capture, &apply);

    capture.time(40).resident(resident(12, 30));
    capture.time(90).allocation(0x10_0000, 5 * MB, frozen).allocation(0x20_0000, 15 * MB + 123_456, import);
    capture.time(310).allocation(0x100_0000, 200 * MB, read).resident(resident(260, 60));
    capture.time(420).allocation(0x200_0000, 14 * MB, weather);
    capture.time(700).allocation(0x300_0000, 60 * MB, merge_pandas).allocation(
        0x400_0000,
        38 * MB,
        merge_numpy,
    );
    for index in 0..1_000 {
        capture.time(710 + index / 10).allocation(0x900_0000, 1_200_000, delay).free(0x900_0000);
    }
    capture.time(1_000).resident(resident(395, 60));
    capture.time(1_100).on(2).allocation(0x500_0000, 5 * MB, NO_STACK).on(1);
    capture.time(1_240).allocation(0x600_0000, 75 * MB + 176_544, column).resident(resident(470, 61));
    capture.time(1_400).free(0x600_0000).free(0x300_0000).free(0x400_0000);
    capture.time(1_600).allocation(0x700_0000, 20 * MB, apply).resident(resident(330, 61));
    capture.time(2_900).free(0x700_0000).free(0x100_0000).free(0x200_0000).free(0x500_0000);
    capture.time(3_050).resident(resident(95, 61));
    ended(&mut capture, Ending::Code(0), 3.1, 540 * MB);
    capture
}

/// The same blocks by chance: small ones sampled, so that the peak has an error.
pub(crate) fn sampled() -> Vec<u8> {
    let mut capture = program(Mode::Sampled, &["python", "-m", "words", "corpus.txt"]);
    capture.source("/home/ann/delays/words.py", "def count(path):\n    words = open(path).read().split()\n");
    let split =
        capture.stack(&["/home/ann/delays/words.py:<module>:9", "/home/ann/delays/words.py:count@1:2"]);
    capture.sampling(500_000, 16_384);
    capture.time(10).allocation(0x10_0000, 30 * MB, split).resident(resident(50, 20));
    for index in 0..120 {
        capture.time(20 + index).allocation(0x100_0000 + index * 64, 56, split);
    }
    capture.time(400).free(0x10_0000).resident(resident(120, 20));
    ended(&mut capture, Ending::Code(0), 0.5, 0);
    capture.build()
}

/// A program that the out-of-memory killer ended in the middle of growing.
pub(crate) fn killed() -> Vec<u8> {
    let mut capture = program(Mode::Exact, &["python", "grow.py"]);
    capture.header(|header| header.state = State::Recording);
    capture.source(
        "/home/ann/delays/grow.py",
        "rows = []\nwhile True:\n    rows.append(bytearray(10_000_000))\n",
    );
    let grow = capture.stack(&["/home/ann/delays/grow.py:<module>:3"]);
    for index in 0..80 {
        capture.time(index * 25).allocation(0x100_0000 * (index + 1), 10 * MB, grow);
        capture.resident(resident(25 + index * 10, 20));
    }
    ended(&mut capture, Ending::Signal(9), 2.4, 0);
    memory_kills(&mut capture, Some(1), Some(1), 835 * MB);
    capture.build()
}

fn memory_kills(
    capture: &mut CaptureBuilder,
    group: Option<u32>,
    system: Option<u32>,
    group_limit_bytes: u64,
) {
    capture.header(|header| header.outcome.memory_kills = MemoryKills { group, system, group_limit_bytes });
}

/// A program whose native code used memory that is not its own, long after its peak.
pub(crate) fn crashed_below_the_peak() -> Vec<u8> {
    let mut capture = program(Mode::Exact, &["python", "crash.py"]);
    capture.header(|header| header.state = State::Recording);
    let source =
        "first = bytes(300_000_000)\ndel first\nkept = bytes(90_000_000)\nsmall = bytes(10_000_000)\n";
    capture.source("/home/ann/delays/crash.py", source);
    let stacks =
        [1, 3, 4].map(|line| capture.stack(&[&format!("/home/ann/delays/crash.py:<module>:{line}")]));
    capture.time(100).allocation(0x100_0000, 300 * MB, stacks[0]).time(900).free(0x100_0000);
    capture.time(1_000).allocation(0x200_0000, 90 * MB, stacks[1]);
    capture.time(1_100).allocation(0x9000_0000, 10 * MB, stacks[2]);
    ended(&mut capture, Ending::Signal(11), 1.3, 320 * MB);
    memory_kills(&mut capture, None, Some(0), 0);
    capture.build()
}

/// A program that asked for more than there is, and ended by a `MemoryError`.
pub(crate) fn refused() -> Vec<u8> {
    let mut capture = program(Mode::Sampled, &["python", "ask.py"]);
    capture.source("/home/ann/delays/ask.py", "rows = bytes(1_200_000_000)\nmore = bytes(8_000_000_000)\n");
    let kept = capture.stack(&["/home/ann/delays/ask.py:<module>:1"]);
    let stack = capture.stack(&["/home/ann/delays/ask.py:<module>:2"]);
    capture.time(100).allocation(0x100_0000, 1_200 * MB, kept);
    capture.time(200).event(&EventKind::Refused { size: 8_000 * MB, stack, limit: 4_000 * MB });
    capture.time(300).free(0x100_0000);
    ended(&mut capture, Ending::Code(1), 0.4, 0);
    capture.build()
}

/// A walk 2,000 calls deep, each of which keeps a list; and two functions that call each other.
pub(crate) fn recursive() -> Vec<u8> {
    let mut capture = program(Mode::Exact, &["python", "walk.py"]);
    let file = "/home/ann/delays/walk.py";
    capture.file(file);
    let source = "def walk(n):\n    kept = [0] * 100\n    return walk(n - 1)\n\ndef even(n):\n    return odd(n - 1)\n\n\
        def odd(n):\n    keep.append(bytes(n))\n    return even(n - 1)\n\nwalk(2000)\neven(400)\n";
    capture.source(file, source);
    let frame = |capture: &mut CaptureBuilder, function: &str, first_line: u32, line: u32| {
        capture.frame(file, function, first_line, Position { line, end_line: line, column: 0, end_column: 0 })
    };
    let (keep, again) = (frame(&mut capture, "walk", 1, 2), frame(&mut capture, "walk", 1, 3));
    let mut caller = capture.stack(&["<module>:12"]);
    let mut address = 0x10_0000;
    for _ in 0..2_000 {
        let here = capture.node(caller, keep);
        capture.allocation(address, 856, here);
        address += 1_024;
        caller = capture.node(caller, again);
    }
    let even = frame(&mut capture, "even", 5, 6);
    let (keep, again) = (frame(&mut capture, "odd", 8, 9), frame(&mut capture, "odd", 8, 10));
    caller = capture.stack(&["<module>:13"]);
    for _ in 0..200 {
        caller = capture.node(caller, even);
        let here = capture.node(caller, keep);
        capture.time(5).allocation(address, 8_000, here);
        address += 8_192;
        caller = capture.node(caller, again);
    }
    ended(&mut capture, Ending::Code(3), 0.2, 0);
    capture.build()
}

/// The ordinary capture without its last third, stopped early by a full disk.
pub(crate) fn damaged() -> Vec<u8> {
    let mut capture = ordinary();
    capture.header(|header| header.state = State::Stopped(Stop::NoSpace));
    let mut bytes = capture.build();
    bytes.truncate(bytes.len() - bytes.len() / 3);
    bytes
}

/// A program that ended before anything was allocated.
pub(crate) fn empty() -> Vec<u8> {
    let mut capture = program(Mode::Exact, &["python", "-c", "pass"]);
    ended(&mut capture, Ending::Code(0), 0.02, 0);
    capture.build()
}

/// A script outside the working directory, with a module beside it.
pub(crate) fn script_elsewhere() -> Vec<u8> {
    let mut capture = program(Mode::Exact, &["/usr/bin/python3.12", "/srv/jobs/night.py", "it's", "--all"]);
    let load = capture.stack(&["/srv/jobs/night.py:<module>:3", "/srv/jobs/steps/load.py:load@7:9"]);
    let other = capture.stack(&["/srv/jobs/night.py:<module>:4", "/opt/shared/cache.py:Cache.fill@20:31"]);
    capture.time(20).allocation(0x100_0000, 2 * MB, load).time(60).allocation(0x200_0000, MB, other);
    ended(&mut capture, Ending::Code(0), 0.1, 0);
    capture.build()
}

/// A program that held 3 kB.
pub(crate) fn tiny() -> Vec<u8> {
    let mut capture = program(Mode::Exact, &["python", "hello.py"]);
    let hello = capture.stack(&["/home/ann/delays/hello.py:<module>:1"]);
    capture.time(4).allocation(0x1000, 3_000, hello).time(5).free(0x1000);
    ended(&mut capture, Ending::Code(0), 0.02, 9 * MB);
    capture.build()
}

/// Names and source that try to reach the terminal.
pub(crate) fn hostile() -> Vec<u8> {
    let mut capture =
        program(Mode::Exact, &["python", "evil\u{1b}]0;owned\u{7}.py", "a\nb", "\u{202e}txt.exe"]);
    let file = "/home/ann/delays/\u{1b}[2J\u{1b}[31mred.py";
    capture.file(file);
    capture.source(file, "x = '\u{1b}[8m' # \u{202e}desrever\u{202c} \u{9b}31m\t\u{200b}\u{301}\u{301}\n数据 = '数据' * 10**7\n");
    let long = format!("f{}:1", "x".repeat(300));
    let red = capture.stack(&["<module>:1"]);
    let newline = capture.stack(&["<module>:2", "load\n\u{1b}[1;1Hfake\r:2"]);
    let wide = capture.stack(&["<module>:2", &long]);
    let frame = format!("/{}/{}.py:g:7", "deep/".repeat(40), "数".repeat(60));
    let deep = capture.stack(&["<module>:2", &frame]);
    let library = capture.stack(&["<module>:1", "/v/site-packages/\u{1b}[5mblink/\u{7}.py:h:1"]);
    for (index, stack) in [red, newline, wide, deep, library].into_iter().enumerate() {
        let index = index as u64;
        capture.time(index * 30).allocation(0x100_0000 * (index + 1), (index + 1) * MB, stack);
        capture.resident(resident(40, 10));
    }
    ended(&mut capture, Ending::Signal(11), 0.4, 0);
    capture.build()
}

/// A generated file with a single line of a million characters.
pub(crate) fn long_line() -> Vec<u8> {
    let mut capture = program(Mode::Exact, &["python", "table.py"]);
    let file = "/home/ann/delays/table.py";
    capture.source(file, &format!("TABLE = [{}]\n", "1234567, ".repeat(110_000)));
    let stack = capture.stack(&[&format!("{file}:<module>:1")]);
    capture.time(50).allocation(0x100_0000, 7 * MB, stack).time(90).free(0x100_0000);
    ended(&mut capture, Ending::Code(0), 0.1, 0);
    capture.build()
}

/// 5,000 lines that hold about the same, in 100 functions.
pub(crate) fn thousands_of_lines() -> Vec<u8> {
    let mut capture = program(Mode::Exact, &["python", "many.py"]);
    capture.file("/home/ann/delays/many.py");
    for line in 0..5_000u64 {
        let function = format!("step_{}@{}:{}", line / 50, line / 50 * 50 + 1, line + 2);
        let stack = capture.stack(&["<module>:6000", &function]);
        capture.time(line / 10).allocation(0x100_0000 + line * 0x1_0000, 20_000 + line, stack);
    }
    ended(&mut capture, Ending::Code(0), 0.6, 0);
    capture.build()
}

/// Three processes that hold 1.6 MB together at 0.05 s and share 1.5 MB of memory each, though the first held most by itself earlier, and one that was
/// not followed.
pub(crate) fn job() -> Report {
    let process = |pid: u32, start_ms: u64, write: &dyn Fn(&mut CaptureBuilder)| {
        let mut capture = CaptureBuilder::new(Mode::Exact);
        capture.file("/home/a/work/pool.py").fact("argument", "python").fact("argument", "pool.py");
        capture.header(|header| {
            (header.pid, header.start_monotonic_ms) = (pid, 1000 + start_ms);
            header.parent_pid = if start_ms == 0 { 100 } else { 101 };
            (header.python_hex, header.state) = (0x030c_01f0, State::Closed);
            header.outcome.ending = Some(Ending::Code(0));
            header.outcome.duration_ns = 100_000_000 - start_ms * 1_000_000;
        });
        write(&mut capture);
        capture.resident(Resident {
            anonymous: 3_000_000,
            anonymous_elsewhere: 1_000_000,
            anonymous_alone: 1_500_000,
            ..Resident::default()
        });
        heapwise_analysis::profile::Process {
            profile: Profile::from_bytes(capture.build()).expect("it opens"),
            still_running: pid == 103,
        }
    };
    let worker = |size: u64| {
        move |capture: &mut CaptureBuilder| {
            let stack = capture.stack(&["main:20", "work:5"]);
            capture.time(10).allocation(0x1000, size, stack);
            let holder = Holder {
                kind: HolderKind::Local,
                file: "/home/a/work/pool.py".into(),
                function: "work".into(),
                line: 6,
                ..Holder::default()
            };
            let table = Object {
                name: "table".into(),
                holder: Some(holder),
                kind: "bytearray".into(),
                length: Some(size),
                bytes: size,
                own_bytes: size,
                buffers: vec![Buffer { address: 0x1000, bytes: size }],
                ..Object::default()
            };
            let time_ns = 10_000_000;
            capture.inspection(&Inspection {
                sequence: 1,
                time_ns,
                objects: vec![table],
                ..Inspection::default()
            });
        }
    };
    let job = Job {
        processes: vec![
            process(101, 0, &|capture| {
                let load = capture.stack(&["main:9"]);
                capture.allocation(0x1000, 900_000, load).time(20).free(0x1000);
                capture.time(50).allocation(0x1000, 700_000, load);
            }),
            process(102, 30, &|capture| {
                capture.fact("begun", "fork");
                worker(400_000)(capture);
            }),
            process(103, 35, &|capture| {
                capture.fact("begun", "exec");
                worker(500_000)(capture);
            }),
        ],
        not_followed: vec![NotFollowed {
            pid: 104,
            parent: 101,
            reason: "it is PyPy 3.10, not CPython".into(),
            command: vec!["pypy3".into(), "other.py".into()],
        }],
        problems: Vec::new(),
    };
    let analysis = heapwise_analysis::analyse_job(&job).expect("several processes");
    Report::build_job(&job, &analysis)
}

const ORDERS: &str = "\
import pandas as pd

def load(path):
    raw = pd.read_csv(path)
    orders = raw[raw.amount > 0]
    days = orders.groupby('day').sum()
    return fit(days)

def fit(days):
    return days.to_numpy() @ days.to_numpy().T

load('orders.csv')
";

/// A program at which an inspector looked twice. At the peak `load` holds two frames, of which it does not need
/// `raw` any more: 200 MB of 540. `orders` shares 40 MB of strings with it.
pub(crate) fn with_objects() -> Vec<u8> {
    let mut capture = program(Mode::Exact, &["/usr/bin/python3", "orders.py"]);
    let file = "/home/ann/delays/orders.py";
    capture.file(file).source(file, ORDERS);
    let read = capture.stack(&["<module>:12", "load@3:4", &format!("{PANDAS}/io/parsers.py:read_csv:88")]);
    let select = capture.stack(&["<module>:12", "load@3:5", &format!("{PANDAS}/core/frame.py:take:9")]);
    let fit = capture.stack(&["<module>:12", "load@3:7", "fit@9:10"]);
    capture.time(100).allocation(0x1000_0000, 160 * MB, read).allocation(0x2000_0000, 40 * MB, read);
    let frame = |name: &str, rows: u64, line: u32, numbers: (u64, u64), share: u64| {
        let column = |column: &str, dtype: &str, buffer: Buffer, facts: Facts| Object {
            name: format!("{name}['{column}']"),
            kind: "pandas.Series".into(),
            dtype: Some(dtype.into()),
            shape: vec![rows],
            bytes: buffer.bytes,
            own_bytes: buffer.bytes,
            buffers: vec![buffer],
            facts,
            ..Object::default()
        };
        let amount = column(
            "amount",
            "int64",
            Buffer { address: numbers.0, bytes: numbers.1 },
            Facts { minimum: Some(0.into()), maximum: Some(90_000.into()), ..Facts::default() },
        );
        let day = column(
            "day",
            "object",
            Buffer { address: 0x2000_0000, bytes: 40 * MB },
            Facts { distinct: Some(7), ..Facts::default() },
        );
        Object {
            name: name.into(),
            holder: Some(Holder {
                kind: HolderKind::Local,
                file: file.into(),
                function: "load".into(),
                first_line: 3,
                line,
                module: "__main__".into(),
                thread: 0,
                called_from: None,
            }),
            kind: "pandas.DataFrame".into(),
            shape: vec![rows, 2],
            bytes: numbers.1 + 40 * MB,
            own_bytes: numbers.1 + 40 * MB - share,
            shared_with: if share == 0 {
                Vec::new()
            } else {
                vec![Shared { name: "raw".into(), bytes: share }]
            },
            parts: vec![amount, day],
            ..Object::default()
        }
    };
    let raw = frame("raw", 20_000_000, 4, (0x1000_0000, 160 * MB), 0);
    let small = Object { bytes: 100 * MB, ..raw.clone() };
    capture.inspection(&Inspection {
        sequence: 1,
        time_ns: 90_000_000,
        objects: vec![small],
        ..Inspection::default()
    });
    capture.time(200).allocation(0x3000_0000, 140 * MB, select);
    let raw = Object { own_bytes: 160 * MB, ..raw };
    let orders = frame("orders", 17_500_000, 5, (0x3000_0000, 140 * MB), 40 * MB);
    capture.inspection(&Inspection {
        sequence: 3,
        time_ns: 200_000_000,
        complete: true,
        objects: vec![raw, orders],
        ..Inspection::default()
    });
    capture.time(300).allocation(0x4000_0000, 200 * MB, fit);
    ended(&mut capture, Ending::Code(0), 0.4, 700 * MB);
    capture.build()
}
