//! Reads a capture from a file.
//!
//! Owns the only I/O of the crate and the words for what can go wrong with it. Invariant: no more is read than
//! the header says is valid, so room that a writer reserved costs nothing.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use heapwise_capture::DecodeError;
use heapwise_capture::chunk::{self, ChunkHeader};
use heapwise_capture::header::{self, END_OFFSET, Header, State};

use crate::Profile;

/// Why a capture could not be opened. The text names the file and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no such file.
    #[error("there is no file {}; give the capture that `heapwise run` wrote", path.display())]
    Missing {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The path is a directory, a device or a pipe.
    #[error("{} is not a regular file; give the capture itself", path.display())]
    NotAFile {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The file may not be read.
    #[error("no permission to read {}; ask its owner, or change its mode", path.display())]
    Permission {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The file has no bytes.
    #[error("{} is empty: the program ended before recording began; run it again", path.display())]
    Empty {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{} is not a heapwise capture; give the file that `heapwise run` wrote", path.display())]
    NotACapture {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The file was written by a newer heapwise.
    #[error(
        "{} was made by a newer heapwise (capture format {found}, this one reads {supported}); upgrade heapwise",
        path.display()
    )]
    Newer {
        /// The path that was asked for.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The version that this build reads.
        supported: u32,
    },
    /// The file was written by an older heapwise whose format is no longer read.
    #[error(
        "{} was made by an older heapwise (capture format {found}, this one reads {supported}); run the program \
         again",
        path.display()
    )]
    Older {
        /// The path that was asked for.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The version that this build reads.
        supported: u32,
    },
    /// The header page is cut off or damaged, so nothing can be read.
    #[error("{} cannot be read: {cause}; copy it again, or run the program again", path.display())]
    Header {
        /// The path that was asked for.
        path: PathBuf,
        /// What is wrong.
        cause: DecodeError,
    },
    /// Reading failed.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The path that was asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl OpenError {
    fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::NotFound => Self::Missing { path },
            ErrorKind::PermissionDenied => Self::Permission { path },
            ErrorKind::IsADirectory => Self::NotAFile { path },
            _ => Self::Io { path, source },
        }
    }

    fn from_decode(path: &Path, cause: DecodeError) -> Self {
        let path = path.to_owned();
        match cause {
            DecodeError::NotACapture => Self::NotACapture { path },
            DecodeError::Version { found, supported } if found > supported => {
                Self::Newer { path, found, supported }
            }
            DecodeError::Version { found, supported } => Self::Older { path, found, supported },
            cause => Self::Header { path, cause },
        }
    }
}

impl Profile {
    /// Reads and decodes the capture at `path`. It may still be growing: what is committed is read.
    ///
    /// # Errors
    /// An [`OpenError`] if the file cannot be read or has no valid header; all other damage becomes a
    /// [`crate::Problem`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let bytes = read(path).map_err(|source| OpenError::from_io(path, source))?;
        match bytes.as_deref() {
            None => Err(OpenError::NotAFile { path: path.to_owned() }),
            Some([]) => Err(OpenError::Empty { path: path.to_owned() }),
            Some(_) => Self::from_bytes(bytes.unwrap_or_default())
                .map_err(|cause| OpenError::from_decode(path, cause)),
        }
    }
}

/// The valid part of the file; `None` if the path is no regular file.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    // Asked before opening: to open a pipe would wait for its writer.
    if path.metadata()?.is_file() { read_valid(&mut File::open(path)?).map(Some) } else { Ok(None) }
}

/// The valid part of a capture that may grow while it is read.
fn read_valid(file: &mut (impl Read + Seek)) -> io::Result<Vec<u8>> {
    let length = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    let mut bytes = Vec::with_capacity(header::HEADER_SIZE);
    Read::by_ref(file).take(header::HEADER_SIZE as u64).read_to_end(&mut bytes)?;
    if let Ok(header) = Header::decode(&bytes) {
        let more = header.end.min(length).saturating_sub(bytes.len() as u64);
        bytes.reserve_exact(usize::try_from(more).unwrap_or(0));
        Read::by_ref(file).take(more).read_to_end(&mut bytes)?;
        if header.state == State::Recording {
            refresh_tables(file, &mut bytes)?;
        }
    }
    Ok(bytes)
}

/// Reads the table chunks again behind the events.
///
/// A writer stores what an event refers to before the event. In a capture that grows while it is read from front
/// to back, late events would refer to table records that came after their chunk had been read.
fn refresh_tables(file: &mut (impl Read + Seek), bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut chunks = Vec::new();
    let mut at = header::HEADER_SIZE;
    while let Some(Ok(chunk)) = bytes.get(at..).map(ChunkHeader::decode) {
        chunks.push((at, chunk));
        at = at.saturating_add(chunk.size as usize);
    }
    for (at, chunk) in chunks {
        if chunk.stream == chunk::TABLE_STREAM {
            file.seek(SeekFrom::Start(at as u64))?;
            let end = bytes.len().min(at + chunk.size as usize);
            read_what_is_there(file, &mut bytes[at..end])?;
        }
    }
    // Table chunks that were begun meanwhile; events behind the old end stay unread.
    let old_end = bytes.len();
    let mut end = [0; 8];
    file.seek(SeekFrom::Start(END_OFFSET as u64))?;
    file.read_exact(&mut end)?;
    let more = u64::from_le_bytes(end).saturating_sub(old_end as u64);
    file.seek(SeekFrom::Start(old_end as u64))?;
    Read::by_ref(file).take(more).read_to_end(bytes)?;
    let mut at = old_end;
    while let Some(Ok(mut chunk)) = bytes.get(at..).map(ChunkHeader::decode) {
        if chunk.stream != chunk::TABLE_STREAM {
            chunk.committed = 0;
            bytes[at..at + chunk::HEADER_SIZE].copy_from_slice(&chunk.encode());
        }
        at = at.saturating_add(chunk.size as usize);
    }
    if bytes.len() > old_end {
        let end = bytes.len() as u64;
        bytes[END_OFFSET..END_OFFSET + 8].copy_from_slice(&end.to_le_bytes());
    }
    Ok(())
}

/// Fills `bytes` from the file as far as the file goes.
fn read_what_is_there(file: &mut impl Read, mut bytes: &mut [u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.read(bytes) {
            Ok(0) => break,
            Ok(count) => bytes = &mut bytes[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use heapwise_testkit::{CaptureBuilder, Mode};

    use super::*;
    use crate::EventKind;

    fn open(name: &str, bytes: &[u8]) -> Result<Profile, OpenError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        Profile::open(&path)
    }

    #[test]
    fn a_file_is_read_up_to_where_it_is_valid() {
        let mut capture = CaptureBuilder::new(Mode::Exact);
        capture.header(|header| header.state = State::Closed).free(16);
        let mut bytes = capture.build();
        let valid = bytes.len();
        // Room that was reserved for chunks to come.
        bytes.resize(valid + 40_960, 0xee);
        let profile = open("app.heapwise", &bytes).expect("it opens");
        assert_eq!(profile.bytes.len(), valid);
        assert_eq!((profile.problems(), profile.events().count()), (&[][..], 1));
    }

    #[test]
    fn a_cut_off_file_opens_with_a_problem() {
        for state in [State::Closed, State::Recording] {
            let mut capture = CaptureBuilder::new(Mode::Exact);
            capture.header(|header| header.state = state).fact("a", "b").free(16);
            let bytes = capture.build();
            let profile = open("app.heapwise", &bytes[..bytes.len() - 5000]).expect("it opens");
            assert_eq!(profile.problems(), [crate::Problem::ShortFile { missing: 5000 }]);
        }
    }

    #[test]
    fn what_cannot_be_opened_is_named_with_what_to_do() {
        let page = CaptureBuilder::new(Mode::Exact).build();
        let mut newer = page.clone();
        newer[8] = 9;
        let mut older = page.clone();
        older[8] = 0;
        for (name, bytes, words) in [
            ("empty", &b""[..], "is empty"),
            ("image.png", b"\x89PNG\r\n", "is not a heapwise capture"),
            ("newer", &newer, "made by a newer heapwise (capture format 9, this one reads 1); upgrade"),
            ("older", &older, "made by an older heapwise (capture format 0, this one reads 1)"),
            ("short", &page[..100], "the header is cut off: 100 bytes of 4096"),
        ] {
            let text = open(name, bytes).expect_err(name).to_string();
            assert!(text.contains(name) && text.contains(words), "{text}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let text = Profile::open(folder.path()).expect_err("a folder").to_string();
        assert!(text.contains("is not a regular file"), "{text}");
        let text = Profile::open(&folder.path().join("none")).expect_err("missing").to_string();
        assert!(text.contains("there is no file") && text.contains("none"), "{text}");
        let refused = io::Error::from(ErrorKind::PermissionDenied);
        let text = OpenError::from_io(Path::new("secret"), refused).to_string();
        assert!(text.contains("no permission to read secret"), "{text}");
    }

    /// A capture that grows as soon as all that there was has been read once.
    struct Growing {
        bytes: io::Cursor<Vec<u8>>,
        then: Option<Vec<u8>>,
    }

    impl Read for Growing {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.bytes.read(out)?;
            if self.bytes.position() == self.bytes.get_ref().len() as u64
                && let Some(then) = self.then.take()
            {
                *self.bytes.get_mut() = then;
            }
            Ok(count)
        }
    }

    impl Seek for Growing {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.bytes.seek(to)
        }
    }

    #[test]
    fn tables_that_grew_while_the_file_was_read_are_read_again() {
        let mut capture = CaptureBuilder::new(Mode::Exact);
        capture.chunk_size(4096);
        let early = capture.stack(&["early:1"]);
        capture.allocation(16, 1, early);
        let before = capture.clone().build();
        let late = capture.stack(&["late:2"]);
        capture.allocation(32, 1, late);
        // And a chunk of tables, and one of events, that were begun behind what was read.
        let text = "x".repeat(5000);
        let latest = capture.stack(&[&format!("{text}:3")]);
        capture.on(2).allocation(48, 1, latest);
        let after = capture.build();
        assert!(after.len() > before.len());

        // What a reader gets whom the writer overtook between the table chunk, which comes first, and the events.
        let mut seen = before.clone();
        let events = header::HEADER_SIZE + 4096;
        seen[events..].copy_from_slice(&after[events..before.len()]);
        let stale = Profile::from_bytes(seen.clone()).expect("it opens");
        let mut read = stale.events();
        assert_eq!(read.by_ref().count(), 2);
        assert_eq!(read.problems().len(), 1, "the late stack is not known");

        let mut file = Growing { bytes: io::Cursor::new(seen), then: Some(after) };
        let fresh = Profile::from_bytes(read_valid(&mut file).expect("read")).expect("it opens");
        assert_eq!(fresh.problems(), []);
        let mut read = fresh.events();
        let stacks: Vec<_> = read
            .by_ref()
            .map(|(_, event)| match event.kind {
                EventKind::Allocation { stack, .. } => stack,
                _ => 0,
            })
            .collect();
        assert_eq!(stacks, [early, late]);
        assert_eq!(read.problems(), []);
        assert!(fresh.stack(latest).is_some());
    }
}
