//! How findings speak of objects and bytes.
//!
//! Invariant: plain words, bytes in MB of 1,000,000, thousands set apart.

use heapwise_profile::inspection::Object;

/// Bytes with a unit: `999 B`, `1.0 kB`, `412.3 MB`, `1.24 GB`.
pub fn bytes(count: u64) -> String {
    let scaled =
        |unit: f64, decimals: usize, name: &str| format!("{:.decimals$} {name}", count as f64 / unit);
    match count {
        0..1_000 => format!("{count} B"),
        1_000..999_950 => scaled(1e3, 1, "kB"),
        999_950..999_950_000 => scaled(1e6, 1, "MB"),
        999_950_000..999_995_000_000 => scaled(1e9, 2, "GB"),
        _ => scaled(1e12, 2, "TB"),
    }
}

/// A count with its thousands set apart: `12,310`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An object as a person would say it: `a DataFrame of 336,776 x 19 (214.0 MB)`, `an array of int64, 1,000 x 8
/// (64.0 kB)`, `a list of 1,000,000 (40.0 MB)`.
pub fn described(object: &Object) -> String {
    let kind = kind(&object.kind);
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']) { "an" } else { "a" };
    let size = size(object).map(|size| format!(" of {size}")).unwrap_or_default();
    let dtype = object.dtype.as_ref().map(|dtype| format!(" {dtype}")).unwrap_or_default();
    let bytes = bytes(object.bytes);
    if dtype.is_empty() {
        format!("{article} {kind}{size} ({bytes})")
    } else {
        format!("{article} {kind}{size}{dtype} ({bytes})")
    }
}

/// The shape or length: `336,776 x 19`; `None` if it has none.
pub fn size(object: &Object) -> Option<String> {
    if object.shape.is_empty() {
        return object.length.map(count);
    }
    Some(object.shape.iter().map(|&side| count(side)).collect::<Vec<_>>().join(" x "))
}

/// A type's name without its module: `DataFrame`; `array` for NumPy's.
pub fn kind(full: &str) -> &str {
    match full {
        "numpy.ndarray" => "array",
        other => other.rsplit('.').next().unwrap_or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_described_as_a_person_would() {
        let object = |kind: &str, shape: &[u64], length, dtype: Option<&str>| Object {
            kind: kind.into(),
            shape: shape.to_vec(),
            length,
            dtype: dtype.map(str::to_owned),
            bytes: 64_000_000,
            ..Object::default()
        };
        let frame = object("pandas.DataFrame", &[336_776, 19], None, None);
        assert_eq!(described(&frame), "a DataFrame of 336,776 x 19 (64.0 MB)");
        let array = object("numpy.ndarray", &[8_000_000], None, Some("int64"));
        assert_eq!(described(&array), "an array of 8,000,000 int64 (64.0 MB)");
        let list = object("list", &[], Some(1_000_000), None);
        assert_eq!(described(&list), "a list of 1,000,000 (64.0 MB)");
    }
}
