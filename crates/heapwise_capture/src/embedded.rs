//! The other processes of a run, behind the capture of the first one.
//!
//! While they run, each records into a file of its own, named by [`file_name`], in a folder beside the run's capture
//! that has its name and [`FOLDER_EXTENSION`]; of one that cannot be followed a note is left there under
//! [`note_name`]. When the run is over, these become records behind the header's `end`, so that one file tells of all.
//! A record starts at the next multiple of [`chunk::ALIGNMENT`]:
//!
//! | offset | size | field |
//! |-------:|-----:|-------|
//! | 0 | 8 | mark `HWPROCES` |
//! | 8 | 4 | kind: 1 a capture, 2 a note ([`NotFollowed`]) |
//! | 12 | 4 | flags: 1 if the process still ran when its capture was taken |
//! | 16 | 8 | bytes of the payload behind this header |
//!
//! Invariant: each record can be found without those before it, and one that is cut off is read as far as it goes.

use std::ops::Range;

use crate::chunk::{self, ChunkHeader};
use crate::header::{self, Header};

/// The mark at the start of every record.
pub const MARK: [u8; 8] = *b"HWPROCES";
/// Bytes of a record's header.
pub const HEADER_SIZE: usize = 24;
/// What follows the name of the run's capture, behind a dot, in the name of the folder.
pub const FOLDER_EXTENSION: &str = "children";
/// The end of the names of captures in the folder.
pub const CAPTURE_EXTENSION: &str = ".heapwise";
/// The end of the names of notes in the folder.
pub const NOTE_EXTENSION: &str = ".note";

const STILL_RUNNING: u32 = 1;

/// The name of a process's capture in the folder: no two processes of a run share both.
pub fn file_name(pid: u32, start_unix_ns: u64) -> String {
    format!("{pid}-{start_unix_ns}{CAPTURE_EXTENSION}")
}

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole capture.
    Capture {
        /// The process still ran when it was taken.
        still_running: bool,
    },
    /// The text of a [`NotFollowed`].
    Note,
}

/// A record found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it holds.
    pub kind: Kind,
    /// Where its payload stands, within the file.
    pub payload: Range<usize>,
    /// Bytes of it that are not in the file.
    pub missing: u64,
}

impl Kind {
    /// The header of a record with a payload of `length` bytes.
    pub fn encode(self, length: u64) -> [u8; HEADER_SIZE] {
        let (kind, flags) = match self {
            Self::Capture { still_running } => (1u32, u32::from(still_running) * STILL_RUNNING),
            Self::Note => (2, 0),
        };
        let mut bytes = [0; HEADER_SIZE];
        bytes[0..8].copy_from_slice(&MARK);
        bytes[8..12].copy_from_slice(&kind.to_le_bytes());
        bytes[12..16].copy_from_slice(&flags.to_le_bytes());
        bytes[16..24].copy_from_slice(&length.to_le_bytes());
        bytes
    }

    /// The kind and the length of the payload, if `bytes` start with a record of a known kind.
    fn decode(bytes: &[u8]) -> Option<(Self, u64)> {
        let bytes: &[u8; HEADER_SIZE] = bytes.first_chunk()?;
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let kind = match (bytes.starts_with(&MARK), word(8)) {
            (true, 1) => Self::Capture { still_running: word(12) & STILL_RUNNING != 0 },
            (true, 2) => Self::Note,
            _ => return None,
        };
        Some((kind, u64::from(word(16)) | u64::from(word(20)) << 32))
    }
}

/// The records in `bytes`, a whole file, behind `end`. What is no record is passed over.
pub fn records(bytes: &[u8], end: u64) -> impl Iterator<Item = Found> {
    let mut at = usize::try_from(end).unwrap_or(usize::MAX).checked_next_multiple_of(chunk::ALIGNMENT);
    std::iter::from_fn(move || {
        loop {
            let start = at?;
            let rest = bytes.get(start..).filter(|rest| !rest.is_empty())?;
            let Some((kind, length)) = Kind::decode(rest) else {
                at = start.checked_add(chunk::ALIGNMENT);
                continue;
            };
            let from = start + HEADER_SIZE;
            let there = length.min((bytes.len() - from) as u64);
            let to = from + there as usize;
            at = to.checked_next_multiple_of(chunk::ALIGNMENT);
            return Some(Found { kind, payload: from..to, missing: length - there });
        }
    })
}

/// A whole capture without the room in its chunks that was never used; `None` where chunks cannot be told apart.
pub fn compact(capture: &[u8]) -> Option<Vec<u8>> {
    let mut header = Header::decode(capture).ok()?;
    let end = usize::try_from(header.end).unwrap_or(usize::MAX).min(capture.len());
    let mut bytes = capture[..header::HEADER_SIZE].to_vec();
    let mut at = header::HEADER_SIZE;
    while at < end {
        let mut chunk = ChunkHeader::decode(&capture[at..end]).ok()?;
        let next = at + chunk.size as usize;
        let used = chunk::HEADER_SIZE + chunk.committed as usize;
        if chunk.committed > 0 {
            let payload = capture.get(at + chunk::HEADER_SIZE..at + used)?;
            let size = used.next_multiple_of(chunk::ALIGNMENT);
            chunk.size = u32::try_from(size).ok()?;
            let start = bytes.len();
            bytes.extend_from_slice(&chunk.encode());
            bytes.extend_from_slice(payload);
            bytes.resize(start + size, 0);
        }
        at = next;
    }
    header.end = bytes.len() as u64;
    bytes[header::END_OFFSET..header::END_OFFSET + 8].copy_from_slice(&header.end.to_le_bytes());
    Some(bytes)
}

/// A process of the run that was not followed: heapwise was woken in it and could not record, or was never woken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NotFollowed {
    /// Its process id.
    pub pid: u32,
    /// Its parent's.
    pub parent: u32,
    /// Why, in words.
    pub reason: String,
    /// Its command line.
    pub command: Vec<String>,
}

impl NotFollowed {
    /// The note: what [`Self::decode`] reads.
    pub fn encode(&self) -> Vec<u8> {
        // A line break in the reason would begin the command line.
        let reason = self.reason.replace('\n', " ");
        format!("{} {}\n{reason}\n{}", self.pid, self.parent, self.command.join("\0")).into_bytes()
    }

    /// Reads a note: a line with the process id and the parent's, a line with the reason, then the words of the command
    /// line with a zero byte between them.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (ids, rest) = text.split_once('\n')?;
        let (pid, parent) = ids.split_once(' ')?;
        let (reason, command) = rest.split_once('\n').unwrap_or((rest, ""));
        Some(Self {
            pid: pid.parse().ok()?,
            parent: parent.parse().ok()?,
            reason: reason.to_owned(),
            command: command.split('\0').filter(|word| !word.is_empty()).map(str::to_owned).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file() -> Vec<u8> {
        let mut bytes = vec![7; 5000];
        for (kind, payload) in [
            (Kind::Capture { still_running: true }, &b"abc"[..]),
            (Kind::Note, &[0xff; 9000]),
            (Kind::Note, b""),
        ] {
            bytes.resize(bytes.len().next_multiple_of(chunk::ALIGNMENT), 0);
            bytes.extend_from_slice(&kind.encode(payload.len() as u64));
            bytes.extend_from_slice(payload);
        }
        bytes
    }

    #[test]
    fn records_come_back_in_order() {
        let bytes = file();
        let found: Vec<_> = records(&bytes, 4097).collect();
        let lengths: Vec<_> =
            found.iter().map(|record| (record.kind, record.payload.len(), record.missing)).collect();
        assert_eq!(
            lengths,
            [(Kind::Capture { still_running: true }, 3, 0), (Kind::Note, 9000, 0), (Kind::Note, 0, 0)]
        );
        assert_eq!(bytes[found[0].payload.clone()], *b"abc");
    }

    #[test]
    fn a_record_without_those_before_it_and_one_cut_off_are_read() {
        let mut bytes = file();
        let found: Vec<_> = records(&bytes, 4097).collect();
        bytes[8192] = 0;
        bytes.truncate(found[1].payload.start + 100);
        let left: Vec<_> = records(&bytes, 4097).collect();
        assert_eq!(left.len(), 1);
        assert_eq!((left[0].kind, left[0].payload.len(), left[0].missing), (Kind::Note, 100, 8900));
    }

    #[test]
    fn a_compact_capture_has_what_was_committed() {
        let mut capture = Header { pid: 5, end: 4096 * 4, ..Header::default() }.encode().to_vec();
        for (stream, size, payload) in [(0, 8192u32, &b"abc"[..]), (1, 4096, b"")] {
            let start = capture.len();
            let committed = payload.len() as u32;
            let chunk = ChunkHeader { stream, size, committed, base_sequence: 9 };
            capture.extend_from_slice(&chunk.encode());
            capture.extend_from_slice(payload);
            capture.resize(start + size as usize, 0xee);
        }
        let small = compact(&capture).expect("it is whole");
        assert_eq!(small.len(), 8192);
        assert_eq!(Header::decode(&small).map(|header| (header.pid, header.end)), Ok((5, 8192)));
        let chunk = ChunkHeader { stream: 0, size: 4096, committed: 3, base_sequence: 9 };
        assert_eq!(ChunkHeader::decode(&small[4096..]), Ok(chunk));
        assert_eq!(small[4096 + chunk::HEADER_SIZE..][..4], *b"abc\0");
        capture[4096] = 0;
        assert_eq!(compact(&capture), None);
    }

    #[test]
    fn a_note_tells_of_a_process() {
        let note = NotFollowed {
            pid: 7,
            parent: 6,
            reason: "it is PyPy".into(),
            command: vec!["pypy3".into(), "a b.py".into()],
        };
        assert_eq!(NotFollowed::decode(b"7 6\nit is PyPy\npypy3\0a b.py"), Some(note.clone()));
        assert_eq!(NotFollowed::decode(&note.encode()), Some(note));
        assert_eq!(NotFollowed::decode(b"seven"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_passed_over(bytes: Vec<u8>, end: u64) {
            let _ = records(&bytes, end).count();
            let _ = compact(&bytes);
            let _ = NotFollowed::decode(&bytes);
        }
    }
}
