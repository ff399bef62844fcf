//! `heapwise report` on captures of every kind.

use std::fs;
use std::io::pipe;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use serde_json::Value;

use super::harness::{Sandbox, capture};

fn sandbox(bytes: impl AsRef<[u8]>) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("a.heapwise", bytes);
    sandbox
}

#[test]
fn text_goes_to_stdout_and_nothing_to_stderr() {
    let finished = sandbox(capture()).run(["report", "a.heapwise"]);
    assert_eq!((finished.code(), finished.stderr.as_str()), (Some(0), ""));
    assert!(finished.stdout.contains("3.0 MB"), "{}", finished.stdout);
    assert!(!finished.stdout.contains('\x1b'), "{}", finished.stdout);
}

#[test]
fn the_text_is_as_wide_as_was_asked() {
    let sandbox = sandbox(capture());
    for (width, arguments) in
        [(80, ["report", "a.heapwise"].as_slice()), (60, &["report", "a.heapwise", "--width", "60"])]
    {
        let text = sandbox.run(arguments).stdout;
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest.is_some_and(|widest| widest > 40 && widest <= width), "{text}");
    }
}

#[test]
fn json_can_be_read_by_programs() {
    let finished = sandbox(capture()).run(["report", "--format", "json", "a.heapwise"]);
    assert_eq!((finished.code(), finished.stderr.as_str()), (Some(0), ""));
    let report: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    assert_eq!(report["peak"]["heap_bytes"], 3_000_000);
    assert_eq!(report["leaked_bytes"], 1_000_000);
}

#[test]
fn a_file_gets_the_same_and_replaces_what_was_there() {
    let sandbox = sandbox(capture());
    for format in ["text", "json"] {
        let shown = sandbox.run(["report", "a.heapwise", "--format", format]).stdout;
        let written = sandbox.run(["report", "a.heapwise", "--format", format, "-o", "out"]);
        assert_eq!((written.code(), written.stdout.as_str(), written.stderr.as_str()), (Some(0), "", ""));
        assert_eq!(fs::read_to_string(sandbox.work("out")).expect("the file"), shown);
        assert_eq!(sandbox.names(), ["a.heapwise", "out"]);
    }
}

#[test]
fn a_new_file_has_the_usual_mode_and_an_old_one_keeps_its_own() {
    let sandbox = sandbox(capture());
    let usual = sandbox.file("usual", "").metadata().expect("the file").mode();
    sandbox.run(["report", "a.heapwise", "-o", "new"]);
    assert_eq!(sandbox.work("new").metadata().expect("the file").mode(), usual);
    let old = sandbox.file("old", "");
    fs::set_permissions(&old, fs::Permissions::from_mode(0o640)).expect("the mode");
    symlink("old", sandbox.work("link")).expect("a link");
    sandbox.run(["report", "a.heapwise", "-o", "link"]);
    assert_eq!(old.metadata().expect("the file").mode() & 0o7777, 0o640);
    assert!(old.metadata().expect("the file").len() > 0);
    assert!(sandbox.work("link").is_symlink());
}

#[test]
fn a_device_is_written_to() {
    let sandbox = sandbox(capture());
    let direct = sandbox.run(["report", "a.heapwise"]);
    assert_eq!(sandbox.run(["report", "a.heapwise", "-o", "/dev/stdout"]), direct);
}

#[test]
fn a_report_that_cannot_be_written_leaves_nothing_behind() {
    let sandbox = sandbox(capture());
    let shown = |arguments: &[&str]| {
        let finished = sandbox.run(arguments);
        assert_eq!(finished.stdout, "");
        format!("$ heapwise {}\nexit code: {:?}\n{}", arguments.join(" "), finished.code(), finished.stderr)
    };
    insta::assert_snapshot!(
        [
            shown(&["report", "a.heapwise", "-o", "."]),
            shown(&["report", "a.heapwise", "-o", "missing/out"]),
            shown(&["report", "a.heapwise", "-o", "./a.heapwise"]),
            shown(&["report", "a.heapwise", "-o", "/dev/full"]),
        ]
        .join("\n")
    );
    assert_eq!(sandbox.names(), ["a.heapwise"]);
    assert!(fs::read(sandbox.work("a.heapwise")).expect("the capture") == capture());
}

#[test]
fn a_full_stdout_is_an_error_and_a_closed_pipe_is_none() {
    let sandbox = sandbox(capture());
    let mut full = sandbox.command("sh");
    full.args(["-c", "exec \"$0\" report a.heapwise > /dev/full", env!("CARGO_BIN_EXE_heapwise")]);
    let finished = sandbox.finish(full);
    assert_eq!(finished.code(), Some(1));
    assert_eq!(finished.stderr, "heapwise: error: cannot write the report: No space left on device\n");
    for arguments in
        [["report", "a.heapwise"].as_slice(), &["report", "a.heapwise", "--format", "json"], &["--help"]]
    {
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        let mut command = sandbox.heapwise(arguments);
        let child = command.stdout(writer).stderr(std::process::Stdio::piped()).spawn().expect("it starts");
        let finished = child.wait_with_output().expect("its end");
        assert_eq!(
            (finished.status.code(), finished.stderr.as_slice()),
            (Some(0), [].as_slice()),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_truncated_capture_gives_what_is_left_and_says_what_is_missing() {
    let whole = capture();
    let sandbox = sandbox(&whole[..whole.len() - 1000]);
    let finished = sandbox.run(["report", "a.heapwise", "--format", "json"]);
    assert_eq!(finished.code(), Some(3));
    let report: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    assert_eq!(report["run"]["problems"].as_array().map(Vec::len), Some(finished.stderr.lines().count()));
    insta::assert_snapshot!(finished.stderr);
    let text = sandbox.run(["report", "a.heapwise"]);
    assert_eq!((text.code(), text.stderr), (Some(3), finished.stderr));
    assert!(!text.stdout.is_empty());
    let written = sandbox.run(["report", "a.heapwise", "-o", "out"]);
    assert_eq!(written.code(), Some(3));
    assert_eq!(fs::read_to_string(sandbox.work("out")).expect("the partial report"), text.stdout);
}

#[test]
fn wherever_it_is_cut_the_end_is_orderly() {
    let whole = capture();
    for length in [1, 8, 11, 12, 100, 4095, 4096, 4100, 4120, 4200, 5000, whole.len() / 2] {
        let finished = sandbox(&whole[..length]).run(["report", "a.heapwise"]);
        let expected = if length < 4096 { 2 } else { 3 };
        assert_eq!(finished.code(), Some(expected), "cut at {length}: {}", finished.shown());
        assert!(finished.stderr.starts_with("heapwise: "), "{}", finished.stderr);
    }
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let mut newer = capture();
    newer[8] = 200;
    let kinds: [(&str, &[u8]); 5] = [
        ("empty", b""),
        ("a picture", b"\x89PNG\r\n\x1a\n"),
        ("a cut header", &capture()[..100]),
        ("a newer version", &newer),
        ("zeroes", &[0; 10_000]),
    ];
    let mut shown = kinds.map(|(kind, bytes)| (kind, sandbox(bytes).run(["report", "a.heapwise"]))).to_vec();
    shown.push(("missing", Sandbox::new().run(["report", "a.heapwise"])));
    shown.push(("a directory", Sandbox::new().run(["report", "."])));
    shown.push(("a device", Sandbox::new().run(["report", "/dev/zero"])));
    let lines = shown.into_iter().map(|(kind, finished)| {
        assert_eq!((finished.code(), finished.stdout.as_str()), (Some(2), ""), "{kind}");
        format!("{kind}\n{}", finished.stderr)
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}
