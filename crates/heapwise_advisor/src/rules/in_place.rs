//! `in-place`: an array that is rebound to a result of its own size, `x = x * 0.5`.
//!
//! Invariants: silent where the old array has another name, where the result has another type or size, and where the
//! name is not a variable of its own.

use heapwise_analysis::Place;
use heapwise_source::Editor;
use heapwise_source::ast::{Expr, Operator, Stmt};
use serde_json::json;

use super::growth;
use crate::candidate::{Candidate, Certainty, ProposedFix, Rule};
use crate::case::Case;
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
        let mut candidates = Vec::new();
        for (file, module) in case.modules() {
            for id in module.statement_ids() {
                let statement = module.syntax(id);
                let line = module.lines().line(module.statement(id).span.start);
                let place = Place { file, line, function: "" };
                if let Some((name, operator)) = rebinding(statement) {
                    candidates.extend(candidate(case, &place, name, operator));
                }
            }
        }
        candidates
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

fn candidate<'a>(case: &Case<'a>, place: &Place<'a>, name: &str, operator: Operator) -> Option<Candidate> {
    let site = case.site(place.file, place.line, place.line);
    if site.peak_bytes < case.least_bytes() {
        return None;
    }
    let (module, id) = case.statement(place)?;
    let scope = syntax::scope_at(module, id);
    let variable = module.variable_in(scope, name)?;
    let value = syntax::assignment(module.syntax(id))?.1;
    if !is_alone(module, variable) || !keeps_type(case, name, operator, value) {
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
fn is_alone(module: &heapwise_source::Module, variable: heapwise_source::VariableId) -> bool {
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

/// Whether the array's type holds the result: floats do, by float or integer operands; integers with integers but not
/// divided.
fn keeps_type(case: &Case<'_>, name: &str, operator: Operator, value: &Expr) -> bool {
    let looks = case.profile.inspections().iter();
    let seen: Vec<&str> = looks
        .flat_map(|look| &look.objects)
        .filter(|object| object.name == name)
        .filter_map(|object| object.dtype.as_deref())
        .collect();
    let floats = !seen.is_empty() && seen.iter().all(|dtype| *dtype == "float64");
    let integers = !seen.is_empty() && seen.iter().all(|dtype| *dtype == "int64");
    let whole_operand = syntax::parts(value)
        .iter()
        .all(|part| !matches!(part, Expr::NumberLiteral(number) if number.value.is_float()));
    floats || (integers && operator != Operator::Div && whole_operand && !has_names_beside(value, name))
}

fn has_names_beside(value: &Expr, name: &str) -> bool {
    syntax::parts(value).iter().any(|part| matches!(part, Expr::Name(other) if other.id.as_str() != name))
}
