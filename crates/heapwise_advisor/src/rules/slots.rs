//! `slots`: many instances of the user's classes, each with a `__dict__` for the same few attributes.
//!
//! Invariant: only classes of the user's own files whose instances all had the same attributes, and of which no base
//! class brings a `__dict__` anyway.

use heapwise_analysis::{Change, Place};
use heapwise_profile::inspection::Class;
use heapwise_source::{Scope, ScopeKind};
use serde_json::json;

use crate::candidate::{Candidate, Certainty, Rule};
use crate::case::Case;
use crate::holding::listed;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct Slots;

/// Fewer instances are not worth the loss of freedom.
const MANY: u64 = 1000;
/// Bytes of an instance with slots: the collector's head, the reference count and the type.
const OBJECT_BYTES: u64 = 32;

impl Rule for Slots {
    fn id(&self) -> &'static str {
        "slots"
    }

    fn summary(&self) -> &'static str {
        "many instances, each with a __dict__ for the same attributes"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/slots.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        let classes = case.inspection().map(|look| look.classes.as_slice()).unwrap_or_default();
        classes.iter().filter_map(|class| candidate(case, class)).collect()
    }
}

fn candidate(case: &Case<'_>, class: &Class) -> Option<Candidate> {
    let fits = class.has_dict
        && !class.base_has_dict
        && class.same_attributes
        && class.instances >= MANY
        && !class.attributes.is_empty();
    let place = Place { file: &class.file, line: class.line.max(1), function: "" };
    if !fits || !case.is_users(&place) {
        return None;
    }
    let new_bytes = class.instances * (OBJECT_BYTES + 8 * class.attributes.len() as u64);
    let saved = class.bytes.checked_sub(new_bytes)?;
    let name = class.name.rsplit('.').next().unwrap_or(&class.name);
    let module = case.module(&class.file)?;
    let is_it = |scope: &&Scope| {
        scope.kind == ScopeKind::Class
            && (class.name == scope.qualified_name
                || class.name.ends_with(&format!(".{}", scope.qualified_name)))
    };
    let definition = module.scopes().iter().find(is_it)?;
    let line = module.lines().line(definition.header);
    let mut candidate = case.candidate(&Place { line, ..place }, name);
    candidate.title = format!(
        "{} instances of `{name}` take {} bytes each with a __dict__",
        words::count(class.instances),
        class.bytes / class.instances
    );
    candidate.message = format!(
        "All had the attributes {} and no others. With slots an instance takes {} bytes: {} less in all. Instances with \
         slots refuse other attributes, and take weak references only with a slot `__weakref__`.",
        listed(&class.attributes),
        OBJECT_BYTES + 8 * class.attributes.len() as u64,
        words::bytes(saved)
    );
    candidate.instead = if class.dataclass {
        "@dataclass(slots=True)".to_owned()
    } else {
        let names: Vec<String> = class.attributes.iter().map(|name| format!("\"{name}\"")).collect();
        let comma = if names.len() == 1 { "," } else { "" };
        format!("__slots__ = ({}{comma}) as the first line of the class", names.join(", "))
    };
    candidate.certainty = Certainty::Likely;
    candidate.evidence.insert("instances", json!(class.instances));
    candidate.evidence.insert("attributes", json!(class.attributes));
    candidate.evidence.insert("bytes", json!(class.bytes));
    candidate.evidence.insert("new_bytes", json!(new_bytes));
    let bytes = -i64::try_from(saved).ok()?;
    candidate.changes = vec![Change::Amount { from: 0, until: u64::MAX, bytes }];
    Some(candidate)
}
