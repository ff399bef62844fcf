//! `dead-variable`: a large object that was alive at the peak only because of a name that is never read again.
//!
//! Invariant: nothing is said unless no path of the code reads the name's value after the peak, the inspector
//! saw nobody else who holds the object, and the text of the file is all that can read the name.

use std::sync::Arc;

use heapwise_analysis::{Change, Effect};
use heapwise_profile::StackId;
use heapwise_profile::inspection::{Holder, HolderKind, Object};
use heapwise_source::{
    Access, Editor, Liveness, Module, Release, ScopeId, StatementId, StatementKind, VariableId,
};
use serde_json::json;

use crate::candidate::{Candidate, Certainty, Evidence, ProposedFix, Rule};
use crate::case::Case;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct DeadVariable;

impl Rule for DeadVariable {
    fn id(&self) -> &'static str {
        "dead-variable"
    }

    fn summary(&self) -> &'static str {
        "a large object is held at the peak by a name that is never read again"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/dead-variable.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        case.large_objects().filter_map(|object| candidate(case, object)).collect()
    }
}

/// A name that is dead at the peak.
struct Dead<'a, 'b> {
    module: &'a Module,
    liveness: &'b Liveness<'a>,
    holder: &'b Holder,
    variable: VariableId,
    /// The statement that the name's own code was in at the peak.
    peak: StatementId,
}

fn candidate(case: &Case<'_>, object: &Object) -> Option<Candidate> {
    let holder = object.holder.as_ref()?;
    let frame_is_known = matches!(holder.kind, HolderKind::Global | HolderKind::Local);
    if !frame_is_known || object.own_bytes < case.least_bytes() {
        return None;
    }
    let module = case.module(&holder.file)?;
    let scope = match holder.kind {
        HolderKind::Global => ScopeId::MODULE,
        _ => module.scope_of_code(&holder.function, holder.first_line)?,
    };
    let variable = module.variable_in(scope, &object.name)?;
    let place = case.place_at_peak(holder)?;
    let peak = module.statement_at(place)?;
    let liveness = case.liveness(&holder.file)?;
    if !liveness.at(variable, peak).is_dead() {
        return None;
    }
    if object.own_bytes.saturating_sub(case.held_by_others_later(object)) < case.least_bytes() {
        return None;
    }
    let dead = Dead { module, liveness: &liveness, holder, variable, peak };
    // A caller may hold what it passed, and its own frame does not always show that.
    if module.variable(variable).is_parameter && !dead.is_made_here(case, object) {
        return None;
    }
    let releases = liveness.releases(variable, peak);
    let in_loop = releases.first().is_some_and(|release| release.at_end_of.is_some())
        || dead.is_made_anew_around_the_peak();
    // What the statement at the peak is only making has its name still to come.
    if !in_loop && dead.writes().any(|write| write == peak) {
        return None;
    }
    let changes = if in_loop { dead.freed_each_turn(case, object)? } else { dead.freed_once(case, object) };
    Some(dead.describe(case, object, place.line, &releases, in_loop, changes))
}

impl Dead<'_, '_> {
    /// Whether the object was allocated in the body of the name's own function.
    fn is_made_here(&self, case: &Case<'_>, object: &Object) -> bool {
        case.allocated_at(object).is_some_and(|place| {
            place.file == self.holder.file
                && self.writes().any(|id| {
                    let span = self.module.statement(id).span;
                    let lines = self.module.lines();
                    (lines.line(span.start)..=lines.line(span.end)).contains(&place.line)
                })
        })
    }

    /// The statements that give the name a value.
    fn writes(&self) -> impl Iterator<Item = StatementId> {
        let occurrences = self.module.occurrences_of(self.variable);
        occurrences.filter(|one| one.access == Access::Write).map(|one| one.statement)
    }

    /// Whether the loop that the peak is in gives the name another value in each turn.
    fn is_made_anew_around_the_peak(&self) -> bool {
        let mut around = self.module.loops_around(self.peak);
        if matches!(self.module.statement(self.peak).kind, StatementKind::For | StatementKind::While) {
            around.push(self.peak);
        }
        around.iter().any(|outer| self.writes().any(|write| self.module.is_within(write, *outer)))
    }

    /// Whether the name may be read at a place of its own code.
    fn is_live_at(&self, place: heapwise_source::Place) -> bool {
        let statement = self.module.statement_at(place);
        statement.is_none_or(|statement| !self.liveness.at(self.variable, statement).is_dead())
    }

    /// The object is freed when its name is dead.
    fn freed_once(&self, case: &Case<'_>, object: &Object) -> Vec<Change> {
        let born = case.blocks_at_peak(object).iter().map(|block| block.born).max().unwrap_or(0);
        let moment = case.last_moment(self.holder, |place| self.is_live_at(place));
        case.freed_at(object, moment.max(born))
    }

    /// In each turn of the loop, that turn's object is freed when the name is dead; at the latest before the next
    /// one is made. `None` if others hold what the same lines make.
    fn freed_each_turn(&self, case: &Case<'_>, object: &Object) -> Option<Vec<Change>> {
        let mut blocks = case.blocks_at_peak(object);
        blocks.retain(|block| !block.partial);
        blocks.truncate(64);
        let mut places: Vec<Vec<StackId>> = Vec::new();
        for block in &blocks {
            if !places.iter().any(|stacks| stacks.contains(&block.stack)) {
                places.push(case.stacks_of_same_lines(block.stack));
            }
        }
        let stacks = places.concat();
        let of_object: u64 = blocks.iter().map(|block| block.bytes).sum();
        let of_stacks: u64 = stacks.iter().map(|&stack| case.analysis.stack(stack).peak_bytes).sum();
        // The object of the last turn and the one being made, and no more.
        if of_object == 0 || of_stacks > of_object.saturating_mul(9) / 4 {
            return None;
        }
        let turns = case.turns(self.holder, &stacks, |place| self.is_live_at(place));
        let mut before_next = turns.allocated.into_iter();
        let changes = places.into_iter().map(|stacks| {
            let mut moments = turns.passed.clone();
            let of_place = before_next.by_ref().take(stacks.len()).flatten();
            if blocks.iter().filter(|block| stacks.contains(&block.stack)).count() == 1 {
                moments.extend(of_place);
            } else {
                of_place.for_each(drop);
            }
            moments.sort_unstable();
            let effect = Effect::FreedAtFirstOf(Arc::from(moments));
            Change::Stacks { stacks, from: 0, until: u64::MAX, effect }
        });
        Some(changes.collect())
    }

    fn describe(
        &self,
        case: &Case<'_>,
        object: &Object,
        peak_line: u32,
        releases: &[Release],
        in_loop: bool,
        changes: Vec<Change>,
    ) -> Candidate {
        let name = &object.name;
        let lines = self.module.lines();
        let line_of = |id: StatementId| lines.line(self.module.statement(id).span.start);
        let made = case
            .allocated_at(object)
            .filter(|place| place.file == self.holder.file)
            .map(|place| place.line)
            .and_then(|line| self.writes().map(line_of).filter(|&write| write <= line).max())
            .or_else(|| self.writes().map(line_of).filter(|&write| write <= peak_line).max())
            .unwrap_or(peak_line);
        let last_read = self
            .module
            .occurrences_of(self.variable)
            .filter(|one| one.access.reads())
            .map(|one| lines.line(one.span.start))
            .filter(|&line| in_loop || line < peak_line)
            .max();
        let release = releases.first();
        let fix = release.and_then(|release| self.fix(name, *release));
        let end_line =
            release.map_or(made, |release| lines.line(self.module.statement(release.after).span.end));
        let what = words::described(object);
        let (title, message) = match last_read {
            _ if in_loop => (
                format!("`{name}` keeps its last value while the next one is made"),
                format!(
                    "At the peak (line {peak_line}) `{name}` still holds {what} from the turn before, \
                     which nothing reads again: two of them are in memory at once."
                ),
            ),
            Some(line) => (
                format!("`{name}` is not used after line {line}, but kept through the peak"),
                format!(
                    "`{name}` holds {what}. Line {line} is the last to read it; at the peak \
                     (line {peak_line}) only the name still keeps it alive."
                ),
            ),
            None => (
                format!("`{name}` is never used, but kept through the peak"),
                format!(
                    "`{name}` holds {what}. Nothing reads it; at the peak (line {peak_line}) only the name \
                     keeps it alive."
                ),
            ),
        };
        let instead = match release {
            Some(release) => {
                let line = lines.line(self.module.statement(release.after).span.end);
                let statement = if release.certainly_bound { "del NAME" } else { "NAME = None" };
                format!("Put `{}` behind line {line}.", statement.replace("NAME", name))
            }
            None => {
                format!("Let go of it with `del {name}` before line {peak_line}, or make it in a function.")
            }
        };
        let mut evidence = Evidence::new();
        evidence.insert("object_type", json!(object.kind));
        evidence.insert("own_bytes", json!(object.own_bytes));
        evidence.insert("peak_line", json!(peak_line));
        if let Some(line) = last_read {
            evidence.insert("last_read_line", json!(line));
        }
        Candidate {
            file: self.holder.file.clone(),
            line: made.min(end_line),
            end_line: end_line.max(made),
            symbol: name.clone(),
            title,
            message,
            instead,
            evidence,
            certainty: Certainty::Certain,
            changes,
            fix,
        }
    }

    /// `del` in the place where the name is dead; `None` if no statement can follow there.
    fn fix(&self, name: &str, release: Release) -> Option<ProposedFix> {
        Editor::new(self.module).release(name, release).ok().map(ProposedFix::from)
    }
}
