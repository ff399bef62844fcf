//! Whether a run with the edit in place proves it.
//!
//! Invariant: proven means measured: the program did the same, and its highest heap is lower than without the edit, by more than
//! sampling explains and by what is worth a finding.

use std::fmt;

use heapwise_advisor::Verified;

use crate::outcome::{Difference, Outcome};

/// Standard errors of the two peaks that their difference must exceed.
const ERRORS: f64 = 2.0;

/// What a run with the edit in place shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The peak fell and the program did the same.
    Proven(Verified),
    /// The program did the same, but its peak did not fall by what is worth a finding.
    SavesNothing(Verified),
    /// The program did something else.
    Differs(Verified, Difference),
}

impl Verdict {
    /// What the run measured, for the finding's record.
    pub const fn verified(&self) -> Verified {
        match self {
            Self::Proven(verified) | Self::SavesNothing(verified) | Self::Differs(verified, _) => *verified,
        }
    }

    /// Why the edit is withdrawn; `None` if it is proven.
    pub fn withdrawn(&self) -> Option<String> {
        (!matches!(self, Self::Proven(_))).then(|| self.to_string())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let Verified { peak_before_bytes, peak_after_bytes, .. } = self.verified();
        let (before, after) = (megabytes(peak_before_bytes), megabytes(peak_after_bytes));
        match self {
            Self::Proven(_) => write!(out, "the peak fell from {before:.1} MB to {after:.1} MB"),
            Self::SavesNothing(_) if after > before * 1.01 => {
                write!(out, "the peak is higher with it: {after:.1} MB instead of {before:.1} MB")
            }
            Self::SavesNothing(_) => {
                write!(out, "the peak is no lower with it: {after:.1} MB instead of {before:.1} MB")
            }
            Self::Differs(_, difference) => write!(out, "{difference}"),
        }
    }
}

/// Judges a run with the edit by its peak, and by what it did otherwise than the one without.
pub fn judge(before: &Outcome, after: &Outcome, difference: Option<Difference>) -> Verdict {
    let verified = Verified {
        peak_before_bytes: before.peak_bytes,
        peak_after_bytes: after.peak_bytes,
        same_output: difference.is_none(),
    };
    if let Some(difference) = difference {
        return Verdict::Differs(verified, difference);
    }
    let saved = before.peak_bytes as f64 - after.peak_bytes as f64;
    let noise = ERRORS * (before.error_bytes as f64).hypot(after.error_bytes as f64);
    if saved > noise && verified.is_proof() {
        Verdict::Proven(verified)
    } else {
        Verdict::SavesNothing(verified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::tests::outcome;

    #[test]
    fn only_a_lower_peak_with_the_same_output_is_a_proof() {
        let before = outcome("", 400_000_000);
        let judged = |peak| judge(&before, &outcome("", peak), None);
        assert_eq!(judged(310_000_000).withdrawn(), None);
        assert_eq!(judged(310_000_000).to_string(), "the peak fell from 400.0 MB to 310.0 MB");
        assert_eq!(
            judged(397_000_000).withdrawn().as_deref(),
            Some("the peak is no lower with it: 397.0 MB instead of 400.0 MB")
        );
        assert!(judged(500_000_000).withdrawn().is_some_and(|why| why.contains("higher")));
        assert!(judge(&outcome("", 0), &outcome("", 0), None).withdrawn().is_some());
        let mut rough = outcome("", 390_000_000);
        rough.error_bytes = 6_000_000;
        assert!(judge(&before, &rough, None).withdrawn().is_some());
        let differs = judge(&before, &outcome("", 1), Some(Difference::File("out.csv".into())));
        assert_eq!(differs.withdrawn().as_deref(), Some("it leaves another out.csv"));
        assert!(!differs.verified().same_output);
    }
}
