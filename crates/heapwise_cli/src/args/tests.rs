//! What belongs to heapwise and what to the program.

use super::*;

/// Reads `heapwise` and the words given.
fn parsed(words: &[&str]) -> Result<Arguments, clap::Error> {
    parse(std::iter::once("heapwise").chain(words.iter().copied()).map(OsString::from).collect())
}

fn run(words: &[&str]) -> RunArguments {
    match parsed(words).expect("these arguments are right").command {
        Command::Run(run) => run,
        other => panic!("not a run: {other:?}"),
    }
}

fn script(name: &str, arguments: &[&str]) -> Program {
    Program { target: Target::Script(name.into()), arguments: arguments.iter().map(OsString::from).collect() }
}

fn module(name: &str, arguments: &[&str]) -> Program {
    Program { target: Target::Module(name.into()), ..script("", arguments) }
}

fn code(text: &str, arguments: &[&str]) -> Program {
    Program { target: Target::Code(text.into()), ..script("", arguments) }
}

#[test]
fn clap_finds_no_fault_in_the_definition() {
    Arguments::command().debug_assert();
}

#[test]
fn what_stands_behind_the_script_is_the_programs() {
    let run =
        run(&["run", "a.py", "-o", "x", "--exact", "--force", "--help", "--version", "-m", "b", "--", "-c"]);
    assert_eq!(
        run.program(),
        script("a.py", &["-o", "x", "--exact", "--force", "--help", "--version", "-m", "b", "--", "-c"])
    );
    assert_eq!((run.output, run.force, run.exact, run.no_report), (None, false, false, false));
}

#[test]
fn what_stands_before_the_script_is_heapwises() {
    for words in [
        ["run", "-o", "x", "--force", "--exact", "--no-report", "a.py"].as_slice(),
        &["run", "--output", "x", "--force", "--exact", "--no-report", "a.py"],
        &["run", "--output=x", "--force", "--exact", "--no-report", "--", "a.py"],
        &["run", "-ox", "--force", "--exact", "--no-report", "--", "a.py"],
        &["run", "--force", "--exact", "--no-report", "-o=x", "a.py"],
    ] {
        let run = run(words);
        assert_eq!(run.program(), script("a.py", &[]), "{words:?}");
        assert_eq!(run.output.as_deref(), Some("x".as_ref()), "{words:?}");
        assert!(run.force && run.exact && run.no_report, "{words:?}");
    }
}

#[test]
fn the_value_of_an_option_is_no_script() {
    assert_eq!(run(&["run", "-o", "a.py", "b.py"]).program(), script("b.py", &[]));
    assert_eq!(run(&["run", "--output", "a.py", "b.py"]).program(), script("b.py", &[]));
}

#[test]
fn a_module_takes_all_that_follows() {
    for words in [
        ["run", "--exact", "-m", "pytest", "--exact", "-o", "x", "-c", "y"].as_slice(),
        &["run", "--exact", "-mpytest", "--exact", "-o", "x", "-c", "y"],
        &["run", "--exact", "--", "-m", "pytest", "--exact", "-o", "x", "-c", "y"],
    ] {
        let run = run(words);
        assert_eq!(run.program(), module("pytest", &["--exact", "-o", "x", "-c", "y"]), "{words:?}");
        assert!(run.exact && run.output.is_none(), "{words:?}");
    }
}

#[test]
fn code_takes_all_that_follows_and_may_begin_with_a_dash() {
    assert_eq!(run(&["run", "-c", "-1", "--force"]).program(), code("-1", &["--force"]));
    assert_eq!(run(&["run", "-cprint(1)", "--", "x"]).program(), code("print(1)", &["--", "x"]));
    assert_eq!(run(&["run", "-c", "", "x"]).program(), code("", &["x"]));
    assert_eq!(run(&["run", "-m", "--help"]).program(), module("--help", &[]));
}

#[test]
fn a_double_dash_ends_the_options_once() {
    assert_eq!(run(&["run", "--", "a.py", "--", "-x"]).program(), script("a.py", &["--", "-x"]));
    assert_eq!(run(&["run", "--", "-x.py", "-x"]).program(), script("-x.py", &["-x"]));
    assert_eq!(run(&["run", "--", "--exact"]).program(), script("--exact", &[]));
}

#[test]
fn a_single_dash_is_a_script_from_stdin() {
    assert_eq!(run(&["run", "-", "-x"]).program(), script("-", &["-x"]));
}

#[test]
fn words_that_are_not_utf8_pass() {
    let odd = OsString::from_vec(b"\xff.py".to_vec());
    let typed = ["heapwise".into(), "run".into(), odd.clone(), odd.clone()];
    let Command::Run(run) = parse(typed.to_vec()).expect("these arguments are right").command else {
        panic!("not a run");
    };
    assert_eq!(run.program(), Program { target: Target::Script(odd.clone()), arguments: vec![odd] });
}

#[test]
fn what_is_missing_or_unknown_is_said() {
    use clap::error::ErrorKind;
    for (words, kind) in [
        (["run"].as_slice(), ErrorKind::MissingRequiredArgument),
        (&["run", "--"], ErrorKind::MissingRequiredArgument),
        (&["run", "-o"], ErrorKind::InvalidValue),
        (&["run", "-o", "x"], ErrorKind::MissingRequiredArgument),
        (&["run", "-m"], ErrorKind::InvalidValue),
        (&["run", "-c"], ErrorKind::InvalidValue),
        (&["run", "--exakt", "a.py"], ErrorKind::UnknownArgument),
        (&["run", "-u", "a.py"], ErrorKind::UnknownArgument),
        (&["run", "--force", "a.py"], ErrorKind::MissingRequiredArgument),
        (&["run", "--help", "a.py"], ErrorKind::DisplayHelp),
        (&["a.py"], ErrorKind::InvalidSubcommand),
        (&["report"], ErrorKind::MissingRequiredArgument),
        (&["report", "a", "--format", "pdf"], ErrorKind::InvalidValue),
        (&["report", "a", "--width", "10"], ErrorKind::ValueValidation),
        (&["--version"], ErrorKind::DisplayVersion),
        (&[], ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
    ] {
        assert_eq!(parsed(words).expect_err("these arguments are wrong").kind(), kind, "{words:?}");
    }
}
