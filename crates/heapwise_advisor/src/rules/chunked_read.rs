//! `chunked-read`: a file that is read whole where pieces would do.
//!
//! Invariant: only where the whole text has no name and goes straight to a reader that takes pieces: a hash's `update`,
//! another file's `write`, or a loop over its lines.

use heapwise_analysis::Effect;
use heapwise_source::ast::{Expr, ExprCall, Stmt};
use heapwise_source::{Edit, Editor, Module, StatementId};
use ruff_text_size::Ranged;
use serde_json::json;

use crate::candidate::{Candidate, Certainty, ProposedFix, Rule};
use crate::case::Case;
use crate::code::Code;
use crate::syntax;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct ChunkedRead;

impl Rule for ChunkedRead {
    fn id(&self) -> &'static str {
        "chunked-read"
    }

    fn summary(&self) -> &'static str {
        "a file read whole where pieces would do"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/chunked-read.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        let reads = case.statements().filter_map(|code| {
            let whole = whole_read(code.module, code.id)?;
            candidate(case, &code, whole)
        });
        reads.collect()
    }
}

/// The name of a piece in the edit.
const PIECE: &str = "piece";

/// An expression that reads everything, and what to write.
struct WholeRead<'m> {
    read: &'m Expr,
    instead: String,
    fix: Option<Edit>,
}

fn whole_read(module: &Module, id: StatementId) -> Option<WholeRead<'_>> {
    match module.syntax(id) {
        Stmt::For(it) => {
            let Expr::Call(call) = it.iter.as_ref() else { return None };
            let (read, all_lines) = match syntax::method(call)? {
                ("splitlines", on) => (on, call.arguments.is_empty()),
                // The text behind the last line feed is a line of its own then.
                ("split", on) if splits_lines(call) => (on, false),
                _ => return None,
            };
            let source = read_all(read)?;
            let text = module.slice(source.range().into());
            let opened = opened(module, read, text);
            let instead = match opened.as_deref() {
                Some(opened) if opened != text => {
                    format!(
                        "with {opened} as file: for line in file: (each line then ends with its line end)"
                    )
                }
                _ => format!("for line in {text}: (each line then ends with its line end)"),
            };
            let lines =
                opened.filter(|_| all_lines).map(|it| format!("(line.rstrip(\"\\n\") for line in {it})"));
            let fix = lines.and_then(|lines| Editor::new(module).replace(&it.iter, &lines).ok());
            Some(WholeRead { read, instead, fix })
        }
        Stmt::Expr(it) => {
            let Expr::Call(call) = it.value.as_ref() else { return None };
            let ("update" | "write", _) = syntax::method(call)? else { return None };
            let read = syntax::only_argument(call)?;
            let source = read_all(read)?;
            let text = module.slice(source.range().into());
            let callee = module.slice(call.func.range().into());
            let header = format!("while {PIECE} := {text}.read(1 << 20):");
            let fix = is_plain_read(read)
                .then(|| Editor::new(module).loop_over_pieces(id, read, &header, PIECE).ok())
                .flatten();
            Some(WholeRead { read, instead: format!("{header} {callee}({PIECE})"), fix })
        }
        _ => None,
    }
}

/// `file.read()`, of something that is open already.
fn is_plain_read(read: &Expr) -> bool {
    let Expr::Call(call) = read else { return false };
    syntax::method(call).is_some_and(|(name, _)| name == "read") && call.arguments.is_empty()
}

/// What gives the lines of the text that `read` reads from `text`: an open file itself, a path once it is opened.
fn opened(module: &Module, read: &Expr, text: &str) -> Option<String> {
    let Expr::Call(call) = read else { return None };
    if is_plain_read(read) {
        return Some(text.to_owned());
    }
    let arguments = module.slice(call.arguments.range.into());
    syntax::method(call).filter(|(name, _)| *name == "read_text").map(|_| format!("{text}.open{arguments}"))
}

fn splits_lines(call: &ExprCall) -> bool {
    matches!(syntax::only_argument(call), Some(Expr::StringLiteral(it)) if it.value.to_str() == "\n")
}

/// What `x.read()`, `x.read_text()` or `x.read_bytes()` reads from.
fn read_all(expression: &Expr) -> Option<&Expr> {
    let Expr::Call(call) = expression else { return None };
    match syntax::method(call)? {
        ("read" | "read_text" | "read_bytes", on) if call.arguments.args.is_empty() => Some(on),
        _ => None,
    }
}

fn candidate(case: &Case<'_>, code: &Code<'_>, whole: WholeRead<'_>) -> Option<Candidate> {
    let WholeRead { read, instead, fix } = whole;
    let site = code.site_of(case, read);
    if site.peak_bytes < case.least_bytes() {
        return None;
    }
    let mut candidate = case.candidate(&code.place_of(read), "");
    candidate.title = format!(
        "everything is read before the first piece is used: {} at the peak",
        words::bytes(site.peak_bytes)
    );
    candidate.message = "Nothing keeps the whole of it, and what comes next takes it piece by piece.".into();
    candidate.instead = instead;
    candidate.certainty = Certainty::Likely;
    candidate.fix = fix.map(ProposedFix::from);
    candidate.evidence.insert("bytes", json!(site.peak_bytes));
    candidate.changes = site.with(Effect::Absent);
    Some(candidate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edits::tests::edited;

    fn fixed(text: &str) -> Option<String> {
        edited(text, 1, |module, id| whole_read(module, id)?.fix).map(|(after, _)| after)
    }

    #[test]
    fn pieces_in_place_of_the_whole() {
        assert_eq!(
            fixed("digest.update(file.read())\n").as_deref(),
            Some("while piece := file.read(1 << 20):\n    digest.update(piece)\n")
        );
        assert_eq!(fixed("digest.update(path.read_bytes())\n"), None);
        assert_eq!(
            fixed("for line in path.read_text(encoding='utf-8').splitlines(): f(line)\n").as_deref(),
            Some("for line in (line.rstrip(\"\\n\") for line in path.open(encoding='utf-8')): f(line)\n")
        );
        assert_eq!(
            fixed("for line in file.read().splitlines(): f(line)\n").as_deref(),
            Some("for line in (line.rstrip(\"\\n\") for line in file): f(line)\n")
        );
        for text in [
            "for line in file.read().split('\\n'): f(line)\n",
            "for line in file.read().splitlines(True): f(line)\n",
            "for line in path.read_bytes().splitlines(): f(line)\n",
        ] {
            assert_eq!(fixed(text), None, "{text}");
        }
    }
}
