//! `gc-cycle`: large memory that only the cyclic collector can free.
//!
//! Invariant: only garbage that a look found, with bytes that were live at the peak.

use heapwise_profile::inspection::{HolderKind, Object};
use serde_json::json;

use crate::candidate::{Candidate, Certainty, Rule};
use crate::case::Case;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct GcCycle;

impl Rule for GcCycle {
    fn id(&self) -> &'static str {
        "gc-cycle"
    }

    fn summary(&self) -> &'static str {
        "large memory that waits for the cyclic collector"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/gc-cycle.md")
    }

    fn by_hand(&self) -> &'static str {
        "which of the references may be weak is for you to say"
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        case.large_objects().filter_map(|object| candidate(case, object)).collect()
    }
}

fn candidate(case: &Case<'_>, object: &Object) -> Option<Candidate> {
    object.holder.as_ref().filter(|holder| holder.kind == HolderKind::Garbage)?;
    let place = case.allocated_at(object).filter(|place| case.is_users(place))?;
    let class = object.kind.rsplit('.').next().unwrap_or(&object.kind);
    let mut candidate = case.candidate(&place, class);
    candidate.title = format!(
        "{} is garbage at the peak that only the collector frees: `{class}`",
        words::bytes(object.own_bytes)
    );
    candidate.message = "These objects refer to each other in a circle, so they are not freed when the last name goes, but when \
                         the collector runs: after so many objects, however many bytes they hold."
        .into();
    candidate.instead = "a weakref.ref for the way back (child to parent), or an explicit break of the circle when the object is \
                         done with; gc.collect() after dropping large ones where the circle is not yours"
        .into();
    candidate.certainty = Certainty::Certain;
    candidate.evidence.insert("bytes", json!(object.own_bytes));
    candidate.evidence.insert("class", json!(class));
    candidate.changes = case.absent(object);
    Some(candidate)
}
