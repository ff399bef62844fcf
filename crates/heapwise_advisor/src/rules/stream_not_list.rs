//! `stream-not-list`: a list that is made to be gone through once.
//!
//! Invariants: only where the text shows that the list has no name and its one reader takes items one by one and keeps
//! none: `join`, `sorted`, `list`, `set` and NumPy's functions keep or need all of them and are left alone.

use heapwise_analysis::{Change, Effect, Place};
use heapwise_source::ast::{Expr, ExprCall, Stmt};
use heapwise_source::{Module, StatementId};
use ruff_text_size::Ranged;
use serde_json::json;

use crate::candidate::{Candidate, Certainty, Rule};
use crate::case::Case;
use crate::syntax;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct StreamNotList;

/// Builtins that look at each item once and keep at most one.
const REDUCERS: &[&str] = &["sum", "any", "all", "max", "min"];

/// What is wasteful, where, and what to write.
struct Waste<'m> {
    what: String,
    instead: String,
    span: &'m Expr,
    certainty: Certainty,
}

impl Rule for StreamNotList {
    fn id(&self) -> &'static str {
        "stream-not-list"
    }

    fn summary(&self) -> &'static str {
        "a list that is made to be gone through once"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/stream-not-list.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for (file, module) in case.modules() {
            for id in module.statement_ids() {
                for waste in in_statement(module, id) {
                    candidates.extend(candidate(case, file, module, &waste));
                }
            }
        }
        candidates
    }
}

fn in_statement(module: &Module, id: StatementId) -> Vec<Waste<'_>> {
    let statement = module.syntax(id);
    let mut found = Vec::new();
    if let Stmt::For(it) = statement {
        found.extend(iterated(module, &it.iter));
    }
    if let Some(value) = syntax::value_of(statement) {
        for call in syntax::calls_in(value) {
            found.extend(reduced(module, call));
        }
        for part in syntax::parts(value) {
            let generators = match part {
                Expr::ListComp(it) => &it.generators,
                Expr::Generator(it) => &it.generators,
                Expr::SetComp(it) => &it.generators,
                Expr::DictComp(it) => &it.generators,
                _ => continue,
            };
            found.extend(generators.iter().filter_map(|it| iterated(module, &it.iter)));
        }
    }
    found
}

/// `sum([...])`
fn reduced<'m>(module: &'m Module, call: &'m ExprCall) -> Option<Waste<'m>> {
    let function = module.resolve(&call.func).filter(|path| REDUCERS.contains(&path.as_str()))?;
    let argument = call.arguments.args.first().filter(|_| call.arguments.args.len() == 1)?;
    let Expr::ListComp(list) = argument else { return None };
    let text = module.slice(list.range.into());
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    Some(Waste {
        what: format!("a list is made for {function}() to read once"),
        instead: format!("{function}({inner})"),
        span: argument,
        certainty: Certainty::Certain,
    })
}

/// `for ... in file.readlines()` and its like.
fn iterated<'m>(module: &'m Module, iterable: &'m Expr) -> Option<Waste<'m>> {
    let Expr::Call(call) = iterable else { return None };
    let (method, on) = syntax::method(call)?;
    let of = module.slice(on.range().into());
    let no_arguments = call.arguments.is_empty();
    let instead = match method {
        "readlines" if no_arguments => format!("for line in {of}: a file gives its lines one at a time"),
        "fetchall" if no_arguments => format!("for row in {of}: a cursor gives its rows one at a time"),
        _ => return None,
    };
    Some(Waste {
        what: format!("{method}() holds everything at once, and the loop looks at each once"),
        instead,
        span: iterable,
        // The loop may change what it reads from while it reads.
        certainty: if method == "readlines" { Certainty::Certain } else { Certainty::Likely },
    })
}

fn candidate(case: &Case<'_>, file: &str, module: &Module, waste: &Waste<'_>) -> Option<Candidate> {
    let lines = module.lines();
    let first = lines.line(syntax::start(waste.span));
    let last = lines.line(waste.span.range().end().to_usize().saturating_sub(1));
    let site = case.site(file, first, last);
    if site.peak_bytes < case.least_bytes() {
        return None;
    }
    let mut candidate = case.candidate(&Place { file, line: first, function: "" }, "");
    candidate.title = format!("{}: {} at the peak", waste.what, words::bytes(site.peak_bytes));
    candidate.message = "Nothing keeps the list, and its reader needs one item at a time.".into();
    candidate.instead.clone_from(&waste.instead);
    candidate.certainty = waste.certainty;
    candidate.evidence.insert("bytes", json!(site.peak_bytes));
    candidate.evidence.insert("blocks", json!(site.peak_blocks));
    candidate.changes =
        vec![Change::Stacks { stacks: site.stacks, from: 0, until: u64::MAX, effect: Effect::Absent }];
    Some(candidate)
}
