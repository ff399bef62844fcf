//! Opens a capture read-only and replays its events.
//!
//! Owns the way from the bytes of a capture to decoded tables and one stream of events in the order in which
//! they happened. Interprets nothing: what was live, leaked or temporary is the business of the analysis.
//! Invariants: whatever the bytes, nothing here panics; what can be read is given, and what cannot is listed as
//! a [`Problem`]; every number that a table hands out is valid or "none". The only I/O is reading the file.
//!
//! Events stay encoded and are decoded while they are iterated over, so a profile takes hardly more memory
//! than its file.

#![forbid(unsafe_code)]

mod chunks;
mod events;
mod job;
mod merge;
mod open;
mod origins;
mod problem;
mod tables;

pub use heapwise_capture as capture;
pub use heapwise_capture::DecodeError;
pub use heapwise_capture::event::{Allocator, Event, EventKind, Resident};
pub use heapwise_capture::header::{Ending, Header, MemoryKills, Mode, Outcome, State, Stop};
pub use heapwise_capture::inspection;
pub use heapwise_capture::origin::{Origin, origin};
pub use heapwise_capture::sampling::Sampling;
pub use heapwise_capture::table::{CodeId, FrameId, NO_STACK, Position, StackId, StringId};

pub use events::Events;
pub use heapwise_capture::embedded::NotFollowed;
pub use job::{Job, Process, valid_bytes};
pub use merge::{Merged, merge};
pub use open::OpenError;
pub use problem::{Problem, Target};
pub use tables::{Frame, Stack, Thread};

use std::sync::OnceLock;

use chunks::Stream;
use origins::Origins;
use tables::Tables;

/// The name shown for a function that the capture does not name.
pub const UNKNOWN: &str = "<unknown>";

/// A decoded capture.
#[derive(Debug)]
pub struct Profile {
    bytes: Vec<u8>,
    header: Header,
    tables: Tables,
    streams: Vec<Stream>,
    problems: Vec<Problem>,
    /// Made when first asked for.
    origins: OnceLock<Origins>,
}

impl Profile {
    /// Decodes the bytes of a capture, whole or cut off or still growing.
    ///
    /// # Errors
    /// A [`DecodeError`] if there is no valid header page. All other damage becomes a [`Problem`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let header = Header::decode(&bytes)?;
        let mut problems = Vec::new();
        if let State::Stopped(stop) = header.state {
            problems.push(Problem::Stopped(stop));
        }
        let layout = chunks::walk(&bytes, header.end, &mut problems);
        let mut tables = Tables::decode(&bytes, &layout.tables, layout.trusted_tables, &mut problems);
        tables.add_unnamed_threads(layout.streams.iter().map(|stream| stream.number));
        Ok(Self { bytes, header, tables, streams: layout.streams, problems, origins: OnceLock::new() })
    }

    /// The header page.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What is wrong with the header, the chunks and the tables. Damage inside events shows only while they
    /// are read: [`Events::problems`].
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// All facts, as (key, value), in the order in which they were recorded.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tables.facts.iter().map(|(key, value)| (&**key, &**value))
    }

    /// The values of one key (`argument`, `executable`, `folder`, `python`, `module:NAME`), in order.
    pub fn fact<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.facts().filter(move |(found, _)| *found == key).map(|(_, value)| value)
    }

    /// The threads by ascending number; one for every stream of events, also where its record is missing.
    pub fn threads(&self) -> &[Thread] {
        &self.tables.threads
    }

    /// The text of a string; empty for 0 and for numbers that no string has.
    ///
    /// Frames name their file and function by the first string of that text, so two of these numbers are equal
    /// exactly if the texts are.
    pub fn string(&self, id: StringId) -> &str {
        self.tables.string(id)
    }

    /// A frame; [`Frame::UNKNOWN`] for 0 and for numbers that no frame has.
    pub fn frame(&self, id: FrameId) -> Frame {
        self.tables.frame(id)
    }

    /// The file of a frame; empty if not known.
    pub fn file_of(&self, frame: FrameId) -> &str {
        self.string(self.frame(frame).file)
    }

    /// Whose code a frame is.
    pub fn origin_of(&self, frame: FrameId) -> Origin<'_> {
        let files = || (0..=self.frame_count() as FrameId).map(|id| (self.frame(id).file, self.file_of(id)));
        self.origins.get_or_init(|| Origins::of(files())).get(frame, self.file_of(frame))
    }

    /// The function of a frame; [`UNKNOWN`] if not known.
    pub fn function_of(&self, frame: FrameId) -> &str {
        match self.string(self.frame(frame).function) {
            "" => UNKNOWN,
            name => name,
        }
    }

    /// The number of frames; they are numbered from 1.
    pub fn frame_count(&self) -> usize {
        self.tables.frame_count()
    }

    /// The number of stacks; they are numbered from 1, a caller's before that of what it called.
    pub fn stack_count(&self) -> usize {
        self.tables.stack_count()
    }

    /// A stack; `None` for [`NO_STACK`] and for numbers that no stack has. Its parent has a smaller number.
    pub fn stack(&self, id: StackId) -> Option<Stack> {
        self.tables.stack(id)
    }

    /// The frames of a stack from the innermost outwards.
    pub fn outwards(&self, stack: StackId) -> impl Iterator<Item = FrameId> {
        let mut next = self.stack(stack);
        std::iter::from_fn(move || {
            let here = next?;
            next = self.stack(here.parent);
            Some(here.frame)
        })
    }

    /// The text that a file of the user's had when it was run.
    pub fn source(&self, file: &str) -> Option<&str> {
        self.sources().find(|(name, _)| *name == file).map(|(_, text)| text)
    }

    /// All recorded sources, as (file, text).
    pub fn sources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tables.sources.iter().map(|(file, text)| (self.string(*file), &**text))
    }

    /// The looks at the live objects, in the order in which they were made.
    pub fn inspections(&self) -> &[inspection::Inspection] {
        &self.tables.inspections
    }

    /// All events of all threads by ascending sequence number, each with the number of its thread.
    pub fn events(&self) -> Events<'_> {
        Events::new(&self.bytes, &self.streams, self.stack_count())
    }
}
