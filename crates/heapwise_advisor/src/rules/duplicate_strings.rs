//! `duplicate-strings`: the same text as many `str` objects.
//!
//! Invariant: columns of pandas are left to `category-strings`; strings that are shared already count once.

use heapwise_source::ast::{Expr, Stmt};
use heapwise_source::{Edit, Editor, Module, Safety, UseKind, VariableId};

use super::duplicates;
use crate::candidate::{Candidate, ProposedFix, Rule};
use crate::case::Case;
use crate::edits;
use crate::holding::Held;

/// The rule.
#[derive(Debug)]
pub(super) struct DuplicateStrings;

impl Rule for DuplicateStrings {
    fn id(&self) -> &'static str {
        "duplicate-strings"
    }

    fn summary(&self) -> &'static str {
        "the same text as many strings"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/duplicate-strings.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        let found = duplicates::holders(case, |held| holds_text(held) && !held.is_of("pandas"));
        let make = |(held, bytes): (Held<'_>, u64)| {
            let mut candidate = duplicates::candidate(case, &held, bytes, "strings");
            candidate.message = "Strings made while the program runs (by split, format, a reader) are new objects even where \
                                 the text is the same. Interned, each text is there once and all else refers to it; nothing \
                                 in the program can tell the difference but `is`."
                .into();
            candidate.instead = "sys.intern(text) where the string is stored".into();
            let variable = edits::variable_of(case, held.owner);
            candidate.fix = variable
                .filter(|_| std::ptr::eq(held.owner, held.object) && holds_only_text(&held))
                .and_then(|(module, variable)| fix(module, variable))
                .map(ProposedFix::from);
            candidate
        };
        found.into_iter().map(make).collect()
    }
}

/// Whether the elements, or the values of a dict, are strings.
pub(super) fn holds_text(held: &Held<'_>) -> bool {
    let types = &held.object.facts.element_types;
    types.keys().any(|kind| matches!(kind.as_str(), "str" | "value: str" | "key: str"))
}

/// Whether every element, or every value of a dict, is a string.
fn holds_only_text(held: &Held<'_>) -> bool {
    let mut types = held.object.facts.element_types.keys().filter(|kind| !kind.starts_with("key: "));
    types.all(|kind| matches!(kind.as_str(), "str" | "value: str"))
}

/// The expression that a container gets its elements from, if there is but one such place.
fn stored(module: &Module, variable: VariableId) -> Option<&Expr> {
    let mut found = Vec::new();
    match edits::only_value(module, variable)?.1 {
        Expr::ListComp(list) => found.push(list.elt.as_ref()),
        Expr::List(list) if list.elts.is_empty() => {}
        Expr::Dict(dict) if dict.items.is_empty() => {}
        _ => return None,
    }
    for one in module.uses_of(variable) {
        match &one.kind {
            UseKind::Method(name, call) if name == "append" => {
                let Expr::Call(call) = module.expression(*call)? else { return None };
                found.push(call.arguments.args.first()?);
            }
            UseKind::Method(name, _)
                if matches!(name.as_str(), "extend" | "insert" | "setdefault" | "update") =>
            {
                return None;
            }
            UseKind::ItemSet => match module.syntax(one.statement) {
                Stmt::Assign(assign) if assign.targets.len() == 1 => found.push(&assign.value),
                _ => return None,
            },
            UseKind::Updated => return None,
            _ => {}
        }
    }
    if let [only] = found.as_slice() { Some(only) } else { None }
}

/// `sys.intern(...)` around what is stored, with the import. Safe where the text shows that it is a string.
fn fix(module: &Module, variable: VariableId) -> Option<Edit> {
    let expression = stored(module, variable)?;
    if let Expr::Call(call) = expression
        && module.resolve(&call.func).as_deref() == Some("sys.intern")
    {
        return None;
    }
    let editor = Editor::new(module);
    let (sys, import) = editor.import("sys").ok()?;
    let safe = matches!(expression, Expr::FString(_));
    let wrap = editor.wrap(expression, &format!("{sys}.intern("), ")").ok()?;
    let wrap = wrap.with_safety(if safe { Safety::Safe } else { Safety::Unsafe });
    let edits: Vec<Edit> = std::iter::once(wrap).chain(import).collect();
    editor.together(&edits).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edits::tests::edited;

    fn fixed(text: &str) -> Option<(String, Safety)> {
        edited(text, 1, |module, _| fix(module, module.variable_in(heapwise_source::ScopeId::MODULE, "x")?))
    }

    #[test]
    fn what_is_stored_is_interned() {
        assert_eq!(
            fixed("import sys\nx = [f\"k{i % 9}\" for i in r]\n"),
            Some(("import sys\nx = [sys.intern(f\"k{i % 9}\") for i in r]\n".to_owned(), Safety::Safe))
        );
        assert_eq!(
            fixed("x = []\nfor row in r:\n    x.append(row.split()[1])\n"),
            Some((
                "import sys\nx = []\nfor row in r:\n    x.append(sys.intern(row.split()[1]))\n".to_owned(),
                Safety::Unsafe
            ))
        );
        assert_eq!(
            fixed("x = {}\nfor k, v in r:\n    x[k] = v.lower()\n").map(|it| it.0),
            Some("import sys\nx = {}\nfor k, v in r:\n    x[k] = sys.intern(v.lower())\n".to_owned())
        );
    }

    #[test]
    fn what_comes_from_elsewhere_is_left_alone() {
        for text in [
            "x = read()\n",
            "x = []\nx.append(a)\nx.append(b)\n",
            "x = []\nx.append(a)\nx.extend(b)\n",
            "import sys\nx = [sys.intern(i) for i in r]\n",
        ] {
            assert_eq!(fixed(text), None, "{text}");
        }
    }
}
