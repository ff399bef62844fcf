//! Proofs, kept beside the capture.
//!
//! Only the agent writes a capture, so what later runs proved stands in a file of its own: `train.heapwise` has
//! `train.heapwise.proofs.json`. Invariant: a proof counts only for the very edit that it was made with.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use heapwise_advisor::{Advice, Finding, Verified};
use serde::{Deserialize, Serialize};

use super::Proof;
use crate::commands::output;

const SCHEMA: u32 = 1;

#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    schema: u32,
    proofs: Vec<Kept>,
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

/// What is there; nothing if it cannot be read.
fn read(capture: &Path) -> File {
    let read = fs::read(path_for(capture)).ok().and_then(|text| serde_json::from_slice::<File>(&text).ok());
    read.filter(|file| file.schema == SCHEMA).unwrap_or_default()
}

/// Fills in what is proven of the findings.
pub(crate) fn fill(capture: &Path, findings: &mut [Finding]) {
    let known = read(capture);
    for finding in findings {
        let diff = finding.fix.as_ref().map(|fix| fix.diff.as_str());
        let kept = known.proofs.iter().find(|kept| kept.finding == finding.id && Some(&*kept.diff) == diff);
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
pub(crate) fn keep(capture: &Path, advice: &Advice, proofs: &[Proof]) -> io::Result<()> {
    let mut file = read(capture);
    file.schema = SCHEMA;
    for proof in proofs {
        let finding = advice.findings.iter().find(|finding| finding.id == proof.id);
        let (Some(verified), Some(fix)) = (proof.verified, finding.and_then(|finding| finding.fix.as_ref()))
        else {
            continue;
        };
        file.proofs.retain(|kept| kept.finding != proof.id);
        file.proofs.push(Kept {
            finding: proof.id.clone(),
            diff: fix.diff.clone(),
            peak_before_bytes: verified.peak_before_bytes,
            peak_after_bytes: verified.peak_after_bytes,
            same_output: verified.same_output,
        });
    }
    output::write_file(&path_for(capture), &serde_json::to_vec_pretty(&file)?)
}
