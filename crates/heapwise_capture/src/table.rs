//! Table records: the strings, code, frames and stacks that events refer to by number.
//!
//! A record is a tag byte, the length of its payload as a varint, and the payload; an unknown tag is skipped,
//! so an older reader can read what it knows of a newer minor addition. Strings, code, frames and stacks are
//! numbered from 1 in the order in which they stand; 0 means "none".
//!
//! | tag | record | payload |
//! |----:|--------|---------|
//! | 1 | string | UTF-8 bytes |
//! | 2 | code | file string, function string, first line |
//! | 3 | frame | code, line, end line, column, end column (0 for not known; columns count from 1, in UTF-8 bytes) |
//! | 4 | stack | parent stack, frame: one node of the prefix tree, parents before children |
//! | 5 | source | file string, then the text of the file as it was when run |
//! | 6 | thread | number, system thread id, stack that started it, then its name |
//! | 7 | fact | length of the key, key, then the value: what there is to know of the run |
//! | 8 | inspection | JSON: see [`crate::inspection`] |
//!
//! Numbers are varints.

use crate::{DecodeError, varint};

/// The most bytes that the fixed part of any record takes.
pub const MAX_FIXED: usize = 1 + 6 * varint::MAX_LENGTH;

/// The number of a string, from 1.
pub type StringId = u32;
/// The number of a code object, from 1.
pub type CodeId = u32;
/// The number of a frame, from 1.
pub type FrameId = u32;
/// The number of a stack, from 1; [`NO_STACK`] where no Python ran.
pub type StackId = u32;
/// The stack of what no Python line asked for.
pub const NO_STACK: StackId = 0;

/// Where in its file a frame stands. Zero means not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Position {
    /// First line, from 1.
    pub line: u32,
    /// Last line, from 1.
    pub end_line: u32,
    /// First column, from 1, in UTF-8 bytes.
    pub column: u32,
    /// Column behind the last one, from 1, in UTF-8 bytes.
    pub end_column: u32,
}

/// One record of the table stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableRecord<'a> {
    /// Text that others refer to. Foreign bytes may be no UTF-8; the reader decides what to show for them.
    String(&'a [u8]),
    /// A code object.
    Code {
        /// The file it was compiled from.
        file: StringId,
        /// Its qualified name.
        function: StringId,
        /// The line of its `def`.
        first_line: u32,
    },
    /// A place in a code object.
    Frame {
        /// The code object.
        code: CodeId,
        /// The place.
        position: Position,
    },
    /// A node of the prefix tree of stacks.
    Stack {
        /// The caller, [`NO_STACK`] at the root.
        parent: StackId,
        /// The innermost frame.
        frame: FrameId,
    },
    /// A file of the user's, as it was when run.
    Source {
        /// Its name.
        file: StringId,
        /// Its bytes.
        text: &'a [u8],
    },
    /// A thread of the program.
    Thread {
        /// Its stream number, from 1.
        number: u32,
        /// The system's id of it.
        os_id: u32,
        /// The stack that started it, for threads without Python of their own.
        started_by: StackId,
        /// Its name, as the system has it.
        name: &'a [u8],
    },
    /// One look at the live objects.
    Inspection {
        /// The JSON of a [`crate::inspection::Inspection`].
        text: &'a [u8],
    },
    /// Something to know of the run: `argument`, `executable`, `folder`, `python`, `module:NAME` and such.
    Fact {
        /// What it is; a key may occur more than once.
        key: &'a [u8],
        /// The value.
        value: &'a [u8],
    },
}

impl<'a> TableRecord<'a> {
    /// The most bytes that [`Self::encode`] writes for this record.
    pub fn max_length(&self) -> usize {
        MAX_FIXED
            + match self {
                Self::String(text)
                | Self::Source { text, .. }
                | Self::Inspection { text }
                | Self::Thread { name: text, .. } => text.len(),
                Self::Fact { key, value } => key.len() + value.len(),
                Self::Code { .. } | Self::Frame { .. } | Self::Stack { .. } => 0,
            }
    }

    /// Writes the record at the start of `out`, which has room for [`Self::max_length`] bytes, and returns the
    /// number of bytes written.
    pub fn encode(&self, out: &mut [u8]) -> usize {
        let (tag, numbers, count, texts): (u8, [u32; 5], usize, [&[u8]; 2]) = match *self {
            Self::String(text) => (1, [0; 5], 0, [text, &[]]),
            Self::Code { file, function, first_line } => {
                (2, [file, function, first_line, 0, 0], 3, [&[], &[]])
            }
            Self::Frame { code, position: p } => {
                (3, [code, p.line, p.end_line, p.column, p.end_column], 5, [&[], &[]])
            }
            Self::Stack { parent, frame } => (4, [parent, frame, 0, 0, 0], 2, [&[], &[]]),
            Self::Source { file, text } => (5, [file, 0, 0, 0, 0], 1, [text, &[]]),
            Self::Thread { number, os_id, started_by, name } => {
                (6, [number, os_id, started_by, 0, 0], 3, [name, &[]])
            }
            Self::Inspection { text } => (8, [0; 5], 0, [text, &[]]),
            Self::Fact { key, value } => (7, [key.len() as u32, 0, 0, 0, 0], 1, [key, value]),
        };
        let mut fixed = [0; 5 * varint::MAX_LENGTH];
        let mut fixed_length = 0;
        for &number in &numbers[..count] {
            fixed_length = varint::put(&mut fixed, fixed_length, u64::from(number));
        }
        let length = fixed_length + texts[0].len() + texts[1].len();
        out[0] = tag;
        let mut at = varint::put(out, 1, length as u64);
        for part in [&fixed[..fixed_length], texts[0], texts[1]] {
            out[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        at
    }

    /// Reads the record at `*at` and moves `*at` behind it; `None` for a record of an unknown kind.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] if the record or a number in it is cut off; [`DecodeError::UnknownTag`] for
    /// the tag 0, which no writer makes.
    pub fn decode(bytes: &'a [u8], at: &mut usize) -> Result<Option<Self>, DecodeError> {
        let tag = *bytes.get(*at).ok_or(DecodeError::Truncated)?;
        if tag == 0 {
            return Err(DecodeError::UnknownTag(0));
        }
        *at += 1;
        let length = usize::try_from(varint::get(bytes, at)?).map_err(|_| DecodeError::Truncated)?;
        let end = at.checked_add(length).ok_or(DecodeError::Truncated)?;
        let payload = bytes.get(*at..end).ok_or(DecodeError::Truncated)?;
        *at = end;
        let mut inner = 0;
        let mut number =
            || varint::get(payload, &mut inner).map(|value| u32::try_from(value).unwrap_or(u32::MAX));
        Ok(Some(match tag {
            1 => Self::String(payload),
            2 => Self::Code { file: number()?, function: number()?, first_line: number()? },
            3 => Self::Frame {
                code: number()?,
                position: Position {
                    line: number()?,
                    end_line: number()?,
                    column: number()?,
                    end_column: number()?,
                },
            },
            4 => Self::Stack { parent: number()?, frame: number()? },
            5 => Self::Source { file: number()?, text: &payload[inner..] },
            6 => Self::Thread {
                number: number()?,
                os_id: number()?,
                started_by: number()?,
                name: &payload[inner..],
            },
            7 => {
                let length = number()? as usize;
                let (key, value) = payload[inner..].split_at_checked(length).ok_or(DecodeError::Truncated)?;
                Self::Fact { key, value }
            }
            8 => Self::Inspection { text: payload },
            _ => return Ok(None),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn there_and_back(record: TableRecord<'_>) {
        let mut out = vec![0xee; record.max_length()];
        let length = record.encode(&mut out);
        let mut at = 0;
        assert_eq!(TableRecord::decode(&out[..length], &mut at), Ok(Some(record)));
        assert_eq!(at, length);
        for cut in 0..length {
            let mut at = 0;
            assert_eq!(TableRecord::decode(&out[..cut], &mut at), Err(DecodeError::Truncated));
        }
    }

    #[test]
    fn every_record_comes_back_and_a_cut_one_is_told() {
        let position = Position { line: 70_000, end_line: 70_001, column: 5, end_column: 9 };
        for record in [
            TableRecord::String(b"app.py"),
            TableRecord::String(b""),
            TableRecord::Code { file: 1, function: u32::MAX, first_line: 3 },
            TableRecord::Frame { code: 300, position },
            TableRecord::Stack { parent: 0, frame: 7 },
            TableRecord::Source { file: 2, text: b"x = 1\n" },
            TableRecord::Thread { number: 1, os_id: 4242, started_by: 0, name: b"main" },
            TableRecord::Fact { key: b"python", value: b"3.12.1" },
            TableRecord::Inspection { text: b"{}" },
        ] {
            there_and_back(record);
        }
    }

    #[test]
    fn an_unknown_record_is_skipped() {
        let mut at = 0;
        assert_eq!(TableRecord::decode(&[99, 2, 7, 7, 1], &mut at), Ok(None));
        assert_eq!(at, 4);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let mut at = 0;
            while at < bytes.len() && TableRecord::decode(&bytes, &mut at).is_ok() {}
        }
    }
}
