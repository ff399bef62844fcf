//! `stream-not-list`: a list that is made to be gone through once.
//!
//! Invariants: only where the text shows that the list has one reader, which takes items one by one and keeps
//! none: `join`, `sorted`, `list`, `set` and NumPy's functions keep or need all of them and are left alone.

use heapwise_analysis::Effect;
use heapwise_source::ast::{self, Expr, ExprCall, Stmt};
use heapwise_source::{Edit, Editor, Module, Safety, Span, StatementId, UseKind};
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

/// Builtins that make their items as they are asked for.
const LAZY: &[&str] = &["map", "filter", "zip", "enumerate", "reversed"];

/// What is wasteful, where, and what to write.
struct Waste<'m> {
    what: String,
    instead: String,
    span: &'m Expr,
    certainty: Certainty,
    fix: Option<Edit>,
    /// The statement that reads the list, where that is another one than makes it.
    read_by: Option<StatementId>,
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
        found.extend(iterated(module, &it.iter).or_else(|| listed_for(module, it)));
    }
    found.extend(read_once(module, id));
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
    let (inner, fix) = match argument {
        Expr::ListComp(list) => {
            let text = module.slice(list.range.into());
            (text.strip_prefix('[')?.strip_suffix(']')?, generator(module, call, &function))
        }
        Expr::Call(list) => {
            let lazy = listed(module, list)?;
            let fix = Editor::new(module).drop_call(list).ok();
            (module.slice(lazy.range().into()), fix)
        }
        _ => return None,
    };
    Some(Waste {
        what: format!("a list is made for {function}() to read once"),
        instead: format!("{function}({inner})"),
        span: argument,
        certainty: Certainty::Certain,
        fix,
        read_by: None,
    })
}

/// What `list(...)` makes a list of, where that gives its items one at a time: `map(...)` and its like.
fn listed<'m>(module: &Module, call: &'m ExprCall) -> Option<&'m Expr> {
    let lazy = syntax::only_argument(call)?;
    let is_lazy = match lazy {
        Expr::Generator(_) => true,
        Expr::Call(inner) => module.resolve(&inner.func).is_some_and(|path| LAZY.contains(&path.as_str())),
        _ => false,
    };
    (module.resolve(&call.func).as_deref() == Some("list") && is_lazy).then_some(lazy)
}

/// `roots = [... for ...]` whose one use, in the same block, goes through it once.
fn read_once(module: &Module, id: StatementId) -> Option<Waste<'_>> {
    let (target, value) = syntax::assignment(module.syntax(id))?;
    let Expr::ListComp(list) = value else { return None };
    let variable = syntax::variable(module, target)?;
    let uses = module.uses_of(variable);
    let [reader] = uses.as_slice() else { return None };
    let consumer = match &reader.kind {
        UseKind::Argument(Some(path), call) if REDUCERS.contains(&path.as_str()) => {
            let Some(Expr::Call(call)) = module.expression(*call) else { return None };
            syntax::only_argument(call)?;
            format!("{path}()")
        }
        // A comprehension may keep the items.
        UseKind::Iterated if matches!(module.syntax(reader.statement), Stmt::For(it) if syntax::start(&*it.iter) == reader.span.start) => {
            "the loop".to_owned()
        }
        _ => return None,
    };
    let (made, read) = (module.statement(id), module.statement(reader.statement));
    let together =
        (made.parent, made.block) == (read.parent, read.block) && read.header.contains(reader.span);
    // What the items are made of must be the same when they are made later.
    let between = Span::new(made.span.end, read.span.end);
    let lasts = syntax::parts(value).into_iter().filter_map(|part| module.variable_of(part)).all(|read| {
        module.occurrences_of(read).all(|it| !(it.access.rebinds() && between.contains(it.span)))
            && module.mutations_of(read).iter().all(|it| !between.contains(it.span))
    });
    if !together || !lasts || edits::only_value(module, variable).is_none() || waits(value) {
        return None;
    }
    let text = module.slice(list.range.into()).strip_prefix('[')?.strip_suffix(']')?;
    Some(Waste {
        what: format!("`{}` is a list that {consumer} goes through once", target.id),
        instead: format!("{} = ({text})", target.id),
        span: value,
        certainty: Certainty::Likely,
        fix: Editor::new(module)
            .replace(value, &format!("({text})"))
            .ok()
            .map(|edit| edit.with_safety(Safety::Unsafe)),
        read_by: Some(reader.statement),
    })
}

/// Whether an expression waits for something or hands control away.
fn waits(expression: &Expr) -> bool {
    let is_async = |part: &Expr| match part {
        Expr::Await(_) | Expr::Yield(_) | Expr::YieldFrom(_) => true,
        Expr::ListComp(list) => list.generators.iter().any(|one| one.is_async),
        _ => false,
    };
    syntax::parts(expression).into_iter().any(is_async)
}

/// `for ... in list(map(...))`: a list that the loop looks at once. Silent where the loop changes what the items come from.
fn listed_for<'m>(module: &'m Module, statement: &'m ast::StmtFor) -> Option<Waste<'m>> {
    let Expr::Call(call) = statement.iter.as_ref() else { return None };
    let lazy = listed(module, call)?;
    let body = Span::new(statement.iter.range().end().to_usize(), statement.range.end().to_usize());
    let changed = syntax::parts(lazy).into_iter().filter_map(|part| module.variable_of(part)).any(|read| {
        let mut uses = module.uses_of(read).into_iter();
        uses.any(|it| {
            let handed_on = matches!(it.kind, UseKind::Argument(..)) || module.is_mutation(&it.kind, it.span);
            body.contains(it.span) && handed_on
        })
    });
    (!changed).then(|| Waste {
        what: "list() holds everything at once, and the loop looks at each once".to_owned(),
        instead: format!("for ... in {}", module.slice(lazy.range().into())),
        span: &statement.iter,
        certainty: Certainty::Likely,
        fix: Editor::new(module).drop_call(call).ok().map(|edit| edit.with_safety(Safety::Unsafe)),
        read_by: None,
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
        read_by: None,
    })
}

fn candidate(case: &Case<'_>, code: &Code<'_>, waste: &Waste<'_>) -> Option<Candidate> {
    let (first, last) = code.lines(waste.span);
    // Items are made by what the line calls, too.
    let lines: Vec<u32> = (first..=last).collect();
    let site = case.site_with_callees(code.file, &lines);
    if site.peak_bytes < case.least_bytes() || !is_there_at_peak(case, code, waste) {
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

/// Whether the peak was reached while the list was made or read: what its lines made and is there at another moment has
/// other holders.
fn is_there_at_peak(case: &Case<'_>, code: &Code<'_>, waste: &Waste<'_>) -> bool {
    let (first, own_last) = code.lines(code.syntax());
    let last = waste.read_by.map_or(own_last, |id| code.lines(code.module.syntax(id)).1);
    case.peak_frames().any(|frame| {
        let line = case.profile.frame(frame).position.line;
        (first..=last).contains(&line) && case.profile.file_of(frame) == code.file
    })
}

/// `sum(... for ...)` for `sum([... for ...])`.
fn generator(module: &Module, call: &ExprCall, function: &str) -> Option<Edit> {
    let argument = call.arguments.args.first()?;
    let parts = syntax::parts(argument);
    if waits(argument) {
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
    fn a_list_with_a_name_and_one_reader_becomes_a_generator() {
        let text = "x = [f(i) for i in r]\nprint(sum(x))\n";
        assert_eq!(
            fixed(text, 1),
            Some((text.replace("[f(i) for i in r]", "(f(i) for i in r)"), Safety::Unsafe))
        );
        let text = "x = [f(i) for i in r]\nfor y in x:\n    use(y)\n";
        assert_eq!(fixed(text, 1).map(|it| it.1), Some(Safety::Unsafe));
        for text in [
            "x = [f(i) for i in r]\nprint(sum(x), max(x))\n",
            "x = [f(i) for i in r]\nr = 3\nprint(sum(x))\n",
            "x = [f(i) for i in r]\nfor y in x:\n    r.append(y)\n",
            "x = [f(i) for i in r]\nfor k in q:\n    print(sum(x))\n",
            "x = [f(i) for i in r]\nprint(sorted(x))\n",
            "x = [f(i) for i in r]\ny = [i for i in x if i]\n",
            "x = [f(i) for i in r]\nprint(sum(x[1:]))\n",
        ] {
            assert_eq!(fixed(text, 1), None, "{text}");
        }
    }

    #[test]
    fn a_list_around_what_gives_items_one_at_a_time_goes() {
        assert_eq!(
            fixed("t = sum(list(map(f, rows)))\n", 1),
            Some(("t = sum(map(f, rows))\n".to_owned(), Safety::Unsafe))
        );
        let text = "for x in list(map(f, rows)):\n    use(x)\n";
        assert_eq!(fixed(text, 1).map(|it| it.0), Some(text.replace("list(map(f, rows))", "map(f, rows)")));
        for text in [
            "for x in list(filter(f, rows)):\n    rows.remove(x)\n",
            "for x in list(zip(rows, names)):\n    drop(rows, x)\n",
            "for x in list(rows):\n    use(x)\n",
            "t = sum(list(rows))\n",
        ] {
            assert_eq!(fixed(text, 1), None, "{text}");
        }
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
