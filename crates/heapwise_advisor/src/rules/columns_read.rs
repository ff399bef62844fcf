//! `columns-read`: columns that are read from a file and never used.
//!
//! Invariant: only where every use of the table and of what is chosen or copied from it is a column by name; a table that
//! goes out of sight as a whole is left alone.

use std::collections::BTreeSet;

use heapwise_analysis::{Block, Change, Effect};
use heapwise_profile::inspection::Object;
use heapwise_source::ast::ExprCall;
use heapwise_source::{Edit, Editor, Module};
use ruff_text_size::Ranged;
use serde_json::json;

use super::shrinking;
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

fn candidate<'a>(case: &Case<'a>, held: &Held<'a>) -> Option<Candidate> {
    let (module, id) = case.statement(&held.place)?;
    // What another file does with a table that it imports is not seen.
    if case.script() != Some(held.place.file) {
        return None;
    }
    let (reading, call, argument) = module.calls_in(id).find_map(|call| {
        let path = module.resolve(&call.func)?;
        let (_, argument) = READERS.iter().find(|(reader, _)| *reader == path)?;
        Some((module.expression(call.range().into())?, call, *argument))
    })?;
    if has_choice(call, argument) {
        return None;
    }
    let used = module.table_use(reading);
    if used.unknown.is_some() || used.read.is_empty() {
        return None;
    }
    let columns = columns_of_file(case, held)?;
    let of_file: BTreeSet<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let of_others = |name: &&String| !of_file.contains(name.as_str()) && !used.set.contains(*name);
    // A column that the file lacks is that of a table that is joined, or was not understood.
    if used.read.iter().any(|name| of_others(&name)) && !used.joined {
        return None;
    }
    let in_arguments: BTreeSet<&str> = named_in(call).collect();
    let is_used = |name: &str| used.read.contains(name) || in_arguments.contains(name);
    let (wanted, unused): (Vec<_>, Vec<_>) = columns.iter().partition(|(name, _)| is_used(name));
    if unused.is_empty() || wanted.is_empty() {
        return None;
    }
    let bytes: u64 = unused.iter().map(|(_, part)| part.own_bytes).sum();
    let never_used: Vec<String> = unused.iter().map(|(name, _)| name.clone()).collect();
    let wanted: BTreeSet<String> = wanted.into_iter().map(|(name, _)| name.clone()).collect();
    let listed_columns: Vec<String> = wanted.iter().map(|name| format!("{name:?}")).collect();
    let mut candidate = case.candidate(&held.place, held.symbol());
    candidate.title = format!(
        "{} of {} columns of `{}` are never used: {}",
        unused.len(),
        columns.len(),
        held.symbol(),
        words::bytes(bytes)
    );
    candidate.message = format!(
        "Nothing in the program reads {}. Columns that are not asked for are not parsed into memory either.",
        listed(&never_used)
    );
    candidate.instead = format!("{argument}=[{}]", listed_columns.join(", "));
    candidate.certainty = Certainty::Certain;
    candidate.fix = fix(module, call, argument, &wanted).map(ProposedFix::from);
    candidate.evidence.insert("unused", json!(never_used));
    candidate.evidence.insert("used", json!(wanted));
    candidate.evidence.insert("bytes", json!(bytes));
    candidate.changes = unused.iter().flat_map(|(_, part)| case.absent(part)).collect();
    // Tables that were chosen or copied from this one have them too.
    let is_copy = |it: &Held<'_>| {
        let column = shrinking::last_key(&it.object.name);
        it.owner.address != held.owner.address
            && column.is_some_and(|column| {
                unused.iter().any(|(_, part)| shrinking::last_key(&part.name) == Some(column))
            })
            && !shrinking::is_reader(case, it)
    };
    let copies = case.held(case.least_bytes() / 20).into_iter().filter(is_copy);
    candidate.changes.extend(copies.flat_map(|it| case.absent(it.object)));
    // While the table is read, all that the reader has is by columns.
    let share = bytes as f64 / held.object.own_bytes.max(bytes).max(1) as f64;
    let pieces = case.pieces_at_peak(held.object, &held.place);
    let smaller = |block: Block| Change::Block { born: block.born, effect: Effect::Factor(1.0 - share) };
    candidate.changes.extend(pieces.into_iter().map(smaller));
    Some(candidate)
}

fn has_choice(call: &ExprCall, argument: &str) -> bool {
    heapwise_source::argument(call, argument, None).is_some()
        || heapwise_source::argument(call, "names", None).is_some()
}

/// Strings in the arguments of a call that may be names of columns: `index_col`, `parse_dates`, `dtype` and others.
fn named_in(call: &ExprCall) -> impl Iterator<Item = &str> {
    let keywords =
        call.arguments.keywords.iter().filter(|it| it.arg.as_ref().is_none_or(|name| name != "dtype"));
    keywords.flat_map(|it| syntax::parts(&it.value)).filter_map(heapwise_source::string)
}

/// The columns that came from the file, with their names; `None` if they are not all known. A column that the program
/// made later was allocated elsewhere.
fn columns_of_file<'a>(case: &Case<'a>, held: &Held<'a>) -> Option<Vec<(String, &'a Object)>> {
    let is_column = |part: &&Object| part.name != format!("{}.index", held.object.name);
    let parts: Vec<&Object> = held.object.parts.iter().filter(is_column).collect();
    if parts.len() as u64 != *held.object.shape.get(1)? {
        return None;
    }
    let columns: Option<Vec<_>> = parts.into_iter().map(|part| Some((name_of(held, part)?, part))).collect();
    let mut columns = columns?;
    let being_made = case.made_next(held.object).is_some();
    columns.retain(|(_, part)| {
        let elsewhere = case.allocated_at(part).is_some_and(|place| place != held.place);
        if being_made { case.made_next(part).is_some() || part.own_bytes == 0 } else { !elsewhere }
    });
    Some(columns)
}

/// The name of a column, without quotes.
fn name_of(held: &Held<'_>, part: &Object) -> Option<String> {
    let column = Held { object: part, ..*held };
    edits::bare_column(&column).map(str::to_owned)
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
    use heapwise_source::ast::Expr;

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
