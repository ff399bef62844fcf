//! Rules about arrays and tables on captures made by hand: bytes of what is made again and again, of what is being put
//! together at the peak, and columns that nothing uses.

use heapwise_advisor::{Finding, advise};
use heapwise_analysis::{analyse, objects, profile::Profile};
use heapwise_profile::inspection::{Buffer, Facts, Holder, HolderKind, Object};
use heapwise_testkit::Program;

const MB: u64 = Program::MB;
const FILE: &str = Program::FILE;

fn findings(program: Program, rule: &str) -> Vec<Finding> {
    let profile = Profile::from_bytes(program.capture.build()).expect("a capture");
    let analysis = analyse(&profile);
    let objects = objects(&profile, &analysis);
    let mut findings = advise(&profile, &analysis, &objects).findings;
    findings.retain(|finding| finding.rule == rule);
    findings
}

/// A column of a table, or an array, of one buffer.
fn numbers(name: &str, kind: &str, address: u64, megabytes: u64) -> Object {
    let bytes = megabytes * MB;
    Object {
        name: name.into(),
        kind: kind.into(),
        dtype: Some("int64".into()),
        shape: vec![bytes / 8],
        address,
        bytes,
        own_bytes: bytes,
        buffers: vec![Buffer { address, bytes }],
        facts: Facts {
            minimum: Some(0.into()),
            maximum: Some(99.into()),
            zero_share: Some(0.01),
            ..Facts::default()
        },
        ..Object::default()
    }
}

fn global() -> Holder {
    Holder { kind: HolderKind::Global, file: FILE.into(), function: "<module>".into(), ..Holder::default() }
}

/// A local of a function that begins at the second line.
fn local(function: &str) -> Holder {
    Holder { kind: HolderKind::Local, function: function.into(), first_line: 2, ..global() }
}

fn table(columns: &[(&str, u64, u64)]) -> Object {
    let parts: Vec<Object> = columns
        .iter()
        .map(|(name, address, megabytes)| {
            let mut column = numbers(&format!("t['{name}']"), "pandas.Series", *address, *megabytes);
            // Numbers that need their type.
            column.facts.maximum = Some((1_u64 << 40).into());
            column
        })
        .collect();
    let bytes = parts.iter().map(|part| part.bytes).sum();
    Object {
        name: "t".into(),
        kind: "pandas.DataFrame".into(),
        shape: vec![bytes / 8 / parts.len() as u64, parts.len() as u64],
        address: 7,
        bytes,
        own_bytes: bytes,
        buffers: parts.iter().flat_map(|part| part.buffers.clone()).collect(),
        parts,
        holder: Some(global()),
        ..Object::default()
    }
}

const AGES: &str = "\
import numpy as np
def ages():
    found = np.zeros(100, dtype=int)
    return found.mean()
print(ages() + ages())
";

#[test]
fn what_a_function_makes_at_each_call_is_smaller_each_time() {
    let mut program = Program::new(AGES);
    program.allocate(0x10_0000, 80, &["<module>:5", "ages:3"]);
    let holder = local("ages");
    program
        .look_at(vec![Object { holder: Some(holder), ..numbers("found", "numpy.ndarray", 0x10_0000, 80) }]);
    program.free(0x10_0000);
    program.allocate(0x20_0000, 80, &["<module>:5", "ages:3"]);
    let findings = findings(program, "smaller-dtype");
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((finding.symbol.as_str(), finding.line), ("found", 3));
    assert_eq!(finding.peak_saving_bytes, 70 * MB);
}

const PICTURES: &str = "\
import numpy as np
pictures = np.zeros((10, 1000, 1000))
for picture in pictures:
    picture += 1
";

#[test]
fn views_of_an_array_do_not_hide_it() {
    let mut program = Program::new(PICTURES);
    program.allocate(0x10_0000, 80, &["<module>:2"]);
    let mut array = numbers("pictures", "numpy.ndarray", 0x10_0000, 80);
    array.dtype = Some("float64".into());
    array.facts.float32_exact = Some(true);
    let mut view = Object { name: "picture".into(), address: 9, shape: vec![1_000_000], ..array.clone() };
    for object in [&mut array, &mut view] {
        object.holder = Some(global());
        object.own_bytes = 0;
    }
    program.look_at(vec![view, array]);
    let findings = findings(program, "float32");
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((finding.symbol.as_str(), finding.peak_saving_bytes), ("pictures", 40 * MB));
}

/// Numbers that float32 holds, of which so many were looked at.
fn floats(looked_at: Option<u64>) -> Vec<Finding> {
    let mut program = Program::new(PICTURES);
    program.allocate(0x10_0000, 80, &["<module>:2"]);
    let mut array = numbers("pictures", "numpy.ndarray", 0x10_0000, 80);
    array.dtype = Some("float64".into());
    array.facts.float32_exact = Some(true);
    array.facts.sampled = looked_at;
    array.holder = Some(global());
    program.look_at(vec![array]);
    findings(program, "float32")
}

#[test]
fn many_values_from_all_over_stand_for_the_others_and_the_finding_says_so() {
    let titled = |findings: &[Finding]| findings.iter().map(|it| it.title.clone()).collect::<Vec<_>>();
    assert_eq!(
        titled(&floats(Some(1_000_000))),
        ["`pictures` is float64, and float32 holds each value that was looked at exactly"]
    );
    assert_eq!(
        titled(&floats(None)),
        ["`pictures` is float64, and float32 holds each of its values exactly"]
    );
    assert_eq!(titled(&floats(Some(50_000))), [""; 0]);
}

const COUNTS: &str = "\
import numpy as np
def count():
    counts = np.zeros((1000, 10000))
    fill(counts)
    return counts
found = count()
print(found.sum())
";

#[test]
fn values_that_were_seen_under_another_name_count() {
    let mut program = Program::new(COUNTS);
    program.allocate(0x10_0000, 80, &["<module>:6", "count:3"]);
    let holder = local("count");
    let mut empty = numbers("counts", "numpy.ndarray", 0x10_0000, 80);
    empty.shape = vec![1000, 10_000];
    empty.dtype = Some("float64".into());
    empty.facts.zero_share = Some(1.0);
    let mut filled = Object { name: "found".into(), holder: Some(global()), ..empty.clone() };
    filled.facts.zero_share = Some(0.99);
    empty.holder = Some(holder);
    program.allocate(0x20_0000, 5, &["<module>:6", "count:4"]);
    program.look_at(vec![empty]);
    program.free(0x20_0000);
    program.look_at(vec![filled]);
    let findings = findings(program, "sparse");
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((finding.symbol.as_str(), finding.line), ("counts", 3));
}

#[test]
fn values_of_what_is_being_made_do_not_count() {
    let mut program = Program::new("import numpy as np\nones = np.ones(10_000_000)\n");
    program.allocate(0x10_0000, 80, &["<module>:2"]);
    let mut ones = numbers("ones", "numpy.ndarray", 0x10_0000, 80);
    ones.dtype = Some("float64".into());
    ones.facts = Facts {
        minimum: Some(1.into()),
        maximum: Some(1.into()),
        float32_exact: Some(true),
        ..Facts::default()
    };
    let mut half_made = Object { name: "a result".into(), ..ones.clone() };
    half_made.facts.minimum = Some(0.into());
    half_made.holder = Some(Holder { kind: HolderKind::Stack, ..global() });
    ones.holder = Some(global());
    program.look_at(vec![half_made]);
    program.look_at(vec![ones]);
    assert_eq!(findings(program, "float32"), []);
}

const DELAYS: &str = "\
import pandas as pd
def late(t):
    return t[t['delay'] > 9]
t = pd.read_csv('flights.csv')
work = make()
print(len(late(t)['day']))
";

fn three_columns(program: &mut Program) -> Object {
    program.allocate(0x10_0000, 40, &["<module>:4"]);
    program.allocate(0x20_0000, 40, &["<module>:4"]);
    program.allocate(0x30_0000, 20, &["<module>:4"]);
    table(&[("delay", 0x10_0000, 40), ("day", 0x20_0000, 40), ("gate", 0x30_0000, 20)])
}

#[test]
fn a_column_that_no_function_uses_need_not_be_read() {
    let mut program = Program::new(DELAYS);
    let table = three_columns(&mut program);
    program.look_at(vec![table]);
    program.allocate(0x90_0000, 50, &["<module>:5"]);
    let findings = findings(program, "columns-read");
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((finding.symbol.as_str(), finding.line), ("t", 4));
    assert_eq!(finding.peak_saving_bytes, 20 * MB);
    let diff = &finding.fix.as_ref().expect("a fix").diff;
    assert!(diff.contains("+t = pd.read_csv('flights.csv', usecols=[\"day\", \"delay\"])"), "{diff}");
}

#[test]
fn while_a_table_is_read_its_pieces_shrink_too() {
    let mut program = Program::new(DELAYS);
    program.allocate(0x70_0000, 100, &["<module>:4"]);
    let table = three_columns(&mut program);
    program.free(0x70_0000);
    program.look_at(vec![table]);
    let findings = findings(program, "columns-read");
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding.peak_saving_bytes, 40 * MB);
}

#[test]
fn a_table_that_goes_out_of_sight_is_left_alone() {
    for use_of_all in ["late(t).describe()", "model.fit(t)", "print(t)", "for name in t: print(name)"] {
        let mut program = Program::new(&format!("{DELAYS}{use_of_all}\n"));
        let table = three_columns(&mut program);
        program.look_at(vec![table]);
        program.allocate(0x90_0000, 50, &["<module>:5"]);
        assert_eq!(findings(program, "columns-read"), [], "{use_of_all}");
    }
}

#[test]
fn a_column_that_the_program_makes_is_not_asked_of_the_file() {
    let mut program = Program::new(&format!("{DELAYS}t['gain'] = t['delay'] * 2\nprint(t['gain'])\n"));
    program.allocate(0x10_0000, 40, &["<module>:4"]);
    program.allocate(0x20_0000, 40, &["<module>:4"]);
    program.allocate(0x30_0000, 20, &["<module>:4"]);
    program.allocate(0x40_0000, 40, &["<module>:7"]);
    let columns =
        [("delay", 0x10_0000, 40), ("day", 0x20_0000, 40), ("gate", 0x30_0000, 20), ("gain", 0x40_0000, 40)];
    program.look_at(vec![table(&columns)]);
    let findings = findings(program, "columns-read");
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert!(finding.message.contains("usecols=[\"day\", \"delay\"]"), "{}", finding.message);
}

/// Dummies as whole numbers in a block of three columns, of which one goes to `highest`.
fn dummies(source: &str, highest: u64) -> Vec<Finding> {
    dummies_seen(source, [Some(1), Some(0), Some(highest)])
}

/// A table of three columns and the highest number in each, `None` for one that was not looked at.
fn dummies_seen(source: &str, highest: [Option<u64>; 3]) -> Vec<Finding> {
    let mut program = Program::new(source);
    program.allocate(0x10_0000, 40, &["<module>:3"]);
    program.allocate(0x20_0000, 40, &["<module>:3"]);
    program.allocate(0x30_0000, 20, &["<module>:3"]);
    let mut table = table(&[("a", 0x10_0000, 40), ("b", 0x20_0000, 40), ("c", 0x30_0000, 20)]);
    for (column, highest) in table.parts.iter_mut().zip(highest) {
        column.dtype = Some("float64".into());
        column.facts = highest.map_or_else(Facts::default, |highest| Facts {
            maximum: Some(highest.into()),
            sampled: Some(2_000),
            ..column.facts.clone()
        });
    }
    program.look_at(vec![table]);
    findings(program, "bitmask")
}

const DUMMIES: &str = "\
import pandas as pd
kinds = pd.read_csv('kinds.csv')
t = pd.get_dummies(kinds, dtype=float)
print(t.mean())
";

#[test]
fn dummies_of_floats_are_better_bools() {
    let findings = dummies(DUMMIES, 1);
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((finding.symbol.as_str(), finding.line), ("t", 3));
    assert_eq!(finding.peak_saving_bytes, 100 * MB / 8 * 7);
    let diff = &finding.fix.as_ref().expect("a fix").diff;
    assert!(diff.contains("+t = pd.get_dummies(kinds, dtype=bool)"), "{diff}");
}

#[test]
fn what_is_passed_on_beside_dummies_stays() {
    let findings = dummies(DUMMIES, 2);
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding.peak_saving_bytes, 80 * MB / 8 * 7);
}

#[test]
fn columns_that_no_look_had_time_for_are_dummies_too_if_all_others_are() {
    let saving = |highest| dummies_seen(DUMMIES, highest).first().map(|it| it.peak_saving_bytes);
    assert_eq!(saving([Some(1), None, None]), Some(100 * MB / 8 * 7));
    assert_eq!(saving([Some(7), Some(1), None]), Some(40 * MB / 8 * 7));
    assert_eq!(saving([None, None, None]), None);
}

#[test]
fn only_what_get_dummies_was_asked_for_is_said() {
    assert_eq!(dummies(&DUMMIES.replace("get_dummies", "concat"), 1), []);
    assert_eq!(dummies(&DUMMIES.replace(", dtype=float", ""), 1), []);
}

#[test]
fn columns_of_one_block_are_smaller_when_it_is_allocated() {
    let mut program = Program::new(DUMMIES);
    program.allocate(0x20_0000, 80, &["<module>:3"]);
    program.allocate(0x10_0000, 80, &["<module>:3"]);
    program.free(0x20_0000);
    let mut table = table(&[("a", 0x10_0000, 40), ("b", 0x10_0008, 40)]);
    for column in &mut table.parts {
        column.dtype = Some("float64".into());
        column.facts.maximum = Some(1.into());
        column.buffers = vec![Buffer { address: 0x10_0000, bytes: 80 * MB }];
    }
    program.look_at(vec![table]);
    let findings = findings(program, "bitmask");
    // With what the line put them together of.
    assert_eq!(findings[0].peak_saving_bytes, 140 * MB);
}
