//! The decoded tables: strings, code, frames, stacks, threads, sources and facts.
//!
//! Invariant: every number stored here refers to an entry that exists, or is 0 for "none"; a stack's parent has
//! a smaller number than the stack, so walks outwards end. References that break this are replaced by 0 and
//! counted.

use heapwise_capture::inspection::Inspection;
use heapwise_capture::table::{CodeId, FrameId, NO_STACK, Position, StackId, StringId, TableRecord};
use rustc_hash::FxHashMap;

use crate::chunks::Chunk;
use crate::{Problem, Target};

/// A place in a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Frame {
    /// Its file; 0 if not known.
    pub file: StringId,
    /// The qualified name of its function; 0 if not known.
    pub function: StringId,
    /// The line of the function's `def`; 0 if not known.
    pub first_line: u32,
    /// Where in the file it stands.
    pub position: Position,
}

impl Frame {
    /// A frame of which nothing is known.
    pub const UNKNOWN: Self = Self {
        file: 0,
        function: 0,
        first_line: 0,
        position: Position { line: 0, end_line: 0, column: 0, end_column: 0 },
    };
}

/// A node of the prefix tree of stacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stack {
    /// The stack of the caller, [`NO_STACK`] at the root.
    pub parent: StackId,
    /// The innermost frame; 0 if not known.
    pub frame: FrameId,
}

/// A thread of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Its number, as events carry it.
    pub number: u32,
    /// The system's id of it; 0 if not known.
    pub os_id: u32,
    /// The stack that started it, [`NO_STACK`] if not known.
    pub started_by: StackId,
    /// Its name, as the system has it; empty if not known.
    pub name: Box<str>,
}

/// The tables of a capture.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) strings: Vec<Box<str>>,
    pub(crate) codes: Vec<Code>,
    pub(crate) frames: Vec<(CodeId, Position)>,
    pub(crate) stacks: Vec<Stack>,
    pub(crate) threads: Vec<Thread>,
    pub(crate) sources: Vec<(StringId, Box<str>)>,
    pub(crate) facts: Vec<(Box<str>, Box<str>)>,
    pub(crate) inspections: Vec<Inspection>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Code {
    pub(crate) file: StringId,
    pub(crate) function: StringId,
    pub(crate) first_line: u32,
}

/// Counts references to entries that are not there.
#[derive(Debug, Default)]
struct Unknown {
    strings: u64,
    codes: u64,
    frames: u64,
    stacks: u64,
}

impl Tables {
    /// Decodes the table chunks; of those behind the first `trusted` only facts and threads are believed.
    pub(crate) fn decode(
        bytes: &[u8],
        chunks: &[Chunk],
        trusted: usize,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut tables = Self::default();
        let mut first_of_text = FxHashMap::default();
        let mut same_text = Vec::new();
        let mut unknown = Unknown::default();
        let mut numbered = true;
        for (index, chunk) in chunks.iter().enumerate() {
            numbered &= index < trusted;
            let payload = &bytes[chunk.payload.clone()];
            let mut at = 0;
            while at < payload.len() {
                let start = at;
                match TableRecord::decode(payload, &mut at) {
                    Ok(Some(TableRecord::String(text))) if numbered => {
                        let text: Box<str> = String::from_utf8_lossy(text).into();
                        let id = tables.strings.len() as StringId + 1;
                        same_text.push(*first_of_text.entry(text.clone()).or_insert(id));
                        tables.strings.push(text);
                    }
                    Ok(Some(TableRecord::Inspection { text })) => match Inspection::decode(text) {
                        Ok(inspection) => tables.inspections.push(inspection),
                        Err(_) => problems
                            .push(Problem::LostInspection { offset: (chunk.payload.start + start) as u64 }),
                    },
                    Ok(Some(record)) => tables.add(record, numbered, &same_text, &mut unknown),
                    Ok(None) => {}
                    Err(cause) => {
                        problems.push(Problem::DamagedTables {
                            offset: (chunk.payload.start + start) as u64,
                            cause,
                        });
                        numbered = false;
                        break;
                    }
                }
            }
        }
        // A thread may be described again, when it has got its name: the last record holds.
        tables.threads.reverse();
        tables.threads.sort_by_key(|thread| thread.number);
        tables.threads.dedup_by_key(|thread| thread.number);
        for (target, count) in [
            (Target::String, unknown.strings),
            (Target::Code, unknown.codes),
            (Target::Frame, unknown.frames),
            (Target::Stack, unknown.stacks),
        ] {
            if count != 0 {
                problems.push(Problem::UnknownReferences { target, count });
            }
        }
        tables
    }

    fn add(
        &mut self,
        record: TableRecord<'_>,
        numbered: bool,
        same_text: &[StringId],
        unknown: &mut Unknown,
    ) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into();
        let mut string = |id: StringId| match id.checked_sub(1) {
            None => 0,
            Some(index) => same_text.get(index as usize).copied().unwrap_or_else(|| {
                unknown.strings += 1;
                0
            }),
        };
        match record {
            TableRecord::Fact { key, value } => self.facts.push((text(key), text(value))),
            TableRecord::Thread { number, os_id, started_by, name } => {
                let started_by = known(started_by, self.stacks.len(), &mut unknown.stacks);
                self.threads.push(Thread { number, os_id, started_by, name: text(name) });
            }
            _ if !numbered => {}
            TableRecord::Code { file, function, first_line } => {
                self.codes.push(Code { file: string(file), function: string(function), first_line });
            }
            TableRecord::Frame { code, position } => {
                let code = known(code, self.codes.len(), &mut unknown.codes);
                self.frames.push((code, position));
            }
            TableRecord::Stack { parent, frame } => {
                let parent = known(parent, self.stacks.len(), &mut unknown.stacks);
                let frame = known(frame, self.frames.len(), &mut unknown.frames);
                self.stacks.push(Stack { parent, frame });
            }
            TableRecord::Source { file, text: bytes } => self.sources.push((string(file), text(bytes))),
            TableRecord::String(_) | TableRecord::Inspection { .. } => {}
        }
    }

    /// Adds a nameless thread for each of `numbers` (ascending) that no record describes.
    pub(crate) fn add_unnamed_threads(&mut self, numbers: impl Iterator<Item = u32>) {
        let recorded = self.threads.len();
        for number in numbers {
            if self.threads[..recorded].binary_search_by_key(&number, |thread| thread.number).is_err() {
                self.threads.push(Thread { number, os_id: 0, started_by: NO_STACK, name: "".into() });
            }
        }
        self.threads.sort_by_key(|thread| thread.number);
    }

    pub(crate) fn string(&self, id: StringId) -> &str {
        entry(&self.strings, id).map_or("", |text| text)
    }

    pub(crate) fn frame(&self, id: FrameId) -> Frame {
        let Some(&(code, position)) = entry(&self.frames, id) else { return Frame::UNKNOWN };
        match entry(&self.codes, code) {
            Some(&Code { file, function, first_line }) => Frame { file, function, first_line, position },
            None => Frame { position, ..Frame::UNKNOWN },
        }
    }

    pub(crate) fn stack(&self, id: StackId) -> Option<Stack> {
        entry(&self.stacks, id).copied()
    }

    pub(crate) fn frame_count(&self) -> usize {
        self.frames.len()
    }

    pub(crate) fn stack_count(&self) -> usize {
        self.stacks.len()
    }
}

/// The entry with a number that counts from 1.
fn entry<T>(entries: &[T], id: u32) -> Option<&T> {
    entries.get((id as usize).checked_sub(1)?)
}

/// `id` if one of `count` entries has it or if it is 0; else 0, counted in `unknown`.
fn known(id: u32, count: usize, unknown: &mut u64) -> u32 {
    if id as usize <= count {
        id
    } else {
        *unknown += 1;
        0
    }
}
