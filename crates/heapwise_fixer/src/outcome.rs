//! Whether two runs of a program did the same.
//!
//! Owns what counts: how it ended; then what the check says, if there is one; else what it printed and the files that it left.
//! Invariant: a difference is told in words that a person can look up in the runs' output.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use heapwise_profile::Ending;

use crate::likeness::{self, Allowance, Allowed, LineDifference};

/// Characters of a line that are shown.
const SHOWN: usize = 60;

/// What a run left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How the program ended.
    pub ending: Ending,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// The files in the folder that it ran in, with a mark of their content; `None` if nobody looked.
    pub files: Option<BTreeMap<PathBuf, u64>>,
    /// How the check ended, and what it said last, if there is one.
    pub check: Option<(Ending, String)>,
    /// The highest heap, bytes.
    pub peak_bytes: u64,
    /// One standard error of it.
    pub error_bytes: u64,
    /// Run time.
    pub duration: Duration,
}

/// How strictly two runs are held against each other.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tolerance {
    /// By how much numbers may differ, as a share of the larger: `1e-6` is a millionth.
    pub relative: f64,
    /// Whether times, dates and addresses may be others: the program was seen to print other ones by itself.
    pub clocks: bool,
}

/// The first difference between two runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// It ended otherwise: how, and what it said last.
    Ending(Ending, String),
    /// The check fails: how it ended, and what it said last.
    Check(Ending, String),
    /// A line, from 1, of a stream, before and after; `None` where there is no such line.
    Line(&'static str, usize, Option<String>, Option<String>),
    /// A file has other content, or only one of the runs left it.
    File(PathBuf),
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ending(ending, said) => {
                write!(out, "the program ends with {}{}", in_words(*ending), Behind(said))
            }
            Self::Check(ending, said) => {
                write!(out, "the check fails with {}{}", in_words(*ending), Behind(said))
            }
            Self::Line(stream, line, before, after) => {
                let (before, after) = (quoted(before.as_deref()), quoted(after.as_deref()));
                write!(out, "line {line} of its {stream} is {after} instead of {before}")
            }
            Self::File(path) => write!(out, "it leaves another {}", path.display()),
        }
    }
}

/// What was said, behind a colon; nothing if nothing was.
struct Behind<'a>(&'a str);

impl fmt::Display for Behind<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(out, ": {}", self.0) }
    }
}

/// `exit code 1`, `signal 9`.
pub fn in_words(ending: Ending) -> String {
    match ending {
        Ending::Code(code) => format!("exit code {code}"),
        Ending::Signal(signal) => format!("signal {signal}"),
    }
}

/// The last line with anything on it, for people.
pub fn last_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().filter(|character| !character.is_control()).take(200).collect()
}

/// What `after` did otherwise than `before` first; else what was allowed to differ, and did.
///
/// # Errors
/// The first difference.
pub fn compare(before: &Outcome, after: &Outcome, tolerance: Tolerance) -> Result<Allowed, Difference> {
    let mut allowed = Allowed::default();
    if after.ending != before.ending {
        return Err(Difference::Ending(after.ending, last_line(&after.stderr)));
    }
    if let Some((ending, said)) = &after.check {
        return if *ending == Ending::Code(0) {
            Ok(allowed)
        } else {
            Err(Difference::Check(*ending, said.clone()))
        };
    }
    let allowance = Allowance { tolerance: tolerance.relative, clocks: tolerance.clocks };
    for (stream, before, after) in
        [("stdout", &before.stdout, &after.stdout), ("stderr", &before.stderr, &after.stderr)]
    {
        let told = |it: LineDifference| Difference::Line(stream, it.line, it.before, it.after);
        likeness::compare(before, after, allowance, &mut allowed).map_err(told)?;
    }
    if let (Some(before), Some(after)) = (&before.files, &after.files) {
        let mut names = before.keys().chain(after.keys());
        if let Some(name) = names.find(|name| before.get(*name) != after.get(*name)) {
            return Err(Difference::File(name.clone()));
        }
    }
    Ok(allowed)
}

fn quoted(line: Option<&str>) -> String {
    let Some(line) = line else { return "not there".to_owned() };
    let mut shown: String = line.chars().filter(|character| !character.is_control()).take(SHOWN).collect();
    if line.chars().count() > SHOWN {
        shown.push('…');
    }
    format!("“{shown}”")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn outcome(stdout: &str, peak_bytes: u64) -> Outcome {
        Outcome {
            ending: Ending::Code(0),
            stdout: stdout.as_bytes().to_vec(),
            stderr: Vec::new(),
            files: None,
            check: None,
            peak_bytes,
            error_bytes: 0,
            duration: Duration::ZERO,
        }
    }

    fn told(before: &Outcome, after: &Outcome) -> Option<String> {
        compare(before, after, Tolerance::default()).err().map(|difference| difference.to_string())
    }

    #[test]
    fn what_is_printed_is_compared() {
        let (one, other) = (outcome("a\nb 1\n", 0), outcome("a\nb 2\n", 0));
        assert_eq!(told(&one, &one), None);
        assert_eq!(told(&one, &other).as_deref(), Some("line 2 of its stdout is “b 2” instead of “b 1”"));
        let less = outcome("a\nb 1", 0);
        assert_eq!(told(&one, &less).as_deref(), Some("line 3 of its stdout is not there instead of “”"));
        let mut loud = one.clone();
        loud.stderr = b"oh\n".to_vec();
        assert_eq!(told(&one, &loud).as_deref(), Some("line 1 of its stderr is “oh” instead of “”"));
    }

    #[test]
    fn the_end_counts_first_and_a_check_instead_of_the_output() {
        let (one, mut other) = (outcome("a", 0), outcome("b", 0));
        other.check = Some((Ending::Code(0), String::new()));
        assert_eq!(told(&one, &other), None);
        other.check = Some((Ending::Code(1), "1 failed".to_owned()));
        assert_eq!(told(&one, &other).as_deref(), Some("the check fails with exit code 1: 1 failed"));
        other.ending = Ending::Signal(9);
        other.stderr = b"oh\n\n".to_vec();
        assert_eq!(told(&one, &other).as_deref(), Some("the program ends with signal 9: oh"));
    }

    #[test]
    fn files_are_compared_by_their_marks() {
        let (mut one, mut other) = (outcome("", 0), outcome("", 0));
        one.files = Some(BTreeMap::from([("a".into(), 1), ("b".into(), 2)]));
        assert_eq!(told(&one, &other), None);
        other.files = Some(BTreeMap::from([("a".into(), 1), ("b".into(), 3)]));
        assert_eq!(told(&one, &other).as_deref(), Some("it leaves another b"));
        other.files = Some(BTreeMap::from([("a".into(), 1), ("b".into(), 2), ("c".into(), 2)]));
        assert_eq!(told(&one, &other).as_deref(), Some("it leaves another c"));
    }
}
