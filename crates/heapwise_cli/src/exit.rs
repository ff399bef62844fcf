//! How the `heapwise` process ends.
//!
//! Invariant: what `heapwise --help` says of exit codes ([`HELP`]) is what the values here are.

use heapwise_profile::Ending;

/// heapwise's own exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// All was done.
    Success = 0,
    /// heapwise itself failed in what it had begun, for one it could not write the report to its file.
    Failure = 1,
    /// Nothing was done: the arguments are wrong, the program could not be started, the capture cannot be read.
    Refused = 2,
    /// A report was given, but of a capture that is damaged or incomplete.
    Partial = 3,
    /// A limit that was asked for is exceeded.
    Exceeded = 4,
    /// An edit is not proven, or cannot be made.
    NotProven = 5,
}

/// What is left to do when a command is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// End with a code of heapwise's own.
    Own(ExitStatus),
    /// End as the program ended that was run.
    LikeProgram(Ending),
}

/// The exit codes as `--help` shows them.
pub(crate) const HELP: &str = "\
Exit codes:
  heapwise run ends as the program itself ended, with its exit code or by the same signal;
  with 2 if the program was not started.
  The other commands end with
    0  done
    1  heapwise failed, for one because it could not write its output
    2  wrong arguments, or a capture that cannot be read
    3  the report is partial, because the capture is damaged or incomplete
    4  a limit that was given is exceeded (heapwise diff --fail-on-growth)
    5  an edit is not proven, or cannot be made (heapwise fix)";
