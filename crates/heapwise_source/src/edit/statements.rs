//! Edits of statements: `del`, augmented assignment.
//!
//! Invariant: a new line takes the indentation of the statement that it follows, byte for byte, and the file's line end.

use ruff_python_ast::token::TokenKind;
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::check::{self, Intent};
use super::{Edit, Editor, Refusal, Replacement, Safety};
use crate::liveness::Release;
use crate::names::StatementId;
use crate::text::{Span, line_end};

impl Editor<'_> {
    /// Lets go of a variable: `del name` in the place that [`crate::Liveness::releases`] gave, `name = None` where it may
    /// have no value. Safe.
    ///
    /// # Errors
    /// If no statement can follow there.
    pub fn release(&self, name: &str, place: Release) -> Result<Edit, Refusal> {
        let statement = if place.certainly_bound { format!("del {name}") } else { format!("{name} = None") };
        Ok(self.insert_after(place.after, &statement)?.with_safety(Safety::Safe))
    }

    /// Puts a simple statement behind another, in the same block. Unsafe until said otherwise.
    ///
    /// # Errors
    /// If it is no statement of one line, or none can follow there.
    pub fn insert_after(&self, after: StatementId, statement: &str) -> Result<Edit, Refusal> {
        let known = self.module.statement(after);
        if statement.contains(['\n', '\r']) {
            return Err(Refusal::Form("the new statement has several lines"));
        }
        let mut new = vec![self.module.syntax(after).clone()];
        new.extend(check::statements(statement)?);
        let intent = Intent::Statements { first: after, count: 1, new };
        let replacement = if let Some(indent) = self.own_lines(after) {
            self.new_line_after(known.span.end, indent, statement)
        } else {
            let end = known.span.end;
            Replacement { span: Span::new(end, end), text: format!("; {statement}") }
        };
        self.checked(vec![replacement], vec![intent], Safety::Unsafe)
    }

    /// `x = x + y` to `x += y`. Unsafe until said otherwise: other names of the same array see the change.
    ///
    /// # Errors
    /// If the statement is not of that form, or a comment would be lost.
    pub fn augment(&self, statement: StatementId) -> Result<Edit, Refusal> {
        let form = Refusal::Form("it is no `x = x + ...`");
        let Stmt::Assign(assign) = self.module.syntax(statement) else { return Err(form) };
        let ([Expr::Name(target)], Expr::BinOp(value)) = (assign.targets.as_slice(), assign.value.as_ref())
        else {
            return Err(form);
        };
        if !matches!(value.left.as_ref(), Expr::Name(left) if left.id == target.id) {
            return Err(form);
        }
        let between = TextRange::new(value.left.range().end(), value.right.range().start());
        let operators = self.module.tokens().in_range(between);
        let solid = |token: &&ast::token::Token| !token.kind().is_trivia();
        let operator =
            operators.iter().find(solid).filter(|token| token.kind() != TokenKind::Rpar).ok_or(form)?;
        let span = Span::new(target.range.end().to_usize(), operator.range().end().to_usize());
        if self.has_comment(span) {
            return Err(Refusal::Comment);
        }
        let meant = Stmt::AugAssign(ast::StmtAugAssign {
            node_index: ast::AtomicNodeIndex::default(),
            range: assign.range,
            target: Box::new(Expr::Name(target.clone())),
            op: value.op,
            value: value.right.clone(),
        });
        let text = format!(" {}=", self.module.slice(operator.range().into()));
        let intent = Intent::Statements { first: statement, count: 1, new: vec![meant] };
        self.checked(vec![Replacement { span, text }], vec![intent], Safety::Unsafe)
    }

    /// The indentation of a statement that shares its lines with no other; `None` for one that does.
    pub(super) fn own_lines(&self, id: StatementId) -> Option<&str> {
        let known = self.module.statement(id);
        let lines = self.module.lines();
        let (first, last) = (lines.line(known.span.start), lines.line(known.span.end));
        let start = lines.start(first)?;
        let indent = self.module.slice(Span::new(start, known.span.start));
        let others = [first, last]
            .into_iter()
            .flat_map(|line| self.module.statements_on_line(line))
            .any(|other| !self.module.is_within(other, id));
        (indent.chars().all(char::is_whitespace) && !others).then_some(indent)
    }

    /// A line of its own behind the line that holds `offset`.
    pub(super) fn new_line_after(&self, offset: usize, indent: &str, statement: &str) -> Replacement {
        let lines = self.module.lines();
        let text = self.module.text();
        let end = lines.span(lines.line(offset)).map_or(text.len(), |span| span.end);
        let line_end = line_end(text);
        let ended = text.get(..end).is_some_and(|before| before.ends_with(['\n', '\r']));
        let text = if ended {
            format!("{indent}{statement}{line_end}")
        } else {
            format!("{line_end}{indent}{statement}")
        };
        Replacement { span: Span::new(end, end), text }
    }
}
