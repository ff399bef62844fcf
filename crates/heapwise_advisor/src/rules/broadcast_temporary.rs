//! `broadcast-temporary`: an expression whose intermediate result dwarfs what goes in and what comes out.
//!
//! Invariants: only where the text shows a broadcast (an added axis, `outer`) and a reduction over it in one statement,
//! and the peak was reached on its lines with temporaries that no object of the look holds.

use heapwise_analysis::Effect;
use heapwise_source::Module;
use heapwise_source::ast::{Expr, ExprCall, Stmt};
use serde_json::json;

use crate::candidate::{Candidate, Certainty, Rule};
use crate::case::Case;
use crate::code::Code;
use crate::syntax;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct BroadcastTemporary;

/// The work is done in so many pieces, for the reckoning.
const PIECES: f64 = 16.0;
/// Methods and functions that make one number of many along an axis.
const REDUCTIONS: &[&str] = &[
    "sum", "mean", "max", "min", "argmax", "argmin", "any", "all", "prod", "std", "var", "norm", "nansum",
    "nanmax", "nanmin", "nanmean", "median",
];

impl Rule for BroadcastTemporary {
    fn id(&self) -> &'static str {
        "broadcast-temporary"
    }

    fn summary(&self) -> &'static str {
        "an intermediate result that dwarfs inputs and output"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/broadcast-temporary.md")
    }

    fn by_hand(&self) -> &'static str {
        "how to cut the work into pieces, or which formula does without the table, is not in the text"
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        case.statements().filter(broadcasts_and_reduces).filter_map(|code| candidate(case, &code)).collect()
    }
}

fn broadcasts_and_reduces(code: &Code<'_>) -> bool {
    let (module, statement) = (code.module, code.syntax());
    if matches!(statement, Stmt::For(_)) {
        return false;
    }
    let Some(value) = syntax::value_of(statement) else { return false };
    let broadcasts = |part: &Expr| match part {
        Expr::BinOp(it) => syntax::adds_an_axis(module, &it.left) || syntax::adds_an_axis(module, &it.right),
        Expr::Call(it) => is_outer(module, it),
        _ => false,
    };
    let reduces = |part: &Expr| {
        let Expr::Call(call) = part else { return false };
        let by_method = syntax::method(call).is_some_and(|(name, _)| REDUCTIONS.contains(&name));
        by_method && syntax::parts(part).into_iter().skip(1).any(broadcasts)
    };
    syntax::parts(value).into_iter().any(reduces)
}

fn is_outer(module: &Module, call: &ExprCall) -> bool {
    let by_function = module.resolve(&call.func).is_some_and(|path| path.rsplit('.').next() == Some("outer"));
    by_function || syntax::method(call).is_some_and(|(name, _)| name == "outer")
}

fn candidate(case: &Case<'_>, code: &Code<'_>) -> Option<Candidate> {
    let site = code.site(case);
    if site.peak_bytes < case.least_bytes() || !site.stacks.contains(&case.analysis.peak.stack) {
        return None;
    }
    // What the statement leaves behind is held by a name soon after; it is not shrunk.
    let kept: u64 = case
        .inspection()
        .into_iter()
        .flat_map(|look| &look.objects)
        .flat_map(|object| case.objects.blocks_of(object))
        .filter(|block| site.stacks.contains(&block.stack) && block.freed.is_none())
        .map(|block| block.bytes)
        .sum();
    let temporary = site.peak_bytes.saturating_sub(kept);
    if temporary < 2 * kept || temporary < case.least_bytes() {
        return None;
    }
    let mut candidate = case.candidate(&code.place(), "");
    candidate.end_line = code.lines(code.syntax()).1;
    candidate.title =
        format!("the intermediate results of one expression take {} at the peak", words::bytes(temporary));
    candidate.message = "Broadcasting makes the whole table of combinations before the reduction shrinks it again. Done for some \
                         rows at a time, or by a formula without the table, the result is the same (up to rounding)."
        .into();
    candidate.instead = "a loop over slices of the rows that writes into the result, or for squared distances |a|² + |b|² - 2 a·b, or \
                         scipy.spatial.distance.cdist"
        .into();
    candidate.certainty = Certainty::Likely;
    candidate.evidence.insert("temporary_bytes", json!(temporary));
    candidate.changes = site.with(Effect::Factor(1.0 / PIECES));
    Some(candidate)
}
