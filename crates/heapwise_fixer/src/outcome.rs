//! Whether two runs of a program did the same.
//!
//! Invariant: with no tolerance equal means equal bytes, for the exit and standard output; a difference says where it is. Only
//! numbers may differ within a tolerance, never the text around them.

use std::fmt;

/// What a run left behind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// The exit code, or minus the signal that ended it.
    pub exit: i32,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error, without the profiler's own words.
    pub stderr: Vec<u8>,
    /// Files that it wrote: name and content.
    pub files: Vec<(String, Vec<u8>)>,
}

/// How far numbers may be apart.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tolerance {
    /// Share of the larger number: `1e-6` is a millionth.
    pub relative: f64,
}

/// The first difference between two runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The exit code or signal: before, after.
    Exit(i32, i32),
    /// A line, from 1, of a stream or file: its name, the line, before and after; `None` where there is no such line.
    Line(String, usize, Option<String>, Option<String>),
    /// A file that only one of the runs wrote.
    File(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted =
            |line: &Option<String>| line.as_ref().map_or("nothing".to_owned(), |line| format!("{line:?}"));
        match self {
            Self::Exit(before, after) => write!(out, "the exit code was {before} and is {after}"),
            Self::Line(name, line, before, after) => {
                write!(out, "line {line} of {name} was {} and is {}", quoted(before), quoted(after))
            }
            Self::File(name) => write!(out, "only one of the runs wrote {name}"),
        }
    }
}

/// The first difference between a run without the edit and one with it. Standard error is compared with all its numbers taken
/// as equal: durations and addresses stand there.
pub fn compare(before: &Outcome, after: &Outcome, tolerance: Tolerance) -> Option<Difference> {
    if before.exit != after.exit {
        return Some(Difference::Exit(before.exit, after.exit));
    }
    let any = Tolerance { relative: f64::INFINITY };
    let streams = lines("stdout", &before.stdout, &after.stdout, tolerance)
        .or_else(|| lines("stderr", &before.stderr, &after.stderr, any));
    if streams.is_some() {
        return streams;
    }
    let find = |files: &[(String, Vec<u8>)], name: &str| {
        files.iter().find(|(other, _)| other == name).map(|(_, content)| content.clone())
    };
    for (name, old) in &before.files {
        let Some(new) = find(&after.files, name) else { return Some(Difference::File(name.clone())) };
        if let Some(difference) = lines(name, old, &new, tolerance) {
            return Some(difference);
        }
    }
    after
        .files
        .iter()
        .find(|(name, _)| find(&before.files, name).is_none())
        .map(|(name, _)| Difference::File(name.clone()))
}

fn lines(name: &str, before: &[u8], after: &[u8], tolerance: Tolerance) -> Option<Difference> {
    if before == after {
        return None;
    }
    let (old, new) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    let (mut old, mut new) = (old.split('\n'), new.split('\n'));
    let mut line = 0;
    loop {
        line += 1;
        match (old.next(), new.next()) {
            (None, None) => break,
            (Some(one), Some(other)) if alike(one, other, tolerance) => {}
            (one, other) => {
                let text = |line: Option<&str>| line.map(str::to_owned);
                return Some(Difference::Line(name.to_owned(), line, text(one), text(other)));
            }
        }
    }
    // Bytes that are no text and read alike.
    let strict = std::str::from_utf8(before).is_err() || std::str::from_utf8(after).is_err();
    strict.then(|| Difference::Line(name.to_owned(), line, None, None))
}

fn alike(one: &str, other: &str, tolerance: Tolerance) -> bool {
    if one == other {
        return true;
    }
    if tolerance.relative <= 0.0 {
        return false;
    }
    let (one, other) = (parts(one), parts(other));
    one.len() == other.len()
        && one.iter().zip(&other).all(|parts| match parts {
            ((false, one), (false, other)) => one == other,
            ((true, one), (true, other)) => close(one, other, tolerance.relative),
            _ => false,
        })
}

fn close(one: &str, other: &str, relative: f64) -> bool {
    if one == other || relative.is_infinite() {
        return true;
    }
    let (Ok(one), Ok(other)) = (one.parse::<f64>(), other.parse::<f64>()) else { return false };
    (one - other).abs() <= relative * one.abs().max(other.abs())
}

/// A line as numbers (`true`) and what stands between them.
fn parts(line: &str) -> Vec<(bool, &str)> {
    let bytes = line.as_bytes();
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        if start < at {
            parts.push((false, &line[start..at]));
        }
        start = at;
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            at += 1;
        }
        if bytes.get(at) == Some(&b'.') {
            at += 1;
            while at < bytes.len() && bytes[at].is_ascii_digit() {
                at += 1;
            }
        }
        let signed = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        if matches!(bytes.get(at), Some(b'e' | b'E'))
            && bytes.get(at + 1 + signed).is_some_and(u8::is_ascii_digit)
        {
            at += 1 + signed;
            while at < bytes.len() && bytes[at].is_ascii_digit() {
                at += 1;
            }
        }
        parts.push((true, &line[start..at]));
        start = at;
    }
    if start < line.len() {
        parts.push((false, &line[start..]));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(stdout: &str) -> Outcome {
        Outcome { stdout: stdout.as_bytes().to_vec(), ..Outcome::default() }
    }

    fn differ(one: &str, other: &str, relative: f64) -> Option<String> {
        compare(&printed(one), &printed(other), Tolerance { relative })
            .map(|difference| difference.to_string())
    }

    #[test]
    fn without_tolerance_equal_is_equal() {
        assert_eq!(differ("a 1.0\n", "a 1.0\n", 0.0), None);
        assert_eq!(
            differ("a\nb 1.0\n", "a\nb 1\n", 0.0).as_deref(),
            Some("line 2 of stdout was \"b 1.0\" and is \"b 1\"")
        );
        assert_eq!(differ("a", "a\n", 0.0).as_deref(), Some("line 2 of stdout was nothing and is \"\""));
    }

    #[test]
    fn numbers_may_differ_within_the_tolerance_and_text_may_not() {
        assert_eq!(differ("mean=-1.0000001e+3 of 7é", "mean=-1.0e3 of 7é", 1e-6), None);
        assert!(differ("mean=1.1", "mean=1.0", 1e-6).is_some());
        assert!(differ("mean=1.0", "MEAN=1.0", 1e-6).is_some());
        assert!(differ("1 2", "1", 1.0).is_some());
        assert!(differ("mean=-1.0", "mean=1.0", 1e-6).is_some());
    }

    #[test]
    fn standard_error_may_say_other_durations() {
        let with = |stderr: &[u8]| Outcome { stderr: stderr.to_vec(), ..Outcome::default() };
        assert_eq!(compare(&with(b"took 3.2 s"), &with(b"took 4 s"), Tolerance::default()), None);
        assert!(compare(&with(b"took 3.2 s"), &with(b"failed"), Tolerance::default()).is_some());
    }

    #[test]
    fn exits_files_and_bytes_are_compared() {
        let one = Outcome { files: vec![("a".into(), vec![0xff])], ..Outcome::default() };
        let mut other = one.clone();
        assert_eq!(compare(&one, &other, Tolerance::default()), None);
        other.files[0].1 = vec![0xfe];
        assert!(compare(&one, &other, Tolerance::default()).is_some());
        other.files.clear();
        assert_eq!(compare(&one, &other, Tolerance::default()), Some(Difference::File("a".into())));
        assert_eq!(compare(&other, &one, Tolerance::default()), Some(Difference::File("a".into())));
        other.exit = -9;
        assert_eq!(compare(&one, &other, Tolerance::default()), Some(Difference::Exit(0, -9)));
    }
}
