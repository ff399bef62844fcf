//! `chunked-read`: a file that is read whole where pieces would do.
//!
//! Invariant: only where the whole text has no name and goes straight to a reader that takes pieces: a hash's `update`,
//! another file's `write`, or a loop over its lines.

use heapwise_analysis::Effect;
use heapwise_source::ast::{Expr, ExprCall, Stmt};
use ruff_text_size::Ranged;
use serde_json::json;

use crate::candidate::{Candidate, Certainty, Rule};
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
            let (read, instead) = whole_read(&code)?;
            candidate(case, &code, read, instead)
        });
        reads.collect()
    }
}

/// The expression that reads everything, and what to write.
fn whole_read<'a>(code: &Code<'a>) -> Option<(&'a Expr, String)> {
    let module = code.module;
    match code.syntax() {
        Stmt::For(it) => {
            let Expr::Call(call) = it.iter.as_ref() else { return None };
            let read = match syntax::method(call)? {
                ("splitlines", on) => on,
                ("split", on) if splits_lines(call) => on,
                _ => return None,
            };
            let source = read_all(read)?;
            let text = module.slice(source.range().into());
            let path = matches!(read, Expr::Call(call) if syntax::method(call).is_some_and(|it| it.0 == "read_text"));
            let instead = if path {
                format!(
                    "with {text}.open() as file: for line in file: (each line then ends with its line end)"
                )
            } else {
                format!("for line in {text}: (each line then ends with its line end)")
            };
            Some((read, instead))
        }
        Stmt::Expr(it) => {
            let Expr::Call(call) = it.value.as_ref() else { return None };
            let ("update" | "write", _) = syntax::method(call)? else { return None };
            let argument = syntax::only_argument(call)?;
            let source = read_all(argument)?;
            let text = module.slice(source.range().into());
            let callee = module.slice(call.func.range().into());
            Some((argument, format!("while chunk := {text}.read(1 << 20): {callee}(chunk)")))
        }
        _ => None,
    }
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

fn candidate(case: &Case<'_>, code: &Code<'_>, read: &Expr, instead: String) -> Option<Candidate> {
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
    candidate.evidence.insert("bytes", json!(site.peak_bytes));
    candidate.changes = site.with(Effect::Absent);
    Some(candidate)
}
