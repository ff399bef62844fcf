//! Everything that reads bytes from outside, each as one function of bytes.
//!
//! Shared by the fuzz targets, which make bytes up, and by a test of the report crate, which reads the kept corpus.
//! Invariant: whatever the bytes, none of these panics, hangs, or takes memory out of proportion to them.

use heapwise_analysis::analyse;
use heapwise_analysis::profile::Profile;
use heapwise_capture::chunk::{self, ChunkHeader};
use heapwise_capture::event::EventDecoder;
use heapwise_capture::header::{HEADER_SIZE, Header, Mode};
use heapwise_capture::inspection::Inspection;
use heapwise_capture::table::TableRecord;
use heapwise_report::{Report, json, text};

/// The header page.
pub(crate) fn header(bytes: &[u8]) {
    let _ = Header::decode(bytes);
}

/// The records of a chunk of tables, up to the first that is none.
pub(crate) fn tables(bytes: &[u8]) {
    let mut at = 0;
    while at < bytes.len() {
        let before = at;
        match TableRecord::decode(bytes, &mut at) {
            Ok(Some(TableRecord::Inspection { text })) => inspection(text),
            Ok(_) => {}
            Err(_) => return,
        }
        assert!(at > before, "a record takes bytes");
    }
}

/// The events of a chunk, up to the first that is none.
pub(crate) fn events(bytes: &[u8]) {
    let mut decoder = EventDecoder::new(bytes, 0);
    while let Ok(Some(_)) = decoder.next_event() {}
}

/// A look at the objects.
pub(crate) fn inspection(bytes: &[u8]) {
    let _ = Inspection::decode(bytes);
}

/// The contents of three sound chunks, one of tables and two of events. The first byte chooses the mode, the next
/// four say where the contents are divided.
pub(crate) fn chunks(bytes: &[u8]) {
    let Some((&[mode, a, b, c, d], rest)) = bytes.split_first_chunk() else { return };
    let mode = if mode & 1 == 0 { Mode::Sampled } else { Mode::Exact };
    let first = usize::from(u16::from_le_bytes([a, b])).min(rest.len());
    let second = (first + usize::from(u16::from_le_bytes([c, d]))).min(rest.len());
    let mut file = vec![0; HEADER_SIZE];
    for (stream, content) in [(0, &rest[..first]), (1, &rest[first..second]), (2, &rest[second..])] {
        let size = (chunk::HEADER_SIZE + content.len()).next_multiple_of(chunk::ALIGNMENT);
        let committed = content.len() as u32;
        let start = file.len();
        file.extend(ChunkHeader { stream, size: size as u32, committed, base_sequence: 0 }.encode());
        file.extend_from_slice(content);
        file.resize(start + size, 0);
    }
    let end = file.len() as u64;
    file[..HEADER_SIZE].copy_from_slice(&Header { mode, end, ..Header::default() }.encode());
    capture(&file);
}

/// A whole capture, through to the report.
pub(crate) fn capture(bytes: &[u8]) {
    let Ok(profile) = Profile::from_bytes(bytes.to_vec()) else { return };
    let report = Report::build(&profile, &analyse(&profile));
    for width in [20, 80] {
        let options = text::TextOptions { width, color: false, lines: 10 };
        text::render(&report, &options, &mut std::io::sink()).expect("the sink takes everything");
    }
    json::render(&report, &mut std::io::sink()).expect("the sink takes everything");
}
