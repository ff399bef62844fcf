//! No file names the machine that it was written on: its folders, or the registry it downloads from.
//!
//! Such a name works for one person only, and tells others what is none of their business. Made-up home folders are
//! fine, examples need them; the home folder of whoever runs this is not.

use std::path::Path;

use super::tree::TrackedFile;
use super::violation::Violation;

/// Folders of one machine. Written in two parts, so that this file does not break its own rule.
const FOLDERS: &[&str] =
    &[concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/fa", "rm/"), concat!("/tmp/br", "ief")];

/// A folder that is somebody's wherever it stands in a path.
const PYENV: &str = concat!(".pyenv/ver", "sions");

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

/// Checks every line of every file. `own` are folders of the machine at hand: the home, the repository.
pub(crate) fn check(files: &[TrackedFile], own: &[&Path]) -> Vec<Violation> {
    let own: Vec<String> = own
        .iter()
        .filter(|folder| folder.is_absolute() && folder.components().count() > 1)
        .filter_map(|folder| Some(format!("{}/", folder.to_str()?.trim_end_matches('/'))))
        .collect();
    let folders: Vec<&str> = own.iter().map(String::as_str).chain(FOLDERS.iter().copied()).collect();
    let mut violations = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            let mut violation = |rule, message| {
                violations.push(Violation { path: file.path.clone(), line: index + 1, rule, message });
            };
            if let Some(folder) = machine_folder(line, &folders) {
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

fn machine_folder<'folder>(line: &str, folders: &[&'folder str]) -> Option<&'folder str> {
    let starts_path = |at: usize| {
        let before = line[..at].chars().next_back();
        // Behind a name, or what stands for one, it is a folder somewhere inside another path.
        before.is_none_or(|before| !before.is_alphanumeric() && !"._-~}])*".contains(before))
    };
    let named = |folder: &&str| line.match_indices(folder).any(|(at, _)| starts_path(at));
    folders.iter().copied().find(named).or_else(|| line.contains(PYENV).then_some(PYENV))
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
        let home = Path::new("/home/ada");
        check(&[file], &[home, Path::new("/"), Path::new("")]).iter().map(ToString::to_string).collect()
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
        for folder in FOLDERS {
            assert_eq!(
                messages(&format!("src{folder}x, https://example.org{folder}x, [TMP]{folder}x")),
                [""; 0]
            );
        }
    }

    #[test]
    fn the_home_at_hand_is_found_and_another_is_an_example() {
        assert_eq!(messages("File \"/home/ada/app.py\", line 3").len(), 1);
        assert_eq!(messages("File \"/home/user/app.py\", line 3"), [""; 0]);
        assert_eq!(messages("File \"/home/adam/app.py\", line 3"), [""; 0]);
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
