//! The tables of the capture: each string, code object, frame and stack gets its number once.
//!
//! What names a frame is read while the frame is alive, at its first sight. A code object is known by its
//! address only while it lives: [`crate::blocks::watch_code`] notices its end, and [`Tables::forget_code`] makes
//! room for the next one at that address. Invariant: a number is handed out only after its record is committed,
//! so no event in the file refers to what is not there.

use std::io;

use heapwise_capture::chunk;
use heapwise_capture::table::{CodeId, FrameId, NO_STACK, Position, StackId, StringId, TableRecord};
use heapwise_cpython::{Frame, Interpreter};
use rustc_hash::FxHashMap;

use crate::blocks;
use crate::sink::{Chunk, Sink};

/// Bytes of a table chunk; a longer record gets one of its own size.
const CHUNK: usize = 64 * 1024;

#[derive(Debug, Clone, Copy)]
struct Code {
    id: CodeId,
    internal: bool,
}

/// Who has which number.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    strings: FxHashMap<Vec<u8>, StringId>,
    codes: FxHashMap<usize, Code>,
    code_count: CodeId,
    frames: FxHashMap<(CodeId, Option<u32>), FrameId>,
    stacks: FxHashMap<(StackId, FrameId), StackId>,
    /// Names of files first seen since they were last asked for.
    new_files: Vec<(StringId, Vec<u8>)>,
    chunk: Option<Chunk>,
}

impl Tables {
    /// Writes a record.
    ///
    /// # Errors
    /// Those of [`Sink::chunk`].
    pub(crate) fn write(&mut self, sink: &mut Sink, record: &TableRecord<'_>) -> io::Result<()> {
        let length = record.max_length();
        if self.chunk.as_ref().is_none_or(|chunk| chunk.room() < length) {
            self.chunk = Some(sink.chunk(chunk::TABLE_STREAM, length.max(CHUNK), 0)?);
        }
        if let Some(chunk) = &mut self.chunk {
            let written = record.encode(chunk.tail());
            chunk.commit(written);
        }
        Ok(())
    }

    /// The stack that `frame` makes on top of `parent`.
    ///
    /// # Errors
    /// Those of [`Sink::chunk`].
    ///
    /// # Safety
    /// `frame` is one of a live frame of the calling thread.
    pub(crate) unsafe fn stack(
        &mut self,
        sink: &mut Sink,
        interpreter: &Interpreter,
        parent: StackId,
        frame: Frame,
    ) -> io::Result<StackId> {
        let code = match self.codes.get(&frame.code) {
            Some(&code) => code,
            // SAFETY: a live frame keeps its code alive.
            None => unsafe { self.new_code(sink, interpreter, frame.code)? },
        };
        if code.internal {
            return Ok(parent);
        }
        let key = (code.id, interpreter.instruction_offset(frame));
        let frame = if let Some(&frame) = self.frames.get(&key) {
            frame
        } else {
            // SAFETY: as above.
            let place = unsafe { interpreter.place(frame) };
            let position = Position {
                line: place.line,
                end_line: place.end_line,
                column: place.column,
                end_column: place.end_column,
            };
            self.write(sink, &TableRecord::Frame { code: code.id, position })?;
            let id = self.frames.len() as FrameId + 1;
            self.frames.insert(key, id);
            id
        };
        if let Some(&stack) = self.stacks.get(&(parent, frame)) {
            return Ok(stack);
        }
        self.write(sink, &TableRecord::Stack { parent, frame })?;
        let id = self.stacks.len() as StackId + 1;
        debug_assert_ne!(id, NO_STACK);
        self.stacks.insert((parent, frame), id);
        Ok(id)
    }

    /// # Safety
    /// `address` is that of a live code object.
    unsafe fn new_code(
        &mut self,
        sink: &mut Sink,
        interpreter: &Interpreter,
        address: usize,
    ) -> io::Result<Code> {
        // SAFETY: the code object is alive.
        let facts = unsafe { interpreter.code_facts(address) };
        let known_files = self.strings.len();
        let file = self.string(sink, facts.file.as_bytes())?;
        if self.strings.len() > known_files {
            self.new_files.push((file, facts.file.as_bytes().to_vec()));
        }
        let function = self.string(sink, facts.function.as_bytes())?;
        self.write(sink, &TableRecord::Code { file, function, first_line: facts.first_line })?;
        self.code_count += 1;
        let code = Code { id: self.code_count, internal: facts.internal };
        blocks::watch_code(address);
        self.codes.insert(address, code);
        Ok(code)
    }

    /// Forgets a code object whose memory the program gives back.
    pub(crate) fn forget_code(&mut self, address: usize) {
        self.codes.remove(&address);
    }

    fn string(&mut self, sink: &mut Sink, text: &[u8]) -> io::Result<StringId> {
        if let Some(&id) = self.strings.get(text) {
            return Ok(id);
        }
        self.write(sink, &TableRecord::String(text))?;
        let id = self.strings.len() as StringId + 1;
        self.strings.insert(text.to_vec(), id);
        Ok(id)
    }

    /// The files first seen since this was last called.
    pub(crate) fn take_new_files(&mut self) -> Vec<(StringId, Vec<u8>)> {
        std::mem::take(&mut self.new_files)
    }
}
