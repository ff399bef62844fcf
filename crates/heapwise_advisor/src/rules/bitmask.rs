//! `bitmask`: yes and no in eight bytes each.
//!
//! Invariant: proposed for lists of `True` and `False` alone and for integer arrays of which every look saw only 0 and 1.

use heapwise_source::{Edit, Editor, Module, VariableId};
use serde_json::json;

use crate::candidate::{Candidate, Certainty, ProposedFix, Rule};
use crate::case::Case;
use crate::changes::made_bytes;
use crate::edits;
use crate::holding::{Held, is_enough_of_numbers};
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct Bitmask;

impl Rule for Bitmask {
    fn id(&self) -> &'static str {
        "bitmask"
    }

    fn summary(&self) -> &'static str {
        "yes-or-no values in eight bytes each"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/bitmask.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        case.held(case.least_bytes()).into_iter().filter_map(|held| candidate(case, &held)).collect()
    }
}

fn candidate(case: &Case<'_>, held: &Held<'_>) -> Option<Candidate> {
    let count = held.count();
    let is_list = held.object.kind == "list";
    let what = if is_list {
        let types = &held.object.facts.element_types;
        let only_bools = !types.is_empty() && types.keys().all(|kind| kind == "bool");
        only_bools.then_some("a list of bools takes 8 bytes for each")?
    } else {
        let facts = case.lasting_facts(held);
        let zero = facts.minimum.as_ref().and_then(serde_json::Number::as_i64) == Some(0);
        let one = facts.maximum.as_ref().and_then(serde_json::Number::as_i64) == Some(1);
        let wide = matches!(held.dtype(), "int64" | "uint64" | "int32" | "uint32" | "int16" | "uint16");
        (zero && one && wide && is_enough_of_numbers(&facts, held.count()))
            .then_some("only 0 and 1 in whole numbers of several bytes")?
    };
    if count == 0 || made_bytes(held.object) < count {
        return None;
    }
    let mut candidate = case.candidate(&held.place, held.symbol());
    candidate.title = format!(
        "`{}` is {} yes-or-no values in {}",
        held.object.name,
        words::count(count),
        words::bytes(made_bytes(held.object))
    );
    candidate.message = format!(
        "Here {what}; one byte is enough ({}), and one bit each, packed, would be {}.",
        words::bytes(count),
        words::bytes(count / 8)
    );
    candidate.instead = if is_list {
        "bytearray(n) or np.zeros(n, dtype=np.bool_): indexing and assignment stay the same (a bytearray gives 0 and 1)".to_owned()
    } else {
        "make it with dtype=np.bool_; np.packbits packs it eight to a byte where it is only stored".to_owned()
    };
    candidate.certainty = Certainty::Likely;
    candidate.fix = if is_list {
        let variable = edits::variable_of(case, held.owner).filter(|_| std::ptr::eq(held.owner, held.object));
        variable.and_then(|(module, variable)| bytes_for_bools(module, variable)).map(ProposedFix::from)
    } else {
        edits::typed_array(case, held, "bool")
    };
    candidate.evidence.insert("elements", json!(count));
    candidate.evidence.insert("bytes", json!(made_bytes(held.object)));
    candidate.evidence.insert("new_bytes", json!(count));
    candidate.changes = case.shrunk(held.object, count);
    Some(candidate)
}

/// `bytearray([True]) * n` for `[True] * n`.
fn bytes_for_bools(module: &Module, variable: VariableId) -> Option<Edit> {
    let (_, value) = edits::only_value(module, variable)?;
    Editor::new(module).wrap(edits::repeated(value)?, "bytearray(", ")").ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edits::tests::edited;

    #[test]
    fn flags_become_bytes() {
        let fixed = |text: &str| {
            let edit = edited(text, 1, |module, _| {
                bytes_for_bools(module, module.variable_in(heapwise_source::ScopeId::MODULE, "flags")?)
            });
            edit.map(|(after, _)| after)
        };
        let text = "flags = [True] * (n + 1)\nflags[0] = False\n";
        assert_eq!(fixed(text), Some(text.replace("[True]", "bytearray([True])")));
        assert_eq!(fixed("flags = [True] * n\nflags = [False] * n\n"), None);
        assert_eq!(fixed("flags = list(read())\n"), None);
    }
}
