//! Liveness held against CPython: generated programs are run, and what was read after a mark may not be called dead there;
//! where a release is offered, the program does the same with it.
//!
//! Invariant: every value is another, and every read of a name is recorded with the value that it gave.

mod program;

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use heapwise_source::{Editor, Liveness, Module, Role, StatementId, VariableId, apply};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde::Deserialize;

/// Programs of one test run.
const PROGRAMS: usize = 400;
/// Releases that are tried in one program.
const MOST_RELEASES: usize = 3;

/// What became of a program.
#[derive(Debug, Deserialize)]
struct Outcome {
    /// Lines of marks and names that had a value there which was read later.
    live: Vec<(u32, String)>,
    /// All reads: the name, and the number of the value.
    reads: Vec<(String, Option<u64>)>,
    end: String,
}

/// Runs programs, each with the seed of its chances. `None` where there is no Python that knows `match`.
fn run(programs: &[(u64, String)]) -> Option<Vec<Outcome>> {
    let recorder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/against_python/recorder.py");
    let known =
        Command::new("python3").args(["-c", "import sys; sys.exit(sys.version_info < (3, 10))"]).status();
    if !known.is_ok_and(|status| status.success()) {
        return None;
    }
    let python = Command::new("python3").arg(recorder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut python = python.expect("Python starts");
    let mut input = Vec::new();
    for (seed, text) in programs {
        input.extend(format!("{seed} {}\n{text}", text.len()).into_bytes());
    }
    let mut stdin = python.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let mut output = String::new();
    python.stdout.take().expect("a pipe").read_to_string(&mut output).expect("text");
    writer.join().expect("no panic").expect("all is read");
    assert!(python.wait().expect("an end").success());
    let outcomes: Vec<Outcome> =
        output.lines().map(|line| serde_json::from_str(line).expect("an outcome")).collect();
    assert_eq!(outcomes.len(), programs.len());
    Some(outcomes)
}

/// The marks of a module with the variables of the three names.
fn marks(module: &Module) -> Vec<(StatementId, u32, &'static str, VariableId)> {
    let mut marks = Vec::new();
    for id in module.statement_ids() {
        let span = module.statement(id).span;
        if module.slice(span) != "mark()" {
            continue;
        }
        for name in program::NAMES {
            if let Some(variable) = module.look_up(module.frame_scope_at(span.start), name) {
                marks.push((id, module.lines().line(span.start), name, variable));
            }
        }
    }
    marks
}

/// The program with releases of what is dead at its marks, one at a time.
fn released(module: &Module) -> Vec<String> {
    let liveness = Liveness::of(module, Role::Script);
    let mut texts = Vec::new();
    for (id, _, name, variable) in marks(module) {
        if liveness.at(variable, id).is_dead() {
            for release in liveness.releases(variable, id) {
                if let Ok(edit) = Editor::new(module).release(name, release) {
                    texts.push(apply(module.text(), edit.replacements()).expect("an edit of the text"));
                }
            }
        }
    }
    texts.sort();
    texts.dedup();
    texts
}

#[test]
fn what_is_read_later_is_not_called_dead() {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let seeds = prop::collection::vec(any::<u64>().prop_map(|seed| seed >> 1), PROGRAMS);
    let seeds = seeds.new_tree(&mut runner).expect("numbers").current();
    let programs: Vec<(u64, String)> = seeds.iter().map(|&seed| (seed, program::write(seed))).collect();
    let Some(outcomes) = run(&programs) else { return };

    let (mut dead, mut live) = (0, 0);
    let mut refused = Vec::new();
    let mut mended = Vec::new();
    for ((seed, text), outcome) in programs.iter().zip(&outcomes) {
        if outcome.end.starts_with("SyntaxError") {
            refused.push(&outcome.end);
            continue;
        }
        assert!(!outcome.end.starts_with("status"), "{}\n{text}", outcome.end);
        let module = Module::parse(text).unwrap_or_else(|problem| panic!("{problem}\n{text}"));
        let liveness = Liveness::of(&module, Role::Script);
        for (id, line, name, variable) in marks(&module) {
            let fate = liveness.at(variable, id);
            let read = outcome.live.iter().any(|(at, read)| (*at, read.as_str()) == (line, name));
            assert!(!(fate.is_dead() && read), "{name} is read after line {line}, seed {seed}\n{text}");
            dead += usize::from(fate.is_dead());
            live += usize::from(read);
        }
        let texts = released(&module).into_iter().take(MOST_RELEASES);
        mended.extend(texts.map(|text| (*seed, text, outcome)));
    }
    assert!(refused.len() * 20 <= PROGRAMS, "{} programs are no Python: {refused:?}", refused.len());
    // The answer "it may be read" would always be right, so there must be others.
    assert!(dead >= PROGRAMS && live >= PROGRAMS, "{dead} dead, {live} read later");
    assert!(mended.len() >= PROGRAMS / 4, "{} releases", mended.len());

    let texts: Vec<(u64, String)> = mended.iter().map(|(seed, text, _)| (*seed, text.clone())).collect();
    let after = run(&texts).expect("Python is there");
    for ((seed, text, before), after) in mended.iter().zip(&after) {
        assert_eq!((&before.reads, &before.end), (&after.reads, &after.end), "seed {seed}\n{text}");
    }
}
