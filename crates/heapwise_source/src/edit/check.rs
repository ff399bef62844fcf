//! The check that every edit passes: the new text's tree is the old one with the intended change.
//!
//! Invariant: intents are made on a copy of the old tree, from nodes and from snippets parsed alone, never from the
//! edited text; so a replacement that lands in a comment, binds otherwise or swallows a line is noticed.

use std::cell::RefCell;

use ruff_python_ast::comparable::ComparableMod;
use ruff_python_ast::visitor::transformer::{self, Transformer};
use ruff_python_ast::{self as ast, Expr, Mod, Stmt};
use ruff_text_size::Ranged;

use super::{Edit, Editor, Refusal, Replacement, Safety, apply};
use crate::module::Module;
use crate::names::{Block, StatementId};
use crate::text::Span;

/// A change of the tree.
pub(super) enum Intent {
    /// The expression with these bytes becomes another.
    Expression(Span, Expr),
    /// Some statements of a block, from the first on, become others.
    Statements { first: StatementId, count: usize, new: Vec<Stmt> },
}

/// Parses an expression that stands alone.
pub(super) fn expression(text: &str) -> Result<Expr, Refusal> {
    let parsed = ruff_python_parser::parse_expression(text)
        .map_err(|_| Refusal::Form("what should stand there is no expression"))?;
    Ok(parsed.into_expr())
}

/// Parses statements that stand alone.
pub(super) fn statements(text: &str) -> Result<Vec<Stmt>, Refusal> {
    let parsed = ruff_python_parser::parse_module(text)
        .map_err(|_| Refusal::Form("what should stand there is no statement"))?;
    Ok(parsed.into_suite().into_iter().collect())
}

/// The statement with another expression in the place of one; `None` if that is not in it.
pub(super) fn with_expression(mut statement: Stmt, span: Span, new: Expr) -> Option<Stmt> {
    let replacing = Replacing { waiting: RefCell::new(vec![(span, new)]) };
    replacing.visit_stmt(&mut statement);
    replacing.waiting.borrow().is_empty().then_some(statement)
}

impl Editor<'_> {
    /// Makes the edit, if it does what is intended and nothing else.
    pub(super) fn checked(
        &self,
        mut replacements: Vec<Replacement>,
        intents: Vec<Intent>,
        safety: Safety,
    ) -> Result<Edit, Refusal> {
        replacements.sort();
        let after = apply(self.module.text(), &replacements)?;
        let edited = Module::parse(&after).map_err(Refusal::Syntax)?;
        let meant = intended(self.module, intents).ok_or(Refusal::ChangesMore)?;
        let made = Mod::Module(edited.tree().clone());
        if ComparableMod::from(&made) != ComparableMod::from(&Mod::Module(meant)) {
            return Err(Refusal::ChangesMore);
        }
        Ok(Edit { replacements, safety })
    }

    /// Whether a comment stands within these bytes.
    pub(super) fn has_comment(&self, span: Span) -> bool {
        self.module.tokens().iter().any(|token| {
            token.kind() == ast::token::TokenKind::Comment && span.overlaps(token.range().into())
        })
    }
}

/// The old tree with the changes made; `None` if the module has no such nodes.
fn intended(module: &Module, intents: Vec<Intent>) -> Option<ast::ModModule> {
    let mut tree = module.tree().clone();
    let mut expressions = Vec::new();
    let mut blocks = Vec::new();
    for intent in intents {
        match intent {
            Intent::Expression(span, new) => expressions.push((span, new)),
            Intent::Statements { first, count, new } => blocks.push((first, count, new)),
        }
    }
    if !expressions.is_empty() {
        let replacing = Replacing { waiting: RefCell::new(expressions) };
        for statement in &mut tree.body {
            replacing.visit_stmt(statement);
        }
        if !replacing.waiting.borrow().is_empty() {
            return None;
        }
    }
    // From the back, so that places in blocks stay true.
    blocks.sort_by_key(|(first, ..)| std::cmp::Reverse(*first));
    for (first, count, new) in blocks {
        let known = module.statement(first);
        let block = block_of(&mut tree, module, known.parent, known.block)?;
        let mut body: Vec<Stmt> = std::mem::take(block).into_iter().collect();
        let end = known.index.checked_add(count).filter(|end| *end <= body.len())?;
        body.splice(known.index..end, new);
        block.extend(body);
    }
    Some(tree)
}

fn block_of<'t>(
    tree: &'t mut ast::ModModule,
    module: &Module,
    parent: Option<StatementId>,
    block: Block,
) -> Option<&'t mut ast::Suite> {
    let Some(parent) = parent else { return Some(&mut tree.body) };
    let known = module.statement(parent);
    let around = block_of(tree, module, known.parent, known.block)?;
    match (around.get_mut(known.index)?, block) {
        (Stmt::FunctionDef(inner), Block::Body) => Some(&mut inner.body),
        (Stmt::ClassDef(inner), Block::Body) => Some(&mut inner.body),
        (Stmt::For(inner), Block::Body) => Some(&mut inner.body),
        (Stmt::For(inner), Block::Else) => Some(&mut inner.orelse),
        (Stmt::While(inner), Block::Body) => Some(&mut inner.body),
        (Stmt::While(inner), Block::Else) => Some(&mut inner.orelse),
        (Stmt::If(inner), Block::Body) => Some(&mut inner.body),
        (Stmt::If(inner), Block::Clause(index)) => Some(&mut inner.elif_else_clauses.get_mut(index)?.body),
        (Stmt::With(inner), Block::Body) => Some(&mut inner.body),
        (Stmt::Match(inner), Block::Case(index)) => Some(&mut inner.cases.get_mut(index)?.body),
        (Stmt::Try(inner), Block::Body) => Some(&mut inner.body),
        (Stmt::Try(inner), Block::Else) => Some(&mut inner.orelse),
        (Stmt::Try(inner), Block::Finally) => Some(&mut inner.finalbody),
        (Stmt::Try(inner), Block::Handler(index)) => {
            let ast::ExceptHandler::ExceptHandler(handler) = inner.handlers.get_mut(index)?;
            Some(&mut handler.body)
        }
        _ => None,
    }
}

struct Replacing {
    waiting: RefCell<Vec<(Span, Expr)>>,
}

impl Transformer for Replacing {
    fn visit_expr(&self, expression: &mut Expr) {
        let span = Span::from(expression.range());
        let found = self.waiting.borrow().iter().position(|(wanted, _)| *wanted == span);
        if let Some(index) = found {
            *expression = self.waiting.borrow_mut().swap_remove(index).1;
        } else {
            transformer::walk_expr(self, expression);
        }
    }
}
