//! A folder to run `heapwise` in, with an interpreter that has no agent.
//!
//! Invariant: what the tests see does not depend on whether heapwise is installed for the Python found: it is
//! started without site-packages.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use heapwise_testkit::{CaptureBuilder, Mode, State};
use tempfile::TempDir;

/// The Python on PATH, behind whatever shims there are.
pub(crate) fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let asked =
            Command::new("python3").args(["-c", "import sys; print(sys.executable, end='')"]).output();
        PathBuf::from(text(&asked.expect("a python3 on PATH").stdout))
    })
}

/// A capture of a program that ended by itself: 3 MB at the peak in `load`, 1 MB of it leaked.
pub(crate) fn capture() -> Vec<u8> {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let load = capture.file("/home/ada/train.py").stack(&["<module>:9", "load@3:4"]);
    let main = capture.stack(&["<module>:10"]);
    capture.source("/home/ada/train.py", "import json\n\ndef load():\n    return json.load(open('x'))\n");
    capture.fact("python", "3.12.1").fact("argument", "python").fact("argument", "train.py");
    capture.time(10).allocation(0x1000, 1_000_000, main);
    capture.time(20).allocation(0x200_000, 2_000_000, load);
    capture.time(30).free(0x200_000);
    capture.header(|header| header.state = State::Closed);
    capture.build()
}

/// A folder of one test.
pub(crate) struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    /// With a file `python` in a folder of its own, which starts Python without site-packages.
    pub(crate) fn new() -> Self {
        let sandbox = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        fs::create_dir_all(sandbox.path("here")).expect("a folder");
        sandbox.executable("bin/python", &format!("#!/bin/sh\nexec '{}' -S \"$@\"\n", python().display()));
        sandbox
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path in the working directory.
    pub(crate) fn work(&self, name: &str) -> PathBuf {
        self.path("here").join(name)
    }

    /// The interpreter that the tests profile with.
    pub(crate) fn interpreter(&self) -> PathBuf {
        self.path("bin/python")
    }

    /// Writes a file into the working directory.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        fs::write(&path, content).expect("a file");
        path
    }

    /// Writes an executable file.
    pub(crate) fn executable(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        fs::write(&path, content).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("an executable");
        path
    }

    /// The names in the working directory, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("here")).expect("the folder");
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<String> = entries.map(|entry| name(entry.expect("an entry"))).collect();
        names.sort();
        names
    }

    /// A program that starts in the working directory, with a plain environment.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path("here"));
        for name in ["HEAPWISE_CAPTURE", "HEAPWISE_MODE", "HEAPWISE_LAUNCHER_PID", "VIRTUAL_ENV", "COLUMNS"] {
            command.env_remove(name);
        }
        command.env("HEAPWISE_PYTHON", self.interpreter()).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// `heapwise` with these arguments.
    pub(crate) fn heapwise<I>(&self, arguments: I) -> Command
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        let mut command = self.command(env!("CARGO_BIN_EXE_heapwise"));
        command.args(arguments);
        command
    }

    /// Runs `heapwise` with these arguments to its end.
    pub(crate) fn run<I>(&self, arguments: I) -> Finished
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        self.finish(self.heapwise(arguments))
    }

    /// Runs a command to its end.
    pub(crate) fn finish(&self, mut command: Command) -> Finished {
        let Output { status, stdout, stderr } = command.output().expect("it starts");
        let place = self.folder.path().to_string_lossy().into_owned();
        let readable = |bytes: &[u8]| text(bytes).replace(&place, "[FOLDER]");
        Finished { status, stdout: readable(&stdout), stderr: readable(&stderr) }
    }
}

/// What a command left behind; the sandbox's path is written `[FOLDER]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finished {
    pub(crate) status: std::process::ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// The exit code; none if a signal ended it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// All of it, for a snapshot.
    pub(crate) fn shown(&self) -> String {
        let Self { status, stdout, stderr } = self;
        let code = status.code().map_or_else(|| status.to_string(), |code| code.to_string());
        format!("exit code: {code}\n----- stdout -----\n{stdout}\n----- stderr -----\n{stderr}")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
