//! The capture file as the agent fills it: grown in steps, mapped chunk by chunk.
//!
//! Invariants: space is reserved on the disk before a chunk is mapped, so that a full disk is an error here and
//! no fault later; a record's bytes are stored before `committed` tells of them, and a chunk's header before
//! `end` tells of it; the file never shrinks below what is mapped.
//!
//! The file is open only while a chunk is made: a program may close every file that it did not open, and use the
//! number for one of its own, which must never be written to in place of the capture.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use heapwise_capture::chunk::{self, ChunkHeader};
use heapwise_capture::header::{self, Header, Outcome, State};

use crate::{heap, platform};

/// Bytes of the capture that are mapped.
static MAPPED: AtomicU64 = AtomicU64::new(0);

/// The kind of the error for another file in the capture's place: none that opening or growing a file gives.
const REPLACED: io::ErrorKind = io::ErrorKind::StaleNetworkFileHandle;

/// Whether the error says that another file is in the capture's place.
pub(crate) fn is_replaced(error: &io::Error) -> bool {
    error.kind() == REPLACED && error.raw_os_error().is_none()
}

/// Bytes of the capture that are mapped.
pub(crate) fn mapped_bytes() -> u64 {
    MAPPED.load(Ordering::Relaxed)
}

/// In the child of a fork: what is mapped of the parent's capture is not this process's.
pub(crate) fn forget_parent() {
    MAPPED.store(0, Ordering::Relaxed);
}

/// The open capture.
#[derive(Debug)]
pub(crate) struct Sink {
    path: PathBuf,
    /// Device and inode: what is at the path later may be another file.
    identity: (u64, u64),
    header: *mut u8,
    end: usize,
}

// SAFETY: the header mapping belongs to the sink alone, and every access goes through `&mut self`.
unsafe impl Send for Sink {}

impl Sink {
    /// Opens the empty file that the launcher made and writes its header.
    ///
    /// # Errors
    /// Those of the file system; [`io::ErrorKind::AlreadyExists`] if the file is not empty.
    pub(crate) fn create(path: &Path, header: &Header) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let facts = file.metadata()?;
        if facts.len() != 0 {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let page = map(&file, 0, header::HEADER_SIZE).inspect_err(|_| {
            // An empty file says that nothing was recorded.
            let _ = file.set_len(0);
        })?;
        let bytes = Header { end: header::HEADER_SIZE as u64, ..*header }.encode();
        // SAFETY: the page was just mapped, writable, and is of this size.
        unsafe { page.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Ok(Self {
            path: path.to_owned(),
            identity: (facts.dev(), facts.ino()),
            header: page,
            end: header::HEADER_SIZE,
        })
    }

    /// A fresh chunk with room for `room` bytes.
    ///
    /// # Errors
    /// Those of the file system: no space, or a limit on the size of files.
    pub(crate) fn chunk(&mut self, stream: u32, room: usize, base_sequence: u64) -> io::Result<Chunk> {
        let size = (room + chunk::HEADER_SIZE).next_multiple_of(chunk::ALIGNMENT);
        let file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        let facts = file.metadata()?;
        if (facts.dev(), facts.ino()) != self.identity {
            return Err(io::Error::new(REPLACED, "the capture was replaced by another file"));
        }
        let start = map(&file, self.end, size)?;
        let bytes = ChunkHeader { stream, size: size as u32, committed: 0, base_sequence }.encode();
        // SAFETY: the chunk was just mapped, writable, and is larger than its header.
        unsafe { start.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        self.end += size;
        // SAFETY: the header page is mapped while the sink lives, and the field is aligned.
        unsafe { AtomicU64::from_ptr(self.header.add(header::END_OFFSET).cast()) }
            .store(self.end as u64, Ordering::Release);
        Ok(Chunk { start, size, used: 0 })
    }

    /// Writes how the process ends, where it does so by itself and no launcher waits for it.
    pub(crate) fn set_outcome(&mut self, outcome: Outcome) {
        let bytes = outcome.to_bytes();
        // SAFETY: a part of the header page, which is mapped while the sink lives.
        unsafe {
            self.header.add(header::OUTCOME_OFFSET).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        };
    }

    /// Writes that the process was there when it was so old, in nanoseconds: the last of what is known of one that is
    /// killed and that no launcher waits for.
    pub(crate) fn heard(&self, age_ns: u64) {
        // SAFETY: the header page is mapped while the sink lives, and the field is aligned.
        unsafe { AtomicU64::from_ptr(self.header.add(header::DURATION_OFFSET).cast()) }
            .store(age_ns, Ordering::Relaxed);
    }

    /// Writes what the agent says of its own recording.
    pub(crate) fn set_state(&mut self, state: State) {
        let [state, reason] = state.to_bytes();
        // SAFETY: two bytes of the header page, which is mapped while the sink lives.
        unsafe {
            self.header.add(header::STATE_OFFSET + 1).write_volatile(reason);
            self.header.add(header::STATE_OFFSET).write_volatile(state);
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // SAFETY: the sink's own mapping, used no more.
        unsafe { platform::unmap(self.header, header::HEADER_SIZE) };
    }
}

/// Reserves a part of the file on the disk and maps it.
fn map(file: &File, offset: usize, size: usize) -> io::Result<*mut u8> {
    reserve(file, offset, size)?;
    let mut start = platform::map_file(file.as_raw_fd(), offset, size);
    if start.is_null() {
        let error = io::Error::last_os_error();
        let place = heap::cut_from_reserve(size);
        if place.is_null() {
            return Err(error);
        }
        // SAFETY: the place is a part of the agent's reserve that nobody else has.
        start = unsafe { platform::map_file_at(place, file.as_raw_fd(), offset, size) };
    }
    if start.is_null() {
        return Err(io::Error::last_os_error());
    }
    MAPPED.fetch_add(size as u64, Ordering::Relaxed);
    Ok(start)
}

/// Gives the file `size` more bytes at `offset`, on the disk.
fn reserve(file: &File, offset: usize, size: usize) -> io::Result<()> {
    let (offset, size) = (offset as libc::off_t, size as libc::off_t);
    // SAFETY: a plain call on a file that is open.
    let failed = unsafe { libc::fallocate(file.as_raw_fd(), 0, offset, size) } != 0;
    if failed {
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EOPNOTSUPP) {
            return Err(error);
        }
        // A file system that cannot reserve: the size alone must do.
        file.set_len((offset + size).cast_unsigned())?;
    }
    Ok(())
}

/// A mapped chunk, filled by one thread.
#[derive(Debug)]
pub(crate) struct Chunk {
    start: *mut u8,
    size: usize,
    used: usize,
}

// SAFETY: the mapping belongs to the chunk alone.
unsafe impl Send for Chunk {}

impl Chunk {
    /// Bytes left.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        self.size - chunk::HEADER_SIZE - self.used
    }

    /// The bytes left.
    #[inline]
    pub(crate) fn tail(&mut self) -> &mut [u8] {
        // SAFETY: the part of the mapping behind what is used; nobody else writes to it.
        unsafe {
            let tail = self.start.add(chunk::HEADER_SIZE + self.used);
            std::slice::from_raw_parts_mut(tail, self.room())
        }
    }

    /// Tells readers of `length` more bytes, written at the start of [`Self::tail`].
    #[inline]
    pub(crate) fn commit(&mut self, length: usize) {
        self.used += length;
        // SAFETY: the chunk's header is mapped while it lives, and the field is aligned.
        unsafe { AtomicU32::from_ptr(self.start.add(chunk::COMMITTED_OFFSET).cast()) }
            .store(self.used as u32, Ordering::Release);
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // SAFETY: the chunk's own mapping, used no more.
        unsafe { platform::unmap(self.start, self.size) };
        MAPPED.fetch_sub(self.size as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_committed_is_in_the_file_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.heapwise");
        let mut sink = Sink::create(&path, &Header { pid: 5, ..Header::default() }).expect("a sink");
        let mut chunk = sink.chunk(3, 100, 77).expect("a chunk");
        chunk.tail()[..5].copy_from_slice(b"hello");
        chunk.commit(5);
        let bytes = std::fs::read(&path).expect("the file");
        let header = Header::decode(&bytes).expect("a header");
        assert_eq!((header.pid, header.end as usize), (5, bytes.len()));
        let rest = &bytes[header::HEADER_SIZE..];
        let expected = ChunkHeader { stream: 3, size: 4096, committed: 5, base_sequence: 77 };
        assert_eq!(ChunkHeader::decode(rest), Ok(expected));
        assert_eq!(&rest[chunk::HEADER_SIZE..][..5], b"hello");
        assert_eq!(
            Sink::create(&path, &Header::default()).expect_err("not empty").kind(),
            io::ErrorKind::AlreadyExists
        );
    }

    #[test]
    fn of_a_process_that_is_killed_the_file_says_how_old_it_became() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.heapwise");
        let sink = Sink::create(&path, &Header::default()).expect("a sink");
        sink.heard(7);
        sink.heard(9);
        let header = Header::decode(&std::fs::read(&path).expect("the file")).expect("a header");
        assert_eq!(header.outcome, Outcome { duration_ns: 9, ..Outcome::default() });
    }

    #[test]
    fn a_file_put_in_place_of_the_capture_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.heapwise");
        let mut sink = Sink::create(&path, &Header::default()).expect("a sink");
        std::fs::rename(&path, folder.path().join("moved")).expect("a rename");
        std::fs::write(&path, b"mine").expect("another file");
        assert!(is_replaced(&sink.chunk(1, 100, 0).expect_err("another file")));
        assert_eq!(std::fs::read(&path).expect("the file"), b"mine");
    }
}
