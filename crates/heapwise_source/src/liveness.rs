//! Which variables may still be read, and where one that will not be can be let go.
//!
//! Invariant: "dead" is certain as far as the file's text can say; whatever Python can do behind its back (`eval`,
//! `locals()`, another module, a closure that got away) makes the answer "may be read".

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::flow::{self, Event, Flow};
use crate::module::Module;
use crate::names::{Access, ScopeId, ScopeKind, StatementId, StatementKind, VariableId};
use crate::text::Span;

/// Who may read a module's own variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The program's main file: nobody imports it.
    Script,
    /// A module that others import, or a cell of a notebook: its variables may be read from elsewhere.
    Imported,
}

/// Whether a variable may be read later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// No path from here reads its present value.
    Dead,
    /// This read may come.
    ReadAt(Span),
    /// This function, lambda or generator may read it whenever it runs.
    CapturedBy(ScopeId),
    /// Nothing in the text can tell, for this reason.
    Unknown(Unknowable),
}

impl Life {
    /// Whether the value is certainly not read again through this variable.
    pub const fn is_dead(self) -> bool {
        matches!(self, Self::Dead)
    }
}

/// Why liveness cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknowable {
    /// The scope is read by `locals()`, `eval`, `exec` or their like.
    Dynamic,
    /// Another module may read it.
    Exported,
    /// It is an attribute of a class.
    ClassAttribute,
    /// The statement is not one of the frame that the variable belongs to.
    OtherFrame,
}

/// A place where a dead variable can be let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// Behind this statement, in its block.
    pub after: StatementId,
    /// Whether the variable has a value there on every path and no `del` comes behind it, so that no `del` fails; else assign
    /// `None`.
    pub certainly_bound: bool,
    /// The loop at whose end this is, so that each turn lets go of its own value.
    pub at_end_of: Option<StatementId>,
}

/// Liveness of the variables of a module.
///
/// ```
/// use heapwise_source::{Liveness, Module, Role, ScopeId};
///
/// let module = Module::parse("a = load()\nb = a.sum()\nwork(b)\n")?;
/// let liveness = Liveness::of(&module, Role::Script);
/// let a = module.variable_in(ScopeId::MODULE, "a").unwrap();
/// let work = module.statement_at_line(3).unwrap();
/// assert!(liveness.at(a, work).is_dead());
/// assert_eq!(liveness.releases(a, work)[0].after, module.statement_at_line(2).unwrap());
/// # Ok::<(), heapwise_source::SyntaxProblem>(())
/// ```
#[derive(Debug)]
pub struct Liveness<'a> {
    module: &'a Module,
    role: Role,
    flows: RefCell<FxHashMap<ScopeId, Rc<Flow>>>,
    /// Variables that the code of a scope may read, those of functions that it calls among them.
    reaches: FxHashMap<ScopeId, FxHashSet<VariableId>>,
    /// Variables that something may read which got away while a function ran: a lambda that it returned.
    leaks: FxHashMap<ScopeId, FxHashSet<VariableId>>,
    /// Functions that only run while a call by their name does.
    called_by_name: FxHashMap<VariableId, ScopeId>,
}

impl<'a> Liveness<'a> {
    /// Prepares the answers for a module.
    pub fn of(module: &'a Module, role: Role) -> Self {
        let mut this = Self {
            module,
            role,
            flows: RefCell::default(),
            reaches: FxHashMap::default(),
            leaks: FxHashMap::default(),
            called_by_name: FxHashMap::default(),
        };
        this.find_functions_called_by_name();
        this.find_reaches();
        this
    }

    /// The module that this is about.
    pub fn module(&self) -> &'a Module {
        self.module
    }

    /// Whether the variable's value at the beginning of a statement may be read from there on. For a `for` and `while`,
    /// the beginning is that of any turn.
    pub fn at(&self, variable: VariableId, statement: StatementId) -> Life {
        self.ask(variable, statement, |flow| flow.starts.get(&statement).cloned().unwrap_or_default())
    }

    /// Whether the variable's value behind a statement may be read from there on.
    pub fn after(&self, variable: VariableId, statement: StatementId) -> Life {
        self.ask(variable, statement, |flow| flow.ends.get(&statement).copied().into_iter().collect())
    }

    /// The reads after which no path reads the same value again, in the order of the text.
    pub fn last_reads(&self, variable: VariableId) -> Vec<Span> {
        let scope = self.frame_of(variable);
        if self.unknowable(variable).is_some() {
            return Vec::new();
        }
        let flow = self.flow(scope);
        let mut last: Vec<Span> = (0..flow.points.len())
            .filter(|index| flow.points[*index].event == Event::Read(variable))
            .filter(|index| self.search(&flow, variable, &flow.points[*index].next).is_dead())
            .map(|index| flow.points[index].span)
            .collect();
        last.sort_unstable();
        last.dedup();
        last
    }

    /// Where the variable can be let go so that it is gone when `peak` runs again or next, best first; none where it may
    /// still be read at the peak, or where there is no such place.
    ///
    /// `peak` is a statement of the variable's own frame. The first answer is as near to the peak as the blocks allow; where
    /// the value comes out of a loop, a place at the loop's end follows.
    pub fn releases(&self, variable: VariableId, peak: StatementId) -> Vec<Release> {
        if !self.at(variable, peak).is_dead() {
            return Vec::new();
        }
        let mut found = Vec::new();
        // The loop whose next value is being made at the peak still holds the last one.
        let own = self.module.statement(peak);
        if matches!(own.kind, StatementKind::For | StatementKind::While) {
            found.extend(self.release_in_body(variable, peak, 0));
        }
        let mut inner = peak;
        loop {
            let level = self.module.statement(inner);
            if let Some(touched) = self.last_touching(variable, inner, 0..level.index) {
                if self.after(variable, touched).is_dead() && self.stays_dead(variable, touched, peak) {
                    found.extend(self.release(variable, touched, None));
                }
                let kind = self.module.statement(touched).kind;
                if matches!(kind, StatementKind::For | StatementKind::While) {
                    found.extend(self.release_in_body(variable, touched, 0));
                }
                break;
            }
            let Some(parent) = level.parent else { break };
            match self.module.statement(parent).kind {
                StatementKind::FunctionDef | StatementKind::ClassDef => break,
                StatementKind::For | StatementKind::While if level.block == crate::Block::Body => {
                    // Held from the turn before.
                    let release = self.release_in_body(variable, parent, level.index + 1);
                    if release.is_some() {
                        found.extend(release);
                        break;
                    }
                }
                _ => {}
            }
            inner = parent;
        }
        // Where `del` is certain comes first.
        found.sort_by_key(|release| !release.certainly_bound);
        found.dedup();
        found
    }

    /// Whether every path to the place behind `statement` gives the variable a value.
    pub fn certainly_bound_after(&self, variable: VariableId, statement: StatementId) -> bool {
        let scope = self.frame_of(variable);
        let flow = self.flow(scope);
        let Some(target) = flow.ends.get(&statement).copied() else { return false };
        let rebinds = |index: usize| match flow.points[index].event {
            Event::Write(written) => written == variable,
            _ => false,
        };
        let deleted = (0..flow.points.len())
            .filter(|index| flow.points[*index].event == Event::Delete(variable))
            .flat_map(|index| flow.points[index].next.clone());
        let mut waiting: Vec<usize> = std::iter::once(0).chain(deleted).collect();
        let mut seen = vec![false; flow.points.len()];
        while let Some(point) = waiting.pop() {
            if point == target {
                return false;
            }
            if std::mem::replace(&mut seen[point], true) {
                continue;
            }
            if rebinds(point) {
                // What raises while the value is made goes on without it; that path is the one before this point.
                continue;
            }
            waiting.extend(&flow.points[point].next);
        }
        !self.deleted_elsewhere(variable, scope)
    }

    /// Whether the value that the variable has behind a statement may still be the variable's at a point of a kind.
    fn lasts_until(
        &self,
        variable: VariableId,
        statement: StatementId,
        wanted: impl Fn(Event) -> bool,
    ) -> bool {
        let flow = self.flow(self.frame_of(variable));
        let Some(end) = flow.ends.get(&statement).copied() else { return false };
        let mut waiting = flow.points[end].next.clone();
        let mut seen = vec![false; flow.points.len()];
        while let Some(index) = waiting.pop() {
            let event = flow.points[index].event;
            if wanted(event) {
                return true;
            }
            let ends = matches!(event, Event::Write(it) | Event::Delete(it) if it == variable);
            if !std::mem::replace(&mut seen[index], true) && !ends {
                waiting.extend(&flow.points[index].next);
            }
        }
        false
    }

    /// The scope whose frame holds the variable: comprehensions and classes run in the frame around them.
    pub fn frame_of(&self, variable: VariableId) -> ScopeId {
        self.frame_around(self.module.variable(variable).scope)
    }

    fn frame_around(&self, scope: ScopeId) -> ScopeId {
        let mut at = scope;
        loop {
            let here = self.module.scope(at);
            match here.parent {
                Some(parent) if here.kind == ScopeKind::Class || here.kind.is_eager_comprehension() => {
                    at = parent;
                }
                _ => return at,
            }
        }
    }

    fn deleted_elsewhere(&self, variable: VariableId, frame: ScopeId) -> bool {
        self.module
            .occurrences_of(variable)
            .any(|one| one.access == Access::Delete && self.frame_around(one.scope) != frame)
    }

    /// The release behind a statement; `None` if it would make a `del` work that fails without it.
    fn release(
        &self,
        variable: VariableId,
        after: StatementId,
        at_end_of: Option<StatementId>,
    ) -> Option<Release> {
        let bound = self.certainly_bound_after(variable, after);
        let deleted = self.lasts_until(variable, after, |event| event == Event::Delete(variable))
            || self.deleted_elsewhere(variable, self.frame_of(variable));
        // The release itself is such a `del` in the next turn of a loop.
        let again = self.lasts_until(variable, after, |event| event == Event::End(after));
        let certainly_bound = bound && !deleted && !again;
        (bound || !deleted).then_some(Release { after, certainly_bound, at_end_of })
    }

    /// The last statement of a loop's body, from `first` on, that touches the variable, if it is dead behind it.
    fn release_in_body(&self, variable: VariableId, around: StatementId, first: usize) -> Option<Release> {
        let body = self.module.block(Some(around), crate::Block::Body);
        let inside = self.module.id_of(body.first()?)?;
        // A `for` that only fetches and never looks still holds: behind its last statement then.
        let touched = self.last_touching(variable, inside, first..body.len()).or_else(|| {
            let fetched = self.touches(variable, self.module.statement(around).header);
            fetched.then(|| body.last().and_then(|last| self.module.id_of(last))).flatten()
        })?;
        self.after(variable, touched)
            .is_dead()
            .then(|| self.release(variable, touched, Some(around)))
            .flatten()
            .filter(|release| release.certainly_bound)
    }

    /// The last statement in the block of `sibling`, in the range of places, in which the variable occurs.
    fn last_touching(
        &self,
        variable: VariableId,
        sibling: StatementId,
        places: std::ops::Range<usize>,
    ) -> Option<StatementId> {
        let known = self.module.statement(sibling);
        let block = self.module.block(known.parent, known.block);
        let candidates = block.get(places)?.iter().rev().filter_map(|statement| self.module.id_of(statement));
        candidates.into_iter().find(|id| self.touches(variable, self.module.statement(*id).span))
    }

    /// Whether something within the span reads or binds the variable, in its own frame or through a function called there.
    fn touches(&self, variable: VariableId, span: Span) -> bool {
        let frame = self.frame_of(variable);
        let here = |one: &crate::Occurrence| span.contains(one.span) && self.frame_around(one.scope) == frame;
        self.module.occurrences_of(variable).any(here)
            || self.called_by_name.iter().any(|(name, scope)| {
                self.reads_through(*scope, variable) && self.module.occurrences_of(*name).any(here)
            })
    }

    /// Whether nothing gives the variable a new value between a statement and the peak.
    fn stays_dead(&self, variable: VariableId, after: StatementId, peak: StatementId) -> bool {
        let start = self.module.statement(after).span.end;
        let end = self.module.statement(peak).span.start;
        let frame = self.frame_of(variable);
        !self.module.occurrences_of(variable).any(|one| {
            one.access.rebinds()
                && start <= one.span.start
                && one.span.start < end
                && self.frame_around(one.scope) == frame
        })
    }

    fn unknowable(&self, variable: VariableId) -> Option<Unknowable> {
        let known = self.module.variable(variable);
        let scope = self.module.scope(known.scope);
        let frame = self.module.scope(self.frame_of(variable));
        if scope.kind == ScopeKind::Class {
            Some(Unknowable::ClassAttribute)
        } else if scope.is_dynamic || frame.is_dynamic {
            Some(Unknowable::Dynamic)
        } else if known.scope == ScopeId::MODULE && self.role == Role::Imported {
            Some(Unknowable::Exported)
        } else {
            None
        }
    }

    fn ask(
        &self,
        variable: VariableId,
        statement: StatementId,
        points: impl Fn(&Flow) -> Vec<usize>,
    ) -> Life {
        if let Some(why) = self.unknowable(variable) {
            return Life::Unknown(why);
        }
        let frame = self.frame_of(variable);
        if self.frame_around(self.module.statement(statement).scope) != frame {
            return Life::Unknown(Unknowable::OtherFrame);
        }
        let flow = self.flow(frame);
        let from = points(&flow);
        if from.is_empty() {
            return Life::Unknown(Unknowable::OtherFrame);
        }
        self.search(&flow, variable, &from)
    }

    /// Looks for a read on any path that begins at one of the points.
    fn search(&self, flow: &Flow, variable: VariableId, from: &[usize]) -> Life {
        let mut seen = vec![false; flow.points.len()];
        let mut waiting = from.to_vec();
        while let Some(index) = waiting.pop() {
            if std::mem::replace(&mut seen[index], true) {
                continue;
            }
            let point = &flow.points[index];
            match point.event {
                Event::Read(read) if read == variable => return Life::ReadAt(point.span),
                Event::Read(read) if self.call_reads(read, variable) => return Life::ReadAt(point.span),
                Event::Closure(scope) if self.escapes(scope) && self.reads_through(scope, variable) => {
                    return Life::CapturedBy(scope);
                }
                Event::Write(written) | Event::Delete(written) if written == variable => continue,
                _ => {}
            }
            waiting.extend(&point.next);
        }
        self.captured_before(flow, variable, from).map_or(Life::Dead, Life::CapturedBy)
    }

    /// The closure over the variable that may have been made before one of the points.
    fn captured_before(&self, flow: &Flow, variable: VariableId, targets: &[usize]) -> Option<ScopeId> {
        let captures = |event: Event| match event {
            Event::Closure(scope) if self.escapes(scope) && self.reads_through(scope, variable) => {
                Some(scope)
            }
            Event::Read(name) => {
                let called = self.called_by_name.get(&name)?;
                self.leaks.get(called)?.contains(&variable).then_some(*called)
            }
            _ => None,
        };
        let points = flow.points.iter().enumerate();
        let mut closures = points.filter_map(|(index, point)| Some((index, captures(point.event)?)));
        closures.find(|(start, _)| reachable(flow, *start, targets)).map(|(_, scope)| scope)
    }

    /// Whether code of this scope may run at another time than while its name is called.
    fn escapes(&self, scope: ScopeId) -> bool {
        !self.called_by_name.values().any(|called| *called == scope)
    }

    /// Whether a function that is only called by its name reads the variable.
    fn call_reads(&self, name: VariableId, variable: VariableId) -> bool {
        self.called_by_name.get(&name).is_some_and(|scope| self.reads_through(*scope, variable))
    }

    fn reads_through(&self, scope: ScopeId, variable: VariableId) -> bool {
        self.reaches.get(&scope).is_some_and(|read| read.contains(&variable))
    }

    fn flow(&self, scope: ScopeId) -> Rc<Flow> {
        if let Some(flow) = self.flows.borrow().get(&scope) {
            return Rc::clone(flow);
        }
        let flow = Rc::new(flow::of(self.module, scope));
        self.flows.borrow_mut().insert(scope, Rc::clone(&flow));
        flow
    }

    fn find_functions_called_by_name(&mut self) {
        let module = self.module;
        for id in module.scope_ids() {
            let scope = module.scope(id);
            let plain = scope.kind == ScopeKind::Function
                && scope.decorators == 0
                && !scope.is_async
                && !scope.is_generator;
            let Some(ast) = scope.statement.filter(|_| plain).map(|statement| module.syntax(statement))
            else {
                continue;
            };
            let crate::ast::Stmt::FunctionDef(def) = ast else { continue };
            let Some(name) = module.occurrence_at(def.name.range.start().to_usize()) else { continue };
            let variable = module.variable(name.variable);
            let home = module.scope(variable.scope);
            let others_call = home.is_dynamic
                || home.kind == ScopeKind::Class
                || (variable.scope == ScopeId::MODULE && self.role == Role::Imported);
            let only_called = module.occurrences_of(name.variable).all(|one| match one.access {
                Access::Read => module.tables().callees.contains(&one.span.start),
                Access::Write => one.span == name.span,
                Access::Update | Access::Delete => false,
            });
            if !others_call && only_called {
                self.called_by_name.insert(name.variable, id);
            }
        }
    }

    fn find_reaches(&mut self) {
        let module = self.module;
        let mut reaches: FxHashMap<ScopeId, FxHashSet<VariableId>> = FxHashMap::default();
        for occurrence in module.occurrences() {
            if !occurrence.access.reads() && occurrence.access != Access::Delete {
                continue;
            }
            let global = flow::global_behind(module, occurrence.variable);
            for variable in std::iter::once(occurrence.variable).chain(global) {
                let home = module.variable(variable).scope;
                let mut at = Some(occurrence.scope);
                while let Some(id) = at.filter(|id| *id != home) {
                    reaches.entry(id).or_default().insert(variable);
                    at = module.scope(id).parent;
                }
            }
        }
        // What a function reads, those read that call it.
        self.spread(&reaches.clone(), &mut reaches);
        let mut leaks: FxHashMap<ScopeId, FxHashSet<VariableId>> = FxHashMap::default();
        for id in module.scope_ids() {
            let kind = module.scope(id).kind;
            let runs_later =
                matches!(kind, ScopeKind::Function | ScopeKind::Lambda | ScopeKind::GeneratorExpression);
            let Some(read) = reaches.get(&id).filter(|_| runs_later && self.escapes(id)) else { continue };
            let mut around = module.scope(id).parent;
            while let Some(outer) = around {
                leaks.entry(outer).or_default().extend(read);
                around = module.scope(outer).parent;
            }
        }
        self.spread(&reaches, &mut leaks);
        self.reaches = reaches;
        self.leaks = leaks;
    }

    /// Gives each scope what it gets by calling functions by their names; `reads` says which names a scope reads.
    fn spread(
        &self,
        reads: &FxHashMap<ScopeId, FxHashSet<VariableId>>,
        sets: &mut FxHashMap<ScopeId, FxHashSet<VariableId>>,
    ) {
        loop {
            let mut grown = false;
            for (name, called) in &self.called_by_name {
                let Some(gained) = sets.get(called).cloned() else { continue };
                for (scope, read) in reads {
                    if scope != called && read.contains(name) {
                        let into = sets.entry(*scope).or_default();
                        let before = into.len();
                        into.extend(&gained);
                        grown |= into.len() > before;
                    }
                }
            }
            if !grown {
                return;
            }
        }
    }
}

fn reachable(flow: &Flow, start: usize, targets: &[usize]) -> bool {
    let mut seen = vec![false; flow.points.len()];
    let mut waiting = vec![start];
    while let Some(index) = waiting.pop() {
        if targets.contains(&index) {
            return true;
        }
        if !std::mem::replace(&mut seen[index], true) {
            waiting.extend(&flow.points[index].next);
        }
    }
    false
}
