//! The header page: what was run, how, and how far the file is valid.
//!
//! | offset | size | field |
//! |-------:|-----:|-------|
//! | 0 | 8 | mark `HEAPWISE` |
//! | 8 | 4 | format version |
//! | 12 | 4 | header size |
//! | 16 | 8 | `end`: bytes of the file given to chunks so far, header included (raised atomically) |
//! | 24 | 4 | process id |
//! | 28 | 4 | parent process id |
//! | 32 | 8 | start, nanoseconds since the Unix epoch |
//! | 40 | 4 | Python version as `PY_VERSION_HEX` |
//! | 44 | 1 | mode: 0 sampled, 1 exact |
//! | 45 | 1 | state: 0 recording, 1 closed at exit, 2 stopped early |
//! | 46 | 1 | why it stopped early ([`Stop`]), 0 else |
//! | 48 | 4 | how the process ended: 0 not known, 1 exit code, 2 signal |
//! | 52 | 4 | the code or the signal |
//! | 56 | 8 | highest resident set the kernel saw, bytes; 0 not known |
//! | 64 | 8 | run time, nanoseconds; 0 not known |
//! | 72 | 4 | out-of-memory kills in the process's cgroup during the run, and 1; 0 not known |
//! | 76 | 4 | out-of-memory kills in the whole system during the run, and 1; 0 not known |
//! | 80 | 8 | memory limit of the cgroup, bytes; 0 none or not known |
//! | 88 | 4 | how many records of other processes stand behind `end` ([`crate::embedded`]) |
//! | 96 | 8 | start by the system's monotonic clock, milliseconds; 0 not known |
//!
//! The agent writes the page. The rows from 48 to 88 are stamped by the launcher when the process is gone, because
//! nobody else can know a signal; a process that the launcher did not start stamps itself if it returns a code, and
//! writes its run time while it runs.

use crate::DecodeError;

/// The mark at the start of every capture.
pub const MARK: [u8; 8] = *b"HEAPWISE";
/// The version of the format that this crate writes and reads.
pub const VERSION: u32 = 1;
/// Bytes of the header page; the first chunk starts here.
pub const HEADER_SIZE: usize = 4096;
/// Where `end` stands, for the writer that raises it in place.
pub const END_OFFSET: usize = 16;
/// Where the state byte stands, followed by the reason of an early stop.
pub const STATE_OFFSET: usize = 45;
/// Where the launcher's stamp begins.
pub const OUTCOME_OFFSET: usize = 48;
/// Where the run time in it stands, eight bytes.
pub const DURATION_OFFSET: usize = 64;
/// Bytes of the launcher's stamp.
pub const OUTCOME_SIZE: usize = 40;
/// Where the number of embedded records stands, four bytes.
pub const EMBEDDED_OFFSET: usize = 88;

/// How blocks are chosen for recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Large blocks all, small ones by Poisson sampling over bytes.
    #[default]
    Sampled,
    /// Every block.
    Exact,
}

/// What the agent says of its own recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// The process runs, or was ended without its exit handlers.
    #[default]
    Recording,
    /// The exit handlers ran and the agent closed the capture.
    Closed,
    /// The agent switched itself off before the end.
    Stopped(Stop),
}

/// Why the agent switched itself off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The file could not grow: the disk is full, or a limit on file size was met.
    NoSpace,
    /// A fault of the agent's own.
    Internal,
}

/// How the process ended, as its parent saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It returned this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

/// The launcher's stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// How the process ended; `None` while it runs or if no launcher waited for it.
    pub ending: Option<Ending>,
    /// The highest resident set, bytes; 0 if not known.
    pub max_rss_bytes: u64,
    /// The run time, nanoseconds; of a process that no launcher waited for and that did not say how it ended, the age at
    /// which it was last heard of. 0 if not known.
    pub duration_ns: u64,
    /// What the kernel counted of processes killed for want of memory.
    pub memory_kills: MemoryKills,
}

/// What the kernel counted, from the start of the process to its end, of processes that it killed because memory
/// had run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryKills {
    /// In the process's cgroup; `None` if not known.
    pub group: Option<u32>,
    /// In the whole system; `None` if not known.
    pub system: Option<u32>,
    /// The least limit of the cgroup and those around it, bytes; 0 if there is none or it is not known.
    pub group_limit_bytes: u64,
}

/// The decoded header page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Header {
    /// Bytes of the file given to chunks, header included.
    pub end: u64,
    /// Process id of the profiled process.
    pub pid: u32,
    /// Its parent's process id.
    pub parent_pid: u32,
    /// Start of recording, nanoseconds since the Unix epoch.
    pub start_unix_ns: u64,
    /// `PY_VERSION_HEX` of the interpreter.
    pub python_hex: u32,
    /// How blocks were chosen.
    pub mode: Mode,
    /// What the agent says of its own recording.
    pub state: State,
    /// The launcher's stamp.
    pub outcome: Outcome,
    /// Records of other processes behind `end`.
    pub embedded: u32,
    /// Start of recording by the system's monotonic clock, which all its processes share, milliseconds; 0 if not
    /// known.
    pub start_monotonic_ms: u64,
}

impl State {
    /// The state byte and the reason byte behind it.
    pub const fn to_bytes(self) -> [u8; 2] {
        match self {
            Self::Recording => [0, 0],
            Self::Closed => [1, 0],
            Self::Stopped(Stop::NoSpace) => [2, 1],
            Self::Stopped(Stop::Internal) => [2, 2],
        }
    }

    const fn from_bytes(bytes: [u8; 2]) -> Self {
        match bytes {
            [1, _] => Self::Closed,
            [2, 1] => Self::Stopped(Stop::NoSpace),
            [2, _] => Self::Stopped(Stop::Internal),
            _ => Self::Recording,
        }
    }
}

impl Outcome {
    /// The bytes to write at [`OUTCOME_OFFSET`].
    pub fn to_bytes(self) -> [u8; OUTCOME_SIZE] {
        let (kind, value) = match self.ending {
            None => (0u32, 0),
            Some(Ending::Code(code)) => (1, code),
            Some(Ending::Signal(signal)) => (2, signal),
        };
        let mut bytes = [0; OUTCOME_SIZE];
        bytes[0..4].copy_from_slice(&kind.to_le_bytes());
        bytes[4..8].copy_from_slice(&value.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.max_rss_bytes.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.duration_ns.to_le_bytes());
        let kills = self.memory_kills;
        let known = |count: Option<u32>| count.map_or(0, |count| count.saturating_add(1));
        bytes[24..28].copy_from_slice(&known(kills.group).to_le_bytes());
        bytes[28..32].copy_from_slice(&known(kills.system).to_le_bytes());
        bytes[32..40].copy_from_slice(&kills.group_limit_bytes.to_le_bytes());
        bytes
    }
}

impl Header {
    /// The header page.
    pub fn encode(&self) -> [u8; HEADER_SIZE] {
        let mut page = [0; HEADER_SIZE];
        page[0..8].copy_from_slice(&MARK);
        page[8..12].copy_from_slice(&VERSION.to_le_bytes());
        page[12..16].copy_from_slice(&(HEADER_SIZE as u32).to_le_bytes());
        page[END_OFFSET..24].copy_from_slice(&self.end.to_le_bytes());
        page[24..28].copy_from_slice(&self.pid.to_le_bytes());
        page[28..32].copy_from_slice(&self.parent_pid.to_le_bytes());
        page[32..40].copy_from_slice(&self.start_unix_ns.to_le_bytes());
        page[40..44].copy_from_slice(&self.python_hex.to_le_bytes());
        page[44] = u8::from(self.mode == Mode::Exact);
        page[STATE_OFFSET..STATE_OFFSET + 2].copy_from_slice(&self.state.to_bytes());
        page[OUTCOME_OFFSET..OUTCOME_OFFSET + OUTCOME_SIZE].copy_from_slice(&self.outcome.to_bytes());
        page[EMBEDDED_OFFSET..EMBEDDED_OFFSET + 4].copy_from_slice(&self.embedded.to_le_bytes());
        page[96..104].copy_from_slice(&self.start_monotonic_ms.to_le_bytes());
        page
    }

    /// Reads the header at the start of `bytes`.
    ///
    /// # Errors
    /// [`DecodeError::NotACapture`], [`DecodeError::ShortHeader`], [`DecodeError::Version`] or
    /// [`DecodeError::UnknownMode`]; the version is told also where the rest of the page is missing.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let known = bytes.len().min(MARK.len());
        if bytes[..known] != MARK[..known] || bytes.is_empty() {
            return Err(DecodeError::NotACapture);
        }
        if bytes.len() < 12 {
            return Err(DecodeError::ShortHeader(bytes.len()));
        }
        let found = u32_at(bytes, 8);
        if found != VERSION {
            return Err(DecodeError::Version { found, supported: VERSION });
        }
        if bytes.len() < HEADER_SIZE {
            return Err(DecodeError::ShortHeader(bytes.len()));
        }
        let mode = match bytes[44] {
            0 => Mode::Sampled,
            1 => Mode::Exact,
            other => return Err(DecodeError::UnknownMode(other)),
        };
        let value = u32_at(bytes, 52).cast_signed();
        let ending = match u32_at(bytes, OUTCOME_OFFSET) {
            1 => Some(Ending::Code(value)),
            2 => Some(Ending::Signal(value)),
            _ => None,
        };
        Ok(Self {
            end: u64_at(bytes, END_OFFSET),
            pid: u32_at(bytes, 24),
            parent_pid: u32_at(bytes, 28),
            start_unix_ns: u64_at(bytes, 32),
            python_hex: u32_at(bytes, 40),
            mode,
            state: State::from_bytes([bytes[STATE_OFFSET], bytes[STATE_OFFSET + 1]]),
            outcome: Outcome {
                ending,
                max_rss_bytes: u64_at(bytes, 56),
                duration_ns: u64_at(bytes, DURATION_OFFSET),
                memory_kills: MemoryKills {
                    group: u32_at(bytes, 72).checked_sub(1),
                    system: u32_at(bytes, 76).checked_sub(1),
                    group_limit_bytes: u64_at(bytes, 80),
                },
            },
            embedded: u32_at(bytes, EMBEDDED_OFFSET),
            start_monotonic_ms: u64_at(bytes, 96),
        })
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            end: 8192,
            pid: 17,
            parent_pid: 16,
            start_unix_ns: 1_700_000_000_000_000_000,
            python_hex: 0x030c_01f0,
            mode: Mode::Exact,
            state: State::Stopped(Stop::NoSpace),
            outcome: Outcome {
                ending: Some(Ending::Signal(9)),
                max_rss_bytes: 123_456,
                duration_ns: 42,
                memory_kills: MemoryKills { group: Some(1), system: None, group_limit_bytes: 500_000_000 },
            },
            embedded: 3,
            start_monotonic_ms: 77,
        }
    }

    #[test]
    fn a_header_comes_back() {
        assert_eq!(Header::decode(&header().encode()), Ok(header()));
    }

    #[test]
    fn foreign_short_and_newer_files_are_told_apart() {
        let page = header().encode();
        assert_eq!(Header::decode(b""), Err(DecodeError::NotACapture));
        assert_eq!(Header::decode(b"\x89PNG\r\n"), Err(DecodeError::NotACapture));
        assert_eq!(Header::decode(&page[..5]), Err(DecodeError::ShortHeader(5)));
        assert_eq!(Header::decode(&page[..100]), Err(DecodeError::ShortHeader(100)));
        let mut newer = page;
        newer[8] = 9;
        assert_eq!(Header::decode(&newer), Err(DecodeError::Version { found: 9, supported: VERSION }));
    }
}
