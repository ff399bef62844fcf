//! Pure crates: given a profile they compute, and touch no disk, clock, environment, process or terminal.
//!
//! That is what makes a report the same everywhere and lets every rule be tested on values alone. Their tests may read files.

use super::tokens;
use super::tree::TrackedFile;
use super::violation::Violation;

const PURE_CRATES: &[&str] = &[
    "heapwise_capture",
    "heapwise_analysis",
    "heapwise_source",
    "heapwise_advisor",
    "heapwise_fixer",
    "heapwise_report",
    "heapwise_export",
];

/// What each pure crate must not name, and what it would touch.
const FORBIDDEN_PATHS: &[(&str, &str)] = &[
    ("std::fs", "the disk"),
    ("std::env", "the environment"),
    ("std::process", "other processes"),
    ("std::net", "the network"),
    ("std::time::Instant", "the clock"),
    ("std::time::SystemTime", "the clock"),
    ("std::io::stdin", "the terminal"),
    ("std::io::stdout", "the terminal"),
    ("std::io::stderr", "the terminal"),
];

const FORBIDDEN_MACROS: &[&str] = &["print", "println", "eprint", "eprintln", "dbg"];

const RULE: &str = "purity";

/// Checks the sources of the pure crates.
pub(crate) fn check(files: &[TrackedFile]) -> Vec<Violation> {
    files.iter().filter(|file| file.extension() == "rs" && !file.is_test()).flat_map(check_file).collect()
}

fn check_file(file: &TrackedFile) -> Vec<Violation> {
    let pure = PURE_CRATES.iter().find(|name| file.path.starts_with(&format!("crates/{name}/src/")));
    let Some(pure) = pure else { return Vec::new() };
    let violation = |line, message| Violation { path: file.path.clone(), line, rule: RULE, message };
    let used = match tokens::paths_outside_tests(&file.text) {
        Ok(used) => used,
        Err(error) => return vec![violation(0, format!("cannot be read as Rust: {error}"))],
    };
    let mut violations: Vec<Violation> = used
        .iter()
        .filter_map(|used| {
            let touched = if used.is_macro { macro_touches(&used.path) } else { path_touches(&used.path) }?;
            let mark = if used.is_macro { "!" } else { "" };
            let message = format!(
                "`{}{mark}` touches {touched}, and {pure} is pure: take what you need as an argument",
                used.path
            );
            Some(violation(used.line, message))
        })
        .collect();
    violations.dedup();
    violations
}

fn macro_touches(path: &str) -> Option<&'static str> {
    let name = path.rsplit("::").next().unwrap_or(path);
    FORBIDDEN_MACROS.contains(&name).then_some("the terminal")
}

fn path_touches(path: &str) -> Option<&'static str> {
    FORBIDDEN_PATHS.iter().find_map(|(forbidden, touched)| {
        let below =
            path.strip_prefix(forbidden).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
        // `use std::io::*` brings `stdout` without naming it.
        let hidden = path.strip_suffix('*').is_some_and(|module| forbidden.starts_with(module));
        (below || hidden).then_some(*touched)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, text: &str) -> Vec<String> {
        let file = TrackedFile { path: path.to_owned(), text: text.to_owned() };
        check(&[file]).iter().map(ToString::to_string).collect()
    }

    const PURE: &str = "crates/heapwise_analysis/src/leaks.rs";

    #[test]
    fn a_violation_names_the_line_the_path_and_the_reason() {
        assert_eq!(
            messages(PURE, "//! Leaks.\nfn f() { std::fs::read(\"x\"); }\n"),
            ["crates/heapwise_analysis/src/leaks.rs:2: [purity] `std::fs::read` touches the disk, and \
              heapwise_analysis is pure: take what you need as an argument"]
        );
    }

    #[test]
    fn every_forbidden_path_and_macro_is_found() {
        for (path, _) in FORBIDDEN_PATHS {
            assert_eq!(messages(PURE, &format!("use {path};")).len(), 1, "{path}");
        }
        for name in FORBIDDEN_MACROS {
            assert_eq!(messages(PURE, &format!("fn f() {{ {name}!(\"x\"); }}")).len(), 1, "{name}");
        }
    }

    #[test]
    fn names_brought_in_by_a_module_or_a_glob_are_found() {
        assert_eq!(messages(PURE, "use std::time;\nfn f() { time::Instant::now(); }").len(), 1);
        assert_eq!(messages(PURE, "use std::io::*;").len(), 1);
        assert_eq!(messages(PURE, "use std::*;").len(), 1);
    }

    #[test]
    fn neighbours_of_the_forbidden_are_fine() {
        let text = "use std::io::{self, Write};\nuse std::time::Duration;\nuse std::fmt::*;\n\
                    fn f(out: &mut dyn Write) { writeln!(out, \"std::fs\"); env!(\"CARGO_PKG_VERSION\"); }";
        assert_eq!(messages(PURE, text), [""; 0]);
    }

    #[test]
    fn tests_and_other_crates_may() {
        let text = "use std::fs;";
        assert_eq!(messages("crates/heapwise_cli/src/launch.rs", text), [""; 0]);
        assert_eq!(messages("crates/heapwise_analysis/tests/peak.rs", text), [""; 0]);
        assert_eq!(messages("crates/heapwise_analysis/src/leaks/tests.rs", text), [""; 0]);
        assert_eq!(messages(PURE, "#[cfg(test)]\nmod tests { use std::fs; }"), [""; 0]);
    }

    #[test]
    fn a_file_that_is_not_rust_is_a_violation() {
        assert_eq!(messages(PURE, "fn f() { ").len(), 1);
    }
}
