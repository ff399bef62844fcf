//! The rules, one file each.
//!
//! Invariant: every rule is in [`ALL`] once, in alphabetical order, and has a page in `docs/rules`.

mod dead_variable;

use crate::candidate::Rule;

/// All rules, by name.
pub static ALL: &[&dyn Rule] = &[&dead_variable::DeadVariable];

/// The rule with this name.
pub fn rule(id: &str) -> Option<&'static dyn Rule> {
    ALL.iter().copied().find(|rule| rule.id() == id)
}
