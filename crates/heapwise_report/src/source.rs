//! The text of source lines as the capture has it.

use heapwise_analysis::profile::Profile;
use rustc_hash::FxHashMap;

/// Characters of a line that are kept: enough to know it by, and a bound for generated files.
const MOST_CHARACTERS: usize = 400;

/// The lines of all files whose text is in a capture.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    files: FxHashMap<&'a str, Vec<&'a str>>,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(profile: &'a Profile) -> Self {
        Self { files: profile.sources().map(|(file, text)| (file, text.lines().collect())).collect() }
    }

    /// The text of a line, counted from 1, without the blanks around it; `None` if it is not there or blank.
    pub(crate) fn line(&self, file: &str, line: u32) -> Option<String> {
        let index = (line as usize).checked_sub(1)?;
        let text = self.files.get(file)?.get(index)?.trim();
        if text.is_empty() {
            return None;
        }
        Some(match text.char_indices().nth(MOST_CHARACTERS) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.to_owned(),
        })
    }
}
