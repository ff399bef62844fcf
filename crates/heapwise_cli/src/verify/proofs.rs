//! Proofs, kept beside the capture.
//!
//! Only the agent writes a capture, so what later runs proved stands in a file of its own: `train.heapwise` has
//! `train.heapwise.proofs.json`. Invariant: a proof counts only for the very run and the very edit that it was made with.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use heapwise_advisor::{Finding, Verified};
use heapwise_fixer::Plan;
use heapwise_profile::Profile;
use serde::{Deserialize, Serialize};

use super::Verification;
use crate::commands::output;

const SCHEMA: u32 = 1;

#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    schema: u32,
    run: Run,
    proofs: Vec<Kept>,
    /// The diff of all edits that were proven in one run; empty if none were.
    together: String,
}

/// What tells the capture from any other that may take its name.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    pid: u32,
    start_unix_ns: u64,
}

impl Run {
    fn of(profile: &Profile) -> Self {
        let header = profile.header();
        Self { pid: header.pid, start_unix_ns: header.start_unix_ns }
    }
}

/// What was measured with one edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    finding: String,
    diff: String,
    peak_before_bytes: u64,
    peak_after_bytes: u64,
    same_output: bool,
}

fn path_for(capture: &Path) -> PathBuf {
    let mut path = capture.as_os_str().to_owned();
    path.push(".proofs.json");
    path.into()
}

/// What is there of this run; nothing if it cannot be read or is of another.
fn read(capture: &Path, profile: &Profile) -> File {
    let run = Run::of(profile);
    let read = fs::read(path_for(capture)).ok().and_then(|text| serde_json::from_slice::<File>(&text).ok());
    let of_run = read.filter(|file| file.schema == SCHEMA && file.run == run);
    of_run.unwrap_or(File { schema: SCHEMA, run, ..File::default() })
}

/// Whether all edits of a plan were proven in one run.
pub(crate) fn are_proven_together(capture: &Path, profile: &Profile, plan: &Plan) -> bool {
    !plan.files.is_empty() && read(capture, profile).together == whole(plan)
}

fn whole(plan: &Plan) -> String {
    plan.diff(str::to_owned)
}

/// Fills in what is proven of the findings on a capture, whose run is that of `profile`.
pub(crate) fn fill(capture: &Path, profile: &Profile, findings: &mut [Finding]) {
    let known = read(capture, profile).proofs;
    for finding in findings {
        let diff = finding.fix.as_ref().map(|fix| fix.diff.as_str());
        let kept = known.iter().find(|kept| kept.finding == finding.id && Some(&*kept.diff) == diff);
        if let Some(kept) = kept {
            finding.verified = Some(Verified {
                peak_before_bytes: kept.peak_before_bytes,
                peak_after_bytes: kept.peak_after_bytes,
                same_output: kept.same_output,
            });
        }
    }
}

/// Keeps what was measured; what was known of the same findings is replaced.
///
/// # Errors
/// The system's.
pub(crate) fn keep(
    capture: &Path,
    profile: &Profile,
    findings: &[Finding],
    verification: &Verification,
) -> io::Result<()> {
    let mut file = read(capture, profile);
    let known = &mut file.proofs;
    for proof in &verification.proofs {
        known.retain(|kept| kept.finding != proof.id);
        let finding = findings.iter().find(|finding| finding.id == proof.id);
        let (Some(verified), Some(fix)) = (proof.verified, finding.and_then(|finding| finding.fix.as_ref()))
        else {
            continue;
        };
        known.push(Kept {
            finding: proof.id.clone(),
            diff: fix.diff.clone(),
            peak_before_bytes: verified.peak_before_bytes,
            peak_after_bytes: verified.peak_after_bytes,
            same_output: verified.same_output,
        });
    }
    let proven = verification.together.as_ref().filter(|together| together.proof.withdrawn.is_none());
    file.together = proven.map(|together| whole(&together.plan)).unwrap_or_default();
    output::write_file(&path_for(capture), &serde_json::to_vec_pretty(&file)?)
}
