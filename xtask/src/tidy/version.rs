//! One version: the Python package says the same as the workspace.
//!
//! The wheel's metadata takes its version from Cargo.toml; `heapwise.__version__` is written by hand, because the
//! package must not read a file or import anything when a profiled process starts.

use super::tree::TrackedFile;
use super::violation::Violation;

const MANIFEST: &str = "Cargo.toml";
const PACKAGE: &str = "python/heapwise/__init__.py";

/// Compares the two versions; a missing one is a violation too.
pub(crate) fn check(files: &[TrackedFile]) -> Vec<Violation> {
    let workspace = quoted(files, MANIFEST, "version = ");
    let package = quoted(files, PACKAGE, "__version__ = ");
    if package.is_some() && package == workspace {
        return Vec::new();
    }
    let shown = |version: Option<&str>| version.map_or("none".to_owned(), |version| format!("`{version}`"));
    vec![Violation {
        path: PACKAGE.to_owned(),
        line: 0,
        rule: "version",
        message: format!(
            "__version__ is {}, the workspace's version in {MANIFEST} is {}: they are released as one",
            shown(package),
            shown(workspace)
        ),
    }]
}

/// The quoted value of the first line of a file that starts with `before`.
fn quoted<'files>(files: &'files [TrackedFile], path: &str, before: &str) -> Option<&'files str> {
    let file = files.iter().find(|file| file.path == path)?;
    file.text.lines().find_map(|line| line.strip_prefix(before)?.strip_prefix('"')?.strip_suffix('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(manifest: &str, package: &str) -> Vec<String> {
        let file = |path: &str, text: &str| TrackedFile { path: path.to_owned(), text: text.to_owned() };
        check(&[file(MANIFEST, manifest), file(PACKAGE, package)]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_same_version_twice_is_fine() {
        let manifest = "[workspace.package]\nversion = \"1.2.0\"\n";
        assert_eq!(messages(manifest, "\"\"\"x\"\"\"\n__version__ = \"1.2.0\"\n"), [""; 0]);
    }

    #[test]
    fn two_versions_or_none_are_not() {
        let manifest = "[workspace.package]\nversion = \"1.2.0\"\n";
        let other = messages(manifest, "__version__ = \"1.1.0\"\n");
        assert_eq!(
            other,
            ["python/heapwise/__init__.py: [version] __version__ is `1.1.0`, the workspace's version in \
              Cargo.toml is `1.2.0`: they are released as one"]
        );
        assert_eq!(messages(manifest, "").len(), 1);
        assert_eq!(messages("", "").len(), 1);
    }
}
