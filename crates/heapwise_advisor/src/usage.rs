//! How the program uses a column of a table, as far as its text tells.
//!
//! Invariant: a column is followed within the user's files by the text of its name, whichever table it is of.

use heapwise_source::ast::visitor::source_order::{self, SourceOrderVisitor};
use heapwise_source::ast::{Expr, ExprCall, Operator, Stmt};
use heapwise_source::{Module, argument};

use crate::case::Case;
use crate::groups::{self, Grouping, Keys};
use crate::holding::Held;
use crate::syntax;

/// What is done with a column anywhere in the user's files.
#[expect(clippy::struct_excessive_bools, reason = "uses that do not depend on each other")]
#[derive(Debug, Clone, Default)]
pub(crate) struct ColumnUse<'a> {
    /// `.str` methods are called on it.
    pub(crate) text_methods: bool,
    /// Something is added to it.
    pub(crate) added: bool,
    /// Tables are joined or put together by it.
    pub(crate) joined_on: bool,
    /// Calls that make groups by it, alone or with others.
    pub(crate) groupings: Vec<Grouping<'a>>,
    /// Groups may be made by it that the text does not show: `groupby(**options)`, or `groupby` given to something.
    pub(crate) hidden_groups: bool,
}

impl<'a> ColumnUse<'a> {
    /// The use of the column that `held` is.
    pub(crate) fn of(case: &Case<'a>, held: &Held<'_>) -> Self {
        let name = held.object.name.as_str();
        let column = match (name.find("['"), name.rfind("']")) {
            (Some(from), Some(to)) if from + 2 <= to => &name[from + 2..to],
            _ => name,
        };
        Self::in_modules(column, case.modules())
    }

    /// The use of a column in files, by name.
    pub(crate) fn in_modules(column: &str, modules: impl IntoIterator<Item = (&'a str, &'a Module)>) -> Self {
        let mut found = Self::default();
        for (file, module) in modules {
            let mut uses = Uses { column, file, module, found };
            for statement in &module.tree().body {
                uses.visit_stmt(statement);
            }
            found = uses.found;
        }
        found
    }
}

struct Uses<'c, 'a> {
    column: &'c str,
    file: &'a str,
    module: &'a Module,
    found: ColumnUse<'a>,
}

impl<'a> Uses<'_, 'a> {
    fn is_column(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Subscript(subscript) => is_text(&subscript.slice, self.column),
            Expr::Attribute(attribute) => attribute.attr.as_str() == self.column,
            Expr::Name(name) => name.id.as_str() == self.column,
            _ => false,
        }
    }

    /// Notes the groups that a call makes by the column.
    fn note_groups(&mut self, call: &'a ExprCall) {
        match groups::keys(self.module, call) {
            Some(Keys::Known(keys))
                if keys.iter().any(|key| is_text(key, self.column) || self.is_column(key)) =>
            {
                self.found.groupings.extend(Grouping::new(self.file, self.module, call, keys.len()));
            }
            Some(Keys::Hidden) => self.found.hidden_groups = true,
            Some(Keys::Known(_)) | None => {}
        }
    }
}

impl<'a> SourceOrderVisitor<'a> for Uses<'_, 'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Attribute(attribute)
                if attribute.attr.as_str() == "str" && self.is_column(&attribute.value) =>
            {
                self.found.text_methods = true;
            }
            Expr::Attribute(_) if groups::is_given_away(self.module, expression) => {
                self.found.hidden_groups = true;
            }
            Expr::BinOp(operation) if operation.op == Operator::Add => {
                self.found.added |= self.is_column(&operation.left) || self.is_column(&operation.right);
            }
            Expr::Call(call) => {
                let joins = matches!(syntax::method(call), Some(("merge" | "join", _)));
                let on = ["on", "left_on", "right_on"].iter().filter_map(|name| argument(call, name, None));
                self.found.joined_on |=
                    joins && on.flat_map(syntax::parts).any(|part| is_text(part, self.column));
                self.note_groups(call);
            }
            _ => {}
        }
        source_order::walk_expr(self, expression);
    }

    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if let Stmt::AugAssign(assign) = statement {
            self.found.added |= self.is_column(&assign.target);
        }
        source_order::walk_stmt(self, statement);
    }
}

fn is_text(expression: &Expr, text: &str) -> bool {
    matches!(expression, Expr::StringLiteral(literal) if literal.value.to_str() == text)
}
