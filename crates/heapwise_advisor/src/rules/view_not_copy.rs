//! `view-not-copy`: a choice of evenly spaced elements by a list of their numbers, which a slice would only show.
//!
//! Invariants: only where the text shows the numbers to be a range, and where neither the choice nor the original is
//! written to: a view shows every later change.

use heapwise_analysis::Effect;
use heapwise_source::ast::{Expr, ExprSubscript};
use heapwise_source::{Edit, Editor, Module, StatementId, VariableId};
use ruff_text_size::Ranged;
use serde_json::json;

use crate::candidate::{Candidate, Certainty, ProposedFix, Rule};
use crate::case::Case;
use crate::code::Code;
use crate::syntax;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct ViewNotCopy;

/// Makers of evenly spaced numbers.
const RANGES: &[&str] = &["numpy.arange", "range"];

impl Rule for ViewNotCopy {
    fn id(&self) -> &'static str {
        "view-not-copy"
    }

    fn summary(&self) -> &'static str {
        "consecutive elements chosen by a list of their numbers"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/view-not-copy.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        case.statements().filter_map(|code| candidate(case, &code)).collect()
    }
}

/// The array that is chosen from and the slice, of `array[np.arange(...)]`.
fn choice<'m>(module: &'m Module, subscript: &'m ExprSubscript) -> Option<(&'m Expr, String)> {
    let mut index = subscript.slice.as_ref();
    // list(range(...)) is the same choice.
    if let Expr::Call(call) = index
        && module.resolve(&call.func).as_deref() == Some("list")
    {
        index = syntax::only_argument(call)?;
    }
    let Expr::Call(call) = index else { return None };
    let path = module.resolve(&call.func)?;
    let plain = call.arguments.keywords.is_empty() && (1..=3).contains(&call.arguments.args.len());
    if !RANGES.contains(&path.as_str()) || !plain || call.arguments.args.iter().any(is_negative) {
        return None;
    }
    let bounds: Vec<&str> = call.arguments.args.iter().map(|it| module.slice(it.range().into())).collect();
    let slice = match bounds.as_slice() {
        [stop] => format!(":{stop}"),
        [start, stop] => format!("{start}:{stop}"),
        [first, end, step] => format!("{first}:{end}:{step}"),
        _ => return None,
    };
    Some((subscript.value.as_ref(), slice))
}

/// A bound below zero counts from the end in a slice, and a range counts on from it.
fn is_negative(bound: &Expr) -> bool {
    matches!(bound, Expr::UnaryOp(_))
}

fn candidate(case: &Case<'_>, code: &Code<'_>) -> Option<Candidate> {
    let (module, id) = (code.module, code.id);
    let (target, value) = syntax::assignment(module.syntax(id))?;
    let Expr::Subscript(subscript) = value else { return None };
    let (array, slice) = choice(module, subscript)?;
    let original = syntax::variable(module, syntax::name(array)?)?;
    let chosen = syntax::variable(module, target)?;
    if !syntax::is_only_read(module, chosen) || !is_read_but_for(module, original, id) {
        return None;
    }
    let site = code.site(case);
    if site.peak_bytes < case.least_bytes() {
        return None;
    }
    let array = module.slice(array.range().into());
    let mut candidate = case.candidate(&code.place(), target.id.as_str());
    candidate.title =
        format!("`{}` copies consecutive elements of `{array}`, which a slice would only show", target.id);
    candidate.message = format!(
        "An index made of numbers copies what it chooses, and the numbers take memory too: {} at the peak. A slice is a view: \
         it takes nothing, and keeps `{array}` alive.",
        words::bytes(site.peak_bytes)
    );
    candidate.instead = format!("{} = {array}[{slice}]", target.id);
    candidate.certainty = Certainty::Certain;
    candidate.fix = fix(module, subscript).map(ProposedFix::from);
    candidate.evidence.insert("bytes", json!(site.peak_bytes));
    candidate.changes = site.with(Effect::Absent);
    Some(candidate)
}

/// Whether the original is only read, the choice itself left out of the question.
fn is_read_but_for(module: &Module, variable: VariableId, id: StatementId) -> bool {
    let others = module.occurrences_of(variable).filter(|it| it.statement != id);
    syntax::all_only_read(module, others)
}

/// The slice in place of the numbers. Not safe: bounds below zero mean something else in a slice.
fn fix(module: &Module, subscript: &ExprSubscript) -> Option<Edit> {
    let (_, slice) = choice(module, subscript)?;
    Editor::new(module).replace_index(subscript, &slice).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edits::tests::edited;

    #[test]
    fn a_slice_stands_for_the_numbers() {
        let fixed = |index: &str| {
            let text = format!("import numpy as np\nb = a[{index}]\n");
            let (after, safety) = edited(&text, 2, |module, id| {
                let Expr::Subscript(subscript) = syntax::assignment(module.syntax(id))?.1 else {
                    return None;
                };
                fix(module, subscript)
            })?;
            assert_eq!(safety, heapwise_source::Safety::Unsafe);
            after.lines().nth(1).map(str::to_owned)
        };
        assert_eq!(fixed("np.arange(n)").as_deref(), Some("b = a[:n]"));
        assert_eq!(fixed("list(range(2, n - 1))").as_deref(), Some("b = a[2:n - 1]"));
        assert_eq!(fixed("np.arange(0, n, 2)").as_deref(), Some("b = a[0:n:2]"));
        assert_eq!(fixed("np.arange(-3, n)"), None);
        assert_eq!(fixed("order"), None);
    }
}
