//! Makes captures in memory for the tests of the crates that read them.
//!
//! Owns a writer of captures that does what the agent does, without a process: chunks are handed out as they are
//! needed and filled in place. Invariant: [`CaptureBuilder::build`] gives a whole, valid capture; what damage a
//! test wants it does to the bytes.
//!
//! ```
//! use heapwise_testkit::{CaptureBuilder, Mode};
//!
//! let mut capture = CaptureBuilder::new(Mode::Exact);
//! let load = capture.file("app.py").stack(&["main:10", "load:20"]);
//! capture.allocation(0x1000, 100, load).time(5).free(0x1000);
//! assert_eq!(&capture.build()[..8], b"HEAPWISE");
//! ```

#![forbid(unsafe_code)]

mod program;

use std::collections::HashMap;

use heapwise_capture::chunk::{self, ChunkHeader, TABLE_STREAM};
use heapwise_capture::event::{EventEncoder, MAX_LENGTH};
use heapwise_capture::header::{HEADER_SIZE, Header};
use heapwise_capture::inspection::Inspection;
use heapwise_capture::sampling::Sampling;
use heapwise_capture::table::{CodeId, FrameId, StringId, TableRecord};

pub use heapwise_capture::event::{Allocator, EventKind, Resident};
pub use heapwise_capture::header::{Ending, MemoryKills, Mode, Outcome, State, Stop};
pub use heapwise_capture::table::{NO_STACK, Position, StackId};
pub use program::Program;

/// Writes a capture. Events go to the thread that [`Self::on`] chose, at the time that [`Self::time`] set; sequence
/// numbers count up by one.
#[derive(Debug, Clone)]
pub struct CaptureBuilder {
    header: Header,
    /// The whole file; the header page is filled in at the end.
    bytes: Vec<u8>,
    chunk_size: usize,
    tables: Option<Chunk>,
    streams: HashMap<u32, Stream>,
    thread: u32,
    sequence: u64,
    time_ms: u64,
    sampling: Sampling,
    file: String,
    strings: HashMap<Vec<u8>, StringId>,
    codes: HashMap<(StringId, StringId, u32), CodeId>,
    frames: HashMap<(CodeId, Position), FrameId>,
    stacks: HashMap<(StackId, FrameId), StackId>,
}

/// The chunk that a stream fills.
#[derive(Debug, Clone, Copy)]
struct Chunk {
    /// Where it starts in the file.
    start: usize,
    committed: usize,
}

#[derive(Debug, Clone)]
struct Stream {
    chunk: Option<Chunk>,
    encoder: EventEncoder,
    /// Sequence number of its last event.
    last: u64,
    time_ms: u64,
    sampling: Sampling,
}

impl CaptureBuilder {
    /// A capture without events, as if the process still ran; thread 1 is chosen.
    pub fn new(mode: Mode) -> Self {
        Self {
            header: Header { pid: 1, mode, ..Header::default() },
            bytes: vec![0; HEADER_SIZE],
            chunk_size: 16 * 4096,
            tables: None,
            streams: HashMap::new(),
            thread: 1,
            sequence: 0,
            time_ms: 0,
            sampling: Sampling::EXACT,
            file: String::from("app.py"),
            strings: HashMap::new(),
            codes: HashMap::new(),
            frames: HashMap::new(),
            stacks: HashMap::new(),
        }
    }

    /// Hands out chunks of `size` bytes from here on; a multiple of 4096.
    pub fn chunk_size(&mut self, size: usize) -> &mut Self {
        self.chunk_size = size;
        self
    }

    /// Changes the header.
    pub fn header(&mut self, change: impl FnOnce(&mut Header)) -> &mut Self {
        change(&mut self.header);
        self
    }

    /// The file of frames that do not name theirs.
    pub fn file(&mut self, name: &str) -> &mut Self {
        name.clone_into(&mut self.file);
        self
    }

    /// A stack, outermost frame first. A frame is `function:line`, or `file:function:line` for one in another
    /// file than [`Self::file`]; `function@def` in place of `function` says where the `def` stands (else line 1).
    ///
    /// # Panics
    /// If a frame is written in another way.
    pub fn stack(&mut self, frames: &[&str]) -> StackId {
        frames.iter().fold(NO_STACK, |parent, frame| {
            let (code, line) = frame.rsplit_once(':').expect("a frame is `function:line`");
            let (file, function) = match code.rsplit_once(':') {
                Some((file, function)) => (file.to_owned(), function),
                None => (self.file.clone(), code),
            };
            let (function, first_line) = function.split_once('@').unwrap_or((function, "1"));
            let number = |text: &str| text.parse().expect("a line is a number");
            let position = Position { line: number(line), end_line: number(line), column: 0, end_column: 0 };
            let frame = self.frame(&file, function, number(first_line), position);
            self.node(parent, frame)
        })
    }

    /// A frame.
    pub fn frame(&mut self, file: &str, function: &str, first_line: u32, position: Position) -> FrameId {
        let (file, function) = (self.string(file.as_bytes()), self.string(function.as_bytes()));
        let next = self.codes.len() as CodeId + 1;
        let code = *self.codes.entry((file, function, first_line)).or_insert(next);
        if code == next {
            self.record(&TableRecord::Code { file, function, first_line });
        }
        let next = self.frames.len() as FrameId + 1;
        let frame = *self.frames.entry((code, position)).or_insert(next);
        if frame == next {
            self.record(&TableRecord::Frame { code, position });
        }
        frame
    }

    /// The stack of `frame` as called from `parent`.
    pub fn node(&mut self, parent: StackId, frame: FrameId) -> StackId {
        let next = self.stacks.len() as StackId + 1;
        let stack = *self.stacks.entry((parent, frame)).or_insert(next);
        if stack == next {
            self.record(&TableRecord::Stack { parent, frame });
        }
        stack
    }

    /// Describes a thread. Threads of which events come need no description.
    pub fn thread(&mut self, number: u32, name: &str, started_by: StackId) -> &mut Self {
        let name = name.as_bytes();
        self.record(&TableRecord::Thread { number, os_id: 1000 + number, started_by, name })
    }

    /// Records the text of a file.
    pub fn source(&mut self, file: &str, text: &str) -> &mut Self {
        let file = self.string(file.as_bytes());
        self.record(&TableRecord::Source { file, text: text.as_bytes() })
    }

    /// Records a fact.
    pub fn fact(&mut self, key: &str, value: &str) -> &mut Self {
        self.record(&TableRecord::Fact { key: key.as_bytes(), value: value.as_bytes() })
    }

    /// Records a look at the objects.
    pub fn inspection(&mut self, inspection: &Inspection) -> &mut Self {
        self.record(&TableRecord::Inspection { text: &inspection.encode() })
    }

    /// Records a string and gives its number.
    pub fn string(&mut self, text: &[u8]) -> StringId {
        let next = self.strings.len() as StringId + 1;
        let id = *self.strings.entry(text.to_owned()).or_insert(next);
        if id == next {
            self.record(&TableRecord::String(text));
        }
        id
    }

    /// Writes any table record, valid or not; its number is not remembered.
    pub fn record(&mut self, record: &TableRecord<'_>) -> &mut Self {
        let mut out = vec![0; record.max_length()];
        let length = record.encode(&mut out);
        let room = self.chunk_size.max((chunk::HEADER_SIZE + length).next_multiple_of(chunk::ALIGNMENT));
        let mut open = match self.tables {
            Some(open) if self.fits(open, length) => open,
            _ => self.begin_chunk(TABLE_STREAM, room, 0),
        };
        self.append(&mut open, &out[..length]);
        self.tables = Some(open);
        self
    }

    /// The thread whose events the following are.
    pub fn on(&mut self, thread: u32) -> &mut Self {
        self.thread = thread;
        self
    }

    /// The time of the following events.
    pub fn time(&mut self, time_ms: u64) -> &mut Self {
        self.time_ms = time_ms;
        self
    }

    /// The sampling of the following events; an interval of 0 is exact.
    pub fn sampling(&mut self, interval: u64, threshold: u64) -> &mut Self {
        self.sampling = Sampling { interval, threshold };
        self
    }

    /// A block of the malloc family.
    pub fn allocation(&mut self, address: u64, size: u64, stack: StackId) -> &mut Self {
        self.allocation_by(Allocator::Malloc, address, size, stack)
    }

    /// A block of any allocator.
    pub fn allocation_by(
        &mut self,
        allocator: Allocator,
        address: u64,
        size: u64,
        stack: StackId,
    ) -> &mut Self {
        self.event(&EventKind::Allocation { address, size, stack, allocator, probability: 1.0 })
    }

    /// A free.
    pub fn free(&mut self, address: u64) -> &mut Self {
        self.event(&EventKind::Free { address })
    }

    /// Anonymous memory mapped.
    pub fn map(&mut self, address: u64, length: u64, stack: StackId, accessible: bool) -> &mut Self {
        self.event(&EventKind::Map { address, length, stack, accessible })
    }

    /// A range unmapped.
    pub fn unmap(&mut self, address: u64, length: u64) -> &mut Self {
        self.event(&EventKind::Unmap { address, length })
    }

    /// The protection of a range changed.
    pub fn protect(&mut self, address: u64, length: u64, stack: StackId, accessible: bool) -> &mut Self {
        self.event(&EventKind::Protect { address, length, stack, accessible })
    }

    /// A look at the process.
    pub fn resident(&mut self, resident: Resident) -> &mut Self {
        self.event(&EventKind::Resident(Box::new(resident)))
    }

    /// Lets the next event have the number of the last one, as the agent's looks do.
    pub fn same_number(&mut self) -> &mut Self {
        self.sequence = self.sequence.saturating_sub(1);
        self
    }

    /// Writes any event. The probability of an allocation is what [`Self::sampling`] makes it.
    ///
    /// # Panics
    /// If a chunk has no room for a single event.
    pub fn event(&mut self, kind: &EventKind) -> &mut Self {
        self.sequence += 1;
        let (time_ms, sampling, sequence, thread) = (self.time_ms, self.sampling, self.sequence, self.thread);
        let mut stream = self.streams.remove(&thread).unwrap_or_else(|| Stream {
            chunk: None,
            encoder: EventEncoder::new(0),
            last: 0,
            time_ms: 0,
            sampling: Sampling::EXACT,
        });
        let mut open = match stream.chunk {
            Some(open) if self.fits(open, 3 * MAX_LENGTH) => open,
            _ => {
                stream.encoder = EventEncoder::new(stream.last);
                stream.time_ms = 0;
                stream.sampling = Sampling::EXACT;
                self.begin_chunk(thread, self.chunk_size, stream.last)
            }
        };
        let mut out = [0; MAX_LENGTH];
        if stream.time_ms != time_ms {
            stream.time_ms = time_ms;
            let length = EventEncoder::time(&mut out, time_ms);
            self.append(&mut open, &out[..length]);
        }
        if stream.sampling != sampling {
            stream.sampling = sampling;
            let length = EventEncoder::sampling(&mut out, sampling);
            self.append(&mut open, &out[..length]);
        }
        let length = stream.encoder.other(&mut out, sequence, kind);
        self.append(&mut open, &out[..length]);
        stream.chunk = Some(open);
        stream.last = sequence;
        self.streams.insert(thread, stream);
        self
    }

    /// The capture so far.
    pub fn build(mut self) -> Vec<u8> {
        self.header.end = self.bytes.len() as u64;
        let page = self.header.encode();
        self.bytes[..HEADER_SIZE].copy_from_slice(&page);
        self.bytes
    }

    fn begin_chunk(&mut self, stream: u32, size: usize, base_sequence: u64) -> Chunk {
        let start = self.bytes.len();
        let header = ChunkHeader { stream, size: size as u32, committed: 0, base_sequence };
        self.bytes.extend_from_slice(&header.encode());
        self.bytes.resize(start + size, 0);
        Chunk { start, committed: 0 }
    }

    /// Whether `more` bytes fit into a chunk.
    fn fits(&self, open: Chunk, more: usize) -> bool {
        let header = ChunkHeader::decode(&self.bytes[open.start..]).expect("the builder wrote it");
        chunk::HEADER_SIZE + open.committed + more <= header.size as usize
    }

    fn append(&mut self, open: &mut Chunk, bytes: &[u8]) {
        let at = open.start + chunk::HEADER_SIZE + open.committed;
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        open.committed += bytes.len();
        let committed = (open.committed as u32).to_le_bytes();
        let at = open.start + chunk::COMMITTED_OFFSET;
        self.bytes[at..at + committed.len()].copy_from_slice(&committed);
    }
}
