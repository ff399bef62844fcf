//! An error that a person can do something about.
//!
//! Owns how errors are said: `heapwise: error: …` and, where something can be done, a line `hint: …`.
//! Invariant: no backtrace and no debug output reaches a person.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use crate::exit::ExitStatus;

/// What went wrong, what to do about it, and the code to end with.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    status: ExitStatus,
}

impl Failure {
    /// Nothing was done, because of something that the person can put right.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, status: ExitStatus::Refused }
    }

    /// The same failure with what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// What the system said, without the number that Rust adds to it.
pub(crate) fn reason(error: &io::Error) -> String {
    without_number(error.to_string())
}

fn without_number(mut text: String) -> String {
    if let Some(at) = text.find(" (os error ") {
        text.truncate(at);
    }
    text
}

/// A path as a person must type it to a shell, in front of which no option is expected.
pub(crate) fn typed(path: &Path) -> String {
    let text = path.to_string_lossy();
    let here = if text.starts_with('-') { "./" } else { "" };
    let plain = |character: char| character.is_alphanumeric() || "/._-+=:,@%".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        format!("{here}{text}")
    } else {
        format!("'{here}{}'", text.replace('\'', r"'\''"))
    }
}

/// Says `error` on stderr; returns the code to end with.
pub(crate) fn say_error(error: &anyhow::Error) -> ExitStatus {
    let failure = error.downcast_ref::<Failure>();
    say(format_args!("heapwise: error: {}\n", without_number(format!("{error:#}"))));
    if let Some(hint) = failure.and_then(|failure| failure.hint.as_deref()) {
        say(format_args!("hint: {hint}\n"));
    }
    failure.map_or(ExitStatus::Failure, |failure| failure.status)
}

/// Says that something is not as it should be, though heapwise goes on.
pub(crate) fn warn(message: impl fmt::Display) {
    say(format_args!("heapwise: warning: {message}\n"));
}

/// Writes to stderr in one piece; nobody is left to be told if that fails.
pub(crate) fn say(text: impl fmt::Display) {
    let _ = io::stderr().lock().write_all(text.to_string().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_can_be_typed_as_it_is_shown() {
        for (path, shown) in [
            ("runs/train.2.heapwise", "runs/train.2.heapwise"),
            ("größe.py", "größe.py"),
            ("-odd.heapwise", "./-odd.heapwise"),
            ("two words", "'two words'"),
            ("-it's", r"'./-it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("", "''"),
        ] {
            assert_eq!(typed(Path::new(path)), shown);
        }
    }
}
