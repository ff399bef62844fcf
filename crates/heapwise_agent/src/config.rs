//! What the launcher asks for, read from the environment once.

use std::path::PathBuf;

use heapwise_capture::header::Mode;

/// Where to record and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// The capture file of the run; the launcher made it empty.
    pub(crate) capture: PathBuf,
    /// Which blocks to record.
    pub(crate) mode: Mode,
    /// A launcher waits for the run; it tells the user why there is no capture.
    pub(crate) launched: bool,
    /// Another process of the run started this one: it records beside the capture ([`crate::children`]).
    pub(crate) child: bool,
}

impl Config {
    /// `None` if no capture is asked for. A program that the profiled program started inherits the variables; its
    /// parent is not the launcher that set them.
    pub(crate) fn from_environment() -> Option<Self> {
        let capture = PathBuf::from(std::env::var_os("HEAPWISE_CAPTURE")?);
        let launcher = std::env::var_os("HEAPWISE_LAUNCHER_PID");
        let parent = std::os::unix::process::parent_id();
        let child = launcher
            .as_ref()
            .is_some_and(|pid| pid.to_str().and_then(|pid| pid.parse().ok()) != Some(parent));
        let exact = std::env::var_os("HEAPWISE_MODE").is_some_and(|mode| mode == "exact");
        let mode = if exact { Mode::Exact } else { Mode::Sampled };
        Some(Self { capture, mode, launched: launcher.is_some(), child })
    }
}
