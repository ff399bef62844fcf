//! What a capture says of names, paths and source text, made safe to print.
//!
//! A capture holds text that the profiled program chose. Invariant: what [`shown`] returns moves no cursor,
//! changes no colour, reverses no text and takes exactly the columns that [`width`] says.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

/// Marks that may stand on one letter; enough for living scripts, too few to paint over the lines above.
const MOST_MARKS: usize = 4;

/// Text made safe: control characters, terminal sequences, invisible and direction-changing characters are
/// written out as escapes.
pub fn shown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut marks = 0;
    for character in text.chars() {
        match character {
            ' '..='~' => safe.push(character),
            '\t' => safe.push(' '),
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            _ if hidden(character) => {
                let code = u32::from(character);
                let _ = if code < 0x100 {
                    write!(safe, "\\x{code:02x}")
                } else {
                    write!(safe, "\\u{{{code:x}}}")
                };
            }
            _ if columns(character) == 0 => {
                marks += 1;
                if marks <= MOST_MARKS {
                    safe.push(character);
                }
                continue;
            }
            _ => safe.push(character),
        }
        marks = 0;
    }
    safe
}

/// Columns that safe text takes in a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// Safe text that takes at most `room` columns; what is cut off is told by `…`.
pub(crate) fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for character in text.chars() {
        used += columns(character);
        if used >= room {
            break;
        }
        kept.push(character);
    }
    let kept_width = kept.trim_end().len();
    kept.truncate(kept_width);
    if room > 0 {
        kept.push('…');
    }
    kept
}

/// Safe text that takes at most `room` columns, cut at its start: the end of a path says most.
pub(crate) fn cut_start(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut used = 0;
    let mut start = text.len();
    for (at, character) in text.char_indices().rev() {
        used += columns(character);
        if used >= room {
            break;
        }
        start = at;
    }
    if room == 0 { String::new() } else { format!("…{}", &text[start..]) }
}

/// Safe text in exactly `room` columns.
pub(crate) fn padded(text: &str, room: usize) -> String {
    let mut text = cut(text, room);
    let missing = room.saturating_sub(width(&text));
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

fn columns(character: char) -> usize {
    character.width().unwrap_or(0)
}

/// Whether a terminal would obey a character, or show nothing for it.
fn hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{ffa0}' | '\u{feff}'
            // A variation selector changes how wide the character before it is.
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{e0000}'..='\u{e0fff}'
            | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        for (raw, safe) in [
            ("load", "load"),
            ("\u{1b}[31mred\u{1b}[0m", "\\x1b[31mred\\x1b[0m"),
            ("a\nb\r\tc", "a\\nb\\r c"),
            ("\u{9b}31m", "\\x9b31m"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("a\u{200b}\u{feff}b", "a\\u{200b}\\u{feff}b"),
            ("\u{7f}\0", "\\x7f\\x00"),
            ("größe_数据", "größe_数据"),
            ("e\u{301}", "e\u{301}"),
        ] {
            assert_eq!(shown(raw), safe);
        }
        let heaped = format!("a{}", "\u{301}".repeat(100));
        assert_eq!(shown(&heaped).chars().count(), 1 + MOST_MARKS);
    }

    #[test]
    fn any_character_takes_the_columns_that_are_counted() {
        for code in 0..=u32::from(char::MAX) {
            let Some(character) = char::from_u32(code) else { continue };
            let safe = shown(&format!("a{character}b"));
            assert!(!safe.chars().any(char::is_control), "{code:x}");
            assert!(UnicodeWidthStr::width(safe.as_str()) <= width(&safe), "{code:x}");
        }
    }

    #[test]
    fn a_cut_tells_itself_and_fits() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "long…");
        assert_eq!(cut("long er", 6), "long…");
        assert_eq!(cut("数据数据", 5), "数据…");
        assert_eq!(cut("数据数据", 4), "数…");
        assert_eq!(cut("ab", 1), "…");
        assert_eq!(cut("ab", 0), "");
        assert_eq!(cut_start("a/long/path.py:7", 10), "…path.py:7");
        assert_eq!(cut_start("ab", 0), "");
        assert_eq!(padded("数", 4), "数  ");
        assert_eq!(padded("longer", 4), "lon…");
    }
}
