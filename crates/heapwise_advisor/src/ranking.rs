//! From candidates to findings: what each saves, which of them say the same, in which order.
//!
//! Owns the weighing: every candidate is replayed, in one pass for all. Invariants: what would not lower the peak
//! by 1 % and 1 MB is dropped; of several on the same bytes the best stays; findings are in the order of what
//! they save, what is certain first where that is equal.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hasher;

use heapwise_analysis::{Change, Scenario, what_if};
use heapwise_profile::StackId;
use heapwise_source::unified_diff;
use rustc_hash::FxHasher;

use crate::candidate::{Candidate, Certainty};
use crate::case::Case;
use crate::finding::{Advice, Finding, Fix, Together};

/// What is certain is preferred to what is not, on the same bytes, if it saves this share of it.
const CERTAIN_ENOUGH: f64 = 0.8;

/// A candidate with what it saves.
struct Weighed {
    rule: &'static str,
    candidate: Candidate,
    new_peak_bytes: u64,
    saving: u64,
    keys: BTreeSet<Key>,
}

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Block(u64),
    Stack(StackId),
}

/// Weighs, sorts and names the candidates of all rules.
pub(crate) fn rank(case: &Case<'_>, candidates: Vec<(&'static str, Candidate)>) -> Advice {
    let peak_bytes = case.peak_bytes();
    let candidates: Vec<_> = candidates.into_iter().filter(|(_, it)| !it.changes.is_empty()).collect();
    let scenarios: Vec<Scenario> =
        candidates.iter().map(|(_, candidate)| Scenario { changes: candidate.changes.clone() }).collect();
    let outcomes =
        if scenarios.is_empty() { Vec::new() } else { what_if(case.profile, case.analysis, &scenarios) };
    let mut weighed: Vec<Weighed> = candidates
        .into_iter()
        .zip(outcomes)
        .map(|((rule, candidate), outcome)| Weighed {
            rule,
            keys: keys(&candidate.changes),
            saving: peak_bytes.saturating_sub(outcome.peak_bytes),
            new_peak_bytes: outcome.peak_bytes.min(peak_bytes),
            candidate,
        })
        .filter(|it| it.saving >= case.least_bytes())
        .collect();
    weighed.sort_by(|a, b| order(a).cmp(&order(b)));
    let kept = without_overlaps(case, weighed);
    let together = (kept.len() > 1).then(|| {
        let changes = kept.iter().flat_map(|it| it.candidate.changes.iter().cloned()).collect();
        let outcome = what_if(case.profile, case.analysis, &[Scenario { changes }]);
        let new_peak_bytes = outcome.first().map_or(peak_bytes, |outcome| outcome.peak_bytes.min(peak_bytes));
        Together { findings: kept.len(), new_peak_bytes }
    });
    let mut findings: Vec<Finding> = kept.into_iter().map(|it| finding(case, it)).collect();
    name(case, &mut findings);
    Advice { peak_bytes, findings, together }
}

fn order(it: &Weighed) -> (Reverse<u64>, Certainty, &str, u32, &str, &str) {
    let candidate = &it.candidate;
    (Reverse(it.saving), candidate.certainty, &candidate.file, candidate.line, it.rule, &candidate.symbol)
}

fn keys(changes: &[Change]) -> BTreeSet<Key> {
    let mut keys = BTreeSet::new();
    for change in changes {
        match change {
            Change::Block { born, .. } => {
                keys.insert(Key::Block(*born));
            }
            Change::Stacks { stacks, .. } => keys.extend(stacks.iter().copied().map(Key::Stack)),
            Change::Amount { .. } => {}
        }
    }
    keys
}

/// Leaves of several candidates on the same bytes the best one.
fn without_overlaps(case: &Case<'_>, weighed: Vec<Weighed>) -> Vec<Weighed> {
    let mut kept: Vec<Weighed> = Vec::new();
    for next in weighed {
        match kept.iter().position(|known| same_bytes(case, known, &next)) {
            None => kept.push(next),
            // The known one saves at least as much.
            Some(index) => {
                let known = &kept[index];
                let safer = next.candidate.certainty < known.candidate.certainty;
                if safer && next.saving as f64 >= CERTAIN_ENOUGH * known.saving as f64 {
                    kept[index] = next;
                }
            }
        }
    }
    kept.sort_by(|a, b| order(a).cmp(&order(b)));
    kept
}

fn same_bytes(case: &Case<'_>, a: &Weighed, b: &Weighed) -> bool {
    let same_name = a.candidate.file == b.candidate.file
        && a.candidate.symbol == b.candidate.symbol
        && !a.candidate.symbol.is_empty();
    if a.keys.is_empty() || b.keys.is_empty() {
        return same_name || (a.candidate.file == b.candidate.file && a.candidate.line == b.candidate.line);
    }
    let stacks = |keys: &BTreeSet<Key>| -> BTreeSet<StackId> {
        let of = |key: &Key| match key {
            Key::Stack(stack) => Some(*stack),
            Key::Block(born) => case.objects.stack_of_block(*born),
        };
        keys.iter().filter_map(of).collect()
    };
    let common = a.keys.intersection(&b.keys).count();
    if 2 * common >= a.keys.len().min(b.keys.len()) {
        return true;
    }
    // A block of one and the stack that allocated it of the other.
    let has_stacks = |keys: &BTreeSet<Key>| keys.iter().any(|key| matches!(key, Key::Stack(_)));
    if has_stacks(&a.keys) != has_stacks(&b.keys) {
        let (a, b) = (stacks(&a.keys), stacks(&b.keys));
        return 2 * a.intersection(&b).count() >= a.len().min(b.len()).max(1);
    }
    false
}

fn finding(case: &Case<'_>, weighed: Weighed) -> Finding {
    let Weighed { rule, candidate, new_peak_bytes, saving, .. } = weighed;
    let fix = candidate.fix.as_ref().and_then(|fix| {
        let before = case.profile.source(&candidate.file)?;
        let after = fix.apply(before)?;
        Some(Fix { safety: fix.safety, diff: unified(case, &candidate.file, before, &after) })
    });
    let message = format!("{} {}", candidate.message.trim(), candidate.instead.trim()).trim().to_owned();
    let end_line = candidate.end_line.max(candidate.line);
    let lines = case.profile.source(&candidate.file).into_iter().flat_map(str::lines);
    let excerpt = lines
        .skip((candidate.line as usize).saturating_sub(1))
        .take((end_line + 1 - candidate.line) as usize)
        .map(str::to_owned)
        .collect();
    Finding {
        id: String::new(),
        rule,
        message,
        proposal: fix.is_some().then_some(candidate.fix).flatten(),
        fix,
        file: candidate.file,
        line: candidate.line,
        end_line,
        excerpt,
        symbol: candidate.symbol,
        title: candidate.title,
        evidence: candidate.evidence,
        peak_saving_bytes: saving,
        new_peak_bytes,
        verified: None,
        certainty: candidate.certainty,
    }
}

fn unified(case: &Case<'_>, file: &str, before: &str, after: &str) -> String {
    let folder = case.profile.fact("folder").next().unwrap_or("");
    let name = file.strip_prefix(folder).map_or(file, |rest| rest.trim_start_matches('/'));
    let name = name.trim_start_matches('/');
    unified_diff(name, before, after)
}

/// Gives every finding its id: a hash of what stays the same from run to run and from edit to edit.
fn name(case: &Case<'_>, findings: &mut [Finding]) {
    let folder = case.profile.fact("folder").next().unwrap_or("").to_owned();
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for finding in findings {
        let mut hasher = FxHasher::default();
        let file = finding.file.strip_prefix(&folder).unwrap_or(&finding.file);
        for part in [finding.rule, file, &finding.symbol] {
            hasher.write(part.as_bytes());
            hasher.write_u8(0);
        }
        let id = format!("{:06x}", hasher.finish() >> 40);
        let count = taken.entry(id.clone()).or_insert(0);
        *count += 1;
        finding.id = if *count == 1 { id } else { format!("{id}-{count}") };
    }
}
