//! `category-strings`: columns of strings that take few values.
//!
//! Invariants: proposed only well above break-even, by the exact number of values; never for a column that the program
//! adds to, changes with string methods, or joins on, where a category fails or turns back into strings; nor for one of
//! several keys of groups, unless the calls that make them leave out what does not occur or are edited to.

use std::fmt::Write as _;

use heapwise_source::ast::{Expr, Stmt};
use heapwise_source::{Edit, Editor, Module, StatementId};
use serde_json::json;

use super::shrinking::{self, Shrinking};
use crate::candidate::{Candidate, ProposedFix, Rule};
use crate::case::Case;
use crate::changes::made_bytes;
use crate::edits;
use crate::groups::{self, Observing};
use crate::holding::{Held, is_enough_of_elements, listed};
use crate::usage::ColumnUse;
use crate::versions::Version;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct CategoryStrings;

/// The categories must be this many times smaller than the strings.
const MUCH_SMALLER: u64 = 3;
/// Bytes of a `str` object beside its text.
const STR_BYTES: u64 = 49;

/// What is known of a column besides.
#[derive(Debug)]
struct Categories {
    /// How many different values it has.
    values: u64,
    /// How many strings that was told from, if not all.
    sampled: Option<u64>,
    /// What the calls that make groups by it must say.
    observing: Vec<Observing>,
}

/// A column that would take fewer bytes as categories.
type Column<'a> = Shrinking<'a, Categories>;

impl Rule for CategoryStrings {
    fn id(&self) -> &'static str {
        "category-strings"
    }

    fn summary(&self) -> &'static str {
        "a column of strings that take few values"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/category-strings.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        let found = case.held(case.least_bytes() / 20).into_iter().filter_map(|held| column(case, held));
        shrinking::candidates(case, found, |group| candidate(case, group))
    }
}

fn column<'a>(case: &Case<'a>, held: Held<'a>) -> Option<Column<'a>> {
    if !held.is_of("pandas") || !is_strings(&held) {
        return None;
    }
    let facts = case.lasting_facts(&held);
    let values = facts.distinct.filter(|values| *values > 0)?;
    let rows = held.count();
    let looked = facts.sampled.unwrap_or(rows);
    // Few values among many that were looked at stay few; many may be any number.
    let few = values * 100 <= looked;
    if !is_enough_of_elements(&facts, rows) || (!few && (facts.distinct_estimated || facts.sampled.is_some()))
    {
        return None;
    }
    let code_bytes = match values {
        ..128 => 1,
        128..32_768 => 2,
        _ => 4,
    };
    let text_bytes = facts.text_bytes.unwrap_or(0);
    let average = text_bytes / rows.max(1);
    let new_bytes = rows * code_bytes + values * (8 + STR_BYTES + average);
    let worth = new_bytes * MUCH_SMALLER <= made_bytes(held.object) && values * 4 <= rows;
    if !worth {
        return None;
    }
    let uses = ColumnUse::of(case, &held);
    let by_default = case.library("pandas").is_some_and(|version| version >= Version::new(3, 0));
    if uses.text_methods || uses.added || uses.joined_on || (uses.hidden_groups && !by_default) {
        return None;
    }
    let observing = groups::observing(&uses.groupings, held.place.file, by_default)?;
    Some(Column { held, new_bytes, facts: Categories { values, sampled: facts.sampled, observing } })
}

/// What calls that make groups must say for all columns of a group, in the order of the text.
fn observing<'c>(group: &'c [Column<'_>]) -> Vec<&'c Observing> {
    let mut all: Vec<&Observing> = Vec::new();
    for one in group.iter().flat_map(|column| &column.facts.observing) {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all.sort_by_key(|it| it.line);
    all
}

/// Whether the column holds strings, in whatever form.
pub(super) fn is_strings(held: &Held<'_>) -> bool {
    let dtype = held.dtype();
    dtype == "str" || dtype.starts_with("string") || (dtype == "object" && only_text(held))
}

/// Whether all elements that were looked at are strings or missing.
pub(super) fn only_text(held: &Held<'_>) -> bool {
    let types = &held.object.facts.element_types;
    let missing = |kind: &str| matches!(kind, "NoneType" | "float" | "pandas.NA" | "NAType");
    types.contains_key("str") && types.keys().all(|kind| kind == "str" || missing(kind))
}

fn candidate(case: &Case<'_>, group: &[Column<'_>]) -> Candidate {
    let first = &group[0];
    let held = &first.held;
    let mut candidate = shrinking::candidate(case, group);
    let (old, new) = shrinking::bytes(group);
    candidate.title = if group.len() == 1 {
        let among =
            first.facts.sampled.map(|looked| format!(" among the {} looked at", words::count(looked)));
        format!(
            "{} is {} strings with {} different values{}",
            listed(&shrinking::names(group)),
            words::count(held.count()),
            words::count(first.facts.values),
            among.unwrap_or_default()
        )
    } else {
        format!("{} columns of `{}` are strings with few different values", group.len(), held.symbol())
    };
    candidate.message = format!(
        "As categories they take {} instead of {}: one small number a row, each text once. A category keeps all its values \
         when rows are filtered; string methods and `+` on it give strings again or fail, and joins and concatenations \
         need the same categories on both sides.",
        words::bytes(new),
        words::bytes(old)
    );
    candidate.instead = format!(
        "dtype={{{}}} where the table is read, or .astype(\"category\") as soon as the column is made",
        group
            .iter()
            .take(4)
            .map(|it| format!("{}: \"category\"", column_name(&it.held)))
            .collect::<Vec<_>>()
            .join(", ")
    );
    let observing = observing(group);
    if !observing.is_empty() {
        candidate.message.push_str(
            " Before pandas 3 categories that do not occur make groups too, of several keys every combination, unless \
             `observed=True` is said.",
        );
        let mut lines: Vec<String> = observing.iter().map(|it| it.line.to_string()).collect();
        lines.dedup();
        let line = if lines.len() == 1 { "line" } else { "lines" };
        let _ = write!(
            candidate.instead,
            "; and observed=True where groups are made, {line} {}",
            lines.join(", ")
        );
    }
    let typed = typed_where_read(case, group);
    let converted = typed.is_none().then(|| converted_where_made(case, group)).flatten();
    // What is converted was there as strings before: of a peak at that line nothing would be saved.
    if converted.is_some() && case.is_at_peak(&held.place) {
        candidate.changes.clear();
    }
    candidate.fix = typed.or(converted).and_then(|edit| observed(case, group, edit, &observing));
    candidate.evidence.insert("values", json!(group.iter().map(|it| it.facts.values).collect::<Vec<_>>()));
    candidate
}

/// The column as Python writes it: `'state'` of `frame['state']`.
pub(super) fn column_name(held: &Held<'_>) -> String {
    let name = held.object.name.as_str();
    match (name.find('['), name.rfind(']')) {
        (Some(from), Some(to)) if from < to => name[from + 1..to].replace('\'', "\""),
        _ => format!("\"{name}\""),
    }
}

/// The type where the table is read.
fn typed_where_read(case: &Case<'_>, group: &[Column<'_>]) -> Option<Edit> {
    let columns: Vec<_> = group.iter().map(|it| (&it.held, "\"category\"".to_owned())).collect();
    edits::typed_columns(case, &columns)
}

/// The type behind the expression that a column is assigned.
fn converted_where_made(case: &Case<'_>, group: &[Column<'_>]) -> Option<Edit> {
    let [one] = group else { return None };
    let (module, id) = case.statement(&one.held.place)?;
    converted(module, id, edits::bare_column(&one.held)?)
}

/// An edit with what calls that make groups must say.
fn observed(
    case: &Case<'_>,
    group: &[Column<'_>],
    edit: Edit,
    observing: &[&Observing],
) -> Option<ProposedFix> {
    let (module, _) = case.statement(&group[0].held.place)?;
    let mut edits = vec![edit];
    edits.extend(observing.iter().map(|it| it.edit.clone()));
    Editor::new(module).together(&edits).ok().map(ProposedFix::from)
}

/// `frame["state"] = (...).astype("category")`
fn converted(module: &Module, id: StatementId, column: &str) -> Option<Edit> {
    let Stmt::Assign(assign) = module.syntax(id) else { return None };
    let [Expr::Subscript(target)] = assign.targets.as_slice() else { return None };
    let named = target.value.is_name_expr() && heapwise_source::string(&target.slice) == Some(column);
    // Of other things than columns `astype` may be no method.
    let is_column = matches!(assign.value.as_ref(), Expr::Call(_) | Expr::Subscript(_));
    (named && is_column)
        .then(|| Editor::new(module).append(&assign.value, ".astype(\"category\")").ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edits::tests::edited;

    #[test]
    fn an_assigned_column_becomes_a_category() {
        let fixed = |text: &str| edited(text, 1, |module, id| converted(module, id, "state")).map(|it| it.0);
        assert_eq!(
            fixed("df[\"state\"] = codes.map(names)\n").as_deref(),
            Some("df[\"state\"] = codes.map(names).astype(\"category\")\n")
        );
        assert_eq!(fixed("df[\"city\"] = codes.map(names)\n"), None);
        assert_eq!(fixed("df[\"state\"] = [\"a\", \"b\"]\n"), None);
    }
}
