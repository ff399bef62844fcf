//! Chunk headers: how the file is divided among the streams.
//!
//! | offset | size | field |
//! |-------:|-----:|-------|
//! | 0 | 4 | mark `HWCH` |
//! | 4 | 4 | stream: 0 tables, else the number of the thread that fills it |
//! | 8 | 4 | size of the chunk in bytes, this header included; a multiple of [`ALIGNMENT`] |
//! | 12 | 4 | `committed`: valid bytes behind this header (raised atomically) |
//! | 16 | 8 | base sequence number: that of the last event before this chunk in its stream |
//!
//! Invariant: chunks follow each other without a gap, and `committed` never exceeds the room in the chunk.

use crate::DecodeError;

/// The mark at the start of every chunk.
pub const MARK: [u8; 4] = *b"HWCH";
/// Bytes of a chunk header.
pub const HEADER_SIZE: usize = 24;
/// Chunks start and end at multiples of this, so that each can be mapped alone.
pub const ALIGNMENT: usize = 4096;
/// Where `committed` stands, for the writer that raises it in place.
pub const COMMITTED_OFFSET: usize = 12;
/// The stream number of the tables.
pub const TABLE_STREAM: u32 = 0;

/// A decoded chunk header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkHeader {
    /// [`TABLE_STREAM`], or the number of the thread.
    pub stream: u32,
    /// Bytes of the whole chunk.
    pub size: u32,
    /// Valid bytes behind the header.
    pub committed: u32,
    /// The sequence number from which the first event counts on.
    pub base_sequence: u64,
}

impl ChunkHeader {
    /// The bytes of the header.
    pub fn encode(&self) -> [u8; HEADER_SIZE] {
        let mut bytes = [0; HEADER_SIZE];
        bytes[0..4].copy_from_slice(&MARK);
        bytes[4..8].copy_from_slice(&self.stream.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.size.to_le_bytes());
        bytes[COMMITTED_OFFSET..16].copy_from_slice(&self.committed.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.base_sequence.to_le_bytes());
        bytes
    }

    /// Reads the chunk header at the start of `bytes`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] if fewer than [`HEADER_SIZE`] bytes are there, [`DecodeError::BadChunk`] if
    /// they are no chunk header.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let bytes: &[u8; HEADER_SIZE] = bytes.first_chunk().ok_or(DecodeError::Truncated)?;
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let header = Self {
            stream: word(4),
            size: word(8),
            committed: word(COMMITTED_OFFSET),
            base_sequence: u64::from(word(16)) | (u64::from(word(20)) << 32),
        };
        let size = header.size as usize;
        let whole = bytes[0..4] == MARK && size != 0 && size.is_multiple_of(ALIGNMENT);
        if whole && header.committed as usize <= size - HEADER_SIZE {
            Ok(header)
        } else {
            Err(DecodeError::BadChunk)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_header_comes_back_and_a_wrong_one_is_refused() {
        let header = ChunkHeader { stream: 3, size: 8192, committed: 100, base_sequence: 1 << 40 };
        let bytes = header.encode();
        assert_eq!(ChunkHeader::decode(&bytes), Ok(header));
        assert_eq!(ChunkHeader::decode(&bytes[..20]), Err(DecodeError::Truncated));
        let overfull = ChunkHeader { committed: 8190, ..header }.encode();
        assert_eq!(ChunkHeader::decode(&overfull), Err(DecodeError::BadChunk));
        let odd = ChunkHeader { size: 5000, ..header }.encode();
        assert_eq!(ChunkHeader::decode(&odd), Err(DecodeError::BadChunk));
    }
}
