//! Numbers as people read them: bytes, times, shares and counts.
//!
//! Invariant: every result is plain ASCII text of a bounded length, and no value, however large, overflows.
//! Sizes are decimal: a kB is 1000 bytes and an MB 1,000,000.

/// Unit, its bytes, and the decimals shown: from GB on a tenth is too coarse to compare two runs.
const UNITS: [(&str, u128, usize); 6] = [
    ("kB", 1_000, 1),
    ("MB", 1_000_000, 1),
    ("GB", 1_000_000_000, 2),
    ("TB", 1_000_000_000_000, 2),
    ("PB", 1_000_000_000_000_000, 2),
    ("EB", 1_000_000_000_000_000_000, 2),
];

/// Bytes with a unit: `999 B`, `1.0 kB`, `412.3 MB`, `1.24 GB`.
pub fn bytes(count: u64) -> String {
    if count < 1_000 {
        return format!("{count} B");
    }
    let count = u128::from(count);
    let mut text = String::new();
    for (unit, size, decimals) in UNITS {
        let scale = 10u128.pow(decimals as u32);
        // Integers, because what rounds up to 1000 of a unit is 1 of the next.
        let rounded = (count * scale + size / 2) / size;
        let (whole, rest) = (rounded / scale, rounded % scale);
        text = format!("{whole}.{rest:0decimals$} {unit}");
        if whole < 1_000 {
            break;
        }
    }
    text
}

/// Bytes with a sign: `+1.0 kB`, `-412.3 MB`.
pub fn signed(bytes: i64) -> String {
    let sign = if bytes < 0 { "-" } else { "+" };
    format!("{sign}{}", self::bytes(bytes.unsigned_abs()))
}

/// A time span in seconds: `3 ms`, `1.24 s`, `2 min 5 s`, `1 h 2 min`.
pub fn seconds(span: f64) -> String {
    // Not finite or negative only if a clock went astray; there is nothing true to show then but zero.
    let span = if span.is_finite() { span.max(0.0) } else { 0.0 };
    let milliseconds = (span * 1e3).round() as u64;
    let whole = span.round() as u64;
    match milliseconds {
        0 => "0 s".to_owned(),
        1..100 => format!("{milliseconds} ms"),
        100..59_995 => format!("{span:.2} s"),
        _ if whole < 3_600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => {
            let minutes = (span / 60.0).round() as u64;
            format!("{} h {} min", minutes / 60, minutes % 60)
        }
    }
}

/// A part of a whole in percent, right-aligned to five columns: ` 52 %`, ` <1 %`, `100 %`.
pub(crate) fn share(part: u64, whole: u64) -> String {
    let percent = if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 };
    if part > 0 && percent < 0.5 { " <1 %".to_owned() } else { format!("{:>3} %", percent.round()) }
}

/// A count with its thousands set apart: `12,310`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 block`, `2 blocks`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_take_the_unit_that_reads_best() {
        for (number, text) in [
            (0, "0 B"),
            (1, "1 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_049, "1.0 kB"),
            (1_050, "1.1 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (999_999, "1.0 MB"),
            (412_345_678, "412.3 MB"),
            (999_949_999, "999.9 MB"),
            (999_950_000, "1.00 GB"),
            (1_240_000_000, "1.24 GB"),
            (999_994_999_999, "999.99 GB"),
            (999_995_000_000, "1.00 TB"),
            (u64::MAX, "18.45 EB"),
        ] {
            assert_eq!(bytes(number), text, "{number}");
        }
    }

    #[test]
    fn times_take_the_unit_that_reads_best() {
        for (span, text) in [
            (0.0, "0 s"),
            (0.000_4, "0 s"),
            (0.003, "3 ms"),
            (0.099_4, "99 ms"),
            (0.1, "0.10 s"),
            (1.24, "1.24 s"),
            (59.994, "59.99 s"),
            (59.995, "1 min 0 s"),
            (125.2, "2 min 5 s"),
            (3_599.6, "1 h 0 min"),
            (3_720.0, "1 h 2 min"),
            (-1.0, "0 s"),
            (f64::NAN, "0 s"),
            (f64::INFINITY, "0 s"),
        ] {
            assert_eq!(seconds(span), text, "{span}");
        }
    }

    #[test]
    fn a_share_is_five_columns_wide_and_never_a_false_zero() {
        for (part, whole, text) in [
            (0, 0, "  0 %"),
            (0, 100, "  0 %"),
            (1, 1_000, " <1 %"),
            (5, 1_000, "  1 %"),
            (6, 1_000, "  1 %"),
            (52, 100, " 52 %"),
            (100, 100, "100 %"),
        ] {
            assert_eq!(share(part, whole), text, "{part} of {whole}");
        }
    }

    #[test]
    fn counts_set_thousands_apart() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_310, "12,310"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(count(number), text);
        }
        assert_eq!(counted(1, "block"), "1 block");
        assert_eq!(counted(2_000, "block"), "2,000 blocks");
    }
}
