//! A program under `heapwise run` is what it is under Python alone: arguments, names, streams, messages, codes.

use std::io::Write;
use std::process::{Command, Stdio};

use super::harness::{Finished, Sandbox};

/// Tells all that a program can see of how it was started.
const TELLS: &str = "import os, sys\n\
                     print(sys.argv, sys.path[0], __name__, globals().get('__file__'), sys.flags.no_site)\n\
                     print(__spec__ and __spec__.name, sys.stdin.read(), os.getcwd(), sys.stdout.isatty())\n\
                     print('to stderr', file=sys.stderr)\n\
                     def fails(): raise ValueError(sys.argv[-1])\n\
                     fails()\n";

/// Runs `command` with `input` on its stdin.
fn fed(sandbox: &Sandbox, mut command: Command, input: &[u8]) -> Finished {
    let file = sandbox.path("input");
    std::fs::File::create(&file).and_then(|mut file| file.write_all(input)).expect("a file");
    command.stdin(Stdio::from(std::fs::File::open(file).expect("the file")));
    sandbox.finish(command)
}

/// Runs a program with Python alone and under heapwise; returns the first, which the second was equal to.
fn compared(sandbox: &Sandbox, arguments: &[&str], input: &[u8]) -> Finished {
    let mut alone = sandbox.command(sandbox.interpreter());
    alone.args(arguments);
    let alone = fed(sandbox, alone, input);
    let under = fed(sandbox, sandbox.heapwise(["run"].iter().chain(arguments)), input);
    // No agent, no report: one line says so, behind everything that the program wrote.
    let of_program =
        under.stderr.split_once("heapwise: warning: nothing was recorded").map(|(before, _)| before);
    let under = Finished { stderr: of_program.unwrap_or(&under.stderr).to_owned(), ..under };
    assert_eq!(under, alone, "{arguments:?}");
    alone
}

#[test]
fn in_every_way_to_start_a_program() {
    let sandbox = Sandbox::new();
    sandbox.file("train.py", TELLS);
    sandbox.file("package/__init__.py", "");
    sandbox.file("package/__main__.py", TELLS);
    sandbox.file("package/part.py", TELLS);
    sandbox.file("-odd.py", TELLS);
    let zipped =
        sandbox.command(sandbox.interpreter()).args(["-m", "zipapp", "package", "-o", "app.pyz"]).status();
    assert!(zipped.expect("zipapp runs").success());
    let absolute = sandbox.work("train.py");
    for program in [
        ["train.py"].as_slice(),
        &[&absolute.to_string_lossy()],
        &["package"],
        &["app.pyz"],
        &["-m", "package"],
        &["-m", "package.part"],
        &["-mpackage.part"],
        &["-c", TELLS],
        &["--", "-odd.py"],
    ] {
        let arguments = [program, &["-o", "two words", "--exact", "--", "", "é", "-m"]].concat();
        let alone = compared(&sandbox, &arguments, b"line 1\nline 2\n");
        assert_eq!(alone.code(), Some(1), "{}", alone.shown());
        assert!(
            alone.stdout.contains("line 2") && alone.stderr.contains("ValueError: -m"),
            "{}",
            alone.shown()
        );
    }
}

#[test]
fn when_the_program_comes_from_stdin() {
    let sandbox = Sandbox::new();
    let alone = compared(&sandbox, &["-", "x"], b"import sys; print(sys.argv); sys.exit(12)");
    assert_eq!((alone.code(), alone.stdout.as_str()), (Some(12), "['-', 'x']\n"));
}

#[test]
fn when_python_itself_finds_fault_with_the_program() {
    let sandbox = Sandbox::new();
    sandbox.file("broken.py", "def f(:\n");
    sandbox.file("empty/file", "");
    for (arguments, code) in [
        (["broken.py"].as_slice(), 1),
        (&["empty"], 1),
        (&["-m", "no_such_module"], 1),
        (&["-m", ""], 1),
        (&["-c", "1 +"], 1),
    ] {
        let alone = compared(&sandbox, arguments, b"");
        assert_eq!(alone.code(), Some(code), "{}", alone.shown());
        assert!(!alone.stderr.is_empty());
    }
    assert_eq!(sandbox.names(), ["broken.py", "empty"]);
}

#[test]
fn in_its_exit_code() {
    let sandbox = Sandbox::new();
    for code in ["0", "1", "2", "3", "77", "255", "256", "-1", "None", "'a message'"] {
        compared(&sandbox, &["-c", &format!("import sys; sys.exit({code})")], b"");
    }
    compared(&sandbox, &["-c", "import os; os._exit(41)"], b"");
    compared(&sandbox, &["-c", "import os; os.abort()"], b"");
}
