//! `in-place`: an array that is rebound to a result of its own size, `x = x * 0.5`.
//!
//! Invariants: silent where the old array has another name, where the result has another type or size, and where the
//! name is not a variable of its own.

use heapwise_analysis::{Place, site_blocks};
use heapwise_profile::inspection::{Inspection, Object};
use heapwise_source::ast::{Expr, ExprCall, Operator, Stmt};
use heapwise_source::{Access, Editor, Module, VariableId, argument};
use serde_json::json;

use super::growth;
use crate::candidate::{Candidate, Certainty, ProposedFix, Rule};
use crate::case::Case;
use crate::code::Code;
use crate::syntax;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct InPlace;

impl Rule for InPlace {
    fn id(&self) -> &'static str {
        "in-place"
    }

    fn summary(&self) -> &'static str {
        "an array that is replaced by a new one where it could be changed"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/in-place.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        let rebound = case.statements().filter_map(|code| {
            let (name, operator) = rebinding(code.syntax())?;
            candidate(case, &code, name, operator)
        });
        rebound.collect()
    }
}

/// The name and the operator of `name = name operator value`.
fn rebinding(statement: &Stmt) -> Option<(&str, Operator)> {
    let (target, value) = syntax::assignment(statement)?;
    let Expr::BinOp(operation) = value else { return None };
    let same = |it: &Expr| syntax::name(it).is_some_and(|name| name.id == target.id);
    let commutes = matches!(operation.op, Operator::Add | Operator::Mult);
    let known = matches!(operation.op, Operator::Add | Operator::Sub | Operator::Mult | Operator::Div);
    (known && (same(&operation.left) || (commutes && same(&operation.right))))
        .then_some((target.id.as_str(), operation.op))
}

fn candidate<'a>(case: &Case<'a>, code: &Code<'a>, name: &str, operator: Operator) -> Option<Candidate> {
    let (module, id, place) = (code.module, code.id, &code.place());
    let site = case.site(place.file, place.line, place.line);
    if site.peak_bytes < case.least_bytes() {
        return None;
    }
    let variable = module.variable_in(module.statement(id).scope, name)?;
    if !is_alone(module, variable) || !keeps_type(case, place, module, variable) {
        return None;
    }
    let firsts = growth::first_places(case, place, name);
    let (changes, replaced) = growth::replaced(case, place, &firsts);
    let sign = match operator {
        Operator::Add => "+=",
        Operator::Sub => "-=",
        Operator::Mult => "*=",
        _ => "/=",
    };
    let mut candidate = case.candidate(place, name);
    candidate.title = format!("`{name}` is replaced by a new array of its size: both are there for a moment");
    candidate.message = format!(
        "The result gets memory of its own, {} in all at the peak, before the old array is given up. An augmented assignment \
         writes into the array that is there. It keeps the array's type, and everyone who refers to the array sees the change.",
        words::bytes(site.peak_bytes)
    );
    candidate.instead = format!("{name} {sign} ...");
    candidate.certainty = Certainty::Likely;
    candidate.fix = Editor::new(module).augment(id).ok().map(ProposedFix::from);
    candidate.evidence.insert("replaced", json!(replaced));
    candidate.changes = changes;
    Some(candidate)
}

/// Whether no other name can refer to what the variable holds: it is bound to new values only, and never given away.
fn is_alone(module: &Module, variable: VariableId) -> bool {
    module.occurrences_of(variable).all(|it| {
        let statement = module.syntax(it.statement);
        match syntax::assignment(statement) {
            Some((_, value)) => {
                // `other = x` or `x = other`: two names for one array. `[x]` and `(x, y)` hold it too.
                !matches!(
                    value,
                    Expr::Name(_)
                        | Expr::List(_)
                        | Expr::Tuple(_)
                        | Expr::Dict(_)
                        | Expr::Attribute(_)
                        | Expr::Subscript(_)
                )
            }
            None => !matches!(statement, Stmt::Global(_) | Stmt::Nonlocal(_)),
        }
    }) && !module.variable(variable).is_parameter
}

/// Whether the array's type holds the result. Only float64 is known to, where it was float64 from the start: by the call
/// that made it, or by a look that saw it before the first result.
fn keeps_type(case: &Case<'_>, place: &Place<'_>, module: &Module, variable: VariableId) -> bool {
    let made_as_floats = || {
        let mut writes = module.occurrences_of(variable).filter(|it| it.access == Access::Write);
        writes.all(|it| match syntax::assignment(module.syntax(it.statement)) {
            Some((_, Expr::Call(call))) => makes_floats(call),
            Some((_, Expr::BinOp(_))) => true,
            _ => false,
        })
    };
    let name = module.variable(variable).name.as_str();
    let stacks = case.site(place.file, place.line, place.line).stacks;
    let first = site_blocks(case.profile, &stacks, 1, 1).first().map_or(0, |block| block.born);
    let seen_before = |look: &Inspection| {
        let is_floats = |it: &Object| it.name == name && it.dtype.as_deref() == Some("float64");
        look.sequence < first && look.objects.iter().any(is_floats)
    };
    let looks = case.profile.inspections();
    let always = looks.iter().flat_map(|look| &look.objects).filter(|it| it.name == name);
    always.clone().all(|it| it.dtype.as_deref() == Some("float64"))
        && (made_as_floats() || looks.iter().any(seen_before))
}

/// Functions and methods that make float64 arrays if they are not told otherwise.
const FLOAT_MAKERS: &[&str] = &[
    "empty",
    "geomspace",
    "linspace",
    "logspace",
    "normal",
    "ones",
    "rand",
    "randn",
    "random",
    "random_sample",
    "standard_normal",
    "uniform",
    "zeros",
];

fn makes_floats(call: &ExprCall) -> bool {
    let name = match call.func.as_ref() {
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        Expr::Name(name) => name.id.as_str(),
        _ => return false,
    };
    FLOAT_MAKERS.contains(&name) && argument(call, "dtype", None).is_none()
}
