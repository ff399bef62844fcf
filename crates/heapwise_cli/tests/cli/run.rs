//! `heapwise run`: what it refuses, what it leaves behind, and what it says at the end.

use std::fs;
use std::process::Stdio;

use heapwise_profile::{Ending, Header, Outcome};

use super::harness::{Finished, Sandbox, capture};

/// Records the capture that lies beside it as if an agent had, then does what it is told.
const RECORDS: &str = "import os, shutil, sys\n\
                       shutil.copyfile('prepared', os.environ['HEAPWISE_CAPTURE'])\n\
                       exec(sys.argv[1] if len(sys.argv) > 1 else '')\n";

/// A sandbox with a script `train.py` that records `recorded`.
fn recording(recorded: &[u8]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("prepared", recorded);
    sandbox.file("train.py", RECORDS);
    sandbox
}

fn header_of(sandbox: &Sandbox, name: &str) -> Header {
    Header::decode(&fs::read(sandbox.work(name)).expect("the capture")).expect("a header")
}

#[test]
fn a_run_leaves_a_stamped_capture_and_says_what_is_in_it() {
    let sandbox = recording(&capture());
    let finished = sandbox.run(["run", "train.py", "print('mine'); sys.exit(3)"]);
    assert_eq!((finished.code(), finished.stdout.as_str()), (Some(3), "mine\n"));
    let same_again = sandbox.run(["report", "train.heapwise"]);
    assert_eq!(
        finished.stderr,
        format!(
            "\n{}\nheapwise: the capture is train.heapwise\nSee it again: heapwise report train.heapwise\n",
            same_again.stdout
        )
    );
    let Outcome { ending, max_rss_bytes, duration_ns, .. } = header_of(&sandbox, "train.heapwise").outcome;
    assert_eq!(ending, Some(Ending::Code(3)));
    assert!((3_000_000..1_000_000_000).contains(&max_rss_bytes), "{max_rss_bytes}");
    assert!((1_000_000..120_000_000_000).contains(&duration_ns), "{duration_ns}");
}

#[test]
fn only_the_stamp_differs_from_what_the_program_recorded() {
    let sandbox = recording(&capture());
    sandbox.run(["run", "--no-report", "train.py"]);
    let mut stamped = fs::read(sandbox.work("train.heapwise")).expect("the capture");
    let prepared = capture();
    stamped[48..88].copy_from_slice(&prepared[48..88]);
    assert!(stamped == prepared);
}

#[test]
fn a_signal_is_stamped_too() {
    let sandbox = recording(&capture());
    sandbox.run(["run", "--no-report", "train.py", "os.kill(os.getpid(), 9)"]);
    assert_eq!(header_of(&sandbox, "train.heapwise").outcome.ending, Some(Ending::Signal(9)));
}

#[test]
fn no_report_means_not_a_word() {
    let sandbox = recording(&capture());
    let finished = sandbox.run(["run", "--no-report", "train.py"]);
    assert_eq!((finished.code(), finished.stderr.as_str()), (Some(0), ""));
    assert_eq!(sandbox.names(), ["prepared", "train.heapwise", "train.py"]);
}

#[test]
fn what_is_no_capture_is_not_written_to() {
    let foreign = vec![b'x'; 10_000];
    let sandbox = recording(&foreign);
    let finished = sandbox.run(["run", "train.py", "sys.exit(4)"]);
    assert_eq!(finished.code(), Some(4));
    assert!(fs::read(sandbox.work("train.heapwise")).expect("the file") == foreign);
    insta::assert_snapshot!(finished.stderr);
}

#[test]
fn a_damaged_capture_gives_a_partial_report_and_the_programs_code() {
    let whole = capture();
    let sandbox = recording(&whole[..whole.len() - 1000]);
    let finished = sandbox.run(["run", "train.py"]);
    assert_eq!(finished.code(), Some(0));
    assert!(finished.stderr.contains("the file is cut off"), "{}", finished.stderr);
}

#[test]
fn a_capture_that_the_program_removed_is_missed() {
    let sandbox = recording(&capture());
    let finished = sandbox.run(["run", "train.py", "os.unlink('train.heapwise')"]);
    assert_eq!(finished.code(), Some(0));
    insta::assert_snapshot!(finished.stderr);
}

#[test]
fn captures_are_named_after_the_program_and_never_overwritten() {
    let sandbox = Sandbox::new();
    let copies = "import os; open(os.environ['HEAPWISE_CAPTURE'], 'w').write('x')";
    sandbox.file("train.py", copies);
    sandbox.file("package/__main__.py", copies);
    sandbox.file("package/part.py", copies);
    for arguments in
        [["train.py"].as_slice(), &["./train.py"], &["package"], &["-m", "package.part"], &["-c", copies]]
    {
        let run = ["run", "--no-report"].iter().chain(arguments);
        assert_eq!(sandbox.run(run).code(), Some(0), "{arguments:?}");
    }
    assert_eq!(
        sandbox.names(),
        [
            "command.heapwise",
            "package",
            "package.heapwise",
            "package.part.heapwise",
            "train.2.heapwise",
            "train.heapwise",
            "train.py"
        ]
    );
}

#[test]
fn runs_at_the_same_time_get_files_of_their_own() {
    let sandbox = Sandbox::new();
    // Each waits until its stdin is closed, so that all run at once.
    sandbox.file(
        "train.py",
        "import os, sys; open(os.environ['HEAPWISE_CAPTURE'], 'w').write('x'); sys.stdin.read()",
    );
    let start = |_| {
        let mut command = sandbox.heapwise(["run", "--no-report", "train.py"]);
        command.stdin(Stdio::piped()).spawn().expect("it starts")
    };
    let mut running: Vec<_> = (0..6).map(start).collect();
    for child in &mut running {
        drop(child.stdin.take());
    }
    for mut child in running {
        assert!(child.wait().expect("its end").success());
    }
    assert_eq!(sandbox.names().len(), 7);
}

#[test]
fn the_program_is_told_where_and_how_to_record() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "train.py",
        "import os\n\
         names = sorted(name for name in os.environ if name.startswith('HEAPWISE'))\n\
         print(*names, os.environ['HEAPWISE_MODE'], os.environ['HEAPWISE_CAPTURE'])\n\
         print(os.environ['HEAPWISE_LAUNCHER_PID'] == str(os.getppid()), os.getpgrp() == os.getpgid(os.getppid()))\n\
         print(os.path.getsize(os.environ['HEAPWISE_CAPTURE']))\n",
    );
    let names = "HEAPWISE_CAPTURE HEAPWISE_LAUNCHER_PID HEAPWISE_MODE HEAPWISE_PYTHON";
    let sampled = sandbox.run(["run", "train.py"]).stdout;
    assert_eq!(sampled, format!("{names} sampled [FOLDER]/here/train.heapwise\nTrue True\n0\n"));
    let exact = sandbox.run(["run", "--exact", "-o", "../other", "train.py"]).stdout;
    assert_eq!(exact, format!("{names} exact [FOLDER]/here/../other\nTrue True\n0\n"));
}

#[test]
fn a_name_that_exists_is_refused_without_force() {
    let sandbox = recording(&capture());
    sandbox.file("old.heapwise", "old");
    let refused = sandbox.run(["run", "-o", "old.heapwise", "train.py"]);
    assert_eq!(fs::read(sandbox.work("old.heapwise")).expect("the old file"), b"old");
    insta::assert_snapshot!(refused.shown());
    let forced = sandbox.run(["run", "-o", "old.heapwise", "--force", "train.py"]);
    assert_eq!(forced.code(), Some(0));
    assert_eq!(header_of(&sandbox, "old.heapwise").outcome.ending, Some(Ending::Code(0)));
    assert_eq!(sandbox.names(), ["old.heapwise", "prepared", "train.py"]);
}

#[test]
fn force_keeps_the_old_file_if_the_program_cannot_start() {
    let sandbox = recording(&capture());
    sandbox.file("old.heapwise", "old");
    sandbox.executable("bin/python", "#!/no/such/shell\n");
    let finished = sandbox.run(["run", "-o", "old.heapwise", "--force", "train.py"]);
    assert_eq!(finished.code(), Some(2));
    assert_eq!(fs::read(sandbox.work("old.heapwise")).expect("the old file"), b"old");
    assert_eq!(sandbox.names(), ["old.heapwise", "prepared", "train.py"]);
}

/// Runs it; nothing may have been started or left behind.
fn refused(arguments: &[&str]) -> String {
    let sandbox = Sandbox::new();
    sandbox.file("train.py", "print('started')");
    sandbox.file("folder/inside", "");
    let finished = sandbox.run(arguments);
    assert_eq!((finished.code(), finished.stdout.as_str()), (Some(2), ""), "{}", finished.shown());
    assert_eq!(sandbox.names(), ["folder", "train.py"]);
    finished.stderr
}

#[test]
fn what_cannot_work_is_refused_before_the_program_starts() {
    insta::assert_snapshot!(
        [
            ["run", "missing.py"].as_slice(),
            &["run", "train"],
            &["run", "pytest"],
            &["run", "train.py/inside"],
            &["run", "-o", "folder", "train.py"],
            &["run", "-o", "missing/x.heapwise", "train.py"],
            &["run", "-o", "train.py/x.heapwise", "train.py"],
            &["run", "-o", "/dev/null", "--force", "train.py"],
        ]
        .map(|arguments| format!("$ heapwise {}\n{}", arguments.join(" "), refused(arguments)))
        .join("\n")
    );
}

#[test]
fn an_interpreter_that_cannot_be_started_is_named() {
    let sandbox = Sandbox::new();
    sandbox.file("train.py", "");
    sandbox.executable("bin/broken", "#!/no/such/shell\n");
    let with_python = |python: &str| {
        let mut command = sandbox.heapwise(["run", "train.py"]);
        command.env("HEAPWISE_PYTHON", python);
        let finished = sandbox.finish(command);
        assert_eq!(finished.code(), Some(2));
        assert_eq!(sandbox.names(), ["train.py"]);
        finished.stderr
    };
    let broken = sandbox.path("bin/broken");
    insta::assert_snapshot!(
        ["/no/such/python", "no-such-python", "./train.py", &broken.to_string_lossy()]
            .map(with_python)
            .join("\n")
    );
}

#[test]
fn where_no_capture_can_be_created_the_program_runs_unprofiled() {
    let sandbox = Sandbox::new();
    sandbox.file("train.py", "import os, sys; print(os.environ.get('HEAPWISE_CAPTURE')); sys.exit(6)");
    // No file can be created in /proc, whoever asks.
    let mut command = sandbox.heapwise(["run", "-o", "/proc/x.heapwise", "train.py"]);
    command.env("HEAPWISE_CAPTURE", "/outer/run");
    let finished = sandbox.finish(command);
    insta::assert_snapshot!(finished.shown());
}

#[test]
fn without_heapwise_in_the_interpreter_the_person_is_told() {
    let sandbox = Sandbox::new();
    let finished = sandbox.run(["run", "-c", "raise SystemExit(9)"]);
    assert_eq!(sandbox.names(), [""; 0]);
    insta::assert_snapshot!(finished.shown());
}

#[test]
fn a_file_that_cannot_grow_is_not_taken_for_a_missing_agent() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("sh");
    let script = "ulimit -f 0; exec \"$0\" run -c 'import sys; sys.exit(5)'";
    command.args(["-c", script, env!("CARGO_BIN_EXE_heapwise")]);
    let finished = sandbox.finish(command);
    let line = "heapwise: warning: nothing was recorded: cannot write to command.heapwise: File too large\n";
    assert_eq!((finished.code(), finished.stderr.as_str()), (Some(5), line));
    assert_eq!(sandbox.names(), [""; 0]);
}

#[test]
fn an_agent_that_refused_has_spoken_already() {
    let sandbox = Sandbox::new();
    let refused = sandbox.run(["run", "-c", "import sys; print('why', file=sys.stderr); sys.exit(78)"]);
    assert_eq!((refused.code(), refused.stderr.as_str()), (Some(2), "why\n"));
    assert_eq!(sandbox.names(), [""; 0]);
}

#[test]
fn the_code_of_a_refusal_is_the_programs_own_once_it_recorded() {
    let sandbox = recording(&capture());
    assert_eq!(sandbox.run(["run", "train.py", "sys.exit(78)"]).code(), Some(78));
    assert_eq!(sandbox.names(), ["prepared", "train.heapwise", "train.py"]);
}

#[test]
fn the_interpreter_of_the_active_environment_is_taken_before_that_of_path() {
    let sandbox = Sandbox::new();
    sandbox.executable("environment/bin/python", "#!/bin/sh\necho active \"$@\"\n");
    sandbox.executable("path/python3", "#!/bin/sh\necho path \"$@\"\n");
    sandbox.file("train.py", "");
    let run = |environment: Option<&str>| -> Finished {
        let mut command = sandbox.heapwise(["run", "train.py", "-x"]);
        command.env_remove("HEAPWISE_PYTHON").env("PATH", sandbox.path("path"));
        if let Some(environment) = environment {
            command.env("VIRTUAL_ENV", sandbox.path(environment));
        }
        sandbox.finish(command)
    };
    assert_eq!(run(Some("environment")).stdout, "active train.py -x\n");
    assert_eq!(run(Some("deleted")).stdout, "path train.py -x\n");
    assert_eq!(run(None).stdout, "path train.py -x\n");
}
