//! Who may import whom: the two halves of heapwise meet in the capture format and nowhere else.
//!
//! The table below is the only list of the allowed directions; ARCHITECTURE.md explains it.

use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata};

use super::violation::Violation;

/// Each crate of the workspace and the crates of the workspace that it may use.
/// Nothing may use `heapwise_agent`: it appears on no right side.
const ALLOWED: &[(&str, &[&str])] = &[
    ("heapwise_capture", &[]),
    ("heapwise_cpython", &[]),
    ("heapwise_inspector", &["heapwise_capture", "heapwise_cpython"]),
    ("heapwise_agent", &["heapwise_capture", "heapwise_cpython", "heapwise_inspector"]),
    ("heapwise_profile", &["heapwise_capture"]),
    ("heapwise_analysis", &["heapwise_profile"]),
    ("heapwise_source", &[]),
    ("heapwise_advisor", &["heapwise_analysis", "heapwise_profile", "heapwise_source"]),
    ("heapwise_report", &["heapwise_advisor", "heapwise_analysis", "heapwise_profile"]),
    ("heapwise_export", &["heapwise_analysis", "heapwise_profile"]),
    ("heapwise_page", &["heapwise_report", "heapwise_advisor", "heapwise_analysis", "heapwise_profile"]),
    ("heapwise_fixer", &["heapwise_advisor", "heapwise_profile", "heapwise_source"]),
    (
        "heapwise_cli",
        &[
            "heapwise_report",
            "heapwise_page",
            "heapwise_export",
            "heapwise_fixer",
            "heapwise_advisor",
            "heapwise_source",
            "heapwise_analysis",
            "heapwise_profile",
            "heapwise_capture",
        ],
    ),
    ("heapwise_testkit", &["heapwise_capture"]),
    ("xtask", &[]),
];

/// What the tests of the crates that have a row with something in it may use beside that: they write captures.
const ALLOWED_IN_TESTS: &[&str] = &["heapwise_capture", "heapwise_testkit"];

const RULE: &str = "imports";

/// A crate of the workspace and what its manifest names.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// The package's name.
    pub(crate) name: String,
    /// Its manifest, from the root of the repository.
    pub(crate) manifest: String,
    /// Every dependency: name, and whether it is for tests only.
    pub(crate) dependencies: Vec<(String, bool)>,
}

/// The workspace's members out of cargo's own reading of the manifests.
pub(crate) fn members(metadata: &Metadata, root: &Path) -> Vec<Member> {
    metadata
        .workspace_packages()
        .into_iter()
        .map(|package| {
            let manifest = package.manifest_path.as_std_path();
            Member {
                name: package.name.to_string(),
                manifest: manifest.strip_prefix(root).unwrap_or(manifest).to_string_lossy().into_owned(),
                dependencies: package
                    .dependencies
                    .iter()
                    .map(|dependency| {
                        (dependency.name.clone(), dependency.kind == DependencyKind::Development)
                    })
                    .collect(),
            }
        })
        .collect()
}

/// Every dependency between members that the table does not allow, and every member without a row.
pub(crate) fn check(members: &[Member]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for member in members {
        let violation = |message| Violation { path: member.manifest.clone(), line: 0, rule: RULE, message };
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == member.name) else {
            violations.push(violation(format!(
                "{} has no row in the table of xtask/src/tidy/imports.rs: say there, and in ARCHITECTURE.md, \
                 what it may use",
                member.name
            )));
            continue;
        };
        for (dependency, tests_only) in &member.dependencies {
            let of_workspace = members.iter().any(|other| other.name == *dependency);
            let in_tests =
                *tests_only && ALLOWED_IN_TESTS.contains(&dependency.as_str()) && !allowed.is_empty();
            if !of_workspace || allowed.contains(&dependency.as_str()) || in_tests {
                continue;
            }
            let why = if dependency == "heapwise_agent" {
                "nothing depends on the agent; it and the readers meet in the capture format only".to_owned()
            } else if allowed.is_empty() {
                format!("{} uses no other crate of the workspace", member.name)
            } else {
                format!("it may use {} and nothing else of the workspace", allowed.join(", "))
            };
            violations.push(violation(format!("{} must not use {dependency}: {why}", member.name)));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, dependencies: &[(&str, bool)]) -> Member {
        Member {
            name: name.to_owned(),
            manifest: format!("crates/{name}/Cargo.toml"),
            dependencies: dependencies.iter().map(|(name, tests)| ((*name).to_owned(), *tests)).collect(),
        }
    }

    fn messages(members: &[Member]) -> Vec<String> {
        check(members).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_table_itself_is_allowed_and_so_are_crates_from_elsewhere() {
        let members: Vec<Member> = ALLOWED
            .iter()
            .map(|(name, uses)| {
                let mut dependencies: Vec<(&str, bool)> = uses.iter().map(|used| (*used, false)).collect();
                dependencies.push(("libc", false));
                member(name, &dependencies)
            })
            .collect();
        assert_eq!(messages(&members), Vec::<String>::new());
    }

    #[test]
    fn no_row_allows_the_agent_and_every_name_in_it_has_a_row() {
        for (name, uses) in ALLOWED {
            assert!(!uses.contains(&"heapwise_agent"), "{name}");
            for used in *uses {
                assert!(ALLOWED.iter().any(|(row, _)| row == used), "{used}");
            }
        }
    }

    #[test]
    fn depending_on_the_agent_is_named_even_in_tests() {
        for tests_only in [false, true] {
            let members =
                [member("heapwise_agent", &[]), member("heapwise_cli", &[("heapwise_agent", tests_only)])];
            assert_eq!(
                messages(&members),
                [
                    "crates/heapwise_cli/Cargo.toml: [imports] heapwise_cli must not use heapwise_agent: nothing \
                  depends on the agent; it and the readers meet in the capture format only"
                ]
            );
        }
    }

    #[test]
    fn the_wrong_direction_is_a_violation() {
        let members =
            [member("heapwise_report", &[]), member("heapwise_analysis", &[("heapwise_report", false)])];
        assert_eq!(
            messages(&members),
            [
                "crates/heapwise_analysis/Cargo.toml: [imports] heapwise_analysis must not use heapwise_report: \
              it may use heapwise_profile and nothing else of the workspace"
            ]
        );
    }

    #[test]
    fn tests_may_write_captures_but_the_code_may_not_reach_past_the_profile() {
        let capture = member("heapwise_capture", &[]);
        let tests = [capture.clone(), member("heapwise_analysis", &[("heapwise_capture", true)])];
        assert_eq!(messages(&tests), Vec::<String>::new());
        let code = [capture, member("heapwise_analysis", &[("heapwise_capture", false)])];
        assert_eq!(messages(&code).len(), 1);
    }

    #[test]
    fn the_crates_that_use_nothing_use_nothing_in_tests_either() {
        let members =
            [member("heapwise_capture", &[]), member("heapwise_cpython", &[("heapwise_capture", true)])];
        assert_eq!(
            messages(&members),
            [
                "crates/heapwise_cpython/Cargo.toml: [imports] heapwise_cpython must not use heapwise_capture: \
              heapwise_cpython uses no other crate of the workspace"
            ]
        );
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        let found = messages(&[member("heapwise_cloud", &[])]);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("heapwise_cloud has no row"), "{found:?}");
    }
}
