//! The files of the repository: what git tracks, and new files that it would not ignore.
//!
//! Untracked files are included so that a rule speaks before the commit, not after it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use anyhow::{Context, Result, bail};

/// One file of the repository.
#[derive(Debug, Clone)]
pub(crate) struct TrackedFile {
    /// Path from the root of the repository, with `/`.
    pub(crate) path: String,
    /// The whole content; where a file is not text, its readable parts.
    pub(crate) text: String,
}

impl TrackedFile {
    /// The last component without its extension: `frame` of `crates/x/src/frame.rs`.
    pub(crate) fn stem(&self) -> &str {
        let name = self.name();
        name.split_once('.').map_or(name, |(stem, _)| stem)
    }

    /// The extension without its dot, or an empty string.
    pub(crate) fn extension(&self) -> &str {
        self.name().rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// The directories on the way to the file, outermost first.
    pub(crate) fn directories(&self) -> impl Iterator<Item = &str> {
        let parent = self.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        parent.split('/').filter(|directory| !directory.is_empty())
    }

    /// Whether this is Rust, Python or TypeScript source.
    pub(crate) fn is_source(&self) -> bool {
        matches!(self.extension(), "rs" | "py" | "pyi" | "ts")
    }

    /// Whether this file only tests: it lies under a `tests` folder or is a `tests.rs` beside its module.
    pub(crate) fn is_test(&self) -> bool {
        self.name() == "tests.rs" || self.directories().any(|directory| directory == "tests")
    }

    fn name(&self) -> &str {
        self.path.rsplit_once('/').map_or(self.path.as_str(), |(_, name)| name)
    }
}

/// The root of the repository that holds the current directory.
///
/// # Errors
/// If git is missing or this is no git work tree.
pub(crate) fn root() -> Result<PathBuf> {
    let out = git(Path::new("."), &["rev-parse", "--show-toplevel"])?;
    Ok(PathBuf::from(String::from_utf8(out)?.trim_end_matches('\n')))
}

/// Reads every file of the repository, sorted by path.
///
/// # Errors
/// If git cannot list the files, or one that exists cannot be read.
pub(crate) fn read(root: &Path) -> Result<Vec<TrackedFile>> {
    let listed = git(root, &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let mut paths: Vec<String> =
        String::from_utf8(listed)?.split_terminator('\0').map(ToOwned::to_owned).collect();
    paths.sort();
    paths.dedup();
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let bytes = match fs::read(root.join(&path)) {
            Ok(bytes) => bytes,
            // Deleted but not yet committed; or a symbolic link to a folder.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory) => {
                continue;
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {path}")),
        };
        // Captures kept as test data are not text, and can name a machine all the same.
        files.push(TrackedFile { path, text: String::from_utf8_lossy(&bytes).into_owned() });
    }
    Ok(files)
}

fn git(directory: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new("git")
        .current_dir(directory)
        .args(arguments)
        .output()
        .context("cannot run git, which lists the files to check")?;
    if !output.status.success() {
        bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}
