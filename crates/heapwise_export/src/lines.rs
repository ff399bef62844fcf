//! The lines of the program as CSV (RFC 4180, UTF-8, a header row).
//!
//! Invariant: each byte of a value is in exactly one row of the columns without `_total`.

use std::io::{self, Write};

use heapwise_analysis::profile::Origin;
use heapwise_analysis::{self as analysis, Analysis, LineTotals, Whose};
use heapwise_profile::Profile;

const HEADER: [&str; 14] = [
    "file",
    "line",
    "function",
    "origin",
    "peak_bytes",
    "peak_blocks",
    "peak_bytes_total",
    "user_peak_bytes",
    "allocated_bytes",
    "allocations",
    "leaked_bytes",
    "leaked_blocks",
    "temporary_bytes",
    "temporary_allocations",
];

/// Writes every line that allocated or called for what was live at the peak, by bytes at the peak.
///
/// `origin` is `user`, `python`, `no file`, `no python` or the name of a library; `peak_bytes_total` counts with
/// callees, each block once for each line; `user_peak_bytes` counts each block under the innermost line of the user's
/// own code. A text that a spreadsheet would take for a formula gets a `'` in front.
///
/// # Errors
/// Those of `out`.
pub fn write(profile: &Profile, analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record(HEADER)?;
    for LineTotals { place, whose, own, total, user, .. } in analysis::places(profile, analysis).lines {
        if own.is_zero() && user.is_zero() && total.peak_bytes == 0 {
            continue;
        }
        let origin = match whose {
            Whose::NoPython => "no python",
            Whose::Code(Origin::User) => "user",
            Whose::Code(Origin::NoFile) => "no file",
            Whose::Code(Origin::Python) => "python",
            Whose::Code(Origin::Library(name)) => name,
        };
        let numbers = [
            own.peak_bytes,
            own.peak_blocks,
            total.peak_bytes,
            user.peak_bytes,
            own.allocated_bytes,
            own.allocations,
            own.leaked_bytes,
            own.leaked_blocks,
            own.temporary_bytes,
            own.temporaries,
        ];
        let texts = [cell(place.file), place.line.to_string(), cell(place.function), cell(origin)];
        rows.write_record(texts.into_iter().chain(numbers.iter().map(u64::to_string)))?;
    }
    rows.flush()
}

/// The text, so that no spreadsheet takes it for a formula.
fn cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}
