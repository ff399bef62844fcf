//! The text of a file as lines and columns: byte offsets to what CPython's line tables say, and back.
//!
//! Invariant: lines end at `\n`, `\r\n` or `\r`, as CPython reads files; a byte order mark belongs to no line, so
//! columns of the first line start behind it. Offsets that are handed out lie on character boundaries.

use ruff_text_size::{TextRange, TextSize};

/// A range of bytes of the text: from `start` up to, but not including, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Whether `other` lies inside this span; equal spans contain each other.
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the two share a byte.
    pub const fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Number of bytes.
    pub const fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether it holds no byte.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl Span {
    pub(crate) fn as_range(self) -> TextRange {
        self.into()
    }
}

impl From<TextRange> for Span {
    fn from(range: TextRange) -> Self {
        Self { start: range.start().to_usize(), end: range.end().to_usize() }
    }
}

impl From<Span> for TextRange {
    fn from(span: Span) -> Self {
        let size = |offset: usize| TextSize::new(u32::try_from(offset).unwrap_or(u32::MAX));
        Self::new(size(span.start), size(span.end.max(span.start)))
    }
}

/// Where a frame stands, in the numbers of CPython's line tables.
///
/// Lines and columns count from 1, columns in UTF-8 bytes, `end_column` is behind the last byte. `0` says "not known":
/// CPython 3.10 has lines only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Place {
    /// First line.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
    /// Column of the first byte.
    pub column: u32,
    /// Column behind the last byte.
    pub end_column: u32,
}

impl Place {
    /// A place of which only the line is known.
    pub const fn of_line(line: u32) -> Self {
        Self { line, end_line: line, column: 0, end_column: 0 }
    }

    /// Whether the columns are known.
    pub const fn has_columns(self) -> bool {
        self.line > 0 && self.end_line > 0 && self.column > 0 && self.end_column > 0
    }
}

/// The lines of a text.
#[derive(Debug, Clone)]
pub struct Lines {
    /// Offset of the first byte of each line.
    starts: Vec<usize>,
    /// Offset behind the last byte of the text.
    end: usize,
}

const BYTE_ORDER_MARK: &str = "\u{feff}";

impl Lines {
    /// Finds the lines of `text`.
    pub(crate) fn of(text: &str) -> Self {
        let mut starts = vec![if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 }];
        let bytes = text.as_bytes();
        for (index, byte) in bytes.iter().enumerate() {
            let ends = match byte {
                b'\n' => true,
                b'\r' => bytes.get(index + 1) != Some(&b'\n'),
                _ => false,
            };
            if ends {
                starts.push(index + 1);
            }
        }
        Self { starts, end: text.len() }
    }

    /// Number of lines; a text that ends with a line end has an empty last line.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The line, from 1, that holds the byte at `offset`.
    pub fn line(&self, offset: usize) -> u32 {
        u32::try_from(self.starts.partition_point(|start| *start <= offset).max(1)).unwrap_or(u32::MAX)
    }

    /// The column, from 1 and in bytes, of the byte at `offset`.
    pub fn column(&self, offset: usize) -> u32 {
        let start = self.start(self.line(offset)).unwrap_or(0);
        u32::try_from(offset.saturating_sub(start) + 1).unwrap_or(u32::MAX)
    }

    /// Offset of the first byte of `line`, which counts from 1.
    pub fn start(&self, line: u32) -> Option<usize> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        self.starts.get(index).copied()
    }

    /// The bytes of `line` with its line end.
    pub fn span(&self, line: u32) -> Option<Span> {
        let start = self.start(line)?;
        Some(Span::new(start, self.start(line.saturating_add(1)).unwrap_or(self.end)))
    }

    /// The offset of a line and column as CPython counts them; `None` when the text has no such place.
    pub fn offset(&self, line: u32, column: u32) -> Option<usize> {
        let span = self.span(line)?;
        let offset = span.start.checked_add(usize::try_from(column).ok()?.checked_sub(1)?)?;
        (offset <= span.end).then_some(offset)
    }

    /// The place of a span.
    pub fn place(&self, span: Span) -> Place {
        Place {
            line: self.line(span.start),
            end_line: self.line(span.end),
            column: self.column(span.start),
            end_column: self.column(span.end),
        }
    }
}

/// The end of line that the text uses: the one of its first line, `\n` when it has one line only.
pub fn line_end(text: &str) -> &'static str {
    match text.find(['\n', '\r']) {
        Some(at) if text[at..].starts_with("\r\n") => "\r\n",
        Some(at) if text[at..].starts_with('\r') => "\r",
        _ => "\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_line_ends_end_a_line_and_columns_count_bytes() {
        let lines = Lines::of("a\r\nbé\rc\n");
        assert_eq!(lines.count(), 4);
        assert_eq!(lines.line(0), 1);
        assert_eq!(lines.line(2), 1);
        assert_eq!(lines.line(3), 2);
        assert_eq!(lines.column(6), 4);
        assert_eq!(lines.line(7), 3);
        assert_eq!(lines.offset(2, 2), Some(4));
        assert_eq!(lines.offset(9, 1), None);
        assert_eq!(lines.offset(1, 0), None);
    }

    #[test]
    fn a_byte_order_mark_belongs_to_no_line() {
        let lines = Lines::of("\u{feff}x = 1\n");
        assert_eq!(lines.offset(1, 1), Some(3));
        assert_eq!(lines.column(3), 1);
        assert_eq!(lines.line(0), 1);
        assert_eq!(lines.column(0), 1);
    }

    #[test]
    fn the_first_line_end_is_the_text_s() {
        assert_eq!(line_end("a\r\nb\n"), "\r\n");
        assert_eq!(line_end("a\rb\n"), "\r");
        assert_eq!(line_end("a\nb\r\n"), "\n");
        assert_eq!(line_end(""), "\n");
    }
}
