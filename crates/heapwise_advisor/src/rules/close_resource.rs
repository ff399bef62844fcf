//! `close-resource`: files, connections and figures that stay open with what they hold.
//!
//! Invariants: only kinds of which several are open count, and not those that are kept where other code finds them; the bytes
//! are those that the lines which open and use them hold at the peak, so a forgotten handle without bytes is no finding.

use std::collections::BTreeSet;

use heapwise_profile::inspection::Resource;
use heapwise_source::{Edit, Editor, Module, Span, StatementId, UseKind, VariableId, ast};
use ruff_text_size::Ranged;
use serde_json::json;

use crate::candidate::{Candidate, Certainty, ProposedFix, Rule};
use crate::case::{Case, Site};
use crate::syntax;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct CloseResource;

/// Fewer open ones may be meant.
const MANY: u64 = 3;

/// What opens a resource, by a part of the type's name.
const OPENERS: &[(&str, &[&str], &str)] = &[
    ("io.", &["open", "io.open", "gzip.open", "bz2.open", "lzma.open"], "with open(...) as file:"),
    ("sqlite3.", &["sqlite3.connect"], "with contextlib.closing(sqlite3.connect(...)) as connection:"),
    (
        "socket.",
        &["socket.socket", "socket.create_connection"],
        "with socket.create_connection(...) as connection:",
    ),
    (
        "matplotlib.",
        &["matplotlib.pyplot.figure", "matplotlib.pyplot.subplots"],
        "plt.close(figure) when it is saved",
    ),
];

impl Rule for CloseResource {
    fn id(&self) -> &'static str {
        "close-resource"
    }

    fn summary(&self) -> &'static str {
        "files, connections and figures left open"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/close-resource.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        let resources = case.inspection().map(|look| look.resources.as_slice()).unwrap_or_default();
        resources.iter().flat_map(|resource| of_kind(case, resource)).collect()
    }
}

fn of_kind(case: &Case<'_>, resource: &Resource) -> Vec<Candidate> {
    let opener = OPENERS.iter().find(|(prefix, ..)| {
        resource.kind.starts_with(prefix) || (*prefix == "io." && resource.kind.starts_with("_io."))
    });
    let Some((_, names, instead)) = opener else { return Vec::new() };
    if resource.count < MANY {
        return Vec::new();
    }
    let mut candidates = Vec::new();
    for (file, module) in case.modules() {
        for call in module.calls() {
            let opens = module.resolve(&call.func).is_some_and(|path| names.contains(&path.as_str()));
            if !opens || is_in_with(module, call) || is_kept_for_use(module, call) {
                continue;
            }
            let line = module.lines().line(syntax::start(call));
            let lines = lines_of_use(module, call, line);
            let sites: Vec<_> = lines.iter().map(|&line| case.site(file, line, line)).collect();
            let bytes: u64 = sites.iter().map(|site| site.peak_bytes).sum();
            if bytes < case.least_bytes() {
                continue;
            }
            let place = heapwise_analysis::Place { file, line, function: "" };
            let mut candidate = case.candidate(&place, target(module, call).unwrap_or_default());
            candidate.title = format!(
                "{} {} are open at the peak: {}",
                words::count(resource.count),
                plural(&resource.kind),
                words::bytes(bytes)
            );
            candidate.message = "Each keeps its buffers and what it has read until it is closed or nobody refers to it. CPython \
                                 closes one that nobody refers to at once; these are still referred to."
                .into();
            candidate.instead = (*instead).into();
            candidate.certainty = Certainty::Likely;
            candidate.fix = fix(module, call).map(ProposedFix::from);
            candidate.evidence.insert("open", json!(resource.count));
            candidate.evidence.insert("type", json!(resource.kind));
            candidate.evidence.insert("bytes", json!(bytes));
            // One of them is open at a time.
            let factor = 1.0 / resource.count as f64;
            let stacks = sites.into_iter().flat_map(|site| site.stacks).collect();
            candidate.changes =
                Site { stacks, ..Site::default() }.with(heapwise_analysis::Effect::Factor(factor));
            candidates.push(candidate);
        }
    }
    candidates
}

fn plural(kind: &str) -> String {
    match kind.rsplit('.').next().unwrap_or(kind) {
        "TextIOWrapper" | "BufferedReader" | "BufferedWriter" | "FileIO" => "files".to_owned(),
        "Connection" => "database connections".to_owned(),
        "Figure" => "figures".to_owned(),
        other => format!("{other}s"),
    }
}

fn is_in_with(module: &Module, call: &ast::ExprCall) -> bool {
    let id = module.statement_at_offset(syntax::start(call));
    id.is_some_and(|id| matches!(module.syntax(id), ast::Stmt::With(_)))
}

/// The name that the opened resource is bound to.
fn target<'m>(module: &'m Module, call: &ast::ExprCall) -> Option<&'m str> {
    let id = module.statement_at_offset(syntax::start(call))?;
    match module.syntax(id) {
        ast::Stmt::Assign(assign) => match assign.targets.as_slice() {
            [ast::Expr::Name(name)] => Some(name.id.as_str()),
            _ => None,
        },
        _ => None,
    }
}

/// The line of the call, and those on which the name that it is bound to is used.
fn lines_of_use(module: &Module, call: &ast::ExprCall, line: u32) -> BTreeSet<u32> {
    let mut lines = BTreeSet::from([line]);
    let scope = module.frame_scope_at(syntax::start(call));
    if let Some(variable) = target(module, call).and_then(|name| module.variable_in(scope, name)) {
        lines.extend(module.occurrences_of(variable).map(|it| module.lines().line(it.span.start)));
    }
    lines
}

/// The names that the assignment of an opened resource binds, if each is bound there alone.
fn bound(module: &Module, id: StatementId) -> Option<Vec<VariableId>> {
    let ast::Stmt::Assign(assign) = module.syntax(id) else { return None };
    let [target] = assign.targets.as_slice() else { return None };
    let names = match target {
        ast::Expr::Tuple(tuple) => tuple.elts.iter().collect(),
        one => vec![one],
    };
    let variables: Vec<VariableId> =
        names.into_iter().map(|it| module.variable_of(it)).collect::<Option<_>>()?;
    variables.iter().all(|&variable| syntax::writes(module, variable) == 1).then_some(variables)
}

/// The last statement of the same block that uses one of the variables; `None` if anything outside of the block does.
fn last_use(module: &Module, first: StatementId, variables: &[VariableId]) -> Option<StatementId> {
    let known = module.statement(first);
    let block = module.block(known.parent, known.block);
    let siblings: Vec<StatementId> =
        block.get(known.index..)?.iter().map(|statement| module.id_of(statement)).collect::<Option<_>>()?;
    let places = variables.iter().flat_map(|&variable| module.occurrences_of(variable));
    let at = |it: &heapwise_source::Occurrence| {
        siblings.iter().rposition(|&sibling| module.statement(sibling).span.contains(it.span))
    };
    let last = places.map(at).collect::<Option<Vec<usize>>>()?.into_iter().max()?;
    (last > 0).then(|| siblings[last])
}

/// Whether a call puts something into a list that nobody looks at.
fn is_shelving(module: &Module, call: &ast::ExprCall) -> bool {
    let Some(("append", list)) = syntax::method(call) else { return false };
    module.variable_of(list).is_some_and(|list| {
        let mut reads = module.occurrences_of(list).filter(|it| it.access.reads());
        reads.all(|it| is_put_on(module, it.span))
    })
}

/// Whether what is opened goes where other code finds it, so that it may have to be open together with the others.
fn is_kept_for_use(module: &Module, call: &ast::ExprCall) -> bool {
    let goes_on = |span: Span| match module.use_at(span) {
        UseKind::Kept | UseKind::Returned | UseKind::Yielded => true,
        UseKind::Argument(_, call) => match module.expression(call) {
            Some(ast::Expr::Call(call)) => {
                matches!(syntax::method(call), Some(("append" | "add" | "insert", _)))
                    && !is_shelving(module, call)
            }
            _ => false,
        },
        _ => false,
    };
    let scope = module.frame_scope_at(syntax::start(call));
    let variable = target(module, call).and_then(|name| module.variable_in(scope, name));
    let mut reads = variable
        .into_iter()
        .flat_map(|variable| module.occurrences_of(variable))
        .filter(|it| it.access.reads());
    goes_on(call.range().into()) || reads.any(|it| goes_on(it.span))
}

/// Whether what a variable holds is used by its methods only, or kept in a list that nobody looks at.
fn is_used_here(module: &Module, variable: VariableId) -> bool {
    module.uses_of(variable).iter().all(|one| match &one.kind {
        UseKind::Method(..) | UseKind::Iterated => true,
        UseKind::Argument(Some(path), _)
            if matches!(path.as_str(), "json.load" | "json.dump" | "pickle.load" | "print") =>
        {
            true
        }
        UseKind::Argument(_, call) => {
            matches!(module.expression(*call), Some(ast::Expr::Call(call)) if is_shelving(module, call))
        }
        _ => false,
    })
}

/// Whether a name stands in `name.append(...)` or `len(name)`.
fn is_put_on(module: &Module, name: Span) -> bool {
    let part = module.expression(name);
    let calls = |called: &str, it: &ast::Expr| matches!(it, ast::Expr::Call(call) if module.resolve(&call.func).as_deref() == Some(called));
    match part.and_then(|part| module.parent_of(part)) {
        Some(parent @ ast::Expr::Attribute(it)) => {
            let called = module.parent_of(parent);
            it.attr.as_str() == "append"
                && matches!(called, Some(ast::Expr::Call(call)) if std::ptr::eq(call.func.as_ref(), parent))
        }
        Some(parent) => calls("len", parent),
        None => false,
    }
}

/// `with` around a file or socket, `close` behind the last use of a connection or figure.
fn fix(module: &Module, call: &ast::ExprCall) -> Option<Edit> {
    let first = module.statement_at_offset(syntax::start(call))?;
    let ast::Stmt::Assign(assign) = module.syntax(first) else { return None };
    let variables = bound(module, first)?;
    let last = last_use(module, first, &variables)?;
    if !matches!(assign.value.as_ref(), ast::Expr::Call(whole) if std::ptr::eq(whole, call)) {
        return None;
    }
    let editor = Editor::new(module);
    let path = module.resolve(&call.func)?;
    let name = &module.variable(*variables.first()?).name;
    if path.starts_with("matplotlib.") {
        let close = module.local_name("matplotlib.pyplot.close")?;
        return editor.insert_after(last, &format!("{close}({name})")).ok();
    }
    let [variable] = variables.as_slice() else { return None };
    if !is_used_here(module, *variable) {
        return None;
    }
    let edit = if path.starts_with("sqlite3.") {
        editor.insert_after(last, &format!("{name}.close()"))
    } else {
        editor.with_around(first, last)
    };
    // What keeps a reference may be read elsewhere, after it was closed.
    edit.ok().map(|edit| edit.with_safety(heapwise_source::Safety::Unsafe))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edits::tests::edited;

    fn fixed(text: &str) -> Option<String> {
        let (after, safety) = edited(text, 1, |module, _| {
            let call = module.calls().find(|call| {
                let path = module.resolve(&call.func).unwrap_or_default();
                OPENERS.iter().any(|(_, names, _)| names.contains(&path.as_str()))
            })?;
            fix(module, call)
        })?;
        assert_eq!(safety, heapwise_source::Safety::Unsafe);
        Some(after)
    }

    #[test]
    fn files_are_opened_in_a_with() {
        assert_eq!(
            fixed(
                "for p in paths:\n    f = open(p)\n    text = f.read()\n    kept.append(f)\n    use(text)\n"
            )
            .as_deref(),
            Some(
                "for p in paths:\n    with open(p) as f:\n        text = f.read()\n        kept.append(f)\n    use(text)\n"
            )
        );
    }

    #[test]
    fn connections_and_figures_are_closed_behind_their_last_use() {
        assert_eq!(
            fixed("import sqlite3\nc = sqlite3.connect(p)\nc.execute(q)\nwork()\n").as_deref(),
            Some("import sqlite3\nc = sqlite3.connect(p)\nc.execute(q)\nc.close()\nwork()\n")
        );
        assert_eq!(
            fixed("import sqlite3\nkept = []\ndef f(p):\n    c = sqlite3.connect(p)\n    kept.append(c)\nprint(len(kept))\n")
                .as_deref(),
            Some("import sqlite3\nkept = []\ndef f(p):\n    c = sqlite3.connect(p)\n    kept.append(c)\n    c.close()\nprint(len(kept))\n")
        );
        assert_eq!(
            fixed(
                "import matplotlib.pyplot as plt\nfor i in r:\n    fig, ax = plt.subplots()\n    ax.plot(i)\n    fig.savefig(i)\n"
            )
            .as_deref(),
            Some(
                "import matplotlib.pyplot as plt\nfor i in r:\n    fig, ax = plt.subplots()\n    ax.plot(i)\n    fig.savefig(i)\n    plt.close(fig)\n"
            )
        );
    }

    #[test]
    fn what_is_put_where_others_find_it_is_kept_for_use() {
        let kept = |text: &str| {
            let module = Module::parse(text).expect("Python");
            is_kept_for_use(&module, module.calls().next().expect("a call"))
        };
        assert!(kept("f = open(p)\nfiles.append(f)\nfor f in files:\n    f.write(x)\n"));
        assert!(kept("files = [open(p) for p in paths]\n"));
        assert!(kept("def f(p):\n    return open(p)\n"));
        assert!(kept("f = open(p)\nself.files[p] = f\n"));
        assert!(!kept("f = open(p)\nx = f.read()\nfiles.append(f)\n"));
        assert!(!kept("x = open(p).read()\n"));
    }

    #[test]
    fn what_is_needed_open_is_left_alone() {
        for text in [
            "f = open(p)\nreader = csv.reader(f)\nprint(next(reader))\n",
            "f = open(p)\nfiles.append(f)\nprint(files[0].read())\n",
            "def g():\n    f = open(p)\n    f.read()\n    return f\n",
            "if a:\n    f = open(p)\nf.read()\n",
            "f = open(p)\n",
            "f = open(p)\nkept.append(f)\ndef g():\n    return kept[0].read()\n",
        ] {
            assert_eq!(fixed(text), None, "{text}");
        }
    }
}
