//! What is done with the value of a name, use by use: column read, method called, handed on, kept, changed.
//!
//! Invariant: every read of a variable gives exactly one [`Use`]; what is not understood is [`UseKind::Other`], never left out.

use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::Ranged;

use crate::facts::strings;
use crate::module::Module;
use crate::names::{Access, ScopeId, StatementId, VariableId};
use crate::text::Span;

/// One use of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The bytes of the name.
    pub span: Span,
    /// The statement that it stands in.
    pub statement: StatementId,
    /// The scope that it stands in.
    pub scope: ScopeId,
    /// What is done.
    pub kind: UseKind,
}

/// What is done with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UseKind {
    /// `x["a"]`, `x[["a", "b"]]`, `x.loc[..., "a"]`: columns by name.
    Columns(Vec<String>),
    /// `x["a"] = ...` and its like, `del x["a"]`.
    ColumnsSet(Vec<String>),
    /// `x.name`, read.
    Attribute(String),
    /// `x.name(...)`; the span is the call's.
    Method(String, Span),
    /// `x[a:b]`, which may be a view.
    Slice,
    /// `x[...]` otherwise.
    Item,
    /// `x[...] = ...`, `x[...] += ...`, `del x[...]`
    ItemSet,
    /// `x.name = ...`
    AttributeSet(String),
    /// `x += ...`
    Updated,
    /// An argument of a call; the function (imports followed, if it can be told) and the call's span.
    Argument(Option<String>, Span),
    /// `for ... in x`, in a statement or comprehension.
    Iterated,
    /// An operand: arithmetic, comparison, test, part of an f-string.
    Operand,
    /// `y = x`: another name of the same object.
    Alias(VariableId),
    /// `self.y = x`, `d[k] = x`, part of a list, tuple, set or dict.
    Kept,
    /// `return x`
    Returned,
    /// `yield x`
    Yielded,
    /// Read by a function, lambda or generator expression inside, which may live longer.
    Captured,
    /// Something else.
    Other,
}

impl UseKind {
    /// Whether the object may be reachable afterwards by another way than this variable.
    pub const fn lets_escape(&self) -> bool {
        matches!(
            self,
            Self::Alias(_)
                | Self::Kept
                | Self::Returned
                | Self::Yielded
                | Self::Captured
                | Self::Other
                | Self::Argument(..)
        )
    }
}

/// Methods that change the object that they are called on.
const MUTATING: &[&str] = &[
    "add",
    "append",
    "byteswap",
    "clear",
    "difference_update",
    "discard",
    "extend",
    "fill",
    "insert",
    "intersection_update",
    "itemset",
    "partition",
    "pop",
    "popitem",
    "put",
    "remove",
    "resize",
    "reverse",
    "setdefault",
    "setfield",
    "setflags",
    "sort",
    "symmetric_difference_update",
    "update",
];

impl Module {
    /// What is done with a variable, in the order of the text; `del x` and assignments to `x` are no uses.
    pub fn uses_of(&self, variable: VariableId) -> Vec<Use> {
        self.occurrences_of(variable)
            .filter(|one| one.access.reads())
            .map(|one| {
                let kind = if one.access == Access::Update {
                    UseKind::Updated
                } else if self.frame_scope_at(one.span.start)
                    == self.frame_of_scope(self.variable(variable).scope)
                {
                    self.use_at(one.span)
                } else {
                    UseKind::Captured
                };
                Use { span: one.span, statement: one.statement, scope: one.scope, kind }
            })
            .collect()
    }

    /// The uses that change the object itself, not the name: `x[0] = 1`, `x.append(1)`, `x += y`, `x.sort()`,
    /// `f(..., out=x)`, `x.drop(..., inplace=True)`. A function that `x` is handed to may change it too.
    pub fn mutations_of(&self, variable: VariableId) -> Vec<Use> {
        let mut uses = self.uses_of(variable);
        uses.retain(|one| self.is_mutation(&one.kind, one.span));
        uses
    }

    /// Whether a use of the expression at `span` changes the object itself, as in [`Module::mutations_of`].
    pub fn is_mutation(&self, kind: &UseKind, span: Span) -> bool {
        match kind {
            UseKind::ItemSet | UseKind::ColumnsSet(_) | UseKind::AttributeSet(_) | UseKind::Updated => true,
            UseKind::Method(name, call) => MUTATING.contains(&name.as_str()) || self.is_in_place(*call),
            UseKind::Argument(_, call) => self.is_output(*call, span),
            _ => false,
        }
    }

    /// Other names of the same object, as far as assignments show: `b = a`, and `c = b` in turn.
    pub fn aliases_of(&self, variable: VariableId) -> Vec<VariableId> {
        let mut found = vec![variable];
        let mut next = 0;
        while let Some(one) = found.get(next).copied() {
            for used in self.uses_of(one) {
                if let UseKind::Alias(other) = used.kind
                    && !found.contains(&other)
                {
                    found.push(other);
                }
            }
            next += 1;
        }
        found.remove(0);
        found
    }

    fn frame_of_scope(&self, scope: ScopeId) -> ScopeId {
        let mut at = scope;
        loop {
            let here = self.scope(at);
            match here.parent {
                Some(parent) if here.kind.is_eager_comprehension() => at = parent,
                _ => return at,
            }
        }
    }

    fn is_in_place(&self, call: Span) -> bool {
        let Some(Expr::Call(call)) = self.expression(call) else { return false };
        crate::argument(call, "inplace", None)
            .is_some_and(|value| !matches!(value, Expr::BooleanLiteral(literal) if !literal.value))
    }

    fn is_output(&self, call: Span, name: Span) -> bool {
        let Some(Expr::Call(call)) = self.expression(call) else { return false };
        crate::argument(call, "out", None).is_some_and(|value| Span::from(value.range()).contains(name))
    }

    /// What is done with the value of the expression at `name`: a name's, or that of a part such as `x[0]`. Which frame
    /// does it is not asked.
    ///
    /// ```
    /// use heapwise_source::{Module, Span, UseKind};
    ///
    /// let module = Module::parse("print(x.T)\n")?;
    /// assert_eq!(module.use_at(Span::new(6, 7)), UseKind::Attribute("T".to_owned()));
    /// assert!(matches!(module.use_at(Span::new(6, 9)), UseKind::Argument(..)));
    /// # Ok::<(), heapwise_source::SyntaxProblem>(())
    /// ```
    pub fn use_at(&self, name: Span) -> UseKind {
        let around = self.expressions_around(name);
        // The last is the expression itself.
        let chain: Vec<&Expr> = around.iter().rev().skip(1).copied().collect();
        match chain.first() {
            Some(Expr::Attribute(attribute)) => attribute_use(attribute, &chain),
            Some(Expr::Subscript(subscript)) if Span::from(subscript.value.range()) == name => {
                match (subscript.ctx, strings(&subscript.slice)) {
                    (ast::ExprContext::Load, Some(names)) => UseKind::Columns(owned(&names)),
                    (ast::ExprContext::Load, None) if subscript.slice.is_slice_expr() => UseKind::Slice,
                    (ast::ExprContext::Load, None) => UseKind::Item,
                    (_, Some(names)) => UseKind::ColumnsSet(owned(&names)),
                    (_, None) => UseKind::ItemSet,
                }
            }
            Some(Expr::Call(call)) if Span::from(call.func.range()) != name => {
                UseKind::Argument(self.resolve(&call.func), call.range().into())
            }
            Some(Expr::Call(_) | Expr::Subscript(_)) => UseKind::Item,
            Some(Expr::List(_) | Expr::Tuple(_) | Expr::Set(_) | Expr::Dict(_) | Expr::Starred(_)) => {
                UseKind::Kept
            }
            Some(Expr::Yield(_) | Expr::YieldFrom(_)) => UseKind::Yielded,
            Some(Expr::BinOp(_) | Expr::UnaryOp(_) | Expr::Compare(_) | Expr::FString(_)) => UseKind::Operand,
            Some(Expr::Named(named)) => {
                self.variable_of(&named.target).map_or(UseKind::Other, UseKind::Alias)
            }
            Some(Expr::ListComp(inner)) => comprehension_use(&inner.generators, name),
            Some(Expr::SetComp(inner)) => comprehension_use(&inner.generators, name),
            Some(Expr::DictComp(inner)) => comprehension_use(&inner.generators, name),
            Some(Expr::Generator(inner)) => comprehension_use(&inner.generators, name),
            Some(_) => UseKind::Other,
            None => self.statement_use(name),
        }
    }

    fn statement_use(&self, name: Span) -> UseKind {
        let Some(id) = self.statement_at_offset(name.start) else { return UseKind::Other };
        let is = |expression: &Expr| Span::from(expression.range()) == name;
        match self.syntax(id) {
            Stmt::Assign(assign) if is(&assign.value) => match assign.targets.as_slice() {
                [one @ Expr::Name(_)] => self.variable_of(one).map_or(UseKind::Other, UseKind::Alias),
                [Expr::Attribute(_) | Expr::Subscript(_)] => UseKind::Kept,
                _ => UseKind::Other,
            },
            Stmt::AnnAssign(assign) if assign.value.as_deref().is_some_and(is) => {
                match assign.target.as_ref() {
                    one @ Expr::Name(_) => self.variable_of(one).map_or(UseKind::Other, UseKind::Alias),
                    _ => UseKind::Kept,
                }
            }
            Stmt::Return(inner) if inner.value.as_deref().is_some_and(is) => UseKind::Returned,
            Stmt::For(inner) if is(&inner.iter) => UseKind::Iterated,
            Stmt::If(_) | Stmt::While(_) | Stmt::Assert(_) | Stmt::Expr(_) | Stmt::AugAssign(_) => {
                UseKind::Operand
            }
            _ => UseKind::Other,
        }
    }
}

fn attribute_use(attribute: &ast::ExprAttribute, chain: &[&Expr]) -> UseKind {
    let name = attribute.attr.id.to_string();
    if !attribute.ctx.is_load() {
        return UseKind::AttributeSet(name);
    }
    match chain.get(1) {
        Some(Expr::Call(call)) if call.func.range() == attribute.range => {
            UseKind::Method(name, call.range().into())
        }
        Some(Expr::Subscript(subscript))
            if matches!(name.as_str(), "loc" | "at") && subscript.value.range() == attribute.range =>
        {
            let columns = match subscript.slice.as_ref() {
                Expr::Tuple(tuple) => tuple.elts.get(1).and_then(strings),
                _ => None,
            };
            match (subscript.ctx.is_load(), columns) {
                (true, Some(names)) => UseKind::Columns(owned(&names)),
                (false, Some(names)) => UseKind::ColumnsSet(owned(&names)),
                (true, None) => UseKind::Attribute(name),
                (false, None) => UseKind::ItemSet,
            }
        }
        Some(Expr::Subscript(subscript))
            if subscript.value.range() == attribute.range && !subscript.ctx.is_load() =>
        {
            UseKind::ItemSet
        }
        _ => UseKind::Attribute(name),
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn comprehension_use(generators: &[ast::Comprehension], name: Span) -> UseKind {
    let iterated = generators.iter().any(|one| Span::from(one.iter.range()) == name);
    let tested = generators.iter().flat_map(|one| &one.ifs).any(|test| Span::from(test.range()) == name);
    match (iterated, tested) {
        (true, _) => UseKind::Iterated,
        (_, true) => UseKind::Operand,
        _ => UseKind::Kept,
    }
}
