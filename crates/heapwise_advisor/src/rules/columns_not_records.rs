//! `columns-not-records`: many dicts or tuples of the same shape, each with its numbers as objects.
//!
//! Invariant: only records whose fields were all seen with one type each count, and only what becomes of the containers
//! and of the numbers is reckoned; strings stay as they are.

use serde_json::json;

use crate::candidate::{Candidate, Certainty, Rule};
use crate::case::Case;
use crate::holding::Held;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct ColumnsNotRecords;

/// Fewer records are no table.
const MANY: u64 = 1000;
/// Bytes of a number, a flag or a pointer in a column.
const CELL_BYTES: u64 = 8;

impl Rule for ColumnsNotRecords {
    fn id(&self) -> &'static str {
        "columns-not-records"
    }

    fn summary(&self) -> &'static str {
        "many dicts or tuples of the same shape"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/columns-not-records.md")
    }

    fn by_hand(&self) -> &'static str {
        "all code that reads the records would read columns instead"
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        case.held(case.least_bytes()).into_iter().filter_map(|held| candidate(case, &held)).collect()
    }
}

fn candidate(case: &Case<'_>, held: &Held<'_>) -> Option<Candidate> {
    let fields = &held.object.facts.record_fields;
    let types = &held.object.facts.element_types;
    let record =
        types.keys().next().filter(|kind| types.len() == 1 && matches!(kind.as_str(), "dict" | "tuple"))?;
    let records = held.count();
    let is_plain = |kind: &String| matches!(kind.as_str(), "int" | "float" | "bool" | "str" | "NoneType");
    if records < MANY || fields.is_empty() || !fields.values().all(is_plain) {
        return None;
    }
    let numbers = fields.values().filter(|kind| matches!(kind.as_str(), "int" | "float")).count() as u64;
    if numbers == 0 {
        return None;
    }
    let old_bytes = held.object.own_bytes;
    let cells = records * fields.len() as u64 * CELL_BYTES;
    let has_text = fields.values().any(|kind| kind == "str");
    let new_bytes = if has_text {
        // The strings stay: what goes is the containers and the number objects.
        let container = container_bytes(record, fields.len() as u64);
        let number_objects = records * numbers * 24;
        old_bytes.saturating_sub(records * (container + CELL_BYTES) + number_objects) + cells
    } else {
        cells
    };
    if old_bytes < 2 * new_bytes {
        return None;
    }
    let mut candidate = case.candidate(&held.place, held.symbol());
    candidate.title = format!(
        "`{}` is {} {record}s with the same {} fields: {} bytes each",
        held.object.name,
        words::count(records),
        fields.len(),
        old_bytes / records.max(1)
    );
    candidate.message = format!(
        "A column for each field keeps the values side by side: {} instead of {}. One field of all records is then one \
         array; one record is `ids[i], prices[i]`.",
        words::bytes(new_bytes),
        words::bytes(old_bytes)
    );
    let columns: Vec<String> = fields.iter().take(4).map(|(name, kind)| format!("{name} ({kind})")).collect();
    candidate.instead = format!(
        "one array.array or NumPy array for each of {}, or a DataFrame with these columns",
        columns.join(", ")
    );
    candidate.certainty = Certainty::Likely;
    candidate.evidence.insert("records", json!(records));
    candidate.evidence.insert("fields", json!(fields));
    candidate.evidence.insert("bytes", json!(old_bytes));
    candidate.evidence.insert("new_bytes", json!(new_bytes));
    candidate.changes = case.shrunk(held.object, new_bytes);
    Some(candidate)
}

/// Bytes of a tuple or small dict without what it refers to, collector's head included (CPython 3.11 and later; 3.10's
/// dicts are larger).
fn container_bytes(kind: &str, fields: u64) -> u64 {
    if kind == "tuple" {
        40 + 8 * fields
    } else if fields <= 5 {
        200
    } else {
        200 + 24 * fields
    }
}
