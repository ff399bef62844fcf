//! A parsed file and its lookups: what stands at a line, in a range, under a name.
//!
//! Invariant: any text gives a module or a [`SyntaxProblem`]; nothing here panics, and nothing that is handed out points
//! outside the text.

use std::fmt;

use ruff_python_ast::visitor::source_order::{SourceOrderVisitor, TraversalSignal, walk_node};
use ruff_python_ast::{self as ast, AnyNodeRef, Expr, Stmt};
use ruff_python_parser::Parsed;
use ruff_text_size::Ranged;

use crate::build::{self, Tables};
use crate::names::{
    Block, Occurrence, Scope, ScopeId, ScopeKind, Statement, StatementId, StatementKind, Variable, VariableId,
};
use crate::nesting;
use crate::text::{Lines, Place, Span};

/// Why a text is no Python that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxProblem {
    /// What is wrong, in the parser's words.
    pub message: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in bytes.
    pub column: u32,
}

impl fmt::Display for SyntaxProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for SyntaxProblem {}

/// A file of Python source, parsed, with its tables of scopes, statements and names.
#[derive(Debug)]
pub struct Module {
    text: String,
    lines: Lines,
    parsed: Parsed<ast::ModModule>,
    tables: Tables,
}

impl Module {
    /// Parses a file. The syntax of Python 3.8 to 3.14 is understood, whichever version ran it.
    ///
    /// # Errors
    /// Where the text is not Python, nests deeper than the parser is asked to follow, or is longer than 4 GB.
    ///
    /// ```
    /// use heapwise_source::Module;
    ///
    /// let module = Module::parse("import numpy as np\nx = np.zeros(10)\n")?;
    /// assert_eq!(module.statements().len(), 2);
    /// assert_eq!(Module::parse("x = (").unwrap_err().line, 1);
    /// # Ok::<(), heapwise_source::SyntaxProblem>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, SyntaxProblem> {
        let lines = Lines::of(text);
        let problem = |message: String, offset: usize| SyntaxProblem {
            message,
            line: lines.line(offset),
            column: lines.column(offset),
        };
        if u32::try_from(text.len()).is_err() {
            return Err(problem("the file is longer than 4 GB".to_owned(), 0));
        }
        let parsed = nesting::parse(text).map_err(|(message, offset)| problem(message, offset))?;
        let tables = build::tables(parsed.syntax(), text.len());
        Ok(Self { text: text.to_owned(), lines, parsed, tables })
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of a span; empty where the text has no such span.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    /// The lines.
    pub fn lines(&self) -> &Lines {
        &self.lines
    }

    /// The text of a line without its line end; empty beyond the end.
    pub fn line_text(&self, line: u32) -> &str {
        self.lines.span(line).map_or("", |span| self.slice(span).trim_end_matches(['\r', '\n']))
    }

    /// The syntax tree.
    pub fn tree(&self) -> &ast::ModModule {
        self.parsed.syntax()
    }

    /// The tokens, comments among them.
    pub fn tokens(&self) -> &ast::token::Tokens {
        self.parsed.tokens()
    }

    pub(crate) fn tables(&self) -> &Tables {
        &self.tables
    }

    /// All statements, in the order of the text, each before those inside it.
    pub fn statements(&self) -> &[Statement] {
        &self.tables.statements
    }

    /// The ids of all statements.
    pub fn statement_ids(&self) -> impl Iterator<Item = StatementId> + use<> {
        (0..self.tables.statements.len()).map(StatementId)
    }

    /// One statement.
    pub fn statement(&self, id: StatementId) -> &Statement {
        &self.tables.statements[id.0]
    }

    /// The syntax of a statement.
    pub fn syntax(&self, id: StatementId) -> &Stmt {
        let statement = self.statement(id);
        &self.block(statement.parent, statement.block)[statement.index]
    }

    /// The statements of a block; the module's for no parent.
    pub fn block(&self, parent: Option<StatementId>, block: Block) -> &[Stmt] {
        let Some(parent) = parent else { return &self.tree().body };
        match (self.syntax(parent), block) {
            (Stmt::FunctionDef(inner), Block::Body) => &inner.body,
            (Stmt::ClassDef(inner), Block::Body) => &inner.body,
            (Stmt::For(inner), Block::Body) => &inner.body,
            (Stmt::For(inner), Block::Else) => &inner.orelse,
            (Stmt::While(inner), Block::Body) => &inner.body,
            (Stmt::While(inner), Block::Else) => &inner.orelse,
            (Stmt::If(inner), Block::Body) => &inner.body,
            (Stmt::If(inner), Block::Clause(index)) => {
                inner.elif_else_clauses.get(index).map_or(&[], |clause| &clause.body)
            }
            (Stmt::With(inner), Block::Body) => &inner.body,
            (Stmt::Match(inner), Block::Case(index)) => inner.cases.get(index).map_or(&[], |case| &case.body),
            (Stmt::Try(inner), Block::Body) => &inner.body,
            (Stmt::Try(inner), Block::Else) => &inner.orelse,
            (Stmt::Try(inner), Block::Finally) => &inner.finalbody,
            (Stmt::Try(inner), Block::Handler(index)) => inner
                .handlers
                .get(index)
                .map_or(&[], |ast::ExceptHandler::ExceptHandler(handler)| &handler.body),
            _ => &[],
        }
    }

    /// The id of a statement of this module's tree.
    pub fn id_of(&self, statement: &Stmt) -> Option<StatementId> {
        self.tables.statement_at.get(&statement.range().start().to_usize()).copied()
    }

    /// The innermost statement whose bytes hold the offset.
    pub fn statement_at_offset(&self, offset: usize) -> Option<StatementId> {
        let after = self.tables.statements.partition_point(|statement| statement.span.start <= offset);
        let mut id = StatementId(after.checked_sub(1)?);
        loop {
            let statement = self.statement(id);
            if statement.span.start <= offset && offset < statement.span.end {
                return Some(id);
            }
            id = statement.parent?;
        }
    }

    /// The innermost statement that covers a line. Where several stand on it, the first; a header's line gives the
    /// compound statement, a line inside it that holds no statement (`else:`) too.
    pub fn statement_at_line(&self, line: u32) -> Option<StatementId> {
        let span = self.lines.span(line)?;
        let text = self.slice(span);
        let first = span.start + (text.len() - text.trim_start().len());
        self.statement_at_offset(first).or_else(|| {
            let next = self.tables.statements.partition_point(|statement| statement.span.start < span.start);
            let statement = self.tables.statements.get(next)?;
            (statement.span.start < span.end).then_some(StatementId(next))
        })
    }

    /// The statements that begin on a line.
    pub fn statements_on_line(&self, line: u32) -> impl Iterator<Item = StatementId> + use<'_> {
        let span = self.lines.span(line).unwrap_or(Span::new(0, 0));
        let first = self.tables.statements.partition_point(|statement| statement.span.start < span.start);
        let last = self.tables.statements.partition_point(|statement| statement.span.start < span.end);
        (first..last).map(StatementId)
    }

    /// The bytes of a place with columns.
    pub fn span_of(&self, place: Place) -> Option<Span> {
        if !place.has_columns() {
            return None;
        }
        let start = self.lines.offset(place.line, place.column)?;
        let end = self.lines.offset(place.end_line, place.end_column)?;
        (start <= end && self.text.is_char_boundary(start) && self.text.is_char_boundary(end))
            .then_some(Span::new(start, end))
    }

    /// The innermost statement that a frame at this place is in.
    pub fn statement_at(&self, place: Place) -> Option<StatementId> {
        self.span_of(place)
            .and_then(|span| self.statement_at_offset(span.start))
            .or_else(|| self.statement_at_line(place.line))
    }

    /// The expression that a frame at this place is evaluating: the smallest that covers the place. Where two are equal
    /// in bytes, the outer one. `None` without columns, or where the place is a statement's own.
    pub fn expression_at(&self, place: Place) -> Option<&Expr> {
        let span = self.span_of(place)?;
        let statement = self.statement_at_offset(span.start)?;
        let mut found = Covering { span, best: None };
        walk_node(&mut found, AnyNodeRef::from(self.syntax(statement)));
        found.best
    }

    /// The expression with exactly these bytes.
    pub fn expression(&self, span: Span) -> Option<&Expr> {
        let statement = self.statement_at_offset(span.start)?;
        let mut found = Covering { span, best: None };
        walk_node(&mut found, AnyNodeRef::from(self.syntax(statement)));
        found.best.filter(|expression| Span::from(expression.range()) == span)
    }

    /// All scopes; the module's is the first.
    pub fn scopes(&self) -> &[Scope] {
        &self.tables.scopes
    }

    /// The ids of all scopes.
    pub fn scope_ids(&self) -> impl Iterator<Item = ScopeId> + use<> {
        (0..self.tables.scopes.len()).map(ScopeId)
    }

    /// One scope.
    pub fn scope(&self, id: ScopeId) -> &Scope {
        &self.tables.scopes[id.0]
    }

    /// The scope of a code object, by its qualified name and first line; where the line fits none, by the name if only
    /// one scope has it. CPython before 3.11 has no qualified names: a plain name is looked up as such.
    pub fn scope_of_code(&self, function: &str, first_line: u32) -> Option<ScopeId> {
        let by_name = |qualified: bool| {
            let matching: Vec<ScopeId> = self
                .scope_ids()
                .filter(|id| {
                    let scope = self.scope(*id);
                    function == if qualified { &scope.qualified_name } else { &scope.name }
                })
                .collect();
            let at_line = |id: &&ScopeId| {
                let scope = self.scope(**id);
                let first = self.lines.line(scope.span.start);
                let header = self.lines.line(scope.header);
                (first..=header.saturating_add(1)).contains(&first_line)
            };
            match (matching.iter().find(at_line), matching.as_slice()) {
                (Some(id), _) => Some(*id),
                (None, [only]) => Some(*only),
                _ => None,
            }
        };
        by_name(true).or_else(|| by_name(false))
    }

    /// The innermost scope with code of its own frame at an offset: function, lambda, generator expression, class or module.
    /// Other comprehensions are passed over, as CPython 3.12 and later runs them in the frame around them.
    pub fn frame_scope_at(&self, offset: usize) -> ScopeId {
        let mut best = ScopeId::MODULE;
        for id in self.scope_ids() {
            let scope = self.scope(id);
            let inside = scope.span.start <= offset && offset < scope.span.end;
            if inside && !scope.kind.is_eager_comprehension() && scope.kind != ScopeKind::Module {
                best = id;
            }
        }
        best
    }

    /// All places where names stand.
    pub fn occurrences(&self) -> &[Occurrence] {
        &self.tables.occurrences
    }

    /// The occurrence of a name that begins at this offset.
    pub fn occurrence_at(&self, offset: usize) -> Option<&Occurrence> {
        self.tables.occurrence_at.get(&offset).map(|index| &self.tables.occurrences[*index])
    }

    /// The variable `name` of a scope, if the scope itself has one.
    pub fn variable_in(&self, scope: ScopeId, name: &str) -> Option<VariableId> {
        self.tables.variable(scope, name)
    }

    /// The variable that a name means in a scope: its own, or one from around it.
    pub fn look_up(&self, scope: ScopeId, name: &str) -> Option<VariableId> {
        let mut at = Some(scope);
        let mut innermost = true;
        while let Some(id) = at {
            let here = self.scope(id);
            if (innermost || here.kind != ScopeKind::Class)
                && let Some(variable) = self.tables.variable(id, name)
            {
                return Some(variable);
            }
            innermost = false;
            at = here.parent;
        }
        None
    }

    /// One variable.
    pub fn variable(&self, id: VariableId) -> &Variable {
        &self.tables.variables[id.0]
    }

    /// The ids of all variables.
    pub fn variable_ids(&self) -> impl Iterator<Item = VariableId> + use<> {
        (0..self.tables.variables.len()).map(VariableId)
    }

    /// The occurrences of a variable, in the order of the text, those in other scopes among them.
    pub fn occurrences_of(&self, id: VariableId) -> impl Iterator<Item = &Occurrence> {
        self.variable(id).occurrences.iter().map(|index| &self.tables.occurrences[*index])
    }

    /// The variable of a name expression.
    pub fn variable_of(&self, expression: &Expr) -> Option<VariableId> {
        let Expr::Name(name) = expression else { return None };
        self.occurrence_at(name.range.start().to_usize()).map(|occurrence| occurrence.variable)
    }

    /// The loops around a statement in its own frame, innermost first.
    pub fn loops_around(&self, id: StatementId) -> Vec<StatementId> {
        let mut loops = Vec::new();
        let mut inner = id;
        while let Some(parent) = self.statement(inner).parent {
            let around = self.statement(parent);
            match around.kind {
                StatementKind::FunctionDef | StatementKind::ClassDef => break,
                StatementKind::For | StatementKind::While if self.statement(inner).block == Block::Body => {
                    loops.push(parent);
                }
                _ => {}
            }
            inner = parent;
        }
        loops
    }

    /// Whether `outer` is `inner` or one of the statements that it stands in.
    pub fn is_within(&self, inner: StatementId, outer: StatementId) -> bool {
        let mut at = Some(inner);
        while let Some(id) = at {
            if id == outer {
                return true;
            }
            at = self.statement(id).parent;
        }
        false
    }
}

struct Covering<'a> {
    span: Span,
    best: Option<&'a Expr>,
}

impl<'a> SourceOrderVisitor<'a> for Covering<'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        // Some nodes (statements' clauses, arguments) are wider than what they hold, none is narrower.
        if Span::from(node.range()).contains(self.span) {
            TraversalSignal::Traverse
        } else {
            TraversalSignal::Skip
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        let span = Span::from(expression.range());
        if !span.contains(self.span) {
            return;
        }
        let narrower = self.best.is_none_or(|best| span.len() < Span::from(best.range()).len());
        if narrower {
            self.best = Some(expression);
        }
        ast::visitor::source_order::walk_expr(self, expression);
    }
}
