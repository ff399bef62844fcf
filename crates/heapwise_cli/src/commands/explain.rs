//! `heapwise explain RULE`: the page of a rule.
//!
//! Invariant: a name that is no rule's is an error that names the nearest rules.

use anyhow::Result;
use heapwise_advisor::rules;

use super::output;
use crate::args::ExplainArguments;
use crate::exit::{End, ExitStatus};
use crate::failure::Failure;

/// Names that an error offers.
const OFFERED: usize = 3;

/// Does it.
pub(super) fn explain(arguments: &ExplainArguments) -> Result<End> {
    let text = match &arguments.rule {
        None => list(),
        Some(name) => page(name)?.to_owned(),
    };
    output::write(None, text.as_bytes(), "the page")?;
    Ok(End::Own(ExitStatus::Success))
}

fn list() -> String {
    let widest = rules::ALL.iter().map(|rule| rule.id().len()).max().unwrap_or(0);
    let line = |rule: &&dyn heapwise_advisor::Rule| format!("{:<widest$}  {}\n", rule.id(), rule.summary());
    rules::ALL.iter().map(line).collect()
}

fn page(name: &str) -> Result<&'static str, Failure> {
    let wanted = name.to_lowercase().replace([' ', '_'], "-");
    if let Some(rule) = rules::rule(&wanted) {
        return Ok(rule.page());
    }
    let mut near: Vec<(f64, &str)> =
        rules::ALL.iter().map(|rule| (strsim::jaro_winkler(&wanted, rule.id()), rule.id())).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let offered: Vec<&str> = near.iter().take(OFFERED).map(|(_, id)| *id).collect();
    let failure = Failure::refused(format!("there is no rule {name}; the nearest: {}", offered.join(", ")));
    Err(failure.hint("all rules: heapwise explain"))
}
