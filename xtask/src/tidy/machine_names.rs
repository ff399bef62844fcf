//! No file names the machine that it was written on: its folders, or the registry it downloads from.
//!
//! Such a name works for one person only, and tells others what is none of their business.

use super::tree::TrackedFile;
use super::violation::Violation;

/// Folders of one machine. Written in two parts, so that this file does not break its own rule.
const FOLDERS: &[&str] = &[
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/fa", "rm/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/tmp/br", "ief"),
];

/// A folder that is somebody's wherever it stands in a path.
const PYENV: &str = concat!(".pyenv/ver", "sions");

/// The home folders of nobody, for examples.
const ANYBODY: &[&str] = &[concat!("/ho", "me/user/"), concat!("/ho", "me/a/")];

/// What only a file with a registry's address in it contains.
const REGISTRY_SETTINGS: &[&str] = &[
    concat!("index", "-url"),
    concat!("find", "-links"),
    concat!("replace", "-with"),
    concat!("[regis", "tries"),
    concat!("\"resol", "ved\": \"http"),
];

/// How cargo writes the address of a registry, and the one that everybody has.
const CARGO_REGISTRY: &[&str] = &[concat!("regis", "try+http"), concat!("spar", "se+http")];
const CRATES_IO: &str = "s://github.com/rust-lang/crates.io-index";

/// Checks every line of every file.
pub(crate) fn check(files: &[TrackedFile]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            let mut violation = |rule, message| {
                violations.push(Violation { path: file.path.clone(), line: index + 1, rule, message });
            };
            if let Some(folder) = machine_folder(line) {
                let why = "a folder of one machine; use a path relative to the repository, or look it up";
                violation("machine-path", format!("names `{folder}`, {why}"));
            }
            if let Some(setting) = registry(line) {
                let why = "where packages come from is the machine's setting, not the repository's";
                violation("registry", format!("contains `{setting}`: {why}"));
            }
        }
    }
    violations
}

fn machine_folder(line: &str) -> Option<&'static str> {
    let starts_path = |at: usize| {
        let before = line[..at].chars().next_back();
        // Behind a name it is a folder somewhere inside a relative path.
        before.is_none_or(|before| !before.is_alphanumeric() && !"._-~}*".contains(before))
    };
    let named = FOLDERS.iter().copied().find(|folder| {
        line.match_indices(folder).any(|(at, _)| starts_path(at) && !is_anybodys(&line[at..]))
    });
    named.or_else(|| line.contains(PYENV).then_some(PYENV))
}

fn is_anybodys(path: &str) -> bool {
    ANYBODY.iter().any(|home| path.starts_with(home))
}

fn registry(line: &str) -> Option<&'static str> {
    let setting = REGISTRY_SETTINGS.iter().copied().find(|setting| line.contains(setting));
    setting.or_else(|| {
        CARGO_REGISTRY.iter().copied().find(|scheme| {
            line.match_indices(scheme).any(|(at, _)| !line[at + scheme.len()..].starts_with(CRATES_IO))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        let file = TrackedFile { path: "README.md".to_owned(), text: text.to_owned() };
        check(&[file]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn folders_of_a_machine_are_found_with_their_line() {
        let found = messages(&format!("one\nsee {}me/app.py\n", FOLDERS[0]));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("README.md:2: [machine-path] names"), "{found:?}");
        for folder in FOLDERS {
            assert_eq!(messages(&format!("open(\"{folder}x\")")).len(), 1, "{folder}");
            assert_eq!(messages(&format!("{folder}x")).len(), 1, "{folder}");
        }
        assert_eq!(messages(&format!("~/{PYENV}/3.12.1/bin")).len(), 1);
    }

    #[test]
    fn the_same_words_inside_a_relative_path_are_fine() {
        for folder in &FOLDERS[..5] {
            assert_eq!(messages(&format!("src{folder}x and https://example.org{folder}x")), [""; 0]);
        }
        for home in ANYBODY {
            assert_eq!(messages(&format!("File \"{home}app.py\", line 3")), [""; 0]);
        }
    }

    #[test]
    fn registry_settings_are_found() {
        for setting in REGISTRY_SETTINGS {
            let found = messages(&format!("--{setting} https://packages.example.org"));
            assert_eq!(found.len(), 1, "{setting}");
            assert!(found[0].contains("[registry]"), "{found:?}");
        }
        for scheme in CARGO_REGISTRY {
            assert_eq!(messages(&format!("source = \"{scheme}s://packages.example.org/index\"")).len(), 1);
            assert_eq!(messages(&format!("source = \"{scheme}{CRATES_IO}\"")), [""; 0]);
        }
    }
}
