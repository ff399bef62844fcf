//! The end of a run: what is stamped into the capture, and ending as the program ended.
//!
//! Invariant: the launcher changes nothing in a capture but the stamp (what it adds behind its end is the business of
//! [`super::children`]), and nothing at all in what is no capture.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use heapwise_capture::header::{HEADER_SIZE, MARK, OUTCOME_OFFSET};
use heapwise_profile::{Ending, Outcome};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, Signal};

use super::platform;

/// Writes how the program ended into its capture's header.
///
/// # Errors
/// The system's. A file that is not a capture is left as it is, without an error: reading it will say so.
pub(crate) fn stamp(capture: &File, outcome: Outcome) -> io::Result<()> {
    let mut mark = [0; MARK.len()];
    let is_capture = capture.metadata()?.len() >= HEADER_SIZE as u64
        && capture.read_exact_at(&mut mark, 0).is_ok()
        && mark == MARK;
    if is_capture { capture.write_all_at(&outcome.to_bytes(), OUTCOME_OFFSET as u64) } else { Ok(()) }
}

/// The exit code to end with after the program ended so. If a signal ended it, the same one ends this process, so
/// that whoever waits for it sees the same; then this does not return.
pub(crate) fn end_like(ending: Ending) -> u8 {
    match ending {
        Ending::Code(code) => (code & 0xff) as u8,
        Ending::Signal(signal) => {
            // The program's own core dump is the one that is wanted.
            let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
            platform::set_default(signal);
            if let Ok(signal) = Signal::try_from(signal) {
                let _ = SigSet::from(signal).thread_unblock();
            }
            platform::send(std::process::id().cast_signed(), signal);
            // Only a signal that stays blocked lets this process live; then shells' way of telling must do.
            (128 + (signal & 0x7f)) as u8
        }
    }
}
