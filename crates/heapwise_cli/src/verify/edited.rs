//! Files with the edits of findings in place, as text and as a diff.
//!
//! Invariant: what is here was made from the text in the capture, and parses; edits that overlap are refused.

use std::collections::BTreeMap;

use heapwise_advisor::{Finding, Replacement};
use heapwise_profile::Profile;
use heapwise_source::Module;
use similar::TextDiff;

/// A file before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EditedFile {
    /// As the capture names it.
    pub(crate) file: String,
    /// As it was run.
    pub(crate) before: String,
    /// With the edits.
    pub(crate) after: String,
}

/// All files that `findings` change, with the edits of all of them.
///
/// # Errors
/// Why they cannot be made together, in words.
pub(crate) fn edit(profile: &Profile, findings: &[&Finding]) -> Result<Vec<EditedFile>, String> {
    let mut by_file: BTreeMap<&str, Vec<&Replacement>> = BTreeMap::new();
    for finding in findings {
        let Some(fix) = &finding.proposal else { return Err(format!("{} has no edit", finding.id)) };
        by_file.entry(&finding.file).or_default().extend(&fix.edits);
    }
    by_file
        .into_iter()
        .map(|(file, edits)| {
            let before =
                profile.source(file).ok_or_else(|| format!("the capture lacks the text of {file}"))?;
            let after = apply(before, edits).map_err(|why| format!("{file}: {why}"))?;
            Module::parse(&after).map_err(|problem| format!("{file} would not parse: {problem}"))?;
            Ok(EditedFile { file: file.to_owned(), before: before.to_owned(), after })
        })
        .collect()
}

fn apply(text: &str, mut edits: Vec<&Replacement>) -> Result<String, &'static str> {
    edits.sort_by_key(|edit| (edit.start, edit.end));
    edits.dedup();
    let mut after = String::with_capacity(text.len());
    let mut done = 0;
    for edit in edits {
        if edit.start < done {
            return Err("the edits overlap");
        }
        let kept = text.get(done..edit.start).ok_or("an edit lies outside the text")?;
        after.push_str(kept);
        after.push_str(&edit.text);
        text.get(edit.start..edit.end).ok_or("an edit lies outside the text")?;
        done = edit.end;
    }
    after.push_str(text.get(done..).unwrap_or_default());
    Ok(after)
}

/// One unified diff of all files. `patch -p1` in `folder` applies it; files elsewhere are named from the root.
pub(crate) fn diff(files: &[EditedFile], folder: &str) -> String {
    files
        .iter()
        .map(|edited| {
            let below = edited.file.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
            let name = below.unwrap_or_else(|| edited.file.trim_start_matches('/'));
            TextDiff::from_lines(&edited.before, &edited.after)
                .unified_diff()
                .header(&format!("a/{name}"), &format!("b/{name}"))
                .to_string()
        })
        .collect()
}

/// The same files the other way round.
pub(crate) fn undone(files: &[EditedFile]) -> Vec<EditedFile> {
    files
        .iter()
        .map(|edited| EditedFile {
            file: edited.file.clone(),
            before: edited.after.clone(),
            after: edited.before.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: usize, end: usize, text: &str) -> Replacement {
        Replacement { start, end, text: text.to_owned() }
    }

    #[test]
    fn edits_change_their_own_bytes_only() {
        let (insert, replace) = (edit(4, 4, "X"), edit(0, 1, "é"));
        assert_eq!(apply("a\r\nbc\t#\n", vec![&insert, &replace]).as_deref(), Ok("é\r\nbXc\t#\n"));
        assert_eq!(apply("ab", vec![&edit(0, 0, "1"), &edit(0, 0, "1")]).as_deref(), Ok("1ab"));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(apply("abc", vec![&edit(0, 2, ""), &edit(1, 3, "")]), Err("the edits overlap"));
        for outside in [edit(0, 9, ""), edit(9, 9, ""), edit(2, 1, "")] {
            assert!(apply("abc", vec![&outside]).is_err(), "{outside:?}");
        }
        // Within a character.
        assert!(apply("é", vec![&edit(1, 1, "x")]).is_err());
    }

    #[test]
    fn a_diff_names_files_from_the_folder() {
        let file = EditedFile { file: "/home/a/app.py".into(), before: "x\n".into(), after: "y\n".into() };
        let shown = diff(std::slice::from_ref(&file), "/home/a");
        assert_eq!(shown, "--- a/app.py\n+++ b/app.py\n@@ -1 +1 @@\n-x\n+y\n");
        assert!(diff(&undone(&[file]), "/srv").starts_with("--- a/home/a/app.py\n"));
    }
}
