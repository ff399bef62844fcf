//! How the program uses a column of a table, as far as its text tells.
//!
//! Invariant: a column is followed within the user's files by the text of its name, whichever table it is of.

use heapwise_source::argument;
use heapwise_source::ast::visitor::source_order::{self, SourceOrderVisitor};
use heapwise_source::ast::{Expr, Operator, Stmt};

use crate::case::Case;
use crate::holding::Held;
use crate::syntax;

/// What is done with a column anywhere in the user's files.
#[expect(clippy::struct_excessive_bools, reason = "uses that do not depend on each other")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ColumnUse {
    /// `.str` methods are called on it.
    pub(crate) text_methods: bool,
    /// Something is added to it.
    pub(crate) added: bool,
    /// Tables are joined or put together by it.
    pub(crate) joined_on: bool,
    /// It is one of several keys of groups, and `observed` is not said: of categories pandas 2 then makes a group for every
    /// combination.
    pub(crate) one_of_keys: bool,
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
                let on = ["on", "left_on", "right_on"].iter().filter_map(|name| argument(call, name, None));
                self.uses.joined_on |=
                    joins && on.flat_map(syntax::parts).any(|part| is_text(part, self.column));
                let groups = matches!(syntax::method(call), Some(("groupby", _)));
                let keys =
                    argument(call, "by", Some(0)).and_then(heapwise_source::strings).unwrap_or_default();
                self.uses.one_of_keys |= groups
                    && keys.len() > 1
                    && keys.contains(&self.column)
                    && argument(call, "observed", None).is_none();
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
