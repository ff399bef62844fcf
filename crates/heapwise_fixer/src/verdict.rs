//! Whether a run with the edit in place proves it.
//!
//! Invariant: proven means measured: the program did the same, and its highest heap is lower than without the edit.

use std::fmt;

use heapwise_advisor::Verified;

use crate::outcome::Difference;

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

    /// Whether the edit may be applied on the strength of it.
    pub const fn is_proven(&self) -> bool {
        matches!(self, Self::Proven(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let Verified { peak_before_bytes, peak_after_bytes, .. } = self.verified();
        let (before, after) = (megabytes(peak_before_bytes), megabytes(peak_after_bytes));
        match self {
            Self::Proven(_) => write!(out, "proven: the peak fell from {before:.1} MB to {after:.1} MB"),
            Self::SavesNothing(_) => {
                write!(out, "withdrawn: the peak was {before:.1} MB and is {after:.1} MB with the edit")
            }
            Self::Differs(_, difference) => write!(out, "withdrawn: {difference}"),
        }
    }
}

/// Judges two measured peaks and the comparison of the runs. Less than 1 % of the peak is no saving.
pub fn judge(peak_before_bytes: u64, peak_after_bytes: u64, difference: Option<Difference>) -> Verdict {
    let verified = Verified { peak_before_bytes, peak_after_bytes, same_output: difference.is_none() };
    if let Some(difference) = difference {
        return Verdict::Differs(verified, difference);
    }
    let saving = peak_before_bytes.saturating_sub(peak_after_bytes);
    if saving > 0 && saving >= peak_before_bytes / 100 {
        Verdict::Proven(verified)
    } else {
        Verdict::SavesNothing(verified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lower_peak_with_the_same_output_is_a_proof() {
        let proven = judge(400_000_000, 310_000_000, None);
        assert!(proven.is_proven() && proven.verified().same_output);
        assert_eq!(proven.to_string(), "proven: the peak fell from 400.0 MB to 310.0 MB");
        for after in [397_000_000, 400_000_000, 500_000_000] {
            assert!(!judge(400_000_000, after, None).is_proven());
        }
        assert!(!judge(0, 0, None).is_proven());
        let differs = judge(400_000_000, 1, Some(Difference::Exit(0, 1)));
        assert!(!differs.is_proven() && !differs.verified().same_output);
        assert_eq!(differs.to_string(), "withdrawn: the exit code was 0 and is 1");
    }
}
