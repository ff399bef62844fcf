//! The order in which the code of one frame can run: points, and which may come after which.
//!
//! Invariant: every path that Python can take is a path here; some paths here cannot be taken. So what is dead here is
//! dead. Class bodies and eager comprehensions are part of the frame that they run in; a function, lambda or generator
//! expression has a graph of its own, and appears around it as [`Event::Closure`].

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::Ranged;
use rustc_hash::FxHashMap;

use crate::module::Module;
use crate::names::{ScopeId, ScopeKind, StatementId, VariableId};
use crate::text::Span;

/// What happens at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Nothing: a place where paths meet.
    Join,
    /// A statement begins.
    Start(StatementId),
    /// A `for` asks its iterator for the next value.
    Next(StatementId),
    /// A statement is over.
    End(StatementId),
    /// A variable is read.
    Read(VariableId),
    /// A variable gets a value.
    Write(VariableId),
    /// A variable is deleted.
    Delete(VariableId),
    /// A function, lambda or generator is made that may read variables of this frame later.
    Closure(ScopeId),
}

#[derive(Debug, Clone)]
pub(crate) struct Point {
    pub(crate) event: Event,
    /// The bytes that make it happen.
    pub(crate) span: Span,
    pub(crate) next: Vec<usize>,
}

/// The points of one frame. The first is where it begins.
#[derive(Debug, Clone)]
pub(crate) struct Flow {
    pub(crate) points: Vec<Point>,
    pub(crate) starts: FxHashMap<StatementId, Vec<usize>>,
    pub(crate) ends: FxHashMap<StatementId, usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Jump {
    Return,
    Break,
    Continue,
}

enum Around {
    Loop { leave: usize, again: usize },
    Finally { entry: usize, pending: Vec<Jump> },
}

struct Builder<'a> {
    module: &'a Module,
    points: Vec<Point>,
    starts: FxHashMap<StatementId, Vec<usize>>,
    ends: FxHashMap<StatementId, usize>,
    /// The points that the next one comes after.
    frontier: Vec<usize>,
    /// Where an exception goes; the last is the innermost.
    exceptions: Vec<usize>,
    around: Vec<Around>,
}

/// Builds the graph of a scope with a frame of its own.
pub(crate) fn of(module: &Module, scope: ScopeId) -> Flow {
    let mut builder = Builder {
        module,
        points: Vec::new(),
        starts: FxHashMap::default(),
        ends: FxHashMap::default(),
        frontier: Vec::new(),
        exceptions: Vec::new(),
        around: Vec::new(),
    };
    let known = module.scope(scope);
    builder.emit(Event::Join, known.span);
    for parameter in &known.parameters {
        if let Some(variable) = module.variable_in(scope, parameter) {
            builder.emit(Event::Write(variable), known.span);
        }
    }
    match known.kind {
        ScopeKind::Module => builder.block(&module.tree().body),
        ScopeKind::Function => {
            if let Some(Stmt::FunctionDef(def)) = known.statement.map(|id| module.syntax(id)) {
                builder.block(&def.body);
            }
        }
        ScopeKind::Lambda => {
            if let Some(Expr::Lambda(lambda)) = module.expression(known.span) {
                builder.visit_expr(&lambda.body);
            }
        }
        ScopeKind::GeneratorExpression => {
            if let Some(Expr::Generator(lazy)) = module.expression(known.span) {
                builder.generators(&lazy.generators, &[&lazy.elt], false);
            }
        }
        // These run in the frame around them.
        _ => {}
    }
    Flow { points: builder.points, starts: builder.starts, ends: builder.ends }
}

impl<'a> Builder<'a> {
    fn emit(&mut self, event: Event, span: Span) -> usize {
        let point = self.point(event, span);
        for before in std::mem::take(&mut self.frontier) {
            self.link(before, point);
        }
        self.frontier.push(point);
        point
    }

    /// A point that nothing leads to yet.
    fn point(&mut self, event: Event, span: Span) -> usize {
        let index = self.points.len();
        // Whatever happens there may raise.
        let next = self.exceptions.last().copied().into_iter().collect();
        self.points.push(Point { event, span, next });
        index
    }

    fn link(&mut self, from: usize, to: usize) {
        if !self.points[from].next.contains(&to) {
            self.points[from].next.push(to);
        }
    }

    fn link_all(&mut self, from: &[usize], to: usize) {
        for point in from {
            self.link(*point, to);
        }
    }

    fn block(&mut self, body: &'a [Stmt]) {
        for statement in body {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &'a Stmt) {
        let Some(id) = self.module.id_of(statement) else { return };
        let span = Span::from(statement.range());
        let start = self.emit(Event::Start(id), span);
        self.starts.entry(id).or_default().push(start);
        self.inside(statement, id, start);
        let end = self.emit(Event::End(id), span);
        self.ends.insert(id, end);
    }

    fn inside(&mut self, statement: &'a Stmt, id: StatementId, start: usize) {
        let span = Span::from(statement.range());
        match statement {
            Stmt::FunctionDef(def) => {
                for decorator in &def.decorator_list {
                    self.visit_expr(&decorator.expression);
                }
                for parameter in &*def.parameters {
                    parameter.default().into_iter().for_each(|default| self.visit_expr(default));
                    parameter.annotation().into_iter().for_each(|hint| self.visit_expr(hint));
                }
                def.returns.iter().for_each(|hint| self.visit_expr(hint));
                self.closure(span);
                self.writes(&def.name);
            }
            Stmt::ClassDef(def) => {
                for decorator in &def.decorator_list {
                    self.visit_expr(&decorator.expression);
                }
                if let Some(arguments) = &def.arguments {
                    visitor::walk_arguments(self, arguments);
                }
                self.block(&def.body);
                self.writes(&def.name);
            }
            Stmt::AugAssign(assign) => {
                let Expr::Name(name) = assign.target.as_ref() else {
                    self.visit_expr(&assign.target);
                    self.visit_expr(&assign.value);
                    return;
                };
                let variable = self.variable(name.range.start().to_usize());
                if let Some(variable) = variable {
                    self.emit(Event::Read(variable), name.range.into());
                }
                self.visit_expr(&assign.value);
                if let Some(variable) = variable {
                    self.emit(Event::Write(variable), name.range.into());
                }
            }
            Stmt::AnnAssign(assign) => {
                assign.value.iter().for_each(|value| self.visit_expr(value));
                if assign.value.is_some() || !matches!(assign.target.as_ref(), Expr::Name(_)) {
                    self.visit_expr(&assign.target);
                }
                self.visit_expr(&assign.annotation);
            }
            Stmt::Return(inner) => {
                inner.value.iter().for_each(|value| self.visit_expr(value));
                self.jump(Jump::Return);
            }
            Stmt::Break(_) => self.jump(Jump::Break),
            Stmt::Continue(_) => self.jump(Jump::Continue),
            Stmt::Raise(inner) => {
                inner.exc.iter().chain(&inner.cause).for_each(|value| self.visit_expr(value));
                self.raises();
            }
            Stmt::Assert(inner) => {
                self.visit_expr(&inner.test);
                let held = self.frontier.clone();
                inner.msg.iter().for_each(|message| self.visit_expr(message));
                self.raises();
                self.frontier = held;
            }
            Stmt::If(branch) => self.branch(branch),
            Stmt::For(inner) => self.for_loop(inner, id),
            Stmt::While(inner) => self.while_loop(inner, start),
            Stmt::With(with) => {
                for item in &with.items {
                    self.visit_expr(&item.context_expr);
                    item.optional_vars.iter().for_each(|target| self.visit_expr(target));
                }
                // `__exit__` may swallow an exception of the body; else it goes on outwards.
                let leave = self.point(Event::Join, span);
                self.exceptions.push(leave);
                self.emit(Event::Join, span);
                self.block(&with.body);
                self.exceptions.pop();
                self.frontier.push(leave);
            }
            Stmt::Match(matching) => self.matching(matching),
            Stmt::Try(attempt) => self.attempt(attempt, span),
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn branch(&mut self, branch: &'a ast::StmtIf) {
        self.visit_expr(&branch.test);
        let mut untaken = self.frontier.clone();
        self.block(&branch.body);
        let mut after = std::mem::take(&mut self.frontier);
        let mut has_else = false;
        for clause in &branch.elif_else_clauses {
            self.frontier = std::mem::take(&mut untaken);
            match &clause.test {
                Some(test) => {
                    self.visit_expr(test);
                    untaken.clone_from(&self.frontier);
                }
                None => has_else = true,
            }
            self.block(&clause.body);
            after.append(&mut self.frontier);
        }
        if !has_else {
            after.append(&mut untaken);
        }
        self.frontier = after;
    }

    fn for_loop(&mut self, inner: &'a ast::StmtFor, id: StatementId) {
        self.visit_expr(&inner.iter);
        let next = self.emit(Event::Next(id), inner.iter.range().into());
        self.starts.entry(id).or_default().push(next);
        let leave = self.point(Event::Join, inner.range.into());
        self.visit_expr(&inner.target);
        self.around.push(Around::Loop { leave, again: next });
        self.block(&inner.body);
        self.around.pop();
        let last = std::mem::take(&mut self.frontier);
        self.link_all(&last, next);
        self.frontier = vec![next];
        self.block(&inner.orelse);
        self.frontier.push(leave);
    }

    fn while_loop(&mut self, inner: &'a ast::StmtWhile, start: usize) {
        let leave = self.point(Event::Join, inner.range.into());
        self.visit_expr(&inner.test);
        let forever = match inner.test.as_ref() {
            Expr::BooleanLiteral(literal) => literal.value,
            Expr::NumberLiteral(literal) => literal.value.as_int().is_some_and(|int| int.as_u64() == Some(1)),
            _ => false,
        };
        let tested = self.frontier.clone();
        self.around.push(Around::Loop { leave, again: start });
        self.block(&inner.body);
        self.around.pop();
        let last = std::mem::take(&mut self.frontier);
        self.link_all(&last, start);
        self.frontier = if forever { Vec::new() } else { tested };
        self.block(&inner.orelse);
        self.frontier.push(leave);
    }

    fn matching(&mut self, matching: &'a ast::StmtMatch) {
        self.visit_expr(&matching.subject);
        let mut after = Vec::new();
        for case in &matching.cases {
            let mut failed = self.frontier.clone();
            self.visit_pattern(&case.pattern);
            if let Some(guard) = &case.guard {
                self.visit_expr(guard);
            }
            failed.extend(&self.frontier);
            self.block(&case.body);
            after.append(&mut self.frontier);
            self.frontier = failed;
        }
        self.frontier.append(&mut after);
    }

    fn attempt(&mut self, attempt: &'a ast::StmtTry, span: Span) {
        let has_finally = !attempt.finalbody.is_empty();
        // What raises inside a handler, the `else`, or a body without handlers goes to `finally`.
        let finally = has_finally.then(|| self.point(Event::Join, span));
        if let Some(entry) = finally {
            self.exceptions.push(entry);
            self.around.push(Around::Finally { entry, pending: Vec::new() });
        }
        let raised = self.point(Event::Join, span);
        self.exceptions.push(raised);
        self.emit(Event::Join, span);
        self.block(&attempt.body);
        self.exceptions.pop();
        self.block(&attempt.orelse);
        let mut after = std::mem::take(&mut self.frontier);
        let mut unmatched = vec![raised];
        for handler in &attempt.handlers {
            let ast::ExceptHandler::ExceptHandler(handler) = handler;
            self.frontier = std::mem::take(&mut unmatched);
            handler.type_.iter().for_each(|kind| self.visit_expr(kind));
            unmatched.clone_from(&self.frontier);
            let name = handler.name.as_ref();
            if let Some(name) = name {
                self.writes(name);
            }
            self.block(&handler.body);
            // `except ... as name` deletes the name at the end of the handler.
            if let Some(variable) = name.and_then(|name| self.variable(name.range.start().to_usize())) {
                self.emit(Event::Delete(variable), handler.range.into());
            }
            after.append(&mut self.frontier);
        }
        self.frontier = after;
        let Some(entry) = finally else { return };
        self.exceptions.pop();
        let left = self.around.pop();
        let normal = std::mem::take(&mut self.frontier);
        self.link_all(&normal, entry);
        self.frontier = vec![entry];
        self.block(&attempt.finalbody);
        let done = self.emit(Event::Join, span);
        // The exception goes on, or the jump that passed through does.
        self.raises();
        if let Some(Around::Finally { pending, .. }) = left {
            for jump in pending {
                self.frontier = vec![done];
                self.jump(jump);
            }
        }
        self.frontier = vec![done];
    }

    /// Nothing comes after but a handler.
    fn raises(&mut self) {
        let from = std::mem::take(&mut self.frontier);
        if let Some(handler) = self.exceptions.last().copied() {
            self.link_all(&from, handler);
        }
    }

    fn jump(&mut self, jump: Jump) {
        let from = std::mem::take(&mut self.frontier);
        for index in (0..self.around.len()).rev() {
            let target = match &mut self.around[index] {
                Around::Finally { entry, pending } => {
                    if !pending.contains(&jump) {
                        pending.push(jump);
                    }
                    *entry
                }
                Around::Loop { leave, .. } if jump == Jump::Break => *leave,
                Around::Loop { again, .. } if jump == Jump::Continue => *again,
                Around::Loop { .. } => continue,
            };
            self.link_all(&from, target);
            return;
        }
    }

    fn variable(&self, offset: usize) -> Option<VariableId> {
        self.module.occurrence_at(offset).map(|occurrence| occurrence.variable)
    }

    fn writes(&mut self, name: &ast::Identifier) {
        if let Some(variable) = self.variable(name.range.start().to_usize()) {
            self.emit(Event::Write(variable), name.range.into());
        }
    }

    fn closure(&mut self, span: Span) {
        if let Some(scope) = self.module.tables().scope_at.get(&span).copied() {
            self.emit(Event::Closure(scope), span);
        }
    }

    /// The loops of a comprehension that runs here and now.
    fn generators(&mut self, generators: &'a [ast::Comprehension], elements: &[&'a Expr], first: bool) {
        let mut heads = Vec::new();
        let mut skipped = Vec::new();
        for (index, generator) in generators.iter().enumerate() {
            if index > 0 || first {
                self.visit_expr(&generator.iter);
            }
            let head = self.emit(Event::Join, generator.range.into());
            heads.push(head);
            self.visit_expr(&generator.target);
            for test in &generator.ifs {
                self.visit_expr(test);
                skipped.push((head, self.frontier.clone()));
            }
        }
        for element in elements {
            self.visit_expr(element);
        }
        // A new turn of the innermost loop; a loop that is over gives way to a new turn of the one around it.
        for (outer, inner) in heads.iter().zip(heads.iter().skip(1)) {
            self.link(*inner, *outer);
        }
        for (head, from) in skipped {
            self.link_all(&from, head);
        }
        if let (Some(outermost), Some(innermost)) = (heads.first(), heads.last()) {
            let last = std::mem::take(&mut self.frontier);
            self.link_all(&last, *innermost);
            self.frontier = vec![*outermost];
        }
    }
}

impl<'a> Visitor<'a> for Builder<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        self.statement(statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Name(name) => {
                let Some(variable) = self.variable(name.range.start().to_usize()) else { return };
                let event = match name.ctx {
                    ast::ExprContext::Store => Event::Write(variable),
                    ast::ExprContext::Del => Event::Delete(variable),
                    ast::ExprContext::Load | ast::ExprContext::Invalid => Event::Read(variable),
                };
                self.emit(event, name.range.into());
                if matches!(event, Event::Read(_))
                    && let Some(global) = global_behind(self.module, variable)
                {
                    self.emit(Event::Read(global), name.range.into());
                }
            }
            Expr::BoolOp(inner) => {
                let mut after = Vec::new();
                for value in &inner.values {
                    self.visit_expr(value);
                    after.extend(&self.frontier);
                }
                self.frontier = after;
            }
            Expr::If(inner) => {
                self.visit_expr(&inner.test);
                let tested = self.frontier.clone();
                self.visit_expr(&inner.body);
                let mut after = std::mem::replace(&mut self.frontier, tested);
                self.visit_expr(&inner.orelse);
                self.frontier.append(&mut after);
            }
            Expr::Compare(inner) => {
                self.visit_expr(&inner.left);
                let mut after = Vec::new();
                for value in &inner.comparators {
                    self.visit_expr(value);
                    after.extend(&self.frontier);
                }
                self.frontier = after;
            }
            Expr::Lambda(inner) => {
                for parameter in inner.parameters.iter().flat_map(|parameters| parameters.iter()) {
                    parameter.default().into_iter().for_each(|default| self.visit_expr(default));
                }
                self.closure(inner.range.into());
            }
            Expr::Generator(inner) => {
                if let Some(first) = inner.generators.first() {
                    self.visit_expr(&first.iter);
                }
                self.closure(inner.range.into());
            }
            Expr::ListComp(inner) => self.generators(&inner.generators, &[&inner.elt], true),
            Expr::SetComp(inner) => self.generators(&inner.generators, &[&inner.elt], true),
            Expr::DictComp(inner) => {
                let mut elements: Vec<&Expr> = inner.key.iter().map(AsRef::as_ref).collect();
                elements.push(&inner.value);
                self.generators(&inner.generators, &elements, true);
            }
            Expr::Call(call) => {
                if let Some(lazy) = consumed_at_once(self.module, call) {
                    self.visit_expr(&call.func);
                    self.generators(&lazy.generators, &[&lazy.elt], true);
                    for keyword in &call.arguments.keywords {
                        self.visit_expr(&keyword.value);
                    }
                } else {
                    visitor::walk_expr(self, expression);
                }
            }
            _ => visitor::walk_expr(self, expression),
        }
    }

    fn visit_pattern(&mut self, pattern: &'a ast::Pattern) {
        let before = self.frontier.clone();
        visitor::walk_pattern(self, pattern);
        let name = match pattern {
            ast::Pattern::MatchAs(inner) => inner.name.as_ref(),
            ast::Pattern::MatchStar(inner) => inner.name.as_ref(),
            ast::Pattern::MatchMapping(inner) => inner.rest.as_ref(),
            // Of alternatives one is tried after the other.
            ast::Pattern::MatchOr(_) => {
                self.frontier.extend(before);
                None
            }
            _ => None,
        };
        if let Some(name) = name {
            self.writes(name);
        }
    }
}

/// The global that a read of a class's own name gives where the class has not bound it yet.
pub(crate) fn global_behind(module: &Module, variable: VariableId) -> Option<VariableId> {
    let known = module.variable(variable);
    let of_class = module.scope(known.scope).kind == ScopeKind::Class;
    of_class.then(|| module.variable_in(ScopeId::MODULE, &known.name)).flatten()
}

/// The generator expression that a call runs to its end before it returns: `sum(... for ...)`, `", ".join(...)`.
pub(crate) fn consumed_at_once<'a>(
    module: &Module,
    call: &'a ast::ExprCall,
) -> Option<&'a ast::ExprGenerator> {
    let Expr::Generator(lazy) = call.arguments.args.first()? else { return None };
    let eager = match call.func.as_ref() {
        Expr::Name(name) => {
            matches!(
                name.id.as_str(),
                "sum"
                    | "any"
                    | "all"
                    | "min"
                    | "max"
                    | "list"
                    | "tuple"
                    | "set"
                    | "frozenset"
                    | "dict"
                    | "sorted"
            ) && module.resolve(&call.func).is_some_and(|path| path == name.id.as_str())
        }
        Expr::Attribute(method) => {
            method.attr.id.as_str() == "join" && matches!(method.value.as_ref(), Expr::StringLiteral(_))
        }
        _ => false,
    };
    (eager && call.arguments.args.len() == 1).then_some(lazy)
}
