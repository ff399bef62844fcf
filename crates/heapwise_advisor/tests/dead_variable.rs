//! `dead-variable` on captures made by hand: what it finds, what it saves, when it is silent.

use heapwise_advisor::{Advice, advise};
use heapwise_analysis::{analyse, objects, profile::Profile};
use heapwise_testkit::Program;

use heapwise_profile::inspection::{Buffer, Holder, HolderKind, Object, Shared};

const MB: u64 = Program::MB;
const FILE: &str = Program::FILE;

/// An array with one buffer.
fn array(name: &str, address: u64, megabytes: u64, holder: Holder) -> Object {
    let bytes = megabytes * MB;
    Object {
        name: name.into(),
        kind: "numpy.ndarray".into(),
        dtype: Some("float64".into()),
        shape: vec![bytes / 8],
        bytes,
        own_bytes: bytes,
        buffers: vec![Buffer { address, bytes }],
        holder: Some(Holder { file: FILE.into(), ..holder }),
        ..Object::default()
    }
}

fn advice(program: Program) -> Advice {
    let profile = Profile::from_bytes(program.capture.build()).expect("a capture");
    let analysis = analyse(&profile);
    let objects = objects(&profile, &analysis);
    let mut advice = advise(&profile, &analysis, &objects);
    advice.findings.retain(|finding| finding.rule == "dead-variable");
    advice
}

fn global() -> Holder {
    Holder { kind: HolderKind::Global, function: "<module>".into(), ..Holder::default() }
}

fn local(function: &str, first_line: u32) -> Holder {
    Holder { kind: HolderKind::Local, function: function.into(), first_line, ..Holder::default() }
}

const SCRIPT: &str = "\
import numpy as np
raw = np.ones(100)
table = raw * 2
model = np.ones(300)
print(model.sum(), table)
";

fn script(source: &str) -> Program {
    let mut program = Program::new(source);
    program.allocate(0x10_0000, 100, &["<module>:2"]);
    program.allocate(0x20_0000, 100, &["<module>:3"]);
    program.allocate(0x30_0000, 300, &["<module>:4"]);
    program
}

#[test]
fn a_global_that_is_not_read_again_is_found_and_weighed() {
    let mut program = script(SCRIPT);
    program.look_at(vec![array("raw", 0x10_0000, 100, global())]);
    let advice = advice(program);
    assert_eq!(advice.peak_bytes, 500 * MB);
    let [finding] = advice.findings.as_slice() else { panic!("{advice:?}") };
    assert_eq!((finding.rule, finding.symbol.as_str()), ("dead-variable", "raw"));
    assert_eq!((finding.file.as_str(), finding.line, finding.end_line), (FILE, 2, 3));
    assert_eq!((finding.peak_saving_bytes, finding.new_peak_bytes), (100 * MB, 400 * MB));
    let diff = &finding.fix.as_ref().expect("a fix").diff;
    assert!(diff.contains("--- a/app.py\n+++ b/app.py\n"), "{diff}");
    assert!(diff.contains(" table = raw * 2\n+del raw\n model"), "{diff}");
}

#[test]
fn a_name_that_is_read_later_is_left_alone() {
    let mut program = script(&SCRIPT.replace("table)", "table, raw)"));
    program.look_at(vec![array("raw", 0x10_0000, 100, global())]);
    assert_eq!(advice(program).findings, []);
}

#[test]
fn what_others_hold_too_is_left_alone() {
    let mut program = script(SCRIPT);
    program.look_at(vec![array("raw", 0x10_0000, 100, global())]);
    let bytes = program.capture.build();
    let profile = Profile::from_bytes(bytes).expect("a capture");
    let mut look = profile.inspections()[0].clone();
    look.objects[0].own_bytes = 0;
    let mut program = script(SCRIPT);
    program.capture.inspection(&look);
    assert_eq!(advice(program).findings, []);
}

#[test]
fn what_a_later_look_finds_under_another_name_too_is_left_alone() {
    let seen_later = |name: &str, address: u64| {
        let mut program = script(SCRIPT);
        program.look_at(vec![array("raw", 0x10_0000, 100, global())]);
        program.free(0x30_0000);
        program.look_at(vec![array("raw", 0x10_0000, 100, global()), array(name, address, 100, global())]);
        advice(program).findings.len()
    };
    assert_eq!(seen_later("view", 0x10_0000), 0);
    assert_eq!(seen_later("table", 0x4000_0000), 1);
}

const WITH_FUNCTION: &str = "\
import numpy as np
def scaled(values):
    return values * 2
raw = np.ones(100)
table = scaled(raw)
model = np.ones(300)
print(model.sum(), table)
";

/// A program whose one look was taken while `scaled` held `raw` too, with others for `kept`.
fn seen_in_a_call(kept: &[Holder]) -> Program {
    let shared = |name: &str, holder: Holder| Object {
        own_bytes: 0,
        shared_with: vec![Shared { name: "values".into(), bytes: 100 * MB }],
        ..array(name, 0x10_0000, 100, holder)
    };
    let mut program = Program::new(WITH_FUNCTION);
    program.allocate(0x10_0000, 100, &["<module>:4"]);
    let mut objects = vec![shared("raw", global()), shared("values", local("scaled", 2))];
    objects.extend(kept.iter().map(|holder| shared("values", holder.clone())));
    program.look_at(objects);
    program.allocate(0x20_0000, 100, &["<module>:5", "scaled:3"]);
    program.allocate(0x30_0000, 300, &["<module>:6"]);
    program
}

#[test]
fn a_holder_that_is_gone_at_the_peak_holds_nothing() {
    let advice = advice(seen_in_a_call(&[]));
    let [finding] = advice.findings.as_slice() else { panic!("{advice:?}") };
    assert_eq!((finding.symbol.as_str(), finding.peak_saving_bytes), ("raw", 100 * MB));
}

#[test]
fn one_of_two_holders_that_is_still_there_holds_it() {
    assert_eq!(advice(seen_in_a_call(&[local("<module>", 0)])).findings, []);
    assert_eq!(advice(seen_in_a_call(&[global()])).findings, []);
}

#[test]
fn the_second_highest_moment_counts() {
    // Before the peak the heap was nearly as high while the name was still read.
    let mut program = Program::new(SCRIPT);
    program.allocate(0x10_0000, 100, &["<module>:2"]);
    program.allocate(0x20_0000, 100, &["<module>:3"]);
    program.allocate(0x40_0000, 260, &["<module>:3"]);
    program.free(0x40_0000);
    program.allocate(0x30_0000, 300, &["<module>:4"]);
    program.look_at(vec![array("raw", 0x10_0000, 100, global())]);
    let advice = advice(program);
    assert_eq!(advice.findings[0].new_peak_bytes, 460 * MB);
    assert_eq!(advice.findings[0].peak_saving_bytes, 40 * MB);
}

#[test]
fn what_would_not_lower_the_peak_is_not_said() {
    let mut program = Program::new(SCRIPT);
    program.allocate(0x10_0000, 100, &["<module>:2"]);
    program.allocate(0x40_0000, 399, &["<module>:3"]);
    program.free(0x40_0000);
    program.allocate(0x30_0000, 400, &["<module>:4"]);
    program.look_at(vec![array("raw", 0x10_0000, 100, global())]);
    assert_eq!(advice(program).findings, []);
}

const FUNCTION: &str = "\
import numpy as np
def fit(n):
    raw = np.ones(n)
    table = raw * 2
    return train(table)
def train(table):
    return np.ones(300)
fit(100)
";

fn in_function(source: &str) -> Program {
    let mut program = Program::new(source);
    program.allocate(0x10_0000, 100, &["<module>:8", "fit@2:3"]);
    program.allocate(0x20_0000, 100, &["<module>:8", "fit@2:4"]);
    program.allocate(0x30_0000, 300, &["<module>:8", "fit@2:5", "train@6:7"]);
    program.look_at(vec![array("raw", 0x10_0000, 100, local("fit", 2))]);
    program
}

#[test]
fn a_local_of_a_function_further_out_is_found() {
    let advice = advice(in_function(FUNCTION));
    let [finding] = advice.findings.as_slice() else { panic!("{advice:?}") };
    assert_eq!((finding.line, finding.end_line, finding.new_peak_bytes), (3, 4, 400 * MB));
    let diff = &finding.fix.as_ref().expect("a fix").diff;
    assert!(diff.contains("+    del raw\n"), "{diff}");
}

#[test]
fn code_that_reads_names_by_text_is_left_alone() {
    let advice = advice(in_function(&FUNCTION.replace("train(table)", "train(locals())")));
    assert_eq!(advice.findings, []);
}

const LOOP: &str = "\
import numpy as np
def total(parts):
    found = 0
    for part in parts:
        chunk = make(part)
        found += chunk.sum()
    return found
def make(part):
    return np.ones(100)
total(range(3))
";

#[test]
fn a_loop_that_keeps_the_last_value_while_the_next_is_made_is_found() {
    let mut program = Program::new(LOOP);
    let frames = ["<module>:10", "total@2:5", "make@8:9"];
    program.allocate(0x10_0000, 100, &frames);
    program.allocate(0x20_0000, 100, &frames);
    program.look_at(vec![array("chunk", 0x10_0000, 100, local("total", 2))]);
    program.free(0x10_0000);
    program.allocate(0x10_0000, 100, &frames);
    program.free(0x20_0000);
    let advice = advice(program);
    assert_eq!(advice.peak_bytes, 200 * MB);
    let [finding] = advice.findings.as_slice() else { panic!("{advice:?}") };
    assert_eq!((finding.symbol.as_str(), finding.new_peak_bytes), ("chunk", 100 * MB));
    let diff = &finding.fix.as_ref().expect("a fix").diff;
    assert!(diff.contains("         found += chunk.sum()\n+        del chunk\n"), "{diff}");
}

#[test]
fn a_loop_whose_values_are_kept_is_left_alone() {
    let mut program = Program::new(LOOP);
    let frames = ["<module>:10", "total@2:5", "make@8:9"];
    for (index, address) in [0x10_0000, 0x20_0000, 0x30_0000, 0x40_0000].into_iter().enumerate() {
        program.allocate(address, 100, &frames);
        if index == 3 {
            program.look_at(vec![array("chunk", 0x30_0000, 100, local("total", 2))]);
        }
    }
    assert_eq!(advice(program).findings, []);
}

#[test]
fn findings_have_the_same_id_after_lines_have_moved() {
    let mut program = script(SCRIPT);
    program.look_at(vec![array("raw", 0x10_0000, 100, global())]);
    let id = advice(program).findings[0].id.clone();
    let mut program = Program::new(&format!("\n{SCRIPT}"));
    program.allocate(0x10_0000, 120, &["<module>:3"]);
    program.allocate(0x20_0000, 100, &["<module>:4"]);
    program.allocate(0x30_0000, 300, &["<module>:5"]);
    program.look_at(vec![array("raw", 0x10_0000, 120, global())]);
    assert_eq!(advice(program).findings[0].id, id);
}
