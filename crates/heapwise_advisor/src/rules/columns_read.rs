//! `columns-read`: columns that are read from a file and never used.
//!
//! Invariant: only where every use of the table's name is a column by name; a table that goes anywhere as a whole is left
//! alone.

use std::collections::BTreeSet;

use heapwise_profile::inspection::Object;
use heapwise_source::ast::{Expr, ExprCall};
use heapwise_source::{Edit, Editor, Module};
use serde_json::json;

use super::category_strings::column_name;
use crate::candidate::{Candidate, Certainty, ProposedFix, Rule};
use crate::case::Case;
use crate::edits;
use crate::holding::{Held, listed};
use crate::syntax;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct ColumnsRead;

/// Functions that read a table, and the argument that says which columns.
const READERS: &[(&str, &str)] = &[
    ("pandas.read_csv", "usecols"),
    ("pandas.read_table", "usecols"),
    ("pandas.read_excel", "usecols"),
    ("pandas.read_parquet", "columns"),
    ("pandas.read_feather", "columns"),
    ("polars.read_csv", "columns"),
    ("polars.read_parquet", "columns"),
];

impl Rule for ColumnsRead {
    fn id(&self) -> &'static str {
        "columns-read"
    }

    fn summary(&self) -> &'static str {
        "columns that are read and never used"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/columns-read.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        let tables =
            case.held(case.least_bytes()).into_iter().filter(|held| std::ptr::eq(held.owner, held.object));
        tables.filter_map(|held| candidate(case, &held)).collect()
    }
}

fn candidate(case: &Case<'_>, held: &Held<'_>) -> Option<Candidate> {
    let (module, id) = case.statement(&held.place)?;
    let (target, value) = syntax::assignment(module.syntax(id))?;
    let Expr::Call(call) = value else { return None };
    let path = module.resolve(&call.func)?;
    let (_, argument) = READERS.iter().find(|(reader, _)| *reader == path)?;
    if target.id.as_str() != held.symbol() || has_choice(call, argument) {
        return None;
    }
    let variable = syntax::variable(module, target)?;
    if syntax::writes(module, variable) != 1 {
        return None;
    }
    let mut used = module.columns_of(variable);
    used.read.append(&mut used.set);
    if used.unknown.is_some() || used.read.is_empty() {
        return None;
    }
    let all: BTreeSet<String> = held.object.parts.iter().filter_map(|part| name_of(held, part)).collect();
    let unused: Vec<&Object> = held
        .object
        .parts
        .iter()
        .filter(|part| name_of(held, part).is_some_and(|name| !used.read.contains(&name)))
        .collect();
    if unused.is_empty() || !used.read.is_subset(&all) {
        return None;
    }
    let bytes: u64 = unused.iter().map(|part| part.own_bytes).sum();
    let names: Vec<String> = unused.iter().filter_map(|part| name_of(held, part)).collect();
    let wanted: Vec<String> = used.read.iter().map(|name| format!("{name:?}")).collect();
    let mut candidate = case.candidate(&held.place, held.symbol());
    candidate.title = format!(
        "{} of {} columns of `{}` are never used: {}",
        unused.len(),
        all.len(),
        held.symbol(),
        words::bytes(bytes)
    );
    candidate.message = format!(
        "Nothing in the program reads {}. Columns that are not asked for are not parsed into memory either.",
        listed(&names)
    );
    candidate.instead = format!("{argument}=[{}]", wanted.join(", "));
    candidate.certainty = Certainty::Certain;
    candidate.fix = fix(module, call, argument, &used.read).map(ProposedFix::from);
    candidate.evidence.insert("unused", json!(names));
    candidate.evidence.insert("used", json!(used.read));
    candidate.evidence.insert("bytes", json!(bytes));
    candidate.changes = unused.iter().flat_map(|part| case.absent(part)).collect();
    Some(candidate)
}

fn has_choice(call: &ExprCall, argument: &str) -> bool {
    heapwise_source::argument(call, argument, None).is_some()
        || heapwise_source::argument(call, "names", None).is_some()
}

/// The name of a column, without quotes.
fn name_of(held: &Held<'_>, part: &Object) -> Option<String> {
    let column = Held { object: part, ..*held };
    let name = column_name(&column);
    let bare = name.trim_matches('"');
    (part.name.contains('[')).then(|| bare.to_owned())
}

/// The columns that are used, where the table is read. Not safe: the table's shape is another.
fn fix(module: &Module, call: &ExprCall, argument: &str, columns: &BTreeSet<String>) -> Option<Edit> {
    let names: Vec<String> = columns.iter().map(|name| edits::quoted(name)).collect::<Option<_>>()?;
    if !edits::takes_any_columns(call) {
        return None;
    }
    Editor::new(module).add_keyword(call, argument, &format!("[{}]", names.join(", "))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edits::tests::edited;

    #[test]
    fn the_columns_go_where_the_table_is_read() {
        let columns = BTreeSet::from(["price".to_owned(), "city".to_owned()]);
        let fixed = |call: &str| {
            let text = format!("import pandas as pd\ndf = {call}\n");
            let (after, safety) = edited(&text, 2, |module, id| {
                let Expr::Call(call) = syntax::assignment(module.syntax(id))?.1 else { return None };
                fix(module, call, "usecols", &columns)
            })?;
            assert_eq!(safety, heapwise_source::Safety::Unsafe);
            after.lines().nth(1).map(str::to_owned)
        };
        assert_eq!(
            fixed("pd.read_csv(path, sep=';')").as_deref(),
            Some("df = pd.read_csv(path, sep=';', usecols=[\"city\", \"price\"])")
        );
        assert_eq!(fixed("pd.read_csv(path, parse_dates=['day'])"), None);
        assert_eq!(fixed("pd.read_csv(path, index_col=0)"), None);
        assert_eq!(fixed("pd.read_csv(path, **options)"), None);
    }
}
