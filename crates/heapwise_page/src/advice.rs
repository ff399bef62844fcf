//! Objects and findings of the report, cut down to what fits.
//!
//! They are taken as the JSON report has them, so that what the report learns reaches the page without change.
//! Invariant: lists lose their ends, texts theirs, and what was lost is marked or counted.

use serde::Serialize;
use serde_json::Value;

/// Characters of a text that are kept; a diff is the longest that there is.
const MOST_CHARACTERS: usize = 20_000;
/// Entries of a list within an object or a finding that are kept.
const MOST_ENTRIES: usize = 60;

/// A part of the report as JSON.
pub(crate) fn value(part: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(part).unwrap_or(Value::Null);
    cut(&mut value);
    value
}

/// A list of the report as JSON, its first entries until they are `most` bytes; and how many were left out.
pub(crate) fn list(part: &impl Serialize, most: usize) -> (Value, usize) {
    let Ok(Value::Array(entries)) = serde_json::to_value(part) else { return (Value::Array(Vec::new()), 0) };
    let (mut kept, mut left_out, mut taken) = (Vec::new(), 0, 0);
    for mut entry in entries {
        cut(&mut entry);
        taken += serde_json::to_string(&entry).map_or(0, |text| text.len());
        if taken > most {
            left_out += 1;
        } else {
            kept.push(entry);
        }
    }
    (Value::Array(kept), left_out)
}

/// Shortens texts and lists. Values of a report are not deeper than its types, so recursion ends soon.
fn cut(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(MOST_CHARACTERS) {
                text.truncate(end);
                text.push('…');
            }
        }
        Value::Array(entries) => {
            entries.truncate(MOST_ENTRIES);
            entries.iter_mut().for_each(cut);
        }
        Value::Object(fields) => fields.values_mut().for_each(cut),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_keeps_what_fits_and_counts_the_rest() {
        let entries: Vec<String> = (0..10).map(|number| format!("entry {number}")).collect();
        let (kept, left_out) = list(&entries, 35);
        assert_eq!((kept, left_out), (serde_json::json!(["entry 0", "entry 1", "entry 2"]), 7));
        let long = value(&"ä".repeat(30_000));
        assert_eq!(long.as_str().map(|text| text.chars().count()), Some(MOST_CHARACTERS + 1));
    }
}
