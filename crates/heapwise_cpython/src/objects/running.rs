//! What runs: threads, their frames, the variables of these.

use super::{Address, Builtin, Live};
use crate::layout::CurrentFrame;
use crate::{Frame, FramePointer, FrameWork, Frames};

const WORD: usize = 8;
const BYTES_START: usize = 32;
/// `stacktop` of `_PyInterpreterFrame`, 3.11 to 3.13.
const STACK_TOP: usize = 64;
/// Deeper frames are not looked at.
const DEEPEST: usize = 10_000;
const KIND_FREE: u8 = 0x80;
/// 3.10: `co_freevars`, `co_cellvars`.
const FREE_NAMES_3_10: usize = 80;
const CELL_NAMES_3_10: usize = 88;

/// A thread of the main interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningThread {
    /// The system's id; 0 if the version does not keep it.
    pub native_id: u32,
    /// Its frames, the innermost first.
    pub frames: Vec<RunningFrame>,
}

/// A frame that runs Python code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunningFrame {
    /// Where it is.
    pub address: FramePointer,
    /// Its code and instruction.
    pub frame: Frame,
    /// The `__dict__` that it has for globals.
    pub globals: Address,
    /// The mapping of its locals, where it has one: of a module or class body; else 0.
    pub locals: Address,
    /// The object that stands for it, if there is one.
    pub object: Address,
}

/// How a function knows a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalKind {
    /// Its own.
    Own,
    /// One of an outer function.
    Free,
}

/// A variable of a frame that has a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// The object in its place: a cell, if inner functions use it too.
    pub value: Address,
    /// Whose it is.
    pub kind: LocalKind,
}

struct Chain<'a>(Live<'a>, usize);

impl FrameWork for Chain<'_> {
    type Output = Vec<RunningFrame>;

    fn run<F: Frames>(self, frames: F) -> Vec<RunningFrame> {
        let Self(live, mut pointer) = self;
        let layout = live.layout();
        let mut found = Vec::new();
        let mut steps = 0;
        while pointer != 0 && found.len() < DEEPEST && steps < 2 * DEEPEST {
            steps += 1;
            // SAFETY: the GIL is held, so no thread's chain of frames changes: a thread pushes and pops only
            // while it holds it.
            let ((frame, previous), python) = unsafe { (frames.frame(pointer), frames.is_python(pointer)) };
            let is_code = frame.code != 0 && live.builtin(live.type_of(frame.code)) == Some(Builtin::Code);
            // The word for the globals of CPython's own frame is a stale one.
            // SAFETY: a code object of a live frame.
            if python && is_code && !unsafe { live.interpreter.is_internal(frame.code) } {
                found.push(RunningFrame {
                    address: pointer,
                    frame,
                    globals: live.read(pointer, layout.frame_globals),
                    locals: live.read(pointer, layout.frame_local_dict),
                    object: layout.frame_object.map_or(pointer, |offset| live.read(pointer, offset)),
                });
            }
            pointer = previous;
        }
        found
    }
}

impl Live<'_> {
    /// The threads of the main interpreter with their frames.
    pub fn threads(&self) -> Vec<RunningThread> {
        let mut threads = Vec::new();
        // SAFETY: the GIL is held, and so no thread state is made or ended.
        let mut state = unsafe { (self.functions().first_thread)((self.functions().main_interpreter)()) };
        while state != 0 && threads.len() < 10_000 {
            let native_id =
                self.layout().native_thread.map_or(0, |offset| self.read::<u64>(state, offset) as u32);
            let innermost: usize = match self.interpreter.layout.current_frame {
                CurrentFrame::Direct(offset) => self.read(state, offset),
                CurrentFrame::ThroughCFrame(outer, inner) => {
                    let c_frame: usize = self.read(state, outer);
                    if c_frame == 0 { 0 } else { self.read(c_frame, inner) }
                }
            };
            threads.push(RunningThread { native_id, frames: self.chain(innermost) });
            // SAFETY: as above.
            state = unsafe { (self.functions().next_thread)(state) };
        }
        threads
    }

    fn chain(&self, innermost: usize) -> Vec<RunningFrame> {
        self.interpreter.with_frames(Chain(*self, innermost))
    }

    /// The frame of a generator or coroutine that is suspended; `None` if it runs or has ended.
    pub fn suspended_frame(&self, generator: Address) -> Option<RunningFrame> {
        let layout = self.layout();
        let frame = if self.minor_version() == 10 {
            let frame: usize = self.read(generator, layout.generator_frame);
            // FRAME_CREATED and FRAME_SUSPENDED.
            let state: i8 = if frame == 0 { 1 } else { self.read(frame, layout.generator_state) };
            (state < 0).then_some(frame)?
        } else {
            // Below 0: created or suspended.
            (self.read::<i8>(generator, layout.generator_state) < 0)
                .then_some(generator + layout.generator_frame)?
        };
        self.first_of(frame)
    }

    /// The places for variables and values that a suspended generator has; 0 if it runs or has ended.
    pub fn suspended_places(&self, generator: Address) -> u64 {
        let Some(frame) = self.suspended_frame(generator) else { return 0 };
        let (first, places) = self.stack_places(&frame);
        ((first - frame.address - self.layout().frame_locals) / WORD + places) as u64
    }

    fn first_of(&self, frame: usize) -> Option<RunningFrame> {
        self.chain(frame).into_iter().next().filter(|found| found.address == frame)
    }

    /// The variables of a frame that have values.
    pub fn variables(&self, frame: &RunningFrame) -> Vec<Variable> {
        let code = frame.frame.code;
        let layout = self.layout();
        let value = |index: usize| self.read::<Address>(frame.address, layout.frame_locals + index * WORD);
        let mut found = Vec::new();
        let mut add = |index: usize, name: Address, kind: LocalKind| {
            let value = value(index);
            if value != 0 && name != 0 && self.is_string(name) {
                found.push(Variable { name: self.text(name, 200), value, kind });
            }
        };
        if self.minor_version() == 10 {
            let mut index = 0;
            for (offset, kind) in [
                (layout.code_local_names, LocalKind::Own),
                (CELL_NAMES_3_10, LocalKind::Own),
                (FREE_NAMES_3_10, LocalKind::Free),
            ] {
                let names = self.tuple_items(self.read(code, offset));
                for place in 0..names.length {
                    add(index, self.item(names, place), kind);
                    index += 1;
                }
            }
            return found;
        }
        let names = self.tuple_items(self.read(code, layout.code_local_names));
        let kinds: Address = self.read(code, layout.code_local_kinds);
        let count = self.read::<i32>(code, layout.code_local_count).max(0) as usize;
        for index in 0..count.min(names.length) {
            let free = self.read::<u8>(kinds, BYTES_START + index) & KIND_FREE != 0;
            add(index, self.item(names, index), if free { LocalKind::Free } else { LocalKind::Own });
        }
        found
    }

    /// The places behind a frame's variables where values that are being computed stand: the first, and how many.
    /// They may hold what was there before: nothing in them is known to be alive.
    pub fn stack_places(&self, frame: &RunningFrame) -> (usize, usize) {
        let code = frame.frame.code;
        let layout = self.layout();
        let mut variables = self.read::<i32>(code, layout.code_local_count).max(0) as usize;
        if self.minor_version() == 10 {
            for offset in [CELL_NAMES_3_10, FREE_NAMES_3_10] {
                variables += self.tuple_items(self.read(code, offset)).length;
            }
        }
        let size = self.read::<i32>(code, layout.code_stack_size).max(0) as usize;
        (frame.address + layout.frame_locals + variables * WORD, size)
    }

    /// The values that a frame is computing with, of one that has called a function of Python: the words in their places,
    /// 0 among them. Of a frame that is at work in C nothing tells which of its places are in use, and what was there before
    /// may be dead: then there are none.
    pub fn stack_words(&self, frame: &RunningFrame) -> Vec<Address> {
        if self.minor_version() == 10 {
            return Vec::new();
        }
        let (first, places) = self.stack_places(frame);
        let before = (first - frame.address - self.layout().frame_locals) / WORD;
        let top = usize::try_from(self.read::<i32>(frame.address, STACK_TOP)).ok();
        let depth = top.and_then(|top| top.checked_sub(before)).filter(|&it| it <= places).unwrap_or(0);
        (0..depth).map(|place| self.read(first, place * WORD)).collect()
    }

    /// The names of the variables of outer functions that code uses.
    pub(super) fn free_variables(&self, code: Address) -> Vec<String> {
        let layout = self.layout();
        let names_of = |names: Address| {
            let names = self.tuple_items(names);
            (0..names.length).map(|index| self.text(self.item(names, index), 200)).collect::<Vec<_>>()
        };
        if self.minor_version() == 10 {
            return names_of(self.read(code, FREE_NAMES_3_10));
        }
        let names = names_of(self.read(code, layout.code_local_names));
        let kinds: Address = self.read(code, layout.code_local_kinds);
        let is_free = |index: usize| self.read::<u8>(kinds, BYTES_START + index) & KIND_FREE != 0;
        names.into_iter().enumerate().filter(|&(index, _)| is_free(index)).map(|(_, name)| name).collect()
    }

    /// File, qualified name and first line of a code object.
    pub fn code_place(&self, code: Address) -> (String, String, u32) {
        // SAFETY: a live code object.
        let facts = unsafe { self.interpreter.code_facts(code) };
        let text = |text: &crate::Text| String::from_utf8_lossy(text.as_bytes()).into_owned();
        (text(&facts.file), text(&facts.function), facts.first_line)
    }

    /// The line that a frame is at; 0 if it is at none.
    pub fn line(&self, frame: Frame) -> u32 {
        // SAFETY: the code of a live frame.
        unsafe { self.interpreter.place(frame) }.line
    }
}
