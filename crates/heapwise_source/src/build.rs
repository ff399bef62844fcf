//! One walk over the syntax tree that fills the model's tables.
//!
//! Invariant: every name is looked up by CPython's rules: class scopes are passed over by those inside them, `global` and
//! `nonlocal` are obeyed, the first iterable of a comprehension belongs to the scope around it.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::names::{
    Access, Block, Occurrence, Scope, ScopeId, ScopeKind, Statement, StatementId, StatementKind, Variable,
    VariableId,
};
use crate::text::Span;

/// The tables of a module.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tables {
    pub(crate) scopes: Vec<Scope>,
    pub(crate) statements: Vec<Statement>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) occurrences: Vec<Occurrence>,
    /// Occurrence by the offset of its first byte.
    pub(crate) occurrence_at: FxHashMap<usize, usize>,
    /// Statement by the offset of its first byte.
    pub(crate) statement_at: FxHashMap<usize, StatementId>,
    /// Scope by its span.
    pub(crate) scope_at: FxHashMap<Span, ScopeId>,
    /// What imports bind.
    pub(crate) imports: FxHashMap<VariableId, Vec<String>>,
    /// Offsets of names that are called: `f` of `f(x)`.
    pub(crate) callees: FxHashSet<usize>,
    variable_of: FxHashMap<(ScopeId, String), VariableId>,
}

impl Tables {
    pub(crate) fn variable(&self, scope: ScopeId, name: &str) -> Option<VariableId> {
        self.variable_of.get(&(scope, name.to_owned())).copied()
    }
}

/// An occurrence before its variable is known.
struct Raw {
    name: String,
    span: Span,
    access: Access,
    scope: ScopeId,
    statement: StatementId,
    import: Option<String>,
}

#[derive(Default)]
struct Declared {
    global: FxHashSet<String>,
    nonlocal: FxHashSet<String>,
    bound: FxHashSet<String>,
}

struct Builder {
    tables: Tables,
    raw: Vec<Raw>,
    declared: Vec<Declared>,
    scope: ScopeId,
    statement: Option<StatementId>,
    /// The statement that the next ones stand in.
    parent: Option<StatementId>,
    block: Block,
}

/// Builds the tables of a tree.
pub(crate) fn tables(module: &ast::ModModule, length: usize) -> Tables {
    let mut builder = Builder {
        tables: Tables::default(),
        raw: Vec::new(),
        declared: vec![Declared::default()],
        scope: ScopeId::MODULE,
        statement: None,
        parent: None,
        block: Block::Body,
    };
    let name = "<module>".to_owned();
    builder.tables.scopes.push(Scope {
        kind: ScopeKind::Module,
        parent: None,
        qualified_name: name.clone(),
        name,
        span: Span::new(0, length),
        header: 0,
        statement: None,
        is_async: false,
        is_generator: false,
        decorators: 0,
        parameters: Vec::new(),
        is_dynamic: false,
        has_star_import: false,
    });
    builder.block(&module.body, None, Block::Body);
    builder.resolve()
}

impl Builder {
    fn block(&mut self, body: &[Stmt], parent: Option<StatementId>, block: Block) {
        let saved = (self.parent, self.block, self.statement);
        for (index, statement) in body.iter().enumerate() {
            (self.parent, self.block) = (parent, block);
            self.statement_of_block(statement, index);
        }
        (self.parent, self.block, self.statement) = saved;
    }

    fn statement_of_block(&mut self, statement: &Stmt, index: usize) {
        let id = StatementId(self.tables.statements.len());
        let span = Span::from(statement.range());
        self.tables.statements.push(Statement {
            kind: kind(statement),
            span,
            header: Span::new(span.start, header_end(statement)),
            scope: self.scope,
            parent: self.parent,
            block: self.block,
            index,
        });
        self.tables.statement_at.insert(span.start, id);
        self.statement = Some(id);
        self.inside(statement, id);
        self.statement = Some(id);
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of statement that binds or nests")]
    fn inside(&mut self, statement: &Stmt, id: StatementId) {
        match statement {
            Stmt::FunctionDef(def) => self.function(def, id),
            Stmt::ClassDef(def) => self.class(def, id),
            Stmt::Assign(assign) => {
                self.visit_expr(&assign.value);
                assign.targets.iter().for_each(|target| self.visit_expr(target));
            }
            Stmt::AugAssign(assign) => {
                match assign.target.as_ref() {
                    Expr::Name(name) => self.occurs(&name.id, name.range, Access::Update),
                    target => self.visit_expr(target),
                }
                self.visit_expr(&assign.value);
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.visit_expr(value);
                    self.visit_expr(&assign.target);
                } else if let Expr::Name(name) = assign.target.as_ref() {
                    // No value is bound, but the name becomes the scope's own.
                    self.declared[self.scope.0].bound.insert(name.id.to_string());
                } else {
                    self.visit_expr(&assign.target);
                }
                self.visit_expr(&assign.annotation);
            }
            Stmt::For(loop_) => {
                self.visit_expr(&loop_.iter);
                self.visit_expr(&loop_.target);
                self.block(&loop_.body, Some(id), Block::Body);
                self.block(&loop_.orelse, Some(id), Block::Else);
            }
            Stmt::While(loop_) => {
                self.visit_expr(&loop_.test);
                self.block(&loop_.body, Some(id), Block::Body);
                self.block(&loop_.orelse, Some(id), Block::Else);
            }
            Stmt::If(branch) => {
                self.visit_expr(&branch.test);
                self.block(&branch.body, Some(id), Block::Body);
                for (index, clause) in branch.elif_else_clauses.iter().enumerate() {
                    if let Some(test) = &clause.test {
                        self.visit_expr(test);
                    }
                    self.block(&clause.body, Some(id), Block::Clause(index));
                }
            }
            Stmt::With(with) => {
                for item in &with.items {
                    self.visit_expr(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        self.visit_expr(target);
                    }
                }
                self.block(&with.body, Some(id), Block::Body);
            }
            Stmt::Match(matching) => {
                self.visit_expr(&matching.subject);
                for (index, case) in matching.cases.iter().enumerate() {
                    self.visit_pattern(&case.pattern);
                    if let Some(guard) = &case.guard {
                        self.visit_expr(guard);
                    }
                    self.block(&case.body, Some(id), Block::Case(index));
                }
            }
            Stmt::Try(attempt) => {
                self.block(&attempt.body, Some(id), Block::Body);
                for (index, handler) in attempt.handlers.iter().enumerate() {
                    let ast::ExceptHandler::ExceptHandler(handler) = handler;
                    if let Some(kind) = &handler.type_ {
                        self.visit_expr(kind);
                    }
                    if let Some(name) = &handler.name {
                        self.binds(name);
                    }
                    self.block(&handler.body, Some(id), Block::Handler(index));
                }
                self.block(&attempt.orelse, Some(id), Block::Else);
                self.block(&attempt.finalbody, Some(id), Block::Finally);
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    let module = alias.name.id.as_str();
                    if let Some(name) = &alias.asname {
                        self.imports(&name.id, name.range, module.to_owned());
                    } else {
                        let first = module.split('.').next().unwrap_or(module);
                        self.imports(first, alias.name.range, first.to_owned());
                    }
                }
            }
            Stmt::ImportFrom(import) => {
                let dots = ".".repeat(usize::try_from(import.level).unwrap_or(0));
                let module = import.module.as_ref().map_or("", |module| module.id.as_str());
                for alias in &import.names {
                    let name = alias.name.id.as_str();
                    if name == "*" {
                        self.tables.scopes[self.scope.0].has_star_import = true;
                        continue;
                    }
                    let bound = alias.asname.as_ref().unwrap_or(&alias.name);
                    let between = if module.is_empty() { "" } else { "." };
                    self.imports(&bound.id, bound.range, format!("{dots}{module}{between}{name}"));
                }
            }
            Stmt::Global(global) => {
                let names = global.names.iter().map(|name| name.id.to_string());
                self.declared[self.scope.0].global.extend(names);
            }
            Stmt::Nonlocal(nonlocal) => {
                let names = nonlocal.names.iter().map(|name| name.id.to_string());
                self.declared[self.scope.0].nonlocal.extend(names);
            }
            Stmt::TypeAlias(alias) => {
                self.visit_expr(&alias.value);
                self.visit_expr(&alias.name);
                if let Some(parameters) = &alias.type_params {
                    self.type_parameters(parameters);
                }
            }
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn function(&mut self, def: &ast::StmtFunctionDef, id: StatementId) {
        def.decorator_list.iter().for_each(|decorator| self.visit_expr(&decorator.expression));
        self.defaults(&def.parameters);
        for parameter in &*def.parameters {
            if let Some(annotation) = parameter.annotation() {
                self.visit_expr(annotation);
            }
        }
        if let Some(returns) = &def.returns {
            self.visit_expr(returns);
        }
        self.binds(&def.name);
        let header = def.decorator_list.last().map_or(def.range.start(), |last| last.range.end());
        let around = self.enter(ScopeKind::Function, &def.name.id, def.range, header.to_usize());
        let scope = &mut self.tables.scopes[self.scope.0];
        scope.is_async = def.is_async;
        scope.decorators = def.decorator_list.len();
        if let Some(parameters) = &def.type_params {
            self.type_parameters(parameters);
        }
        self.parameters(&def.parameters);
        self.block(&def.body, Some(id), Block::Body);
        self.scope = around;
    }

    fn class(&mut self, def: &ast::StmtClassDef, id: StatementId) {
        def.decorator_list.iter().for_each(|decorator| self.visit_expr(&decorator.expression));
        if let Some(arguments) = &def.arguments {
            visitor::walk_arguments(self, arguments);
        }
        self.binds(&def.name);
        let header = def.decorator_list.last().map_or(def.range.start(), |last| last.range.end());
        let around = self.enter(ScopeKind::Class, &def.name.id, def.range, header.to_usize());
        self.tables.scopes[self.scope.0].decorators = def.decorator_list.len();
        if let Some(parameters) = &def.type_params {
            self.type_parameters(parameters);
        }
        self.block(&def.body, Some(id), Block::Body);
        self.scope = around;
    }

    fn defaults(&mut self, parameters: &ast::Parameters) {
        for parameter in parameters {
            if let Some(default) = parameter.default() {
                self.visit_expr(default);
            }
        }
    }

    fn parameters(&mut self, parameters: &ast::Parameters) {
        for parameter in parameters {
            let name = parameter.name();
            self.tables.scopes[self.scope.0].parameters.push(name.id.to_string());
            self.binds(name);
        }
    }

    fn type_parameters(&mut self, parameters: &ast::TypeParams) {
        for parameter in parameters {
            match parameter {
                ast::TypeParam::TypeVar(one) => {
                    self.binds(&one.name);
                    one.bound.iter().chain(&one.default).for_each(|inner| self.visit_expr(inner));
                }
                ast::TypeParam::TypeVarTuple(one) => {
                    self.binds(&one.name);
                    one.default.iter().for_each(|inner| self.visit_expr(inner));
                }
                ast::TypeParam::ParamSpec(one) => {
                    self.binds(&one.name);
                    one.default.iter().for_each(|inner| self.visit_expr(inner));
                }
            }
        }
    }

    fn enter(&mut self, kind: ScopeKind, name: &str, range: TextRange, header: usize) -> ScopeId {
        let around = self.scope;
        let parent = &self.tables.scopes[around.0];
        let qualified_name = match parent.kind {
            ScopeKind::Module => name.to_owned(),
            _ if self.declared[around.0].global.contains(name) => name.to_owned(),
            ScopeKind::Class => format!("{}.{name}", parent.qualified_name),
            _ => format!("{}.<locals>.{name}", parent.qualified_name),
        };
        let id = ScopeId(self.tables.scopes.len());
        self.tables.scopes.push(Scope {
            kind,
            parent: Some(around),
            name: name.to_owned(),
            qualified_name,
            span: range.into(),
            header,
            statement: self.statement,
            is_async: false,
            is_generator: kind == ScopeKind::GeneratorExpression,
            decorators: 0,
            parameters: Vec::new(),
            is_dynamic: false,
            has_star_import: false,
        });
        self.tables.scope_at.insert(range.into(), id);
        self.declared.push(Declared::default());
        self.scope = id;
        around
    }

    fn comprehension(
        &mut self,
        kind: ScopeKind,
        name: &str,
        range: TextRange,
        generators: &[ast::Comprehension],
        elements: &[&Expr],
    ) {
        if let Some(first) = generators.first() {
            self.visit_expr(&first.iter);
        }
        let around = self.enter(kind, name, range, range.start().to_usize());
        for (index, generator) in generators.iter().enumerate() {
            if index > 0 {
                self.visit_expr(&generator.iter);
            }
            self.tables.scopes[self.scope.0].is_async |= generator.is_async;
            self.visit_expr(&generator.target);
            generator.ifs.iter().for_each(|test| self.visit_expr(test));
        }
        for element in elements {
            self.visit_expr(element);
        }
        self.scope = around;
    }

    fn binds(&mut self, name: &ast::Identifier) {
        self.occurs(&name.id, name.range, Access::Write);
    }

    fn imports(&mut self, name: &str, range: TextRange, from: String) {
        self.occurs(name, range, Access::Write);
        if let Some(raw) = self.raw.last_mut() {
            raw.import = Some(from);
        }
    }

    fn occurs(&mut self, name: &str, range: TextRange, access: Access) {
        let scope = self.scope;
        self.occurs_in(scope, name, range, access);
    }

    fn occurs_in(&mut self, scope: ScopeId, name: &str, range: TextRange, access: Access) {
        if access.rebinds() {
            self.declared[scope.0].bound.insert(name.to_owned());
        }
        let Some(statement) = self.statement else { return };
        let span = Span::from(range);
        self.raw.push(Raw { name: name.to_owned(), span, access, scope, statement, import: None });
    }

    /// The scope that `:=` in a comprehension writes to.
    fn beyond_comprehensions(&self) -> ScopeId {
        let mut scope = self.scope;
        loop {
            let inner = &self.tables.scopes[scope.0];
            let comprehension =
                inner.kind.is_eager_comprehension() || inner.kind == ScopeKind::GeneratorExpression;
            match inner.parent {
                Some(parent) if comprehension => scope = parent,
                _ => return scope,
            }
        }
    }

    fn mark_dynamic(&mut self, call: &ast::ExprCall) {
        let Expr::Name(name) = call.func.as_ref() else { return };
        let (frame, beyond) = match name.id.as_str() {
            "eval" | "exec" | "breakpoint" | "globals" | "get_ipython" => (true, true),
            "locals" => (true, false),
            "vars" | "dir" => (call.arguments.is_empty(), false),
            _ => (false, false),
        };
        let mut scope = Some(self.scope).filter(|_| frame);
        while let Some(id) = scope {
            let inner = &mut self.tables.scopes[id.0];
            inner.is_dynamic = true;
            let inlined = inner.kind.is_eager_comprehension();
            scope = inner.parent.filter(|_| beyond || inlined);
        }
    }

    fn resolve(mut self) -> Tables {
        for index in 0..self.raw.len() {
            let scope = self.home(self.raw[index].scope, &self.raw[index].name);
            let raw = &self.raw[index];
            let key = (scope, raw.name.clone());
            let next = VariableId(self.tables.variables.len());
            let variable = *self.tables.variable_of.entry(key).or_insert(next);
            if variable == next {
                let owner = &self.tables.scopes[scope.0];
                self.tables.variables.push(Variable {
                    name: raw.name.clone(),
                    scope,
                    occurrences: Vec::new(),
                    is_bound: false,
                    is_parameter: owner.parameters.contains(&raw.name),
                });
            }
            let number = self.tables.occurrences.len();
            self.tables.occurrences.push(Occurrence {
                variable,
                span: raw.span,
                access: raw.access,
                scope: raw.scope,
                statement: raw.statement,
            });
            let entry = &mut self.tables.variables[variable.0];
            entry.occurrences.push(number);
            entry.is_bound |= raw.access.rebinds();
            self.tables.occurrence_at.insert(raw.span.start, number);
            if let Some(import) = &raw.import {
                self.tables.imports.entry(variable).or_default().push(import.clone());
            }
        }
        for variable in &mut self.tables.variables {
            let occurrences = &self.tables.occurrences;
            variable.occurrences.sort_by_key(|index| occurrences[*index].span.start);
        }
        self.tables
    }

    /// The scope that a name belongs to, seen from `scope`.
    fn home(&self, scope: ScopeId, name: &str) -> ScopeId {
        let declared = &self.declared[scope.0];
        if declared.global.contains(name) {
            return ScopeId::MODULE;
        }
        if !declared.nonlocal.contains(name) && declared.bound.contains(name) {
            return scope;
        }
        let mut around = self.tables.scopes[scope.0].parent;
        while let Some(id) = around {
            let (outer, declared) = (&self.tables.scopes[id.0], &self.declared[id.0]);
            if outer.kind != ScopeKind::Class {
                if declared.global.contains(name) {
                    return ScopeId::MODULE;
                }
                if declared.bound.contains(name) && !declared.nonlocal.contains(name) {
                    return id;
                }
            }
            around = outer.parent;
        }
        ScopeId::MODULE
    }
}

impl<'a> Visitor<'a> for Builder {
    fn visit_stmt(&mut self, _statement: &'a Stmt) {
        // Statements inside statements are walked block by block.
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Name(name) => {
                let access = match name.ctx {
                    ast::ExprContext::Store => Access::Write,
                    ast::ExprContext::Del => Access::Delete,
                    ast::ExprContext::Load | ast::ExprContext::Invalid => Access::Read,
                };
                self.occurs(&name.id, name.range, access);
            }
            Expr::Named(named) => {
                self.visit_expr(&named.value);
                if let Expr::Name(name) = named.target.as_ref() {
                    let scope = self.beyond_comprehensions();
                    self.occurs_in(scope, &name.id, name.range, Access::Write);
                }
            }
            Expr::Lambda(lambda) => {
                if let Some(parameters) = &lambda.parameters {
                    self.defaults(parameters);
                }
                let start = lambda.range.start().to_usize();
                let around = self.enter(ScopeKind::Lambda, "<lambda>", lambda.range, start);
                if let Some(parameters) = &lambda.parameters {
                    self.parameters(parameters);
                }
                self.visit_expr(&lambda.body);
                self.scope = around;
            }
            Expr::ListComp(list) => {
                let kind = ScopeKind::ListComprehension;
                self.comprehension(kind, "<listcomp>", list.range, &list.generators, &[&list.elt]);
            }
            Expr::SetComp(set) => {
                let kind = ScopeKind::SetComprehension;
                self.comprehension(kind, "<setcomp>", set.range, &set.generators, &[&set.elt]);
            }
            Expr::Generator(lazy) => {
                let kind = ScopeKind::GeneratorExpression;
                self.comprehension(kind, "<genexpr>", lazy.range, &lazy.generators, &[&lazy.elt]);
            }
            Expr::DictComp(dict) => {
                let mut elements: Vec<&Expr> = dict.key.iter().map(AsRef::as_ref).collect();
                elements.push(&dict.value);
                let kind = ScopeKind::DictComprehension;
                self.comprehension(kind, "<dictcomp>", dict.range, &dict.generators, &elements);
            }
            Expr::Yield(_) | Expr::YieldFrom(_) => {
                self.tables.scopes[self.scope.0].is_generator = true;
                visitor::walk_expr(self, expression);
            }
            Expr::Call(call) => {
                self.mark_dynamic(call);
                if let Expr::Name(name) = call.func.as_ref() {
                    self.tables.callees.insert(name.range.start().to_usize());
                }
                visitor::walk_expr(self, expression);
            }
            _ => visitor::walk_expr(self, expression),
        }
    }

    fn visit_pattern(&mut self, pattern: &'a ast::Pattern) {
        let name = match pattern {
            ast::Pattern::MatchAs(inner) => inner.name.as_ref(),
            ast::Pattern::MatchStar(inner) => inner.name.as_ref(),
            ast::Pattern::MatchMapping(inner) => inner.rest.as_ref(),
            _ => None,
        };
        visitor::walk_pattern(self, pattern);
        if let Some(name) = name {
            self.binds(name);
        }
    }
}

fn kind(statement: &Stmt) -> StatementKind {
    match statement {
        Stmt::FunctionDef(_) => StatementKind::FunctionDef,
        Stmt::ClassDef(_) => StatementKind::ClassDef,
        Stmt::Return(_) => StatementKind::Return,
        Stmt::Delete(_) => StatementKind::Delete,
        Stmt::TypeAlias(_) => StatementKind::TypeAlias,
        Stmt::Assign(_) => StatementKind::Assign,
        Stmt::AugAssign(_) => StatementKind::AugAssign,
        Stmt::AnnAssign(_) => StatementKind::AnnAssign,
        Stmt::For(_) => StatementKind::For,
        Stmt::While(_) => StatementKind::While,
        Stmt::If(_) => StatementKind::If,
        Stmt::With(_) => StatementKind::With,
        Stmt::Match(_) => StatementKind::Match,
        Stmt::Raise(_) => StatementKind::Raise,
        Stmt::Try(_) => StatementKind::Try,
        Stmt::Assert(_) => StatementKind::Assert,
        Stmt::Import(_) => StatementKind::Import,
        Stmt::ImportFrom(_) => StatementKind::ImportFrom,
        Stmt::Global(_) => StatementKind::Global,
        Stmt::Nonlocal(_) => StatementKind::Nonlocal,
        Stmt::Expr(_) => StatementKind::Expr,
        Stmt::Pass(_) => StatementKind::Pass,
        Stmt::Break(_) => StatementKind::Break,
        Stmt::Continue(_) => StatementKind::Continue,
        Stmt::IpyEscapeCommand(_) => StatementKind::IpyEscapeCommand,
    }
}

/// The end of the last expression before the first block.
fn header_end(statement: &Stmt) -> usize {
    let range = match statement {
        Stmt::FunctionDef(def) => {
            def.returns.as_ref().map_or_else(|| def.parameters.range(), |it| it.range())
        }
        Stmt::ClassDef(def) => def.arguments.as_ref().map_or_else(|| def.name.range, |it| it.range()),
        Stmt::For(inner) => inner.iter.range(),
        Stmt::While(inner) => inner.test.range(),
        Stmt::If(inner) => inner.test.range(),
        Stmt::With(inner) => inner.items.last().map_or(inner.range, Ranged::range),
        Stmt::Match(inner) => inner.subject.range(),
        Stmt::Try(inner) => TextRange::empty(inner.range.start()),
        _ => statement.range(),
    };
    range.end().to_usize()
}
