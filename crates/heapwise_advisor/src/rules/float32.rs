//! `float32`: float64 values that float32 holds exactly.
//!
//! Invariant: proposed only where every value of every look survived the way to float32 and back; float16 never is.

use std::fmt::Write as _;

use heapwise_profile::inspection::Facts;

use super::shrinking::{self, Shrinking};
use crate::candidate::{Candidate, ProposedFix, Rule};
use crate::case::Case;
use crate::changes::made_bytes;
use crate::edits;
use crate::holding::{is_enough_of_numbers, listed};
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct Float32;

impl Rule for Float32 {
    fn id(&self) -> &'static str {
        "float32"
    }

    fn summary(&self) -> &'static str {
        "float64 values that float32 holds exactly"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/float32.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        let found = case
            .held(case.least_bytes() / 20)
            .into_iter()
            .filter(|held| held.dtype() == "float64" && (held.is_of("numpy") || held.is_of("pandas")))
            .filter_map(|held| {
                let facts = case.lasting_facts(&held);
                let new_bytes = made_bytes(held.object) / 2;
                is_exact(&facts, held.count()).then_some(Shrinking { held, new_bytes, facts })
            });
        shrinking::candidates(case, found, |group| candidate(case, group))
    }
}

fn is_exact(facts: &Facts, count: u64) -> bool {
    let all_the_same = facts.minimum.is_some() && facts.minimum == facts.maximum;
    // One value repeated says nothing of the values that will come: an array that is not filled yet, most often.
    let plain = !all_the_same && !facts.mapped_file;
    plain && facts.float32_exact == Some(true) && is_enough_of_numbers(facts, count)
}

fn candidate(case: &Case<'_>, group: &[Shrinking<'_, Facts>]) -> Candidate {
    let held = &group[0].held;
    let mut candidate = shrinking::candidate(case, group);
    let (old, new) = shrinking::bytes(group);
    let looked_at = group.iter().filter_map(|it| it.facts.sampled).min();
    candidate.title = if group.len() == 1 {
        let values = if looked_at.is_some() { "each value that was looked at" } else { "each of its values" };
        format!("{} is float64, and float32 holds {values} exactly", listed(&shrinking::names(group)))
    } else {
        let values = if looked_at.is_some() { "the values that were looked at" } else { "their values" };
        format!(
            "{} columns of `{}` are float64, and float32 holds {values} exactly",
            group.len(),
            held.symbol()
        )
    };
    candidate.message = format!(
        "{} would be {}. The values of this run lose nothing, but results of computing with them are rounded to 7 digits, \
         and one float64 array among the operands makes the result float64 again.",
        words::bytes(old),
        words::bytes(new)
    );
    if let Some(looked) = looked_at {
        let looked = words::count(looked);
        let _ = write!(candidate.message, " {looked} values were looked at, from all over it.");
    }
    candidate.instead = if held.is_of("pandas") {
        "name the type where the table is read or made: dtype={...: 'float32'}".to_owned()
    } else {
        "make it with dtype=np.float32".to_owned()
    };
    candidate.fix = fix(case, group);
    candidate
}

/// The type where the array is made or the table is read.
fn fix(case: &Case<'_>, group: &[Shrinking<'_, Facts>]) -> Option<ProposedFix> {
    if let [one] = group
        && !one.held.is_of("pandas")
    {
        return edits::typed_array(case, &one.held, "float32");
    }
    let columns: Vec<_> = group.iter().map(|it| (&it.held, "\"float32\"".to_owned())).collect();
    edits::typed_columns(case, &columns).map(ProposedFix::from)
}
