//! The page that the sections write on: lines of styled text, cut to the width.
//!
//! Invariant: whatever a section puts on a line, what comes out is at most as wide as the page, has nothing
//! that a terminal obeys but the page's own colours, and no blanks at its end.

use std::io;

use anstyle::{AnsiColor, Effects};

use super::shown::{cut, shown, width};

/// What a piece of text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    /// The number that a line is about, and headings.
    Strong,
    /// Places in the program.
    Place,
    /// What is there if you look for it.
    Quiet,
    /// What makes other numbers doubtful.
    Warning,
    /// The bars of the heap.
    Heap,
}

impl Style {
    fn ansi(self) -> anstyle::Style {
        let plain = anstyle::Style::new();
        match self {
            Self::Plain => plain,
            Self::Strong => plain.effects(Effects::BOLD),
            Self::Place => plain.fg_color(Some(AnsiColor::Cyan.into())),
            Self::Quiet => plain.effects(Effects::DIMMED),
            Self::Warning => plain.fg_color(Some(AnsiColor::Yellow.into())).effects(Effects::BOLD),
            Self::Heap => plain.fg_color(Some(AnsiColor::Blue.into())),
        }
    }
}

/// One line of a page.
#[derive(Debug, Default)]
pub(super) struct Line {
    spans: Vec<(Style, String)>,
    width: usize,
}

impl Line {
    /// Adds text.
    pub(super) fn add(mut self, style: Style, text: &str) -> Self {
        let text = shown(text);
        self.width += width(&text);
        self.spans.push((style, text));
        self
    }

    /// Fills up to `column` with blanks.
    pub(super) fn to(self, column: usize) -> Self {
        let missing = column.saturating_sub(self.width);
        self.add(Style::Plain, &" ".repeat(missing))
    }
}

/// Where a report is written to.
pub(super) struct Page<'a> {
    out: &'a mut dyn io::Write,
    pub(super) width: usize,
    color: bool,
}

impl<'a> Page<'a> {
    pub(super) fn new(out: &'a mut dyn io::Write, width: usize, color: bool) -> Self {
        Self { out, width: width.max(1), color }
    }

    /// Writes an empty line.
    pub(super) fn blank(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// Writes a heading.
    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        self.line(Line::default().add(Style::Strong, text))
    }

    /// Writes `line`, cut to the width of the page.
    pub(super) fn line(&mut self, line: Line) -> io::Result<()> {
        let mut spans = line.spans;
        let mut room = self.width;
        for at in 0..spans.len() {
            let here = width(&spans[at].1);
            let more_behind = || spans[at + 1..].iter().any(|(_, text)| !text.trim().is_empty());
            // A span that ends at the edge is cut as well if something is lost behind it.
            if here > room || (here == room && more_behind()) {
                let text = format!("{} ", spans[at].1);
                spans[at].1 = cut(if here > room { &spans[at].1 } else { &text }, room);
                spans.truncate(at + 1);
                break;
            }
            room -= here;
        }
        while let Some((_, last)) = spans.last_mut() {
            last.truncate(last.trim_end().len());
            if !last.is_empty() {
                break;
            }
            spans.pop();
        }
        for (style, text) in &spans {
            let ansi =
                if self.color && !text.trim().is_empty() { style.ansi() } else { anstyle::Style::new() };
            write!(self.out, "{ansi}{text}{ansi:#}")?;
        }
        self.blank()
    }

    /// Writes all of a line of code at `indent`, broken wherever the page ends, further lines two columns further in.
    pub(super) fn code(&mut self, indent: usize, style: Style, text: &str) -> io::Result<()> {
        let mut start = indent;
        let mut piece = String::new();
        for character in shown(text).chars() {
            let with = width(&piece) + width(character.encode_utf8(&mut [0; 4]));
            if start + with > self.width && !piece.is_empty() {
                self.line(Line::default().to(start).add(style, &piece))?;
                start = indent + 2;
                piece.clear();
            }
            piece.push(character);
        }
        self.line(Line::default().to(start).add(style, &piece))
    }

    /// Writes prose behind `label`, broken between words, further lines at `indent`.
    pub(super) fn prose(&mut self, label: (Style, &str), indent: usize, text: &str) -> io::Result<()> {
        let mut line = Line::default().add(label.0, label.1).to(indent);
        let mut start = line.width;
        for word in words(text) {
            let gap = usize::from(line.width > start);
            if gap == 1 && line.width + gap + width(&shown(word)) > self.width {
                self.line(line)?;
                line = Line::default().to(indent);
                start = indent;
            }
            let gap = usize::from(line.width > start);
            line = line.add(Style::Plain, &" ".repeat(gap)).add(Style::Plain, word);
        }
        self.line(line)
    }
}

/// The words of `text`; a number and its unit are one.
fn words(text: &str) -> impl Iterator<Item = &str> {
    const UNITS: [&str; 11] = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "%", "ms", "s", "min"];
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut end = text.find(' ').unwrap_or(text.len());
        if end > 0 && text[..end].ends_with(|character: char| character.is_ascii_digit()) && end < text.len()
        {
            let next = text[end + 1..].split(' ').next().unwrap_or_default();
            if UNITS.contains(&next.trim_end_matches([',', ';', ')', ':', '.'])) {
                end += 1 + next.len();
            }
        }
        rest = text.get(end + 1..);
        Some(&text[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: usize, color: bool, write: impl FnOnce(&mut Page<'_>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut Page::new(&mut out, width, color)).expect("a vector takes everything");
        String::from_utf8(out).expect("text is UTF-8")
    }

    #[test]
    fn a_line_is_cut_at_the_edge_wherever_its_spans_end() {
        let line = || Line::default().add(Style::Strong, "abcd").add(Style::Plain, "efgh").to(12);
        for (width, text) in [(8, "abcdefgh\n"), (7, "abcdef…\n"), (5, "abcd…\n"), (4, "abc…\n"), (1, "…\n")]
        {
            assert_eq!(page(width, false, |page| page.line(line())), text);
        }
    }

    #[test]
    fn colour_is_only_there_when_asked_for() {
        let line = || Line::default().add(Style::Strong, "a").add(Style::Plain, " b\u{1b}[0m");
        assert_eq!(page(80, false, |page| page.line(line())), "a b\\x1b[0m\n");
        assert_eq!(page(80, true, |page| page.line(line())), "\u{1b}[1ma\u{1b}[0m b\\x1b[0m\n");
    }

    #[test]
    fn code_is_never_cut() {
        let text = page(8, false, |page| page.code(2, Style::Strong, "+abcdefghi = 1"));
        assert_eq!(text, "  +abcde\n    fghi\n     = 1\n");
        assert_eq!(page(1, false, |page| page.code(0, Style::Strong, "")), "\n");
    }

    #[test]
    fn prose_breaks_between_words() {
        let text = page(16, false, |page| page.prose((Style::Plain, "Note"), 6, "one two three"));
        assert_eq!(text, "Note  one two\n      three\n");
        let text = page(16, false, |page| page.prose((Style::Plain, ""), 0, "at 1.24 s of  31.10 s, 3"));
        assert_eq!(text, "at 1.24 s of\n31.10 s, 3\n");
    }
}
