//! Line tables: from an instruction to its place in the file.
//!
//! 3.10 codes pairs of bytes as `Objects/lnotab_notes.txt` of that version says (PEP 626); 3.11 and later
//! variable-length entries with columns, as `Objects/locations.md` says (PEP 657). Invariant: any bytes give an
//! answer; a table that ends early or says nothing of an instruction gives the nearest line before it.

use crate::layout::LineTable;

/// Where in its file an instruction stands; 0 for what is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Place {
    /// First line, from 1.
    pub line: u32,
    /// Last line, from 1.
    pub end_line: u32,
    /// First column, from 1, in UTF-8 bytes.
    pub column: u32,
    /// Column behind the last, from 1, in UTF-8 bytes.
    pub end_column: u32,
}

impl Place {
    fn line_only(line: i32) -> Self {
        let line = line.max(0).cast_unsigned();
        Self { line, end_line: line, column: 0, end_column: 0 }
    }
}

/// The place of the instruction at `offset` bytes; `None` asks for the line of the definition.
pub(crate) fn place(coding: LineTable, table: &[u8], first_line: i32, offset: Option<u32>) -> Place {
    let Some(offset) = offset else { return Place::line_only(first_line) };
    match coding {
        LineTable::Pairs => pairs(table, first_line, offset),
        LineTable::Locations => locations(table, first_line, offset),
    }
}

fn pairs(table: &[u8], first_line: i32, offset: u32) -> Place {
    let mut line = first_line;
    let mut shown = first_line;
    let mut end = 0u32;
    for &[width, step] in table.as_chunks::<2>().0 {
        let step = step.cast_signed();
        if step != i8::MIN {
            line = line.wrapping_add(i32::from(step));
            shown = line;
        }
        end += u32::from(width);
        if offset < end {
            break;
        }
    }
    Place::line_only(shown)
}

fn locations(table: &[u8], first_line: i32, offset: u32) -> Place {
    let mut bytes = Reader { table, at: 0 };
    let mut line = first_line;
    let mut shown = Place::line_only(first_line);
    let mut end = 0u32;
    while let Some(head) = bytes.byte() {
        let code = (head >> 3) & 15;
        // Lengths count two-byte code units.
        end += (u32::from(head & 7) + 1) * 2;
        let mut found = None;
        match code {
            0..=9 => {
                let second = bytes.byte().unwrap_or(0);
                let column = (u32::from(code) << 3) | u32::from(second >> 4);
                found = Some((line, line, column + 1, column + u32::from(second & 15) + 1));
            }
            10..=12 => {
                line = line.wrapping_add(i32::from(code - 10));
                let column = u32::from(bytes.byte().unwrap_or(0));
                let end_column = u32::from(bytes.byte().unwrap_or(0));
                found = Some((line, line, column + 1, end_column + 1));
            }
            13 => {
                line = line.wrapping_add(bytes.signed());
                found = Some((line, line, 0, 0));
            }
            14 => {
                line = line.wrapping_add(bytes.signed());
                let end_line = line.wrapping_add(bytes.unsigned().cast_signed());
                // The table keeps columns plus one, 0 for none: as a `Place` does.
                found = Some((line, end_line, bytes.unsigned(), bytes.unsigned()));
            }
            _ => {}
        }
        if let Some((first, last, column, end_column)) = found {
            let (line, end_line) = (first.max(0).cast_unsigned(), last.max(0).cast_unsigned());
            shown = Place { line, end_line, column, end_column };
        }
        if offset < end {
            break;
        }
    }
    shown
}

struct Reader<'a> {
    table: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = self.table.get(self.at).copied();
        self.at += 1;
        byte
    }

    /// Six bits a byte, least significant first, the seventh bit set on all but the last.
    fn unsigned(&mut self) -> u32 {
        let mut value = 0u32;
        let mut shift = 0;
        while let Some(byte) = self.byte() {
            value |= u32::from(byte & 63).checked_shl(shift).unwrap_or(0);
            if byte & 64 == 0 {
                break;
            }
            shift += 6;
        }
        value
    }

    /// The sign is the lowest bit.
    fn signed(&mut self) -> i32 {
        let value = self.unsigned();
        let magnitude = (value >> 1).cast_signed();
        if value & 1 == 0 { magnitude } else { magnitude.wrapping_neg() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pairs_as_the_notes_of_3_10_show_them() {
        // Lines: 0-6 line 101, 6-50 line 102, 50-306 no line, 306-307 line 100.
        let table = [6, 1, 44, 1, 254, 128, 2, 128, 1, 254];
        let line = |offset| place(LineTable::Pairs, &table, 100, Some(offset)).line;
        assert_eq!([line(0), line(4), line(6), line(48), line(306)], [101, 101, 102, 102, 100]);
        assert_eq!(place(LineTable::Pairs, &table, 100, None).line, 100);
    }

    #[test]
    fn every_form_of_location_is_read() {
        // `no location` for one unit, a one-line form (delta 1, columns 4 to 9), a short form, a long form.
        let table = [0xf8, 0xd8, 4, 9, 0x80, 0x23, 0xf0, 4, 1, 5, 12];
        let at = |offset| place(LineTable::Locations, &table, 10, Some(offset));
        assert_eq!(at(0).line, 10);
        assert_eq!(at(2), Place { line: 11, end_line: 11, column: 5, end_column: 10 });
        assert_eq!(at(4), Place { line: 11, end_line: 11, column: 3, end_column: 6 });
        assert_eq!(at(6), Place { line: 13, end_line: 14, column: 5, end_column: 12 });
        assert_eq!(at(600).line, 13, "behind the table: the nearest before");
    }

    proptest! {
        #[test]
        fn any_table_gives_an_answer(table: Vec<u8>, first in -5i32..100, offset in 0u32..10_000) {
            let _ = place(LineTable::Pairs, &table, first, Some(offset));
            let _ = place(LineTable::Locations, &table, first, Some(offset));
        }
    }
}
