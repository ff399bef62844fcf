//! From findings to the new texts of files.
//!
//! Invariants: a file is changed only where its bytes are those that were run; a finding is taken whole or not at all; every
//! new text parses. Of two findings that want the same bytes the first given is taken.

use std::collections::BTreeMap;
use std::fmt;

use heapwise_advisor::{Finding, Safety};
use heapwise_source::{Module, Refusal, Replacement, Span, SyntaxProblem, apply, merge, unified_diff};

/// What is known of a file that a finding wants to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileState {
    /// Its text when the program ran, from the capture; `None` if the capture has none.
    pub as_run: Option<String>,
    /// Its bytes now, or why they cannot be read, in the system's words.
    pub now: Result<Vec<u8>, String>,
}

/// Why a finding is not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withdrawn {
    /// There is no edit for it, or one that a person must finish.
    NoEdit,
    /// The capture has no text of the file.
    NotInCapture,
    /// The file cannot be read.
    Unreadable(String),
    /// The file is no UTF-8, or says that it is in another encoding.
    Encoding(String),
    /// The file is not what was run.
    Changed,
    /// The file as it is does not parse: newer syntax, or none.
    Syntax(SyntaxProblem),
    /// The edit cannot be made.
    Refused(Refusal),
    /// Another finding, with this id, changes the same bytes.
    Overlap(String),
}

impl fmt::Display for Withdrawn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEdit => out.write_str("there is no edit that does it; follow the advice by hand"),
            Self::NotInCapture => out.write_str("the capture has no text of the file; run the program again"),
            Self::Unreadable(why) => write!(out, "the file cannot be read: {why}"),
            Self::Encoding(name) => write!(out, "the file is in {name}; only UTF-8 can be edited"),
            Self::Changed => out.write_str("the file changed since the run; run the program again"),
            Self::Syntax(problem) => write!(out, "the file cannot be parsed: {problem}"),
            Self::Refused(refusal) => write!(out, "the edit cannot be made: {refusal}"),
            Self::Overlap(id) => write!(out, "finding {id} changes the same code; apply that one first"),
        }
    }
}

/// A finding that is not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// The finding's id.
    pub id: String,
    /// The file that it would have changed.
    pub file: String,
    /// Why.
    pub why: Withdrawn,
}

impl fmt::Display for Withdrawal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({}): {}", self.id, self.file, self.why)
    }
}

/// A file with the edits in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileChange {
    /// The text now.
    pub before: String,
    /// The text with the edits.
    pub after: String,
    /// The ids of the findings that it follows, in the order given.
    pub findings: Vec<String>,
    replacements: Vec<Replacement>,
}

/// The new texts for some findings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The files that change, by name.
    pub files: BTreeMap<String, FileChange>,
    /// The findings that are not followed.
    pub withdrawn: Vec<Withdrawal>,
}

impl Plan {
    /// Plans findings of one run together; `state` says how their files are. For each alone, give a list of one.
    pub fn of<'f>(
        findings: impl IntoIterator<Item = &'f Finding>,
        mut state: impl FnMut(&str) -> FileState,
    ) -> Self {
        let mut plan = Self::default();
        let mut sources: BTreeMap<String, Result<String, Withdrawn>> = BTreeMap::new();
        for finding in findings {
            let source =
                sources.entry(finding.file.clone()).or_insert_with(|| readable(state(&finding.file)));
            if let Err(why) = source.clone().and_then(|text| plan.take(finding, &text)) {
                plan.withdrawn.push(Withdrawal { id: finding.id.clone(), file: finding.file.clone(), why });
            }
        }
        plan
    }

    /// The ids of all findings that are followed.
    pub fn followed(&self) -> impl Iterator<Item = &str> {
        self.files.values().flat_map(|file| file.findings.iter().map(String::as_str))
    }

    /// One unified diff of all files. `shorten` gives the name to print for a file: relative, without a leading slash.
    pub fn diff(&self, shorten: impl Fn(&str) -> String) -> String {
        self.files
            .iter()
            .map(|(name, file)| unified_diff(&shorten(name), &file.before, &file.after))
            .collect()
    }

    /// The diff that takes everything back.
    pub fn undo(&self, shorten: impl Fn(&str) -> String) -> String {
        self.files
            .iter()
            .map(|(name, file)| unified_diff(&shorten(name), &file.after, &file.before))
            .collect()
    }

    fn take(&mut self, finding: &Finding, text: &str) -> Result<(), Withdrawn> {
        let proposal = finding.proposal.as_ref().filter(|proposal| proposal.safety != Safety::Manual);
        let proposal = proposal.filter(|proposal| !proposal.edits.is_empty()).ok_or(Withdrawn::NoEdit)?;
        let wanted: Vec<Replacement> = proposal
            .edits
            .iter()
            .map(|edit| Replacement { span: Span::new(edit.start, edit.end), text: edit.text.clone() })
            .collect();
        let parses = |replacements: &[Replacement]| -> Result<String, Withdrawn> {
            let after = apply(text, replacements).map_err(Withdrawn::Refused)?;
            Module::parse(&after).map_err(|problem| Withdrawn::Refused(Refusal::Syntax(problem)))?;
            Ok(after)
        };
        parses(&wanted)?;
        let known = self.files.get(&finding.file);
        let taken = known.map_or(&[][..], |file| file.replacements.as_slice());
        let rival = || {
            let id = known.and_then(|file| file.findings.last()).cloned().unwrap_or_default();
            Withdrawn::Overlap(id)
        };
        let merged = merge(text, taken.iter().chain(&wanted)).map_err(|_| rival())?;
        let after = parses(&merged)?;
        let file = self
            .files
            .entry(finding.file.clone())
            .or_insert_with(|| FileChange { before: text.to_owned(), ..FileChange::default() });
        file.after = after;
        file.replacements.extend(wanted);
        file.findings.push(finding.id.clone());
        Ok(())
    }
}

/// The text of a file, if it is what was run and can be edited.
fn readable(state: FileState) -> Result<String, Withdrawn> {
    let as_run = state.as_run.ok_or(Withdrawn::NotInCapture)?;
    let bytes = state.now.map_err(Withdrawn::Unreadable)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        Withdrawn::Encoding(declared(&error.into_bytes()).unwrap_or_else(|| "another encoding".into()))
    })?;
    if let Some(name) = declared(text.as_bytes()).filter(|name| !is_utf8(name)) {
        return Err(Withdrawn::Encoding(name));
    }
    if text != as_run {
        return Err(Withdrawn::Changed);
    }
    Module::parse(&text).map_err(Withdrawn::Syntax)?;
    Ok(text)
}

/// The encoding that a comment in the first two lines declares, as PEP 263 has it.
fn declared(bytes: &[u8]) -> Option<String> {
    bytes.split(|byte| *byte == b'\n').take(2).find_map(|line| {
        let line = String::from_utf8_lossy(line);
        let comment = line.trim_start_matches(['\u{feff}', ' ', '\t', '\u{c}']).strip_prefix('#')?;
        let (_, after) = comment.split_once("coding")?;
        let name = after.strip_prefix([':', '='])?.trim_start_matches([' ', '\t']);
        let end = name.find(|letter: char| !(letter.is_ascii_alphanumeric() || "-_.".contains(letter)));
        let name = &name[..end.unwrap_or(name.len())];
        (!name.is_empty()).then(|| name.to_owned())
    })
}

fn is_utf8(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    matches!(name.as_str(), "utf-8" | "utf8" | "ascii" | "us-ascii" | "utf-8-sig")
        || name.starts_with("utf-8-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapwise_advisor::{Certainty, ProposedFix};

    fn finding(id: &str, file: &str, edits: &[(usize, usize, &str)]) -> Finding {
        let edits = edits
            .iter()
            .map(|(start, end, text)| heapwise_advisor::Replacement {
                start: *start,
                end: *end,
                text: (*text).into(),
            })
            .collect();
        Finding {
            id: id.into(),
            rule: "dead-variable",
            file: file.into(),
            line: 1,
            end_line: 1,
            symbol: "a".into(),
            title: String::new(),
            message: String::new(),
            evidence: BTreeMap::new(),
            peak_saving_bytes: 1,
            new_peak_bytes: 1,
            fix: None,
            verified: None,
            excerpt: Vec::new(),
            certainty: Certainty::Certain,
            proposal: Some(ProposedFix { safety: Safety::Safe, edits }),
        }
    }

    fn unchanged(text: &str) -> FileState {
        FileState { as_run: Some(text.to_owned()), now: Ok(text.as_bytes().to_vec()) }
    }

    fn why(state: &FileState) -> Withdrawn {
        let plan = Plan::of([&finding("x", "a.py", &[(0, 0, "b = 1\n")])], |_| state.clone());
        assert!(plan.files.is_empty());
        plan.withdrawn[0].why.clone()
    }

    #[test]
    fn findings_of_several_files_make_one_diff_and_one_way_back() {
        let text = "a = 1\nb = 2\n";
        let findings = [
            finding("one", "/p/a.py", &[(6, 6, "del a\n")]),
            finding("two", "/p/b.py", &[(0, 1, "c")]),
            finding("three", "/p/a.py", &[(6, 6, "del z\n")]),
        ];
        let plan = Plan::of(&findings, |_| unchanged(text));
        assert_eq!(plan.withdrawn, []);
        assert_eq!(plan.files["/p/a.py"].after, "a = 1\ndel a\ndel z\nb = 2\n");
        assert_eq!(plan.followed().collect::<Vec<_>>(), ["one", "three", "two"]);
        let short = |name: &str| name.trim_start_matches("/p/").to_owned();
        assert_eq!(
            plan.diff(short),
            "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,4 @@\n a = 1\n+del a\n+del z\n b = 2\n\
             --- a/b.py\n+++ b/b.py\n@@ -1,2 +1,2 @@\n-a = 1\n+c = 1\n b = 2\n"
        );
        assert!(plan.undo(short).contains("-del a\n-del z\n"));
    }

    #[test]
    fn a_finding_that_wants_the_same_bytes_is_withdrawn_and_the_first_stays() {
        let findings =
            [finding("one", "a.py", &[(0, 1, "b")]), finding("two", "a.py", &[(0, 1, "c"), (6, 7, "d")])];
        let plan = Plan::of(&findings, |_| unchanged("a = 1\na\n"));
        assert_eq!(plan.files["a.py"].after, "b = 1\na\n");
        assert_eq!(plan.withdrawn[0].why, Withdrawn::Overlap("one".into()));
    }

    #[test]
    fn files_that_are_not_what_was_run_stay_as_they_are() {
        let mut state = unchanged("a = 1\n");
        state.now = Ok(b"a = 2\n".to_vec());
        assert_eq!(why(&state), Withdrawn::Changed);
        state.now = Err("No such file".into());
        assert_eq!(why(&state), Withdrawn::Unreadable("No such file".into()));
        state.now = Ok(b"# -*- coding: latin-1 -*-\nx = '\xe9'\n".to_vec());
        assert_eq!(why(&state), Withdrawn::Encoding("latin-1".into()));
        state.as_run = None;
        assert_eq!(why(&state), Withdrawn::NotInCapture);
        assert_eq!(why(&unchanged("# vim: fileencoding=cp1252\n")), Withdrawn::Encoding("cp1252".into()));
        assert!(matches!(why(&unchanged("a = (\n")), Withdrawn::Syntax(_)));
    }

    #[test]
    fn an_edit_that_breaks_the_file_or_misses_it_is_refused() {
        for edits in [&[(0, 0, "(")][..], &[(90, 91, "x")], &[(4, 5, "1"), (4, 5, "2")]] {
            let plan = Plan::of([&finding("x", "a.py", edits)], |_| unchanged("a = 1\n"));
            assert!(matches!(plan.withdrawn[0].why, Withdrawn::Refused(_)), "{:?}", plan.withdrawn);
        }
        let mut manual = finding("x", "a.py", &[(0, 0, "")]);
        manual.proposal = None;
        let plan = Plan::of([&manual], |_| unchanged("a = 1\n"));
        assert_eq!(plan.withdrawn[0].why, Withdrawn::NoEdit);
        assert_eq!(plan.diff(str::to_owned), "");
    }

    #[test]
    fn utf8_may_be_declared() {
        let plan = Plan::of([&finding("x", "a.py", &[])], |_| unchanged("# coding: UTF_8\n"));
        assert_eq!(plan.withdrawn[0].why, Withdrawn::NoEdit);
        let plan = Plan::of([&finding("x", "a.py", &[(16, 16, "b\n")])], |_| unchanged("# coding: UTF_8\n"));
        assert_eq!(plan.files["a.py"].after, "# coding: UTF_8\nb\n");
    }
}
