//! `xtask tidy` as it is run: over a repository on disk, with git and cargo reading it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A small repository in which every rule holds.
fn repository() -> TempDir {
    let root = TempDir::new().expect("a temporary folder");
    let manifest = |name: &str, dependencies: &str| {
        format!(
            "[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}"
        )
    };
    let at = root.path();
    write(
        at,
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n\n[workspace.package]\nversion = \"1.0.0\"\n",
    );
    write(at, "crates/heapwise_agent/Cargo.toml", &manifest("heapwise_agent", ""));
    write(at, "crates/heapwise_agent/src/lib.rs", "//! The agent.\n");
    write(at, "crates/heapwise_analysis/Cargo.toml", &manifest("heapwise_analysis", ""));
    write(at, "crates/heapwise_analysis/src/lib.rs", "//! Analysis.\n");
    write(at, "python/heapwise/__init__.py", "\"\"\"The package.\"\"\"\n__version__ = \"1.0.0\"\n");
    write(at, ".gitignore", "/ignored\n");
    write(at, "ignored/utils.rs", "fn ignored() {}\n");
    let made = Command::new("git").arg("init").arg("--quiet").current_dir(at).status().expect("git runs");
    assert!(made.success());
    root
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("folders can be made");
    fs::write(path, text).expect("files can be written");
}

fn tidy(root: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("tidy")
        .current_dir(root.join("crates"))
        .output()
        .expect("xtask runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("xtask prints text")
}

#[test]
fn a_clean_repository_passes() {
    let root = repository();
    let output = tidy(root.path());
    assert_eq!(stdout(&output), "tidy: 7 files, every rule holds\n", "{output:?}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn each_broken_rule_is_one_line_and_the_exit_code_is_1() {
    let root = repository();
    let at = root.path();
    write(
        at,
        "crates/heapwise_analysis/Cargo.toml",
        "[package]\nname = \"heapwise_analysis\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nheapwise_agent = { path = \"../heapwise_agent\" }\n",
    );
    write(at, "crates/heapwise_analysis/src/utils.rs", "//! Things.\nuse std::fs;\n");
    write(at, "crates/heapwise_agent/src/long.rs", &"\n".repeat(801));
    write(at, "python/heapwise/__init__.py", "__version__ = \"2.0.0\"\n");
    write(at, "notes.md", concat!("in /ro", "ot/notes\n"));
    let output = tidy(at);
    let printed = stdout(&output);
    let found: Vec<&str> = printed
        .lines()
        .filter_map(|line| line.split_once(']').map(|(place_and_rule, _)| place_and_rule))
        .collect();
    assert_eq!(
        found,
        [
            "crates/heapwise_agent/src/long.rs: [length",
            "crates/heapwise_agent/src/long.rs:1: [module-doc",
            "crates/heapwise_analysis/Cargo.toml: [imports",
            "crates/heapwise_analysis/src/utils.rs: [name",
            "crates/heapwise_analysis/src/utils.rs:2: [purity",
            "notes.md:1: [machine-path",
            "python/heapwise/__init__.py: [version",
            "python/heapwise/__init__.py:1: [module-doc",
        ],
        "{output:?}"
    );
    assert!(printed.ends_with("files, 8 violations\n"), "{printed}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn an_unknown_task_prints_the_usage_and_exits_with_2() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).arg("tody").output().expect("xtask runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("usage: cargo xtask tidy"), "{output:?}");
}
