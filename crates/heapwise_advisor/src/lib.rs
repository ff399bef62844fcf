//! Findings: what to change, and how many bytes the highest heap would fall by.
//!
//! Owns the rules, one file each in `rules/`, and the weighing of what they propose. Touches no disk, clock,
//! environment or terminal. Invariant: a finding without bytes does not exist; what it saves was computed by
//! replaying the capture with the change in place.
//!
//! # How a finding comes about
//!
//! 1. [`Case`] joins the capture's peak, the look at the objects nearest to it, and the parsed sources.
//! 2. Each [`Rule`] looks at the case and hands in [`Candidate`]s: a place, the reason, and [`Change`]s of blocks.
//! 3. All candidates are replayed in one pass ([`heapwise_analysis::what_if()`]); those that would lower the peak
//!    by less than 1 % or 1 MB are dropped, of several on the same bytes the best one stays.
//!
//! # How to add a rule
//!
//! 1. `src/rules/my_rule.rs`: a unit struct with `impl Rule`; add it to `rules::ALL`. Start from
//!    [`Case::large_objects`] (or [`Case::site`] for lines), check the precondition, build the changes with
//!    [`Case::absent`], [`Case::shrunk`] or [`Case::freed_at`]. When in doubt, hand in nothing.
//! 2. `docs/rules/my-rule.md`: the page that `heapwise explain my-rule` prints. The sections that every page has
//!    are checked by a test, as is the index `docs/rules/README.md`
//!    (`HEAPWISE_UPDATE=1 cargo test -p heapwise_advisor --test pages` writes it).
//! 3. `tests/my_rule.rs`: captures made by hand, at least two with the waste and two look-alikes on which the rule
//!    must stay silent; `tests/dead_variable.rs` shows how.
//!
//! [`Change`]: heapwise_analysis::Change

#![forbid(unsafe_code)]

mod candidate;
mod case;
mod changes;
mod code;
mod edits;
mod finding;
mod groups;
mod holding;
mod ranking;
pub mod rules;
mod syntax;
mod usage;
mod versions;
pub mod words;

pub use candidate::{Candidate, Certainty, Evidence, ProposedFix, Replacement, Rule, Safety};
pub use case::{Case, Site, Sources, Turns};
pub use finding::{Advice, Finding, Fix, Together, Verified};
pub use versions::Version;

use heapwise_analysis::{Analysis, Objects};
use heapwise_profile::Profile;

/// All advice on a run. `analysis` and `objects` must be those of `profile`.
pub fn advise(profile: &Profile, analysis: &Analysis, objects: &Objects<'_>) -> Advice {
    let sources = Sources::parse(profile);
    let case = Case::new(profile, analysis, objects, &sources);
    let found = |rule: &&'static dyn Rule| {
        let rule = *rule;
        rule.find(&case).into_iter().map(move |candidate| (rule.id(), candidate))
    };
    ranking::rank(&case, rules::ALL.iter().flat_map(found).collect())
}
