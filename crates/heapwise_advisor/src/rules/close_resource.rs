//! `close-resource`: files, connections and figures that stay open with what they hold.
//!
//! Invariants: only kinds of which several are open count; the bytes are those that the lines which open and use them
//! hold at the peak, so a forgotten handle without bytes is no finding.

use std::collections::BTreeSet;

use heapwise_profile::inspection::Resource;
use heapwise_source::{Module, ast};
use serde_json::json;

use crate::candidate::{Candidate, Certainty, Rule};
use crate::case::Case;
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
        for call in syntax::calls(module) {
            let opens = module.resolve(&call.func).is_some_and(|path| names.contains(&path.as_str()));
            if !opens || is_in_with(module, call) {
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
            candidate.evidence.insert("open", json!(resource.count));
            candidate.evidence.insert("type", json!(resource.kind));
            candidate.evidence.insert("bytes", json!(bytes));
            // One of them is open at a time.
            let factor = 1.0 / resource.count as f64;
            candidate.changes = vec![heapwise_analysis::Change::Stacks {
                stacks: sites.into_iter().flat_map(|site| site.stacks).collect(),
                from: 0,
                until: u64::MAX,
                effect: heapwise_analysis::Effect::Factor(factor),
            }];
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
