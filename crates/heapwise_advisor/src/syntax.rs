//! Questions about the code at a place that several rules ask: what is called, what is assigned, what may be written to
//! later.
//!
//! Invariant: where the code does not tell, the answer is the one that keeps a rule silent.

use heapwise_source::ast::visitor::source_order::{self, SourceOrderVisitor};
use heapwise_source::ast::{self, Expr, ExprCall, Stmt};
use heapwise_source::{Access, Module, Occurrence, Span, UseKind, VariableId};
use ruff_text_size::Ranged;

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

/// Methods whose result may share its content with what they are called on.
const VIEWERS: &[&str] = &["ravel", "reshape", "squeeze", "swapaxes", "transpose", "view"];

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
        Access::Read => reads_only(module, it.span),
    })
}

/// Whether the use of an expression's value cannot lead to a change of what it holds.
fn reads_only(module: &Module, span: Span) -> bool {
    let kind = module.use_at(span);
    if module.is_mutation(&kind, span) {
        return false;
    }
    match kind {
        UseKind::Operand => true,
        UseKind::Method(name, call) => !VIEWERS.contains(&name.as_str()) || reads_only(module, call),
        UseKind::Argument(path, _) => path.is_some_and(|path| READERS.contains(&path.as_str())),
        // What becomes of the part.
        UseKind::Columns(_) | UseKind::Attribute(_) | UseKind::Slice | UseKind::Item => module
            .expression(span)
            .and_then(|whole| module.parent_of(whole))
            .is_some_and(|part| reads_only(module, part.range().into())),
        _ => false,
    }
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

#[cfg(test)]
mod tests {
    use heapwise_source::ScopeId;

    use super::*;

    fn only_read(text: &str) -> bool {
        let module = Module::parse(&format!("import numpy as np\nx = load()\n{text}\n")).expect("Python");
        is_only_read(&module, module.variable_in(ScopeId::MODULE, "x").expect("a variable"))
    }

    #[test]
    fn reading_changes_nothing() {
        for text in [
            "print(len(x), x.mean(), x[0] + 1, x['a'].max())",
            "n = x.shape[0] * 2",
            "t = sum(x[i] * 2 for i in r)",
            "t = np.sum(x[1:]) + x.T.sum()",
            "def f():\n    return x.sum()",
            "if x[0] > 1:\n    print(f'{x[0]}')",
            "t = x.reshape(2, -1).sum()",
            "del x",
        ] {
            assert!(only_read(text), "{text}");
        }
    }

    #[test]
    fn what_may_change_it_or_keep_it_is_more_than_reading() {
        for text in [
            "x[0] = 1",
            "x[0][1] = 1",
            "del x[0]",
            "x.a = 1",
            "x += 1",
            "x[0] += 1",
            "x.loc[0, 'a'] = 1",
            "x.sort()",
            "x[0].append(1)",
            "x.drop('a', inplace=True)",
            "np.add(x, 1, out=x[1:])",
            "save(x)",
            "save(x[1:])",
            "y = x",
            "y = x[1:]",
            "y = x.T",
            "y = x.reshape(2, -1)",
            "y = [x]",
            "def f():\n    return x",
            "for row in x:\n    row.append(1)",
        ] {
            assert!(!only_read(text), "{text}");
        }
    }
}
