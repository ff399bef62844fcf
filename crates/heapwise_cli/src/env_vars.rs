//! Every environment variable that the `heapwise` program reads or sets.
//!
//! Owns their names and meaning; nobody else in this crate names one. The agent and `heapwise._start`, which read
//! those that are set for the program, live in the program's process and name them anew.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// Set for the program: the absolute path of the file to record into. It exists and is empty when the program
/// starts. Without this variable heapwise sleeps.
pub(crate) const CAPTURE: &str = "HEAPWISE_CAPTURE";

/// Set for the program: `sampled` or `exact`.
pub(crate) const MODE: &str = "HEAPWISE_MODE";

/// Set for the program: the process id of `heapwise run`, by which the program itself is told from its children.
pub(crate) const LAUNCHER_PID: &str = "HEAPWISE_LAUNCHER_PID";

/// All that is set for the program, and taken away from it where nothing can be recorded.
pub(crate) const SET_FOR_PROGRAM: [&str; 3] = [CAPTURE, MODE, LAUNCHER_PID];

/// Set where `heapwise fix` runs a program with edits: the index of the files that have another text, for
/// `heapwise._overlay`.
pub(crate) const OVERLAY: &str = "HEAPWISE_OVERLAY";

/// Read: the interpreter to run programs with, a path or a name on `PATH`. `python -m heapwise` sets it.
pub(crate) const PYTHON: &str = "HEAPWISE_PYTHON";

/// Read: the active virtual environment, whose interpreter is taken if none lies beside the `heapwise` program.
pub(crate) const VIRTUAL_ENV: &str = "VIRTUAL_ENV";

/// Read: where programs are looked for.
pub(crate) const PATH: &str = "PATH";

/// Read: if it has any value, nothing is coloured (<https://no-color.org>).
pub(crate) const NO_COLOR: &str = "NO_COLOR";

/// Read: `dumb` is a terminal without colours.
pub(crate) const TERM: &str = "TERM";

/// The interpreter that was asked for.
pub(crate) fn python() -> Option<OsString> {
    not_empty(PYTHON)
}

/// The active virtual environment.
pub(crate) fn virtual_env() -> Option<PathBuf> {
    not_empty(VIRTUAL_ENV).map(PathBuf::from)
}

/// The folders where programs are looked for, in order; an empty entry means the working directory.
pub(crate) fn path() -> Vec<PathBuf> {
    let folders = env::var_os(PATH).unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    let here = |folder: PathBuf| if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    env::split_paths(&folders).map(here).collect()
}

/// Whether the environment allows colours.
pub(crate) fn colours_allowed() -> bool {
    not_empty(NO_COLOR).is_none() && env::var_os(TERM).is_none_or(|term| term != "dumb")
}

fn not_empty(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}
