//! A copy of the working directory to run the program in, and what the program left there.
//!
//! Invariants: the original is only read; every run gets a fresh copy under the same path, so that what programs
//! print of paths is the same in all runs.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The most bytes that are copied.
const MOST_BYTES: u64 = 2_000_000_000;
/// What no program means when it writes a file.
const NOT_COMPARED: [&str; 2] = ["__pycache__", ".pytest_cache"];

/// Where the copies are made.
#[derive(Debug)]
pub(crate) struct Sandbox {
    original: PathBuf,
    copy: PathBuf,
}

impl Sandbox {
    /// A sandbox of `original` within `work`, without the copy.
    pub(crate) fn new(original: &Path, work: &Path) -> Self {
        let name = original.file_name().unwrap_or("root".as_ref());
        Self { original: original.to_owned(), copy: work.join("sandbox").join(name) }
    }

    /// The folder to run in.
    pub(crate) fn folder(&self) -> &Path {
        &self.copy
    }

    /// The path in the copy of a path in the original; any other path as it is.
    pub(crate) fn inside(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.original).map_or_else(|_| path.to_owned(), |rest| self.copy.join(rest))
    }

    /// Makes a fresh copy.
    ///
    /// # Errors
    /// The system's; or that the folder is too large.
    pub(crate) fn renew(&self) -> io::Result<()> {
        if self.copy.exists() {
            fs::remove_dir_all(&self.copy)?;
        }
        let mut left = MOST_BYTES;
        copy_folder(&self.original, &self.copy, &mut left)
    }

    /// What is there now: by path from the folder, a mark of the content.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn tree(&self) -> io::Result<BTreeMap<PathBuf, u64>> {
        let mut tree = BTreeMap::new();
        let mut folders = vec![self.copy.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                let kind = path.symlink_metadata()?;
                let named = |name: &str| path.file_name().is_some_and(|it| it == name);
                if NOT_COMPARED.iter().any(|name| named(name)) {
                    continue;
                }
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() {
                    let name = path.strip_prefix(&self.copy).unwrap_or(&path).to_owned();
                    tree.insert(name, mark(&path)?);
                }
            }
        }
        Ok(tree)
    }
}

fn copy_folder(from: &Path, to: &Path, left: &mut u64) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        let kind = path.symlink_metadata()?;
        // Neither a virtual environment nor a repository's history is what a program works on.
        if kind.is_dir() && (name == ".git" || path.join("pyvenv.cfg").exists()) {
            continue;
        }
        let target = to.join(name);
        if kind.is_symlink() {
            symlink(fs::read_link(&path)?, &target)?;
        } else if kind.is_dir() {
            copy_folder(&path, &target, left)?;
        } else if kind.is_file() {
            *left = left.checked_sub(kind.len()).ok_or_else(|| {
                io::Error::other("it holds more than 2 GB; run without --sandbox, or from a smaller folder")
            })?;
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

/// A mark of a file's content.
fn mark(path: &Path) -> io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    let mut file = File::open(path)?;
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finish()),
            length => hasher.write(&piece[..length]),
        }
    }
}
