//! `growing-array`: an array that is copied whole for every piece that is put behind it.
//!
//! Invariant: only arrays of NumPy. To collect the pieces and put them together once peaks just as high (all pieces and
//! the result), so that is not what is advised, and for tables, where nothing else is possible, nothing is said.

use heapwise_analysis::Place;
use heapwise_source::ast::{Expr, Stmt};
use heapwise_source::{Module, StatementId, StatementKind};
use serde_json::json;

use super::growth;
use crate::candidate::{Candidate, Certainty, Rule};
use crate::case::Case;
use crate::syntax;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct GrowingArray;

/// Functions that make a new array of an old one and something more.
const GROWERS: &[&str] = &[
    "numpy.append",
    "numpy.concatenate",
    "numpy.vstack",
    "numpy.hstack",
    "numpy.column_stack",
    "numpy.row_stack",
    "numpy.dstack",
    "numpy.r_",
    "numpy.insert",
];

impl Rule for GrowingArray {
    fn id(&self) -> &'static str {
        "growing-array"
    }

    fn summary(&self) -> &'static str {
        "an array that is copied for every piece put behind it"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/growing-array.md")
    }

    fn by_hand(&self) -> &'static str {
        "how large the array will be is not in the text"
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        let growing = case.statements().filter_map(|code| {
            let (name, function) = growing(code.module, code.id)?;
            candidate(case, &code.place(), &name, &function)
        });
        growing.collect()
    }
}

/// The name and the function of `name = append(name, ...)` in a loop.
fn growing(module: &Module, id: StatementId) -> Option<(String, String)> {
    if module.statement(id).kind != StatementKind::Assign || module.loops_around(id).is_empty() {
        return None;
    }
    let statement: &Stmt = module.syntax(id);
    let (target, value) = syntax::assignment(statement)?;
    let Expr::Call(call) = value else { return None };
    let path = module.resolve(&call.func).filter(|path| GROWERS.contains(&path.as_str()))?;
    let first = call.arguments.args.first()?;
    let takes_itself =
        syntax::parts(first).iter().any(|part| matches!(part, Expr::Name(name) if name.id == target.id));
    takes_itself.then(|| (target.id.to_string(), path.replace("numpy.", "np.")))
}

fn candidate<'a>(case: &Case<'a>, place: &Place<'a>, name: &str, function: &str) -> Option<Candidate> {
    let site = case.site(place.file, place.line, place.line);
    if site.peak_bytes < case.least_bytes() || site.allocations < 3 {
        return None;
    }
    let firsts = growth::first_places(case, place, name);
    let (changes, replaced) = growth::replaced(case, place, &firsts);
    let mut candidate = case.candidate(place, name);
    candidate.title =
        format!("{function} copies all of `{name}` for every piece: old and new are there together");
    candidate.message = format!(
        "{replaced} times a new array was made to hold the old one and a little more, {} in all over the run. Collecting the \
         pieces in a list and joining them once is faster but peaks as high, pieces and result together.",
        words::bytes(site.allocated_bytes)
    );
    candidate.instead = format!(
        "{name} = np.empty(total) once, then {name}[start:stop] = piece; where the total is not known, double the \
                                 size when it is full and cut it at the end"
    );
    candidate.certainty = Certainty::Likely;
    candidate.evidence.insert("copies", json!(replaced));
    candidate.evidence.insert("allocated_bytes", json!(site.allocated_bytes));
    candidate.changes = changes;
    Some(candidate)
}
