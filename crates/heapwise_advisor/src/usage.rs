//! How the program uses a table and its columns, as far as its text tells.
//!
//! Invariant: names are followed within the user's files by the text of the column; where a table goes out of sight
//! (into a function, a container, a library), `escapes` says so.

use std::collections::BTreeSet;

use heapwise_source::ast::visitor::source_order::{self, SourceOrderVisitor};
use heapwise_source::ast::{self, Expr, Operator, Stmt};
use heapwise_source::{Access, Module, VariableId};

use crate::case::Case;
use crate::holding::Held;
use crate::syntax;

/// What is done with a column anywhere in the user's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ColumnUse {
    /// `.str` methods are called on it.
    pub(crate) text_methods: bool,
    /// Something is added to it.
    pub(crate) added: bool,
    /// Tables are joined or put together by it.
    pub(crate) joined_on: bool,
}

impl ColumnUse {
    /// The use of the column that `held` is.
    pub(crate) fn of(case: &Case<'_>, held: &Held<'_>) -> Self {
        let name = held.object.name.as_str();
        let column = match (name.find("['"), name.rfind("']")) {
            (Some(from), Some(to)) if from + 2 <= to => &name[from + 2..to],
            _ => name,
        };
        let mut found = Uses { column, uses: Self::default() };
        for (_, module) in case.modules() {
            for statement in &module.tree().body {
                found.visit_stmt(statement);
            }
        }
        found.uses
    }
}

struct Uses<'c> {
    column: &'c str,
    uses: ColumnUse,
}

impl Uses<'_> {
    fn is_column(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Subscript(subscript) => is_text(&subscript.slice, self.column),
            Expr::Attribute(attribute) => attribute.attr.as_str() == self.column,
            Expr::Name(name) => name.id.as_str() == self.column,
            _ => false,
        }
    }
}

impl<'a> SourceOrderVisitor<'a> for Uses<'_> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Attribute(attribute)
                if attribute.attr.as_str() == "str" && self.is_column(&attribute.value) =>
            {
                self.uses.text_methods = true;
            }
            Expr::BinOp(operation) if operation.op == Operator::Add => {
                self.uses.added |= self.is_column(&operation.left) || self.is_column(&operation.right);
            }
            Expr::Call(call) => {
                let joins = matches!(syntax::method(call), Some(("merge" | "join", _)));
                let on = ["on", "left_on", "right_on"].iter().filter_map(|name| syntax::keyword(call, name));
                self.uses.joined_on |=
                    joins && on.flat_map(syntax::parts).any(|part| is_text(part, self.column));
            }
            _ => {}
        }
        source_order::walk_expr(self, expression);
    }

    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if let Stmt::AugAssign(assign) = statement {
            self.uses.added |= self.is_column(&assign.target);
        }
        source_order::walk_stmt(self, statement);
    }
}

fn is_text(expression: &Expr, text: &str) -> bool {
    matches!(expression, Expr::StringLiteral(literal) if literal.value.to_str() == text)
}

/// The columns of a table that are named where its variable is used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TableUse {
    /// Names of columns that are read.
    pub(crate) columns: BTreeSet<String>,
    /// Whether it is also used as a whole, so that any column may be needed.
    pub(crate) escapes: bool,
}

impl TableUse {
    /// How a file uses the table that a variable holds.
    pub(crate) fn of(module: &Module, variable: VariableId) -> Self {
        let mut table = Self::default();
        for it in module.occurrences_of(variable).filter(|it| it.access != Access::Write) {
            let mut reader = Reader { offset: it.span.start, found: None };
            reader.visit_stmt(module.syntax(it.statement));
            match reader.found {
                Some(columns) => table.columns.extend(columns),
                None => table.escapes |= it.access != Access::Delete,
            }
        }
        table
    }
}

/// Finds the expression around one occurrence of the table's name and reads the columns off it.
struct Reader {
    offset: usize,
    found: Option<Vec<String>>,
}

/// Attributes of a table that need no column.
const NO_COLUMN: &[&str] = &["shape", "index", "empty", "size", "ndim"];

impl<'a> SourceOrderVisitor<'a> for Reader {
    fn visit_expr(&mut self, expression: &'a Expr) {
        let is_it =
            |it: &Expr| matches!(it, Expr::Name(name) if name.range.start().to_usize() == self.offset);
        match expression {
            Expr::Subscript(subscript) if is_it(&subscript.value) => self.found = names_in(&subscript.slice),
            Expr::Attribute(attribute)
                if is_it(&attribute.value) && NO_COLUMN.contains(&attribute.attr.as_str()) =>
            {
                self.found = Some(Vec::new());
            }
            Expr::Call(call) if is_len(call) && call.arguments.args.first().is_some_and(is_it) => {
                self.found = Some(Vec::new());
            }
            _ => {}
        }
        source_order::walk_expr(self, expression);
    }
}

fn is_len(call: &ast::ExprCall) -> bool {
    matches!(call.func.as_ref(), Expr::Name(name) if name.id.as_str() == "len")
}

fn names_in(slice: &Expr) -> Option<Vec<String>> {
    match slice {
        Expr::StringLiteral(literal) => Some(vec![literal.value.to_str().to_owned()]),
        Expr::List(list) => list
            .elts
            .iter()
            .map(|element| match element {
                Expr::StringLiteral(literal) => Some(literal.value.to_str().to_owned()),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}
