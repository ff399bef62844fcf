//! Changes of a file's text that change its tree only as meant.
//!
//! Invariant: an [`Edit`] that exists was tried: the text with it parses, and its tree equals the old tree with the intended
//! change made to it. Bytes outside its replacements stay as they are. What cannot be done so is a [`Refusal`].

mod blocks;
mod check;
mod expressions;
mod imports;
mod statements;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::module::{Module, SyntaxProblem};
use crate::text::Span;

/// New text for some bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Replacement {
    /// The bytes that go; empty to insert.
    pub span: Span,
    /// What stands there instead.
    pub text: String,
}

/// What applying an edit takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Safety {
    /// The program does the same afterwards.
    Safe,
    /// It does the same on data like that of this run: to be proven by a run.
    Unsafe,
    /// A sketch that a person must finish.
    Manual,
}

/// A checked change of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// In the order of the text; none overlaps another.
    replacements: Vec<Replacement>,
    safety: Safety,
}

impl Edit {
    /// The replacements, in the order of the text; none overlaps another.
    pub fn replacements(&self) -> &[Replacement] {
        &self.replacements
    }

    /// What applying it takes.
    pub fn safety(&self) -> Safety {
        self.safety
    }

    /// The same edit, declared otherwise: only who asks for it knows whether a narrower dtype may matter.
    #[must_use]
    pub fn with_safety(mut self, safety: Safety) -> Self {
        self.safety = safety;
        self
    }
}

/// Why an edit is not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The code is not of the form that the edit is for.
    Form(&'static str),
    /// A comment stands where text would go.
    Comment,
    /// Two changes want the same bytes.
    Overlap,
    /// A replacement lies outside the text, or in the middle of a character.
    OutOfText,
    /// The edited file would not parse.
    Syntax(SyntaxProblem),
    /// The edited file would mean something else than intended.
    ChangesMore,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(why) => out.write_str(why),
            Self::Comment => out.write_str("a comment stands in the way"),
            Self::Overlap => out.write_str("another change touches the same text"),
            Self::OutOfText => out.write_str("the change lies outside the text"),
            Self::Syntax(problem) => write!(out, "the file would not parse: {problem}"),
            Self::ChangesMore => out.write_str("the change would reach further than meant"),
        }
    }
}

impl std::error::Error for Refusal {}

/// Writes edits of a module.
///
/// ```
/// use heapwise_source::{Editor, Module, apply};
///
/// let module = Module::parse("total = sum([x * x for x in rows])  # squares\n")?;
/// let call = module.calls().next().unwrap();
/// let edit = Editor::new(&module).generator_for_list(call).unwrap();
/// assert_eq!(apply(module.text(), edit.replacements()).unwrap(), "total = sum(x * x for x in rows)  # squares\n");
/// # Ok::<(), heapwise_source::SyntaxProblem>(())
/// ```
#[derive(Debug, Clone)]
pub struct Editor<'a> {
    module: &'a Module,
}

impl<'a> Editor<'a> {
    /// An editor of this module's text.
    pub fn new(module: &'a Module) -> Self {
        Self { module }
    }
}

/// The text with the replacements made; they may come in any order.
///
/// # Errors
/// If two overlap (two insertions at one place do), or one is no span of the text.
pub fn apply(text: &str, replacements: &[Replacement]) -> Result<String, Refusal> {
    let mut ordered: Vec<&Replacement> = replacements.iter().collect();
    ordered.sort();
    let mut out = String::with_capacity(text.len() + 64);
    let mut done = 0;
    let mut inserted_at = None;
    for replacement in ordered {
        let Span { start, end } = replacement.span;
        if start > end || text.get(start..end).is_none() {
            return Err(Refusal::OutOfText);
        }
        if start < done || inserted_at == Some(start) {
            return Err(Refusal::Overlap);
        }
        out.push_str(text.get(done..start).ok_or(Refusal::OutOfText)?);
        out.push_str(&replacement.text);
        done = end;
        inserted_at = (start == end).then_some(start);
    }
    out.push_str(text.get(done..).ok_or(Refusal::OutOfText)?);
    Ok(out)
}

/// The replacements of several edits of one text, in its order, as one list that [`apply`] takes.
///
/// Equal replacements are one. Insertions at one place are joined where each stands on its own: whole lines, and arguments with
/// their comma; in the order given.
///
/// # Errors
/// If two overlap otherwise.
pub fn merge<'e>(
    text: &str,
    replacements: impl IntoIterator<Item = &'e Replacement>,
) -> Result<Vec<Replacement>, Refusal> {
    let mut all: Vec<Replacement> = Vec::new();
    let mut seen: Vec<&Replacement> = Vec::new();
    for one in replacements {
        if seen.contains(&one) {
            continue;
        }
        seen.push(one);
        let beside = all.iter_mut().find(|other| other.span == one.span && one.span.is_empty());
        match beside {
            Some(other) if stands_alone(text, other) && stands_alone(text, one) => {
                other.text.push_str(&one.text);
            }
            Some(_) => return Err(Refusal::Overlap),
            None => all.push(one.clone()),
        }
    }
    all.sort();
    apply(text, &all)?;
    Ok(all)
}

/// Whether another insertion may follow at the same place.
fn stands_alone(text: &str, insertion: &Replacement) -> bool {
    let Some(before) = text.get(..insertion.span.start) else { return false };
    let new = &insertion.text;
    let at_line = before.is_empty() || before.ends_with(['\n', '\r']);
    let lines = at_line && new.ends_with(['\n', '\r']);
    let last_lines = insertion.span.start == text.len() && !at_line && new.starts_with(['\n', '\r']);
    lines || last_lines || new.starts_with(',') || new.ends_with(',')
}

/// A unified diff of two texts of a file, as `git apply` and `patch -p1` read it; empty when they are equal.
///
/// ```
/// let diff = heapwise_source::unified_diff("app.py", "a\nb\n", "a\nc\n");
/// assert_eq!(diff, "--- a/app.py\n+++ b/app.py\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
/// ```
pub fn unified_diff(name: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    similar::TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(3)
        .header(&format!("a/{name}"), &format!("b/{name}"))
        .to_string()
}
