//! Questions about the code at a place that several rules ask: which calls stand there, what is assigned, what may be
//! written to later.
//!
//! Invariant: where the code does not tell, the answer is the one that keeps a rule silent.

use heapwise_source::ast::visitor::source_order::{self, SourceOrderVisitor};
use heapwise_source::ast::{self, Expr, ExprCall, Stmt};
use heapwise_source::{Access, Module, Occurrence, ScopeId, StatementId, VariableId};
use ruff_text_size::Ranged;

/// All calls of a file, in the order of the text.
pub(crate) fn calls(module: &Module) -> Vec<&ExprCall> {
    let mut found = Calls::default();
    for statement in &module.tree().body {
        found.visit_stmt(statement);
    }
    found.0
}

/// All calls in one expression, outermost first.
pub(crate) fn calls_in(expression: &Expr) -> Vec<&ExprCall> {
    let mut found = Calls::default();
    found.visit_expr(expression);
    found.0
}

#[derive(Default)]
struct Calls<'a>(Vec<&'a ExprCall>);

impl<'a> SourceOrderVisitor<'a> for Calls<'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression {
            self.0.push(call);
        }
        source_order::walk_expr(self, expression);
    }
}

/// The name and the value of a statement `name = value`.
pub(crate) fn assignment(statement: &Stmt) -> Option<(&ast::ExprName, &Expr)> {
    match statement {
        Stmt::Assign(assign) => match assign.targets.as_slice() {
            [Expr::Name(name)] => Some((name, &assign.value)),
            _ => None,
        },
        Stmt::AnnAssign(assign) => match (assign.target.as_ref(), assign.value.as_deref()) {
            (Expr::Name(name), Some(value)) => Some((name, value)),
            _ => None,
        },
        _ => None,
    }
}

/// The expression that a simple statement computes, or that a `for` goes through.
pub(crate) fn value_of(statement: &Stmt) -> Option<&Expr> {
    match statement {
        Stmt::Assign(assign) => Some(&assign.value),
        Stmt::AnnAssign(assign) => assign.value.as_deref(),
        Stmt::AugAssign(assign) => Some(&assign.value),
        Stmt::Return(it) => it.value.as_deref(),
        Stmt::Expr(it) => Some(&it.value),
        Stmt::For(it) => Some(&it.iter),
        _ => None,
    }
}

/// The offset at which something starts.
pub(crate) fn start(node: &impl Ranged) -> usize {
    node.start().to_usize()
}

/// The plain name that an expression is.
pub(crate) fn name(expression: &Expr) -> Option<&ast::ExprName> {
    if let Expr::Name(name) = expression { Some(name) } else { None }
}

/// The name of a method and what it is called on: `x.copy()` gives (`copy`, `x`).
pub(crate) fn method(call: &ExprCall) -> Option<(&str, &Expr)> {
    if let Expr::Attribute(attribute) = call.func.as_ref() {
        Some((attribute.attr.as_str(), &attribute.value))
    } else {
        None
    }
}

/// The value of a keyword argument.
pub(crate) fn keyword<'a>(call: &'a ExprCall, name: &str) -> Option<&'a Expr> {
    call.arguments.find_keyword(name).map(|keyword| &keyword.value)
}

/// The first positional argument, if it is the only argument.
pub(crate) fn only_argument(call: &ExprCall) -> Option<&Expr> {
    let arguments = &call.arguments;
    match (&*arguments.args, arguments.keywords.is_empty()) {
        ([only], true) if !matches!(only, Expr::Starred(_)) => Some(only),
        _ => None,
    }
}

/// The variable that a name stands for.
pub(crate) fn variable(module: &Module, name: &ast::ExprName) -> Option<VariableId> {
    module.occurrence_at(name.range.start().to_usize()).map(|it| it.variable)
}

/// How often a variable gets a value in the file.
pub(crate) fn writes(module: &Module, variable: VariableId) -> usize {
    module.occurrences_of(variable).filter(|it| it.access.rebinds() && it.access != Access::Delete).count()
}

/// Calls that only look at what they are given.
const READERS: &[&str] = &[
    "abs",
    "all",
    "any",
    "bool",
    "float",
    "int",
    "len",
    "max",
    "min",
    "print",
    "range",
    "repr",
    "round",
    "str",
    "sum",
    "isinstance",
    "type",
    "enumerate",
    "zip",
    "id",
    "sorted",
    "numpy.abs",
    "numpy.asarray",
    "numpy.histogram",
    "numpy.max",
    "numpy.mean",
    "numpy.median",
    "numpy.min",
    "numpy.percentile",
    "numpy.quantile",
    "numpy.std",
    "numpy.sum",
    "numpy.var",
    "numpy.dot",
    "numpy.corrcoef",
    "numpy.cov",
    "numpy.unique",
    "numpy.sqrt",
    "numpy.exp",
    "numpy.log",
    "numpy.isnan",
    "numpy.count_nonzero",
    "numpy.allclose",
    "numpy.array_equal",
    "copy.copy",
    "copy.deepcopy",
];

/// Methods that change what they are called on, of lists, dicts, arrays and tables.
const WRITERS: &[&str] = &[
    "add",
    "append",
    "clear",
    "discard",
    "drop_duplicates",
    "extend",
    "fill",
    "insert",
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
    "update",
    "byteswap",
];

/// Whether nothing in the file can write into the thing that a variable holds: no item, slice or attribute of it is
/// assigned, no changing method is called, it is given to no function but those that only read, has no other name, is
/// put into nothing and returned to nobody.
pub(crate) fn is_only_read(module: &Module, variable: VariableId) -> bool {
    all_only_read(module, module.occurrences_of(variable))
}

/// The same of some occurrences of a variable.
pub(crate) fn all_only_read<'m>(
    module: &Module,
    mut occurrences: impl Iterator<Item = &'m Occurrence>,
) -> bool {
    occurrences.all(|it| match it.access {
        Access::Write | Access::Delete => true,
        Access::Update => false,
        Access::Read => reads_only(module, it.statement, it.span.start),
    })
}

/// Whether a read of a name at an offset cannot lead to a change of what it holds.
fn reads_only(module: &Module, statement: StatementId, offset: usize) -> bool {
    let mut finder = Context { offset, module, verdict: None };
    finder.visit_stmt(module.syntax(statement));
    finder.verdict.unwrap_or(false)
}

struct Context<'m> {
    offset: usize,
    module: &'m Module,
    verdict: Option<bool>,
}

impl Context<'_> {
    fn is_it(&self, expression: &Expr) -> bool {
        matches!(expression, Expr::Name(name) if name.range.start().to_usize() == self.offset)
    }

    /// The name itself, or an attribute or item of it.
    fn is_part(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Attribute(attribute) => self.is_part(&attribute.value),
            Expr::Subscript(subscript) => self.is_part(&subscript.value),
            other => self.is_it(other),
        }
    }

    fn harmless_call(&self, call: &ExprCall) -> Option<bool> {
        if let Some((method, on)) = method(call)
            && self.is_part(on)
        {
            let in_place = keyword(call, "inplace").is_some() || keyword(call, "out").is_some();
            return Some(!WRITERS.contains(&method) && !in_place);
        }
        let mut arguments =
            call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|it| &it.value));
        if arguments.any(|argument| self.is_part(argument)) {
            let path = self.module.resolve(&call.func);
            let out = keyword(call, "out").is_some_and(|out| self.is_part(out));
            return Some(!out && path.is_some_and(|path| READERS.contains(&path.as_str())));
        }
        None
    }
}

impl<'a> SourceOrderVisitor<'a> for Context<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        let gives_away = match statement {
            Stmt::Assign(it) => {
                it.targets.iter().any(|target| self.is_part(target)) || self.is_part(&it.value)
            }
            Stmt::AugAssign(it) => self.is_part(&it.target),
            Stmt::AnnAssign(it) => {
                self.is_part(&it.target) || it.value.as_deref().is_some_and(|value| self.is_part(value))
            }
            Stmt::Return(it) => it.value.as_deref().is_some_and(|value| self.is_it(value)),
            _ => false,
        };
        if gives_away {
            self.verdict = Some(false);
            return;
        }
        if matches!(statement, Stmt::Delete(_)) {
            self.verdict = Some(true);
            return;
        }
        source_order::walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if self.verdict.is_some() {
            return;
        }
        match expression {
            Expr::Call(call) => {
                if let Some(harmless) = self.harmless_call(call) {
                    self.verdict = Some(harmless);
                    return;
                }
            }
            // Arithmetic and comparison make new objects.
            Expr::BinOp(_) | Expr::Compare(_) | Expr::UnaryOp(_) => {
                let direct = match expression {
                    Expr::BinOp(it) => self.is_part(&it.left) || self.is_part(&it.right),
                    Expr::UnaryOp(it) => self.is_part(&it.operand),
                    Expr::Compare(it) => {
                        self.is_part(&it.left) || it.comparators.iter().any(|one| self.is_part(one))
                    }
                    _ => false,
                };
                if direct {
                    self.verdict = Some(true);
                    return;
                }
            }
            Expr::Subscript(_) | Expr::Attribute(_) if self.is_part(expression) => {
                self.verdict = Some(true);
                return;
            }
            other if self.is_it(other) => {
                self.verdict = Some(false);
                return;
            }
            _ => {}
        }
        source_order::walk_expr(self, expression);
    }
}

/// The scope whose code a line of a file is.
pub(crate) fn scope_at(module: &Module, statement: StatementId) -> ScopeId {
    module.statement(statement).scope
}

/// Whether an expression is a subscript with `None` or `newaxis` in it.
pub(crate) fn adds_an_axis(module: &Module, expression: &Expr) -> bool {
    let Expr::Subscript(subscript) = expression else { return false };
    let is_axis = |part: &Expr| {
        matches!(part, Expr::NoneLiteral(_)) || module.resolve(part).as_deref() == Some("numpy.newaxis")
    };
    match subscript.slice.as_ref() {
        Expr::Tuple(tuple) => tuple.elts.iter().any(is_axis),
        one => is_axis(one),
    }
}

/// All parts of an expression, itself first.
pub(crate) fn parts(expression: &Expr) -> Vec<&Expr> {
    let mut found = Parts(Vec::new());
    found.visit_expr(expression);
    found.0
}

struct Parts<'a>(Vec<&'a Expr>);

impl<'a> SourceOrderVisitor<'a> for Parts<'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        self.0.push(expression);
        source_order::walk_expr(self, expression);
    }
}
