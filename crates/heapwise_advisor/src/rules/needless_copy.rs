//! `needless-copy`: a copy of something large that neither side writes to.
//!
//! Invariants: the text must show a copy (`copy()`, `deepcopy`, `np.array(x)`, `astype` to the same type, `list(x)`) of a
//! name, and that neither the copy nor the original is written to, given away, or kept elsewhere.

use heapwise_analysis::Effect;
use heapwise_source::ast::{Expr, ExprCall};
use heapwise_source::{Edit, Editor, Module, argument};
use ruff_text_size::Ranged;
use serde_json::json;

use crate::candidate::{Candidate, Certainty, ProposedFix, Rule};
use crate::case::Case;
use crate::code::Code;
use crate::syntax;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct NeedlessCopy;

impl Rule for NeedlessCopy {
    fn id(&self) -> &'static str {
        "needless-copy"
    }

    fn summary(&self) -> &'static str {
        "a copy that nobody writes to"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/needless-copy.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        case.statements().filter_map(|code| candidate(case, &code)).collect()
    }
}

/// What is copied, and what to write in place of the copy.
fn copied<'m>(module: &'m Module, call: &'m ExprCall) -> Option<(&'m Expr, String)> {
    let text = |it: &Expr| module.slice(it.range().into()).to_owned();
    if let Some(("copy", on)) = syntax::method(call)
        && module.resolve(&call.func).is_none()
        && call.arguments.args.is_empty()
        && !is_shallow(call)
    {
        return Some((on, text(on)));
    }
    let argument = call.arguments.args.first()?;
    match module.resolve(&call.func)?.as_str() {
        "copy.deepcopy" | "copy.copy" => Some((argument, text(argument))),
        "numpy.array" if call.arguments.keywords.is_empty() && call.arguments.args.len() == 1 => {
            let function = module.slice(call.func.range().into()).replace("array", "asarray");
            Some((argument, format!("{function}({})", text(argument))))
        }
        "numpy.copy" | "list" | "bytes" | "tuple" if syntax::only_argument(call).is_some() => {
            Some((argument, text(argument)))
        }
        _ => None,
    }
}

fn is_shallow(call: &ExprCall) -> bool {
    matches!(argument(call, "deep", None), Some(Expr::BooleanLiteral(it)) if !it.value)
}

fn candidate(case: &Case<'_>, code: &Code<'_>) -> Option<Candidate> {
    let (module, id) = (code.module, code.id);
    let (target, value) = syntax::assignment(module.syntax(id))?;
    let Expr::Call(call) = value else { return None };
    let (source, instead) = copied(module, call)?;
    let original = syntax::variable(module, syntax::name(source)?)?;
    let copy = syntax::variable(module, target)?;
    let site = code.site(case);
    if site.peak_bytes < case.least_bytes() || copy == original {
        return None;
    }
    let originals = module.occurrences_of(original).filter(|it| it.statement != id);
    // What a parameter refers to has other names in the callers: their code runs only when the function is done, by which
    // time a local copy is gone, unless it was given away.
    if !syntax::is_only_read(module, copy) || !syntax::all_only_read(module, originals) {
        return None;
    }
    let name = module.slice(source.range().into());
    let mut candidate = case.candidate(&code.place(), target.id.as_str());
    candidate.title = format!("`{}` is a copy of `{name}` that nobody writes to", target.id);
    candidate.message = format!(
        "{} at the peak hold the same values twice: neither `{}` nor `{name}` is changed after the copy is made.",
        words::bytes(site.peak_bytes),
        target.id
    );
    candidate.instead = format!("{} = {instead}", target.id);
    candidate.certainty = Certainty::Certain;
    candidate.fix = has_type_of_copy(case, module, call, name)
        .then(|| fix(module, call))
        .flatten()
        .map(ProposedFix::from);
    candidate.evidence.insert("bytes", json!(site.peak_bytes));
    candidate.evidence.insert("copy_of", json!(name));
    candidate.changes = site.with(Effect::Absent);
    Some(candidate)
}

/// The original in place of the copy. Never safe: the file does not show what else may change the original.
fn fix(module: &Module, call: &ExprCall) -> Option<Edit> {
    let editor = Editor::new(module);
    match module.resolve(&call.func).as_deref() {
        None => editor.drop_method_call(call).ok(),
        Some("numpy.array") => {
            let name = module.local_name("numpy.asarray")?;
            editor.replace(&call.func, &name).ok()
        }
        Some(_) => editor.drop_call(call).ok(),
    }
}

/// `list(x)` is a copy only of a list: of an iterator it is what keeps the items.
fn has_type_of_copy(case: &Case<'_>, module: &Module, call: &ExprCall, original: &str) -> bool {
    let path = module.resolve(&call.func);
    let Some(kind @ ("list" | "tuple" | "bytes")) = path.as_deref() else { return true };
    let objects = case.profile.inspections().iter().flat_map(|look| &look.objects);
    let mut same = objects.filter(|object| object.name == original).peekable();
    same.peek().is_some() && same.all(|object| object.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edits::tests::edited;

    #[test]
    fn the_original_stands_for_the_copy() {
        let head = "import copy\nimport numpy as np\na = load()\n";
        let fixed = |statement: &str| {
            let (after, safety) = edited(&format!("{head}{statement}\n"), 4, |module, id| {
                let Expr::Call(call) = syntax::assignment(module.syntax(id))?.1 else { return None };
                fix(module, call)
            })?;
            assert_eq!(safety, heapwise_source::Safety::Unsafe);
            Some(after[head.len()..].trim_end().to_owned())
        };
        assert_eq!(fixed("b = a.copy()  # mine").as_deref(), Some("b = a  # mine"));
        assert_eq!(fixed("b = copy.deepcopy(a)").as_deref(), Some("b = a"));
        assert_eq!(fixed("b = np.array(a)").as_deref(), Some("b = np.asarray(a)"));
        assert_eq!(fixed("b = list(a)").as_deref(), Some("b = a"));
        assert_eq!(fixed("b = copy.deepcopy(a, memo)"), None);
    }
}
