//! One run of the recorded command, with or without edits, and what came of it.
//!
//! Owns how the command is repeated: same interpreter, arguments and working directory, stdin empty or from a file.
//! Invariant: the user's files are read only; edited text reaches the program through an overlay in a temporary
//! folder (`python/heapwise/_overlay.py`), under the paths of the originals.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use heapwise_fixer::{Outcome, Plan, last_line};
use heapwise_profile::{Ending, Mode, Profile};
use tempfile::TempDir;

use super::sandbox::Sandbox;
use crate::env_vars;
use crate::failure;
use crate::launch::{OutOfSight, run_out_of_sight};

/// How to repeat a run.
#[derive(Debug)]
pub(crate) struct Setting {
    /// The interpreter.
    pub(crate) interpreter: PathBuf,
    /// What stands behind it.
    pub(crate) arguments: Vec<OsString>,
    /// The working directory.
    pub(crate) folder: PathBuf,
    /// How blocks are chosen for recording.
    pub(crate) mode: Mode,
    /// What the program reads from stdin; nothing by default.
    pub(crate) stdin: Option<PathBuf>,
    /// The longest that one run may take.
    pub(crate) limit: Duration,
    /// What says whether the program does what it should, instead of its output: a shell command.
    pub(crate) check: Option<String>,
    /// Where copies of the working directory are made, if it is not to be used itself.
    pub(crate) sandbox: Option<Sandbox>,
    /// Captures, outputs and edited texts.
    pub(crate) work: TempDir,
}

/// Why a run showed nothing.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It, or the check, took longer than it may.
    TimedOut(&'static str),
    /// This signal came for heapwise.
    Interrupted(i32),
    /// In words.
    Other(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Other(failure::reason(&error))
    }
}

impl Setting {
    /// Runs the program with the edits of `plan`, then the check if there is one.
    ///
    /// # Errors
    /// It could not be run or measured.
    pub(crate) fn run(&self, plan: &Plan) -> Result<Outcome, Fault> {
        let sandbox = self.sandbox.as_ref();
        if let Some(sandbox) = sandbox {
            let failed = |error| Fault::Other(format!("cannot copy {}: {error}", self.folder.display()));
            sandbox.renew().map_err(failed)?;
        }
        let overlay = if plan.files.is_empty() { None } else { Some(self.write_overlay(plan)?) };
        let capture = self.work.path().join("run.heapwise");
        File::create(&capture)?;
        let mut command = Command::new(&self.interpreter);
        command.args(self.arguments.iter().map(|argument| match sandbox {
            Some(sandbox) => sandbox.inside(Path::new(argument)).into_os_string(),
            None => argument.clone(),
        }));
        self.surround(&mut command, overlay.as_deref());
        command.env(env_vars::CAPTURE, &capture);
        command.env(env_vars::MODE, if self.mode == Mode::Exact { "exact" } else { "sampled" });
        command.env(env_vars::LAUNCHER_PID, std::process::id().to_string());
        let (stdout, stderr) = (self.work.path().join("stdout"), self.work.path().join("stderr"));
        command.stdin(match &self.stdin {
            Some(path) => Stdio::from(File::open(path)?),
            None => Stdio::null(),
        });
        command.stdout(File::create(&stdout)?).stderr(File::create(&stderr)?);
        let (ending, duration) = self.wait(command, "the program")?;
        let (stdout, stderr) = (fs::read(stdout)?, fs::read(stderr)?);
        let files = sandbox.map(Sandbox::tree).transpose()?;
        let profile = Profile::open(&capture).map_err(|_| {
            let said = last_line(&stderr);
            Fault::Other(if said.is_empty() { "nothing was recorded".to_owned() } else { said })
        })?;
        let peak = heapwise_analysis::analyse(&profile).peak;
        let check = self.check.as_deref().map(|check| self.check(check, overlay.as_deref())).transpose()?;
        Ok(Outcome {
            ending,
            stdout,
            stderr,
            files,
            check,
            peak_bytes: peak.heap_bytes,
            error_bytes: peak.error_bytes,
            duration,
        })
    }

    /// Runs the check in the same surroundings, without the profiler.
    fn check(&self, check: &str, overlay: Option<&Path>) -> Result<(Ending, String), Fault> {
        let said = self.work.path().join("check");
        let out = File::create(&said)?;
        let mut command = Command::new("sh");
        command.args(["-c", check]).stdin(Stdio::null()).stderr(out.try_clone()?).stdout(out);
        self.surround(&mut command, overlay);
        let (ending, _) = self.wait(command, "the check")?;
        Ok((ending, last_line(&fs::read(said)?)))
    }

    /// The working directory and the environment.
    fn surround(&self, command: &mut Command, overlay: Option<&Path>) {
        command.current_dir(self.sandbox.as_ref().map_or(self.folder.as_path(), Sandbox::folder));
        for name in env_vars::SET_FOR_PROGRAM {
            command.env_remove(name);
        }
        match overlay {
            Some(index) => command.env(env_vars::OVERLAY, index),
            None => command.env_remove(env_vars::OVERLAY),
        };
    }

    fn wait(&self, command: Command, what: &'static str) -> Result<(Ending, Duration), Fault> {
        let shown = command.get_program().to_string_lossy().into_owned();
        match run_out_of_sight(command, self.limit) {
            Ok(OutOfSight::Ended { ending, duration }) => Ok((ending, duration)),
            Ok(OutOfSight::TimedOut) => Err(Fault::TimedOut(what)),
            Ok(OutOfSight::Interrupted(signal)) => Err(Fault::Interrupted(signal)),
            Err(error) => Err(Fault::Other(format!("cannot start {shown}: {}", failure::reason(&error)))),
        }
    }

    /// Writes the edited texts, and the index that `heapwise._overlay` reads.
    fn write_overlay(&self, plan: &Plan) -> io::Result<PathBuf> {
        let index = self.work.path().join("overlay");
        let mut out = Vec::new();
        for (number, (file, change)) in plan.files.iter().enumerate() {
            let text = self.work.path().join(format!("edited-{number}"));
            fs::write(&text, &change.after)?;
            let path = self.folder.join(file);
            let path = self.sandbox.as_ref().map_or(path.clone(), |sandbox| sandbox.inside(&path));
            for path in [path, text] {
                out.write_all(path.as_os_str().as_bytes())?;
                out.push(0);
            }
        }
        fs::write(&index, out)?;
        Ok(index)
    }
}
