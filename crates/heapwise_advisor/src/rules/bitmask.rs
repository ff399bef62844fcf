//! `bitmask`: yes and no in eight bytes each.
//!
//! Invariant: proposed for lists of `True` and `False` alone, for integer arrays of which every look saw only 0 and 1, and for
//! the columns that pandas' `get_dummies` was asked to make of wider numbers.

use heapwise_profile::inspection::{Facts, Object};
use heapwise_source::ast::ExprCall;
use heapwise_source::{Edit, Editor, Module, VariableId, argument};
use serde_json::json;

use super::shrinking::{self, Shrinking};
use crate::candidate::{Candidate, Certainty, ProposedFix, Rule};
use crate::case::Case;
use crate::changes::made_bytes;
use crate::edits;
use crate::holding::{Held, is_enough_of_numbers, looked_at};
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
        let single = case.held(case.least_bytes()).into_iter().filter_map(|held| candidate(case, &held));
        let columns = indicators(case).into_iter();
        single.chain(shrinking::candidates(case, columns, |group| of_indicators(case, group))).collect()
    }
}

/// Whole numbers of several bytes.
const WIDE: [&str; 6] = ["int64", "uint64", "int32", "uint32", "int16", "uint16"];
/// In a column that `get_dummies` made, so many numbers that are 0 or 1 tell it from one that was passed on.
const ENOUGH_OF_INDICATOR: u64 = 1_000;

/// The columns that `get_dummies` made of a type of several bytes. What it passes on comes first in its table, so where all
/// that was looked at is 0 and 1, the columns that no look had time for are too.
fn indicators<'a>(case: &Case<'a>) -> Vec<Shrinking<'a, ()>> {
    let mut columns: Vec<(Held<'a>, Option<bool>)> = Vec::new();
    for held in case.held(case.least_bytes() / 20) {
        let wide = WIDE.contains(&held.dtype()) || matches!(held.dtype(), "float64" | "float32");
        if held.is_of("pandas") && wide && dummies_call(case, &held).is_some() {
            let facts = case.lasting_facts(&held);
            let enough = facts.sampled.is_none_or(|looked| looked >= ENOUGH_OF_INDICATOR);
            columns.push((held, looked_at(&facts).then(|| enough && is_zero_or_one(&facts))));
        }
    }
    let said_of = |owner: &Object, what: bool| {
        columns.iter().any(|(held, seen)| std::ptr::eq(held.owner, owner) && *seen == Some(what))
    };
    columns
        .iter()
        .filter(|(held, seen)| {
            seen.unwrap_or_else(|| said_of(held.owner, true) && !said_of(held.owner, false))
        })
        .map(|&(held, _)| Shrinking { held, new_bytes: held.count(), facts: () })
        .collect()
}

fn is_zero_or_one(facts: &Facts) -> bool {
    let within = |number: &Option<serde_json::Number>| {
        number
            .as_ref()
            .and_then(serde_json::Number::as_f64)
            .is_some_and(|number| (0.0..=1.0).contains(&number))
    };
    let whole = facts.all_integers != Some(false) && facts.missing.unwrap_or(0) == 0;
    whole && within(&facts.minimum) && within(&facts.maximum)
}

/// The call of `get_dummies` that made a column, where it names a type.
fn dummies_call<'c>(case: &'c Case<'_>, held: &Held<'_>) -> Option<(&'c Module, &'c ExprCall)> {
    let (module, id) = case.statement(&held.place)?;
    let is_dummies = |call: &&ExprCall| {
        module.resolve(&call.func).is_some_and(|path| path == "pandas.get_dummies")
            && argument(call, "dtype", None).is_some()
    };
    Some((module, module.calls_in(id).find(is_dummies)?))
}

fn of_indicators(case: &Case<'_>, group: &[Shrinking<'_, ()>]) -> Candidate {
    let held = &group[0].held;
    let mut candidate = shrinking::candidate(case, group);
    let (old, new) = shrinking::bytes(group);
    candidate.title = format!(
        "{} columns of `{}` are 0 and 1 in {}",
        words::count(group.len() as u64),
        held.symbol(),
        held.dtype()
    );
    candidate.message = format!(
        "`get_dummies` was asked for {}, which takes {}; as bools they take {}, one byte each. Means and sums stay, and \
         where they meet floats they become floats; `-` between bools is an error.",
        held.dtype(),
        words::bytes(old),
        words::bytes(new)
    );
    "pd.get_dummies(..., dtype=bool), which pandas 2 and newer do unasked".clone_into(&mut candidate.instead);
    candidate.fix = dummies_call(case, held)
        .and_then(|(module, call)| Editor::new(module).set_keyword(call, "dtype", "bool").ok())
        .map(ProposedFix::from);
    candidate
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
        (zero && one && WIDE.contains(&held.dtype()) && is_enough_of_numbers(&facts, held.count()))
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
