//! The capture file format: layout, encoding and decoding in one place.
//!
//! Owns every byte of a capture. Knows nothing of files, Python, clocks or memory maps: it turns values into
//! bytes and bytes into values. Invariant: what [`event::EventEncoder`] and [`table::TableRecord::encode`]
//! write, the decoders here read back as the same values, and no input whatever makes a decoder panic.
//!
//! # Byte tables (version 1, little-endian)
//!
//! A capture is one header page of [`header::HEADER_SIZE`] bytes ([`header`]), then chunks ([`chunk`]) one
//! behind the other up to the header's `end`. A chunk belongs to one stream:
//!
//! * **table** chunks hold strings, code, frames, stacks, sources, threads, facts and inspections ([`table`]), in the order
//!   in which their implicit numbers were given;
//! * **event** chunks hold what happened ([`event`]). Each thread of the program fills its own chunks; a
//!   sequence number taken from one counter gives the order between threads.
//!
//! Behind `end` stand the captures of the run's other processes, each whole, which the launcher puts there when the run
//! is over ([`embedded`]). Who knows nothing of them reads the first process alone.
//!
//! A writer stores a record's bytes first and then raises the chunk's `committed` length; a reader trusts only
//! that prefix. So a capture is whole up to the last instant however the process ended.

#![forbid(unsafe_code)]

pub mod chunk;
pub mod embedded;
pub mod event;
pub mod header;
pub mod inspection;
pub mod origin;
pub mod sampling;
pub mod table;
mod varint;

use std::fmt;

/// Why bytes could not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes do not begin with the mark of a capture.
    NotACapture,
    /// The file ends before its header does; the number is the bytes there are.
    ShortHeader(usize),
    /// The capture was written by another version of the format.
    Version {
        /// The version in the file.
        found: u32,
        /// The version that this build reads.
        supported: u32,
    },
    /// A record ends beyond the committed bytes, or a number in it is longer than any writer makes.
    Truncated,
    /// A byte stands where only a known tag may stand.
    UnknownTag(u8),
    /// A chunk header does not carry the mark of a chunk, or its lengths contradict each other.
    BadChunk,
    /// The header names a recording mode that is not known.
    UnknownMode(u8),
    /// A look at the objects is not the JSON of one.
    Inspection,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotACapture => write!(formatter, "not a heapwise capture"),
            Self::ShortHeader(found) => {
                write!(formatter, "the header is cut off: {found} bytes of {}", header::HEADER_SIZE)
            }
            Self::Version { found, supported } => {
                write!(formatter, "format version {found}; this heapwise reads version {supported}")
            }
            Self::Truncated => write!(formatter, "a record is cut off"),
            Self::UnknownTag(tag) => write!(formatter, "unknown record tag {tag}"),
            Self::BadChunk => write!(formatter, "a chunk header is damaged"),
            Self::UnknownMode(mode) => write!(formatter, "unknown recording mode {mode}"),
            Self::Inspection => write!(formatter, "a look at the objects is not readable"),
        }
    }
}

impl std::error::Error for DecodeError {}
