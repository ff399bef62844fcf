//! `array-not-list`: long lists of numbers of one type.
//!
//! Invariant: proposed only where every element that was looked at is an int or every one a float, and ints fit 64 bits.

use heapwise_source::ast::Expr;
use heapwise_source::{Edit, Editor, Module, UseKind, VariableId};
use serde_json::json;

use crate::candidate::{Candidate, Certainty, ProposedFix, Rule};
use crate::case::Case;
use crate::edits;
use crate::holding::Held;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct ArrayNotList;

/// Bytes of an element of the array.
const ELEMENT_BYTES: u64 = 8;

impl Rule for ArrayNotList {
    fn id(&self) -> &'static str {
        "array-not-list"
    }

    fn summary(&self) -> &'static str {
        "a long list of numbers, each an object of its own"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/array-not-list.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        case.held(case.least_bytes()).into_iter().filter_map(|held| candidate(case, &held)).collect()
    }
}

fn candidate(case: &Case<'_>, held: &Held<'_>) -> Option<Candidate> {
    let kind = held.object.kind.as_str();
    if kind != "list" && kind != "tuple" {
        return None;
    }
    let types: Vec<&str> = held.object.facts.element_types.keys().map(String::as_str).collect();
    let (code, dtype) = match types.as_slice() {
        ["float"] => ("d", "float64"),
        ["int"] => ("q", "int64"),
        _ => return None,
    };
    let facts = case.lasting_facts(held);
    if code == "q" {
        // The range must be known: a larger int fits no array.
        facts.minimum.as_ref()?.as_i64()?;
        facts.maximum.as_ref()?.as_i64()?;
    }
    let count = held.count();
    let new_bytes = count * ELEMENT_BYTES;
    let old_bytes = held.object.own_bytes;
    // Small integers are shared by the interpreter: a list of these is as small as it gets.
    if old_bytes < 2 * new_bytes {
        return None;
    }
    let mut candidate = case.candidate(&held.place, held.symbol());
    candidate.title = format!(
        "`{}` is a {kind} of {} {}s: {} bytes each",
        held.object.name,
        words::count(count),
        types[0],
        old_bytes / count.max(1)
    );
    candidate.message = format!(
        "Each number is an object of its own behind a pointer. An array keeps them side by side: {} instead of {}.",
        words::bytes(new_bytes),
        words::bytes(old_bytes)
    );
    candidate.instead = format!(
        "array.array(\"{code}\", ...), which has append and indexing like a list, or a NumPy array with dtype={dtype} if you \
         compute with it"
    );
    let variable = edits::variable_of(case, held.owner);
    candidate.fix = variable
        .filter(|_| kind == "list" && std::ptr::eq(held.owner, held.object))
        .and_then(|(module, variable)| fix(module, variable, code))
        .map(ProposedFix::from);
    candidate.certainty = if code == "d" { Certainty::Certain } else { Certainty::Likely };
    candidate.evidence.insert("elements", json!(count));
    candidate.evidence.insert("element_type", json!(types[0]));
    candidate.evidence.insert("bytes", json!(old_bytes));
    candidate.evidence.insert("new_bytes", json!(new_bytes));
    candidate.changes = case.shrunk(held.object, new_bytes);
    Some(candidate)
}

/// Methods that lists and arrays have alike.
const COMMON_METHODS: &[&str] = &["append", "count", "extend", "index", "insert", "pop", "remove", "reverse"];

/// Functions that go through what they are given.
const READERS: &[&str] = &[
    "all",
    "any",
    "enumerate",
    "len",
    "list",
    "math.fsum",
    "max",
    "min",
    "reversed",
    "set",
    "sorted",
    "sum",
    "tuple",
    "zip",
];

/// An array in place of the list, if it is only used in ways that both know.
fn fix(module: &Module, variable: VariableId, code: &str) -> Option<Edit> {
    let (_, value) = edits::only_value(module, variable)?;
    let fits = |kind: &UseKind| match kind {
        UseKind::Method(name, _) => COMMON_METHODS.contains(&name.as_str()),
        UseKind::Item | UseKind::Iterated | UseKind::ItemSet => true,
        UseKind::Argument(Some(path), _) => {
            READERS.contains(&path.as_str()) || path.starts_with("numpy.") || path.starts_with("statistics.")
        }
        _ => false,
    };
    if !module.uses_of(variable).iter().all(|one| fits(&one.kind)) {
        return None;
    }
    let editor = Editor::new(module);
    let (make, import) = if let Some(name) = module.local_name("array.array") {
        (name, None)
    } else {
        let (name, import) = editor.import("array").ok()?;
        (format!("{name}.array"), import)
    };
    let edit = match value {
        Expr::ListComp(list) if list.generators.iter().all(|one| !one.is_async) => {
            let items = module.slice(list.range.into()).strip_prefix('[')?.strip_suffix(']')?;
            editor.replace(value, &format!("{make}(\"{code}\", ({items}))"))
        }
        Expr::List(list) if list.elts.is_empty() => editor.replace(value, &format!("{make}(\"{code}\")")),
        _ => editor.wrap(edits::repeated(value)?, &format!("{make}(\"{code}\", "), ")"),
    };
    let edits: Vec<Edit> = std::iter::once(edit.ok()?).chain(import).collect();
    editor.together(&edits).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edits::tests::edited;

    fn fixed(text: &str) -> Option<String> {
        let (after, safety) = edited(text, 1, |module, _| {
            fix(module, module.variable_in(heapwise_source::ScopeId::MODULE, "x")?, "d")
        })?;
        assert_eq!(safety, heapwise_source::Safety::Unsafe);
        Some(after)
    }

    #[test]
    fn a_list_of_numbers_becomes_an_array() {
        assert_eq!(
            fixed("import math\nx = [math.sqrt(i) for i in range(9)]\nprint(sum(x))\n").as_deref(),
            Some(
                "import math\nimport array\nx = array.array(\"d\", (math.sqrt(i) for i in range(9)))\nprint(sum(x))\n"
            )
        );
        assert_eq!(
            fixed("from array import array\nx = []\nfor i in read():\n    x.append(i / 3)\n").as_deref(),
            Some("from array import array\nx = array(\"d\")\nfor i in read():\n    x.append(i / 3)\n")
        );
        assert_eq!(
            fixed("x = [0.0] * n\nx[2] = 1.0\n").as_deref(),
            Some("import array\nx = array.array(\"d\", [0.0]) * n\nx[2] = 1.0\n")
        );
    }

    #[test]
    fn a_list_that_is_used_as_one_is_left_alone() {
        for text in [
            "x = [i / 3 for i in r]\nx.sort()\n",
            "x = [i / 3 for i in r]\nprint(x)\n",
            "x = [i / 3 for i in r]\nsave(x)\n",
            "x = [i / 3 for i in r]\ny = x + [1]\n",
            "x = [i / 3 for i in r]\nx = x[1:]\n",
            "array = 1\nx = [i / 3 for i in r]\n",
        ] {
            assert_eq!(fixed(text), None, "{text}");
        }
    }
}
