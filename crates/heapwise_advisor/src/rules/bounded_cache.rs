//! `bounded-cache`: caches of `functools` that keep more than they give back.
//!
//! Invariants: a cache that answers half of the questions or more is doing its work and is left alone, as is the memory of a
//! recursion; only those of which the decorator stands in the user's code count.

use heapwise_analysis::Place;
use heapwise_profile::inspection::{Cache, HolderKind, Object};
use heapwise_source::ast::{Expr, Stmt};
use heapwise_source::{Edit, Editor, Module, StatementId};
use serde_json::json;

use crate::candidate::{Candidate, Certainty, ProposedFix, Rule};
use crate::case::Case;
use crate::syntax;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct BoundedCache;

/// Entries that a bound would leave, for the reckoning.
const KEPT: u64 = 8;

impl Rule for BoundedCache {
    fn id(&self) -> &'static str {
        "bounded-cache"
    }

    fn summary(&self) -> &'static str {
        "a cache that keeps much and answers little"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/bounded-cache.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        case.large_objects().filter_map(|object| candidate(case, object)).collect()
    }
}

fn candidate(case: &Case<'_>, object: &Object) -> Option<Candidate> {
    // How it was used is known best at the end.
    let looks = case.profile.inspections().iter().rev();
    let last =
        looks.flat_map(|look| &look.objects).find(|it| it.name == object.name && it.facts.cache.is_some());
    let (at_peak, cache) = (object.facts.cache?, last.unwrap_or(object).facts.cache?);
    let holder = object.holder.as_ref()?;
    let asked = cache.hits + cache.misses;
    if cache.entries < 2 || 2 * cache.hits >= asked || holder.kind == HolderKind::Garbage {
        return None;
    }
    let symbol = object.name.trim_end_matches("()").rsplit('.').next().unwrap_or(&object.name);
    let module = case.module(&holder.file)?;
    let defines =
        |id: &StatementId| matches!(module.syntax(*id), Stmt::FunctionDef(it) if it.name.as_str() == symbol);
    let definition = module.statement_ids().find(defines)?;
    // What a recursion remembers it would else work out again and again.
    if cache.hits > 0 && calls_itself(module, definition, symbol) {
        return None;
    }
    // Decorators are part of the statement: the first one's line.
    let line = module.lines().line(module.statement(definition).span.start);
    let place = Place { file: &holder.file, line, function: &holder.function };
    let mut candidate = case.candidate(&place, symbol);
    let own = object.own_bytes;
    let kept = if cache.hits == 0 { 0 } else { KEPT.min(cache.entries) };
    let new_bytes = own / at_peak.entries.max(1) * kept.min(at_peak.entries);
    candidate.title = format!(
        "the cache of `{symbol}` keeps {} entries, {}, and answered {} of {} calls",
        words::count(cache.entries),
        words::bytes(own),
        words::count(cache.hits),
        words::count(asked)
    );
    candidate.message = message(&cache);
    candidate.instead = if cache.hits == 0 {
        format!("no cache: drop the decorator of {symbol}")
    } else {
        format!("@lru_cache(maxsize={KEPT}), or {symbol}.cache_clear() when its part of the work is done")
    };
    candidate.certainty = if cache.hits == 0 { Certainty::Certain } else { Certainty::Likely };
    let asked_about = case.modules().iter().any(|(_, module)| is_asked_about(module));
    candidate.fix = fix(module, definition, &cache, asked_about).map(ProposedFix::from);
    candidate.evidence.insert("entries", json!(cache.entries));
    candidate.evidence.insert("limit", json!(cache.limit));
    candidate.evidence.insert("hits", json!(cache.hits));
    candidate.evidence.insert("misses", json!(cache.misses));
    candidate.evidence.insert("bytes", json!(own));
    candidate.changes = case.shrunk(object, new_bytes);
    Some(candidate)
}

fn message(cache: &Cache) -> String {
    let bound = match cache.limit {
        None => "It has no bound, so every result of the program stays until its end.".to_owned(),
        Some(limit) => format!("Its bound of {} counts entries, not bytes.", words::count(limit)),
    };
    if cache.hits == 0 {
        format!("{bound} No call was answered from it in this run: it only holds on to results.")
    } else {
        format!(
            "{bound} Few calls were answered from it in this run; how many entries are asked for again is for you to say."
        )
    }
}

fn calls_itself(module: &Module, definition: StatementId, name: &str) -> bool {
    module.calls_in(definition).any(|call| match call.func.as_ref() {
        Expr::Name(called) => called.id.as_str() == name,
        _ => syntax::method(call).is_some_and(|(called, _)| called == name),
    })
}

/// Whether the program looks at its caches, which a function without one has not.
fn is_asked_about(module: &Module) -> bool {
    ["cache_clear", "cache_info", "cache_parameters", "__wrapped__"]
        .iter()
        .any(|name| module.text().contains(name))
}

/// No decorator where nothing was answered, else a bound.
fn fix(module: &Module, id: StatementId, cache: &Cache, asked_about: bool) -> Option<Edit> {
    let editor = Editor::new(module);
    if cache.hits == 0 && !asked_about {
        return editor.drop_cache(id).ok();
    }
    let entries = usize::try_from(KEPT).ok()?;
    cache.limit.is_none_or(|limit| limit > KEPT).then(|| editor.bound_cache(id, entries).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edits::tests::edited;

    #[test]
    fn a_recursion_is_known_by_its_calls() {
        let recursive = |text: &str| {
            let module = Module::parse(text).expect("Python");
            calls_itself(&module, module.statement_at_line(1).expect("a statement"), "ways")
        };
        assert!(recursive("@cache\ndef ways(row):\n    return ways(row - 1) + 1\n"));
        assert!(recursive("@cache\ndef ways(self, row):\n    return self.ways(row - 1) + 1\n"));
        assert!(!recursive("@cache\ndef ways(row):\n    return count(row)\n"));
    }

    #[test]
    fn a_cache_is_dropped_or_bounded() {
        let fixed = |decorator: &str, hits, asked_about| {
            let text = format!("import functools\n@{decorator}\ndef f(x):\n    return x\n");
            let cache = Cache { hits, misses: 9, entries: 9, ..Cache::default() };
            let (after, safety) = edited(&text, 2, |module, id| fix(module, id, &cache, asked_about))?;
            assert_eq!(safety, heapwise_source::Safety::Unsafe);
            after.lines().nth(1).map(str::to_owned)
        };
        assert_eq!(fixed("functools.lru_cache(None)", 0, false).as_deref(), Some("def f(x):"));
        assert_eq!(fixed("functools.lru_cache(None)", 0, true).as_deref(), Some("@functools.lru_cache(8)"));
        assert_eq!(fixed("functools.cache", 1, false).as_deref(), Some("@functools.lru_cache(maxsize=8)"));
        assert_eq!(fixed("memoize", 0, false), None);
    }
}
