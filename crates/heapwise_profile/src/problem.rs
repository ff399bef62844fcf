//! What was found wrong with a capture that could nevertheless be read in part.
//!
//! Invariant: a problem says what is lost, in words a person can act on; it never hides what could be read.

use std::fmt;

use heapwise_capture::DecodeError;
use heapwise_capture::header::Stop;

/// One thing that is wrong with a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The file ends before the place up to which its header says that it is valid.
    ShortFile {
        /// Bytes that there should be and are not.
        missing: u64,
    },
    /// A chunk reaches beyond the end of the file; what is there of it was read.
    TruncatedChunk {
        /// Where in the file it starts.
        offset: u64,
        /// Committed bytes of it that are not there.
        missing: u64,
    },
    /// Where a chunk should start there is none; reading went on at the next one.
    LostChunk {
        /// Where in the file it should start.
        offset: u64,
        /// Bytes skipped.
        length: u64,
    },
    /// The tables are damaged from here on; lines and functions first seen later are unknown.
    DamagedTables {
        /// Where in the file the damaged record stands.
        offset: u64,
        /// What is wrong with it.
        cause: DecodeError,
    },
    /// A chunk of events is damaged; the events behind the damage in the same chunk are lost.
    DamagedEvents {
        /// The thread whose events they are.
        thread: u32,
        /// Where in the file the chunk starts.
        offset: u64,
        /// Bytes of events that were not read.
        lost: u64,
        /// What is wrong.
        cause: DecodeError,
    },
    /// Records refer to numbers that no record has; they are shown as unknown.
    UnknownReferences {
        /// What they refer to.
        target: Target,
        /// How many of them.
        count: u64,
    },
    /// A look at the objects cannot be read; what it found is not shown.
    LostInspection {
        /// Where in the file its record stands.
        offset: u64,
    },
    /// Captures of other processes of the run are missing or cannot be read.
    LostProcesses {
        /// How many.
        count: u64,
    },
    /// The agent switched itself off before the program ended; what came later is not in the capture.
    Stopped(Stop),
}

/// What a record can refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// A string.
    String,
    /// A code object.
    Code,
    /// A frame.
    Frame,
    /// A stack.
    Stack,
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::String => "string",
            Self::Code => "code object",
            Self::Frame => "frame",
            Self::Stack => "stack",
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShortFile { missing } => {
                write!(formatter, "the file is cut off: {missing} bytes are missing at its end")
            }
            Self::TruncatedChunk { offset, missing } => {
                write!(formatter, "the chunk at byte {offset} is cut off: {missing} bytes of it are missing")
            }
            Self::LostChunk { offset, length } => {
                write!(formatter, "{length} bytes from byte {offset} on are damaged and were skipped")
            }
            Self::DamagedTables { offset, cause } => write!(
                formatter,
                "the tables are damaged at byte {offset} ({cause}): lines first seen after it are unknown"
            ),
            Self::DamagedEvents { thread, offset, lost, cause } => write!(
                formatter,
                "events of thread {thread} are damaged in the chunk at byte {offset} ({cause}): \
                 {lost} bytes of events are lost"
            ),
            Self::UnknownReferences { target, count } => {
                let plural = if *count == 1 { "" } else { "s" };
                write!(formatter, "{count} reference{plural} to a {target} that is not in the capture")
            }
            Self::LostInspection { offset } => {
                write!(formatter, "a look at the objects, at byte {offset}, is damaged and was skipped")
            }
            Self::LostProcesses { count: 1 } => {
                write!(formatter, "the capture of a process of the run is missing or damaged")
            }
            Self::LostProcesses { count } => {
                write!(formatter, "the captures of {count} processes of the run are missing or damaged")
            }
            Self::Stopped(Stop::NoSpace) => write!(
                formatter,
                "recording stopped early because the capture could not grow (disk full, or a limit on file \
                 size): what came later is missing"
            ),
            Self::Stopped(Stop::Internal) => write!(
                formatter,
                "recording stopped early because of a fault in heapwise: what came later is missing"
            ),
        }
    }
}
