//! What the launcher asks for, read from the environment once.

use std::path::PathBuf;

use heapwise_capture::header::Mode;

/// Where to record and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// The capture file; the launcher made it empty.
    pub(crate) capture: PathBuf,
    /// Which blocks to record.
    pub(crate) mode: Mode,
    /// A launcher waits for this process; it tells the user why there is no capture.
    pub(crate) launched: bool,
}

impl Config {
    /// `None` if no capture is asked of this process: no variable, or the launcher that set it is not the
    /// parent (a program that the profiled program started inherits the variable).
    pub(crate) fn from_environment() -> Option<Self> {
        let capture = PathBuf::from(std::env::var_os("HEAPWISE_CAPTURE")?);
        let launcher = std::env::var_os("HEAPWISE_LAUNCHER_PID");
        if let Some(launcher) = &launcher
            && launcher.to_str()?.parse() != Ok(std::os::unix::process::parent_id())
        {
            return None;
        }
        let exact = std::env::var_os("HEAPWISE_MODE").is_some_and(|mode| mode == "exact");
        let mode = if exact { Mode::Exact } else { Mode::Sampled };
        Some(Self { capture, mode, launched: launcher.is_some() })
    }
}
