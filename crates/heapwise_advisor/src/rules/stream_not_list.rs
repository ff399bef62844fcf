//! `stream-not-list`: a list that is made to be gone through once.
//!
//! Invariants: only where the text shows that the list has no name and its one reader takes items one by one and keeps
//! none: `join`, `sorted`, `list`, `set` and NumPy's functions keep or need all of them and are left alone.

use heapwise_analysis::Effect;
use heapwise_source::ast::{Expr, ExprCall, Stmt};
use heapwise_source::{Edit, Editor, Module, Safety, StatementId, UseKind};
use ruff_text_size::Ranged;
use serde_json::json;

use crate::candidate::{Candidate, Certainty, ProposedFix, Rule};
use crate::case::Case;
use crate::code::Code;
use crate::edits;
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
    fix: Option<Edit>,
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
        for code in case.statements() {
            let wastes = in_statement(code.module, code.id);
            candidates.extend(wastes.into_iter().filter_map(|waste| candidate(case, &code, &waste)));
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
        for part in syntax::parts(value) {
            let generators = match part {
                Expr::Call(call) => {
                    found.extend(reduced(module, call));
                    continue;
                }
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
        fix: generator(module, call, &function),
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
        fix: iteration(module, call, on, method),
    })
}

fn candidate(case: &Case<'_>, code: &Code<'_>, waste: &Waste<'_>) -> Option<Candidate> {
    let site = code.site_of(case, waste.span);
    if site.peak_bytes < case.least_bytes() {
        return None;
    }
    let mut candidate = case.candidate(&code.place_of(waste.span), "");
    candidate.title = format!("{}: {} at the peak", waste.what, words::bytes(site.peak_bytes));
    candidate.message = "Nothing keeps the list, and its reader needs one item at a time.".into();
    candidate.instead.clone_from(&waste.instead);
    candidate.certainty = waste.certainty;
    candidate.fix = waste.fix.clone().map(ProposedFix::from);
    candidate.evidence.insert("bytes", json!(site.peak_bytes));
    candidate.evidence.insert("blocks", json!(site.peak_blocks));
    candidate.changes = site.with(Effect::Absent);
    Some(candidate)
}

/// `sum(... for ...)` for `sum([... for ...])`.
fn generator(module: &Module, call: &ExprCall, function: &str) -> Option<Edit> {
    let Some(Expr::ListComp(list)) = call.arguments.args.first() else { return None };
    let parts = syntax::parts(call.arguments.args.first()?);
    let waits = parts.iter().any(|part| matches!(part, Expr::Await(_) | Expr::Yield(_) | Expr::YieldFrom(_)));
    if waits || list.generators.iter().any(|one| one.is_async) {
        return None;
    }
    let edit = Editor::new(module).generator_for_list(call).ok()?;
    // These stop early: what the later items would do does not happen.
    let stops = matches!(function, "any" | "all");
    let does_something = parts.iter().any(|part| matches!(part, Expr::Call(_) | Expr::Named(_)));
    Some(edit.with_safety(if stops && does_something { Safety::Unsafe } else { Safety::Safe }))
}

/// The file or cursor itself. Safe for a file that is opened here and read nowhere else.
fn iteration(module: &Module, call: &ExprCall, on: &Expr, method: &str) -> Option<Edit> {
    let edit = Editor::new(module).drop_method_call(call).ok()?;
    let safe = method == "readlines" && (is_opening(module, on) || is_files_only_reader(module, on));
    Some(edit.with_safety(if safe { Safety::Safe } else { Safety::Unsafe }))
}

fn is_opening(module: &Module, expression: &Expr) -> bool {
    const OPENERS: &[&str] = &["open", "io.open", "gzip.open", "bz2.open", "lzma.open"];
    let Expr::Call(call) = expression else { return false };
    match module.resolve(&call.func) {
        Some(path) => OPENERS.contains(&path.as_str()),
        // A path's.
        None => matches!(syntax::method(call), Some(("open", _))),
    }
}

fn is_files_only_reader(module: &Module, on: &Expr) -> bool {
    let Some(variable) = module.variable_of(on) else { return false };
    let mut writes = module.occurrences_of(variable).filter(|it| !it.access.reads());
    let Some(write) = writes.next() else { return false };
    let opened = match module.syntax(write.statement) {
        Stmt::With(with) => with.items.iter().any(|item| {
            let named = item.optional_vars.as_deref().is_some_and(|it| syntax::start(it) == write.span.start);
            named && is_opening(module, &item.context_expr)
        }),
        _ => edits::only_value(module, variable).is_some_and(|(_, value)| is_opening(module, value)),
    };
    let harmless = |kind: &UseKind| matches!(kind, UseKind::Method(name, _) if name == "close");
    let reads = module.uses_of(variable);
    opened && writes.next().is_none() && reads.iter().filter(|one| !harmless(&one.kind)).count() == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edits::tests::edited;

    fn fixed(text: &str, line: u32) -> Option<(String, Safety)> {
        edited(text, line, |module, id| in_statement(module, id).into_iter().next()?.fix)
    }

    #[test]
    fn a_list_for_a_reducer_becomes_a_generator() {
        assert_eq!(
            fixed("t = sum([x * x for x in rows])  # squares\n", 1),
            Some(("t = sum(x * x for x in rows)  # squares\n".to_owned(), Safety::Safe))
        );
        assert_eq!(
            fixed("t = max([f(x) for x in rows], default=0)\n", 1),
            Some(("t = max((f(x) for x in rows), default=0)\n".to_owned(), Safety::Safe))
        );
        assert_eq!(fixed("t = any([f(x) for x in rows])\n", 1).map(|it| it.1), Some(Safety::Unsafe));
        assert_eq!(fixed("t = any([x > 1 for x in rows])\n", 1).map(|it| it.1), Some(Safety::Safe));
        assert_eq!(fixed("async def f():\n    t = sum([await x for x in rows])\n", 2), None);
    }

    #[test]
    fn lines_of_a_file_are_read_one_at_a_time() {
        let text = "with open(path) as f:\n    for line in f.readlines():\n        use(line)\n";
        let new = text.replace(".readlines()", "");
        assert_eq!(fixed(text, 2), Some((new, Safety::Safe)));
        let text =
            "def f(p):\n    with p.open() as f:\n        for line in f.readlines():\n            use(line)\n";
        assert_eq!(fixed(text, 3).map(|it| it.1), Some(Safety::Safe));
        let text = "with open(path) as f:\n    for line in f.readlines():\n        use(f.tell())\n";
        assert_eq!(fixed(text, 2).map(|it| it.1), Some(Safety::Unsafe));
        let text = "for line in f.readlines():\n    use(line)\n";
        assert_eq!(fixed(text, 1).map(|it| it.1), Some(Safety::Unsafe));
        let text = "for row in db.execute('select 1').fetchall():\n    use(row)\n";
        let new = text.replace(".fetchall()", "");
        assert_eq!(fixed(text, 1), Some((new, Safety::Unsafe)));
    }
}
