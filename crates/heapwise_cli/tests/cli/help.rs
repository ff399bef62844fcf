//! What `--help` and `--version` say, and what is said of wrong arguments.

use super::harness::Sandbox;

fn shown(arguments: &[&str]) -> String {
    let sandbox = Sandbox::new();
    sandbox.file("train.py", "");
    sandbox.run(arguments).shown()
}

#[test]
fn of_heapwise() {
    insta::assert_snapshot!(shown(&["--help"]));
}

#[test]
fn of_run() {
    insta::assert_snapshot!(shown(&["run", "--help"]));
}

#[test]
fn of_report() {
    insta::assert_snapshot!(shown(&["report", "--help"]));
}

#[test]
fn the_version_is_the_packages() {
    assert_eq!(
        shown(&["--version"]),
        format!(
            "exit code: 0\n----- stdout -----\nheapwise {}\n\n----- stderr -----\n",
            env!("CARGO_PKG_VERSION")
        )
    );
}

#[test]
fn an_unknown_option() {
    insta::assert_snapshot!(shown(&["run", "--exakt", "train.py"]));
}

#[test]
fn a_missing_program() {
    insta::assert_snapshot!(shown(&["run"]));
}

#[test]
fn force_without_a_name() {
    insta::assert_snapshot!(shown(&["run", "--force", "train.py"]));
}

#[test]
fn a_script_without_a_command() {
    insta::assert_snapshot!(shown(&["train.py"]));
}
