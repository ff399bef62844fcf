//! Whether two runs printed the same.
//!
//! Owns what may differ: times and durations, dates, addresses of objects, and numbers within the tolerance that was
//! asked for. Invariant: with a tolerance of 0 any other difference of one character is told.

/// What was allowed to differ, and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Allowed {
    /// Times, durations or dates.
    pub(crate) times: bool,
    /// Addresses.
    pub(crate) addresses: bool,
    /// Numbers within the tolerance.
    pub(crate) numbers: bool,
}

/// The first difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The line, from 1.
    pub(crate) line: usize,
    /// What the first run printed there; `None` if it printed less.
    pub(crate) before: Option<String>,
    /// What the second run printed there; `None` if it printed less.
    pub(crate) after: Option<String>,
}

/// Compares what two runs wrote to one stream. Numbers may differ by `tolerance`, relative to the larger one.
pub(crate) fn compare(before: &[u8], after: &[u8], tolerance: f64) -> Result<Allowed, Difference> {
    let mut allowed = Allowed::default();
    if before == after {
        return Ok(allowed);
    }
    let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    let (mut old, mut new) = (before.split('\n'), after.split('\n'));
    for line in 1.. {
        match (old.next(), new.next()) {
            (None, None) => break,
            (Some(old), Some(new)) if old == new || alike(old, new, tolerance, &mut allowed) => {}
            (old, new) => {
                let (before, after) = (old.map(str::to_owned), new.map(str::to_owned));
                return Err(Difference { line, before, after });
            }
        }
    }
    Ok(allowed)
}

fn alike(old: &str, new: &str, tolerance: f64, allowed: &mut Allowed) -> bool {
    let (old, new) = (tokens(old), tokens(new));
    if old.len() != new.len() {
        return false;
    }
    old.iter().zip(&new).all(|(old, new)| match (old, new) {
        (Token::Text(old), Token::Text(new)) => old == new,
        (Token::Time(old), Token::Time(new)) => {
            allowed.times |= old != new;
            true
        }
        (Token::Address(old), Token::Address(new)) => {
            allowed.addresses |= old != new;
            true
        }
        (Token::Number(old), Token::Number(new)) if old == new => true,
        (Token::Number(old), Token::Number(new)) => {
            let (Ok(old), Ok(new)) = (old.parse::<f64>(), new.parse::<f64>()) else { return false };
            let near = tolerance > 0.0 && (old - new).abs() <= tolerance * old.abs().max(new.abs());
            allowed.numbers |= near;
            near
        }
        _ => false,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Text(&'a str),
    Number(&'a str),
    /// A duration with its unit, a time of day or a date.
    Time(&'a str),
    /// `0x7f…`, as objects without a name of their own are printed.
    Address(&'a str),
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

    fn same(before: &str, after: &str, tolerance: f64) -> bool {
        compare(before.as_bytes(), after.as_bytes(), tolerance).is_ok()
    }

    #[test]
    fn times_and_addresses_may_differ() {
        for (before, after) in [
            ("took 1.23 s", "took 900 ms"),
            ("fit in 3 seconds, 7 rows", "fit in 4.5 seconds, 7 rows"),
            ("[2026-01-02 10:11:12.5] done", "[2026-01-03 09:01:02] done"),
            ("elapsed: 0.31", "elapsed: 0.29"),
            ("<A object at 0x7f1c2a003f10>", "<A object at 0x7f99aa003c00>"),
        ] {
            assert!(same(before, after, 0.0), "{before}");
        }
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
    }

    #[test]
    fn numbers_may_differ_by_the_tolerance() {
        assert!(same("loss=0.123456", "loss=0.123457", 1e-4));
        assert!(!same("loss=0.123456", "loss=0.123457", 1e-7));
        assert!(same("1e-3 2", "1.00001e-3 2", 1e-4));
        assert!(!same("-1.0", "1.0", 0.1));
    }

    #[test]
    fn the_first_difference_is_told() {
        let told = compare(b"a\nb\n", b"a\nc\n", 0.0);
        assert_eq!(told, Err(Difference { line: 2, before: Some("b".into()), after: Some("c".into()) }));
        let told = compare(b"a", b"a\nb", 0.0);
        assert_eq!(told, Err(Difference { line: 2, before: None, after: Some("b".into()) }));
    }
}
