//! Whether two runs printed the same.
//!
//! Owns what may differ: numbers within the tolerance that was asked for; the lines that code is said to be on, since edits
//! move lines; and where a program was seen to print other ones by itself, times, dates and addresses of objects.
//! Invariant: any other difference of one byte is told.

use std::borrow::Cow;

/// What may differ.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Allowance {
    /// Share of the larger of two numbers: `1e-6` is a millionth.
    pub(crate) tolerance: f64,
    /// Whether times, dates and addresses may be others.
    pub(crate) clocks: bool,
}

/// What was allowed to differ, and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowed {
    /// Times, durations or dates.
    pub times: bool,
    /// Addresses.
    pub addresses: bool,
    /// Numbers within the tolerance.
    pub numbers: bool,
}

/// The first difference of two texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineDifference {
    /// The line, from 1.
    pub(crate) line: usize,
    /// What the first run printed there; `None` if it printed less.
    pub(crate) before: Option<String>,
    /// What the second run printed there; `None` if it printed less.
    pub(crate) after: Option<String>,
}

/// Compares what two runs wrote to one stream.
pub(crate) fn compare(
    before: &[u8],
    after: &[u8],
    allowance: Allowance,
    allowed: &mut Allowed,
) -> Result<(), LineDifference> {
    if before == after {
        return Ok(());
    }
    let (before, after) = (text(before), text(after));
    let (mut old, mut new) = (before.split('\n'), after.split('\n'));
    let mut behind_place = false;
    for line in 1.. {
        match (old.next(), new.next()) {
            (None, None) => break,
            (Some(old), Some(new)) if old == new => behind_place = false,
            // Warnings and tracebacks quote the line that they name, and look it up in the file on disk.
            (Some(old), Some(new)) if behind_place && old.starts_with("  ") && new.starts_with("  ") => {
                behind_place = false;
            }
            (Some(old), Some(new)) if alike(old, new, allowance, allowed, &mut behind_place) => {}
            (old, new) => {
                let (before, after) = (old.map(str::to_owned), new.map(str::to_owned));
                return Err(LineDifference { line, before, after });
            }
        }
    }
    Ok(())
}

/// The bytes as text, no two of which read alike: what is no UTF-8 is read byte by byte.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes.iter().copied().map(char::from).collect::<String>().into(),
    }
}

fn alike(
    old: &str,
    new: &str,
    allowance: Allowance,
    allowed: &mut Allowed,
    names_other_line: &mut bool,
) -> bool {
    let (old, new) = (tokens(old), tokens(new));
    *names_other_line = false;
    if old.len() != new.len() {
        return false;
    }
    let mut met = Allowed::default();
    let same = old.iter().zip(&new).all(|(old, new)| match (old, new) {
        (old, new) if old == new => true,
        (Token::Time(_), Token::Time(_)) => {
            met.times = true;
            allowance.clocks
        }
        (Token::Address(_), Token::Address(_)) => {
            met.addresses = true;
            allowance.clocks
        }
        (Token::Place(_), Token::Place(_)) => {
            *names_other_line = true;
            true
        }
        (Token::Number(old), Token::Number(new)) => {
            let (Ok(old), Ok(new)) = (old.parse::<f64>(), new.parse::<f64>()) else { return false };
            met.numbers = true;
            allowance.tolerance > 0.0 && (old - new).abs() <= allowance.tolerance * old.abs().max(new.abs())
        }
        _ => false,
    });
    if same {
        allowed.times |= met.times;
        allowed.addresses |= met.addresses;
        allowed.numbers |= met.numbers;
    }
    same
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Text(&'a str),
    Number(&'a str),
    /// A duration with its unit, a time of day or a date.
    Time(&'a str),
    /// `0x7f…`, as objects without a name of their own are printed.
    Address(&'a str),
    /// The line of a place in the code: `app.py:12`, `File "app.py", line 12`.
    Place(&'a str),
}

const UNITS: [&str; 20] = [
    "s",
    "sec",
    "secs",
    "second",
    "seconds",
    "ms",
    "us",
    "µs",
    "μs",
    "ns",
    "min",
    "mins",
    "minute",
    "minutes",
    "h",
    "hour",
    "hours",
    "millisecond",
    "milliseconds",
    "microseconds",
];
/// A bare number behind one of these is a duration.
const TELL_TIME: [&str; 6] = ["time", "elapsed", "took", "duration", "seconds", "secs"];

fn tokens(line: &str) -> Vec<Token<'_>> {
    let bytes = line.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut tokens = Vec::new();
    let mut text_from = 0;
    let mut at = 0;
    while at < bytes.len() {
        let after_word = at > 0
            && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_' || bytes[at - 1] >= 0x80);
        if after_word || !(digit(at) || (bytes[at] == b'.' && digit(at + 1))) {
            at += 1;
            continue;
        }
        let (end, token) = number(line, at, &line[..at]);
        if text_from < at {
            tokens.push(Token::Text(&line[text_from..at]));
        }
        tokens.push(token);
        at = end;
        text_from = end;
    }
    if text_from < line.len() {
        tokens.push(Token::Text(&line[text_from..]));
    }
    tokens
}

/// What begins with a digit at `at`: where it ends, and what it is. `before` is the line up to it.
fn number<'a>(line: &'a str, at: usize, before: &str) -> (usize, Token<'a>) {
    let bytes = line.as_bytes();
    let run = |from: usize, good: &dyn Fn(&u8) -> bool| {
        from + bytes[from.min(bytes.len())..].iter().take_while(|byte| good(byte)).count()
    };
    if line[at..].starts_with("0x") {
        let end = run(at + 2, &u8::is_ascii_hexdigit);
        if end - at >= 8 {
            return (end, Token::Address(&line[at..end]));
        }
    }
    let mut end = run(at, &u8::is_ascii_digit);
    if before.ends_with(".py:") || before.ends_with(".py\", line ") {
        return (end, Token::Place(&line[at..end]));
    }
    let digits = end - at;
    let followed = |end: usize, by: u8| {
        bytes.get(end) == Some(&by) && bytes.get(end + 1).is_some_and(u8::is_ascii_digit)
    };
    if followed(end, b':')
        || (digits == 4 && followed(end, b'-') && followed(run(end + 1, &u8::is_ascii_digit), b'-'))
    {
        let end = run(end, &|byte| byte.is_ascii_digit() || b":-.T".contains(byte));
        let end = at + line[at..end].trim_end_matches([':', '-', '.', 'T']).len();
        return (end, Token::Time(&line[at..end]));
    }
    if bytes.get(end) == Some(&b'.') {
        end = run(end + 1, &u8::is_ascii_digit);
    }
    if bytes.get(end).is_some_and(|byte| b"eE".contains(byte)) {
        let sign = usize::from(bytes.get(end + 1).is_some_and(|byte| b"+-".contains(byte)));
        let exponent = run(end + 1 + sign, &u8::is_ascii_digit);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    let behind = &line[end..];
    let unit_at = behind.len() - behind.trim_start_matches(' ').len();
    let unit: &str =
        behind[unit_at..].split(|letter: char| !letter.is_alphabetic()).next().unwrap_or_default();
    if UNITS.contains(&unit) {
        let end = end + unit_at + unit.len();
        return (end, Token::Time(&line[at..end]));
    }
    let word = before.trim_end_matches(|letter: char| !letter.is_alphabetic());
    let word = word.rsplit(|letter: char| !letter.is_alphabetic()).next().unwrap_or_default();
    let number = &line[at..end];
    if TELL_TIME.contains(&word.to_lowercase().as_str()) {
        return (end, Token::Time(number));
    }
    (end, Token::Number(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(before: &str, after: &str, tolerance: f64, clocks: bool) -> Result<Allowed, LineDifference> {
        let mut allowed = Allowed::default();
        compare(before.as_bytes(), after.as_bytes(), Allowance { tolerance, clocks }, &mut allowed)?;
        Ok(allowed)
    }

    fn same(before: &str, after: &str, tolerance: f64) -> bool {
        compared(before, after, tolerance, true).is_ok()
    }

    #[test]
    fn times_and_addresses_may_differ_where_they_do_by_themselves() {
        for (before, after) in [
            ("took 1.23 s", "took 900 ms"),
            ("fit in 3 seconds, 7 rows", "fit in 4.5 seconds, 7 rows"),
            ("[2026-01-02 10:11:12.5] done", "[2026-01-03 09:01:02] done"),
            ("elapsed: 0.31", "elapsed: 0.29"),
            ("<A object at 0x7f1c2a003f10>", "<A object at 0x7f99aa003c00>"),
        ] {
            assert!(same(before, after, 0.0), "{before}");
            assert!(compared(before, after, 0.0, false).is_err(), "{before}");
        }
        let allowed = compared("1 s 0x7f1c2a003f10", "2 s 0x7f1c2a003f11", 0.0, true).expect("only noise");
        assert!(allowed.times && allowed.addresses && !allowed.numbers);
    }

    #[test]
    fn everything_else_may_not() {
        for (before, after) in [
            ("3 rows", "4 rows"),
            ("mean 1.50", "mean 1.5"),
            ("x1", "x2"),
            ("a", "a\n"),
            ("took 1 s", "took 1 s longer"),
            ("v1.2", "v1.3"),
            ("0x10", "0x11"),
            ("größe 1", "größe 2"),
        ] {
            assert!(!same(before, after, 0.0), "{before}");
        }
        let mut allowed = Allowed::default();
        let told = compare(b"a\n\xff", b"a\n\xfe", Allowance::default(), &mut allowed);
        assert_eq!(told.map_err(|difference| difference.line), Err(2));
    }

    #[test]
    fn lines_of_code_move_and_what_is_quoted_of_them_with_them() {
        let warned = |line: u32, quoted: &str| {
            format!("/a/app.py:{line}: RuntimeWarning: divide by zero\n  {quoted}\ndone")
        };
        assert!(compared(&warned(7, "x = 1 / y"), &warned(8, "print(x)"), 0.0, false).is_ok());
        assert!(compared(&warned(7, "x = 1 / y"), &warned(7, "print(x)"), 0.0, false).is_err());
        assert!(
            compared("  File \"a.py\", line 7, in f", "  File \"a.py\", line 9, in f", 0.0, false).is_ok()
        );
        assert!(compared("line 7", "line 8", 0.0, false).is_err());
    }

    #[test]
    fn numbers_may_differ_by_the_tolerance() {
        assert!(same("loss=0.123456", "loss=0.123457", 1e-4));
        assert!(!same("loss=0.123456", "loss=0.123457", 1e-7));
        assert!(same("1e-3 2", "1.00001e-3 2", 1e-4));
        assert!(!same("-1.0", "1.0", 0.1));
        assert!(compared("a 1", "a 1.0000001", 1e-6, false).expect("within it").numbers);
    }

    #[test]
    fn the_first_difference_is_told() {
        let told = |line, before: &str, after: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            Err(LineDifference { line, before: some(before), after: some(after) })
        };
        assert_eq!(compared("a\nb\n", "a\nc\n", 0.0, false), told(2, "b", "c"));
        assert_eq!(compared("a", "a\nb", 0.0, false), told(2, "", "b"));
    }
}
