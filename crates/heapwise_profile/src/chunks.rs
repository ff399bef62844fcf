//! Finds the chunks of a capture and sorts them by stream.
//!
//! Invariant: every range handed out lies within the file, and a chunk that cannot be read costs only itself:
//! the walk goes on at the next place where a chunk can start.

use std::ops::Range;

use heapwise_capture::chunk::{self, ChunkHeader};
use heapwise_capture::header;

use crate::Problem;

/// The committed bytes of one chunk.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    /// Where the bytes behind the chunk header stand in the file.
    pub(crate) payload: Range<usize>,
    /// The sequence number from which the first event counts on.
    pub(crate) base_sequence: u64,
}

/// The chunks of one thread, in the order in which they were filled.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) number: u32,
    pub(crate) chunks: Vec<Chunk>,
}

/// Where everything stands in a capture.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// The table chunks, in order.
    pub(crate) tables: Vec<Chunk>,
    /// How many of the table chunks come before any lost chunk. Records in tables have implicit numbers, so
    /// those behind a chunk that may have held tables cannot be trusted.
    pub(crate) trusted_tables: usize,
    /// The streams of events by ascending number.
    pub(crate) streams: Vec<Stream>,
}

/// Walks the chunks in `bytes` up to `end`, the length that the header gives.
pub(crate) fn walk(bytes: &[u8], end: u64, problems: &mut Vec<Problem>) -> Layout {
    let whole_end = end;
    let end = usize::try_from(end).unwrap_or(usize::MAX).min(bytes.len());
    if (end as u64) < whole_end {
        problems.push(Problem::ShortFile { missing: whole_end - end as u64 });
    }
    let bytes = &bytes[..end];
    let mut layout = Layout::default();
    let mut trusted = true;
    let mut at = header::HEADER_SIZE;
    while at < end {
        let Ok(chunk) = ChunkHeader::decode(&bytes[at..]) else {
            let next = next_chunk(bytes, at);
            // A chunk that was handed out and not begun is all zero and holds nothing.
            if bytes[at..next].iter().any(|&byte| byte != 0) {
                problems.push(Problem::LostChunk { offset: at as u64, length: (next - at) as u64 });
                trusted = false;
            }
            at = next;
            continue;
        };
        let start = (at + chunk::HEADER_SIZE).min(end);
        let wanted = start + chunk.committed as usize;
        if wanted > end {
            problems.push(Problem::TruncatedChunk { offset: at as u64, missing: (wanted - end) as u64 });
        }
        let found = Chunk { payload: start..wanted.min(end), base_sequence: chunk.base_sequence };
        if chunk.stream == chunk::TABLE_STREAM {
            layout.tables.push(found);
            layout.trusted_tables += usize::from(trusted);
        } else {
            match layout.streams.binary_search_by_key(&chunk.stream, |stream| stream.number) {
                Ok(index) => layout.streams[index].chunks.push(found),
                Err(index) => {
                    layout.streams.insert(index, Stream { number: chunk.stream, chunks: vec![found] });
                }
            }
        }
        at += chunk.size as usize;
    }
    layout
}

/// Where the next chunk behind the damaged one at `at` starts; the end of the file if there is none.
fn next_chunk(bytes: &[u8], at: usize) -> usize {
    (at + chunk::ALIGNMENT..bytes.len())
        .step_by(chunk::ALIGNMENT)
        .find(|&candidate| ChunkHeader::decode(&bytes[candidate..]).is_ok())
        .unwrap_or(bytes.len())
}
