//! Reads what names a code object, while it is alive.

use crate::frame::field;
use crate::layout::Instruction;
use crate::line_table::{self, Place};
use crate::{Frame, Interpreter, Text};

/// `ob_size` and the first byte of a `bytes` object.
const BYTES_SIZE: usize = 16;
const BYTES_START: usize = 32;

/// What there is to know of a code object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeFacts {
    /// The file it was compiled from.
    pub file: Text,
    /// Its qualified name (3.10: its name).
    pub function: Text,
    /// The line of its `def`.
    pub first_line: u32,
    /// Made by the interpreter for itself: no program wrote it, and tracebacks do not show it.
    pub internal: bool,
}

impl Interpreter {
    /// What names a code object.
    ///
    /// # Safety
    /// `code` is the address of a live code object.
    pub unsafe fn code_facts(&self, code: usize) -> CodeFacts {
        let layout = &self.layout;
        // SAFETY: fields of a live code object, which keeps its names alive.
        unsafe {
            let file: usize = field(code, layout.code_file);
            CodeFacts {
                internal: self.is_internal(code),
                file: self.text.read(file),
                function: self.text.read(field(code, layout.code_qualified_name)),
                first_line: field::<i32>(code, layout.code_first_line).max(0).cast_unsigned(),
            }
        }
    }

    /// Whether a code object is CPython's own: the one that it makes by hand cleans up behind an `__init__`
    /// (`_Py_InitCleanup` of `Python/specialize.c`) and has the same string for its file and its name.
    ///
    /// # Safety
    /// As for [`Self::code_facts`].
    pub unsafe fn is_internal(&self, code: usize) -> bool {
        let layout = &self.layout;
        // SAFETY: fields of a live code object, which keeps its names alive.
        unsafe {
            let file: usize = field(code, layout.code_file);
            file == field::<usize>(code, layout.code_name) && self.text.read(file).as_bytes() == b"__init__"
        }
    }

    /// Bytes from the start of the code to the instruction that a frame runs; `None` before the first.
    #[inline]
    pub fn instruction_offset(&self, frame: Frame) -> Option<u32> {
        match self.layout.instruction {
            Instruction::Index => {
                let index = frame.instruction as u32;
                (index.cast_signed() >= 0).then(|| index.wrapping_mul(2))
            }
            Instruction::Pointer { code_start } => {
                let start = frame.code + code_start;
                frame.instruction.checked_sub(start).map(|offset| offset as u32)
            }
        }
    }

    /// Where in its file a frame stands.
    ///
    /// # Safety
    /// `frame.code` is the address of a live code object.
    pub unsafe fn place(&self, frame: Frame) -> Place {
        // SAFETY: fields of a live code object, which keeps its line table alive.
        let (first_line, table) = unsafe {
            let table: usize = field(frame.code, self.layout.code_line_table);
            let length: usize = field(table, BYTES_SIZE);
            let bytes = std::slice::from_raw_parts((table + BYTES_START) as *const u8, length);
            (field::<i32>(frame.code, self.layout.code_first_line), bytes)
        };
        let offset = self.instruction_offset(frame);
        line_table::place(self.layout.line_table, table, first_line, offset)
    }
}
