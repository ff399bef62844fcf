//! Edits that several rules ask for: a type where an array is made, arguments of the call that reads a table, what a
//! name's one value is.
//!
//! Invariant: every edit is made by [`Editor`], which checks it; where the code is not of a form that is known here, there is
//! none.

use heapwise_profile::inspection::{HolderKind, Object};
use heapwise_source::ast::{self, Expr, ExprCall, Operator, Stmt};
use heapwise_source::{Access, Edit, Editor, Module, ScopeId, StatementId, VariableId, argument};
use ruff_text_size::Ranged;

use crate::candidate::ProposedFix;
use crate::case::Case;
use crate::holding::Held;
use crate::syntax;

/// Functions of NumPy that take `dtype`, with its place among the arguments.
const MAKERS: &[(&str, usize)] = &[
    ("numpy.arange", 3),
    ("numpy.array", 1),
    ("numpy.asarray", 1),
    ("numpy.empty", 1),
    ("numpy.empty_like", 1),
    ("numpy.eye", 3),
    ("numpy.fromiter", 1),
    ("numpy.full", 2),
    ("numpy.full_like", 2),
    ("numpy.genfromtxt", 1),
    ("numpy.identity", 1),
    ("numpy.linspace", 5),
    ("numpy.loadtxt", 1),
    ("numpy.ones", 1),
    ("numpy.ones_like", 1),
    ("numpy.zeros", 1),
    ("numpy.zeros_like", 1),
];

/// Functions of NumPy whose result has the type of their first argument.
const KEEPERS: &[&str] = &[
    "numpy.ascontiguousarray",
    "numpy.copy",
    "numpy.flip",
    "numpy.repeat",
    "numpy.resize",
    "numpy.roll",
    "numpy.sort",
    "numpy.tile",
];

/// Those whose result is larger than what they are given: converting that costs little.
const GROWERS: &[&str] = &["numpy.repeat", "numpy.resize", "numpy.tile"];

/// Methods of arrays whose result has the array's type.
const KEEPING_METHODS: &[&str] = &["copy", "flatten", "ravel", "repeat", "reshape", "transpose"];

/// Draws of whole numbers: another type draws other numbers, so the result is converted.
const DRAWS: &[&str] = &["choice", "integers", "permutation", "poisson", "randint"];

/// The value that a statement gives to a name or attribute `symbol`, or returns.
pub(crate) fn value_for<'m>(module: &'m Module, id: StatementId, symbol: &str) -> Option<&'m Expr> {
    let last = symbol.rsplit('.').next().unwrap_or(symbol);
    let is_it = |target: &Expr| match target {
        Expr::Name(name) => name.id.as_str() == symbol,
        Expr::Attribute(attribute) => attribute.attr.as_str() == last,
        _ => false,
    };
    match module.syntax(id) {
        Stmt::Assign(assign) => match assign.targets.as_slice() {
            [target] if is_it(target) => Some(&assign.value),
            _ => None,
        },
        Stmt::AnnAssign(assign) => assign.value.as_deref().filter(|_| is_it(&assign.target)),
        Stmt::Return(it) => it.value.as_deref(),
        _ => None,
    }
}

/// `dtype=` where the array is made that `held` is.
pub(crate) fn typed_array(case: &Case<'_>, held: &Held<'_>, dtype: &str) -> Option<ProposedFix> {
    let (module, id) = case.statement(&held.place)?;
    if !std::ptr::eq(held.owner, held.object) || !held.is_of("numpy") {
        return None;
    }
    let value = value_for(module, id, held.symbol())?;
    array_edit(module, value, dtype).map(ProposedFix::from)
}

/// The same for the expression that makes an array.
pub(crate) fn array_edit(module: &Module, value: &Expr, dtype: &str) -> Option<Edit> {
    let Expr::Call(call) = value else { return None };
    let editor = Editor::new(module);
    if let Some(path) = module.resolve(&call.func) {
        if let Some((_, place)) = MAKERS.iter().find(|(name, _)| *name == path) {
            let text = dtype_text(module, call, dtype);
            return match (argument(call, "dtype", None), argument(call, "dtype", Some(*place))) {
                (Some(old), _) => {
                    is_type(module, old).then(|| editor.set_keyword(call, "dtype", &text).ok()).flatten()
                }
                (None, Some(old)) => is_type(module, old).then(|| editor.replace(old, &text).ok()).flatten(),
                (None, None) => editor.add_keyword(call, "dtype", &text).ok(),
            };
        }
        if KEEPERS.contains(&path.as_str()) {
            let of = call.arguments.args.first()?;
            let small = GROWERS.contains(&path.as_str()) && is_computed(module, of);
            let convert = || editor.append(of, &format!(".astype({})", dtype_text(module, call, dtype))).ok();
            return array_edit(module, of, dtype).or_else(|| small.then(convert).flatten());
        }
        let draws = path.strip_prefix("numpy.random.").is_some_and(|name| DRAWS.contains(&name));
        return draws.then(|| converted(module, call, dtype)).flatten();
    }
    let (method, on) = syntax::method(call)?;
    if KEEPING_METHODS.contains(&method) {
        return array_edit(module, on, dtype);
    }
    (method == "integers" && is_generator(module, on)).then(|| converted(module, call, dtype)).flatten()
}

/// Whether an expression computes with an array of NumPy's, which has `astype`.
fn is_computed(module: &Module, expression: &Expr) -> bool {
    let is_array = |part: &Expr| match part {
        Expr::Call(call) => module.resolve(&call.func).is_some_and(|path| {
            MAKERS.iter().any(|(name, _)| *name == path) || KEEPERS.contains(&path.as_str())
        }),
        _ => false,
    };
    match expression {
        Expr::BinOp(it) => is_computed(module, &it.left) || is_computed(module, &it.right),
        other => is_array(other),
    }
}

fn converted(module: &Module, call: &ExprCall, dtype: &str) -> Option<Edit> {
    // With a type of their own the same seed gives other numbers.
    let text = dtype_text(module, call, dtype);
    let expression = module.expression(call.range().into())?;
    Editor::new(module).append(expression, &format!(".astype({text})")).ok()
}

/// `np.int8` where the file says `np`, `"int8"` where it does not.
fn dtype_text(module: &Module, call: &ExprCall, dtype: &str) -> String {
    let attribute = if dtype == "bool" { "bool_" } else { dtype };
    let root = module.slice(call.func.range().into()).split('.').next().unwrap_or("");
    match module.local_name("numpy") {
        Some(name) if name == root => format!("{name}.{attribute}"),
        _ => format!("\"{dtype}\""),
    }
}

/// Whether an expression names a type in the text, so that another may stand there.
fn is_type(module: &Module, expression: &Expr) -> bool {
    let path = module.resolve(expression);
    expression.is_string_literal_expr()
        || path.is_some_and(|path| path.starts_with("numpy.") || matches!(path.as_str(), "int" | "float"))
}

fn is_generator(module: &Module, expression: &Expr) -> bool {
    let makes = |value: &Expr| match value {
        Expr::Call(call) => module.resolve(&call.func).as_deref() == Some("numpy.random.default_rng"),
        _ => false,
    };
    let variable = module.variable_of(expression);
    makes(expression)
        || variable.and_then(|variable| only_value(module, variable)).is_some_and(|(_, value)| makes(value))
}

/// The variable that holds an object.
pub(crate) fn variable_of<'a>(case: &Case<'a>, owner: &Object) -> Option<(&'a Module, VariableId)> {
    let holder = owner.holder.as_ref()?;
    let module = case.module(&holder.file)?;
    let scope = match holder.kind {
        HolderKind::Global => ScopeId::MODULE,
        HolderKind::Local => module.scope_of_code(&holder.function, holder.first_line)?,
        _ => return None,
    };
    Some((module, module.variable_in(scope, &owner.name)?))
}

/// The one value that a variable ever gets, by a plain assignment, and its statement.
pub(crate) fn only_value(module: &Module, variable: VariableId) -> Option<(StatementId, &Expr)> {
    let mut writes =
        module.occurrences_of(variable).filter(|it| it.access.rebinds() && it.access != Access::Delete);
    let write = writes.next().filter(|it| it.access == Access::Write)?;
    let (target, value) = syntax::assignment(module.syntax(write.statement))?;
    (writes.next().is_none() && syntax::start(target) == write.span.start).then_some((write.statement, value))
}

/// The list of `[x] * n`.
pub(crate) fn repeated(value: &Expr) -> Option<&Expr> {
    let Expr::BinOp(operation) = value else { return None };
    let one = matches!(operation.left.as_ref(), Expr::List(list) if list.elts.len() == 1);
    (one && operation.op == Operator::Mult).then_some(&operation.left)
}

/// The call of `pandas.read_csv` or `read_table` that makes the table that is meant.
fn reader<'a>(case: &'a Case<'_>, held: &Held<'_>) -> Option<(&'a Module, &'a ExprCall)> {
    let (module, id) = case.statement(&held.place)?;
    let Expr::Call(call) = value_for(module, id, held.symbol())? else { return None };
    let path = module.resolve(&call.func)?;
    matches!(path.as_str(), "pandas.read_csv" | "pandas.read_table").then_some((module, call))
}

/// `dtype={column: type}` for columns, by name and type as Python writes them, where their table is read. `None` unless all of
/// them come from one call.
pub(crate) fn typed_columns(case: &Case<'_>, columns: &[(&Held<'_>, String)]) -> Option<Edit> {
    let (first, _) = columns.first()?;
    let (module, call) = reader(case, first)?;
    let together = columns.iter().all(|(held, _)| held.place == first.place && is_column(held));
    let types: Vec<(String, String)> = columns
        .iter()
        .map(|(held, dtype)| Some((quoted(bare_column(held)?)?, dtype.clone())))
        .collect::<Option<_>>()?;
    together.then(|| dtype_of_columns(module, call, &types)).flatten()
}

fn is_column(held: &Held<'_>) -> bool {
    !std::ptr::eq(held.owner, held.object) && bare_column(held).is_some()
}

/// The column's name: `state` of `frame['state']`.
pub(crate) fn bare_column<'a>(held: &Held<'a>) -> Option<&'a str> {
    let rest = held.object.name.strip_prefix(held.symbol())?;
    // Of a table in a dict the key of the dict comes first.
    rest.strip_prefix("['")?.strip_suffix("']").filter(|name| !name.contains("']"))
}

/// The same for one call; names and types are as Python writes them.
pub(crate) fn dtype_of_columns(
    module: &Module,
    call: &ExprCall,
    columns: &[(String, String)],
) -> Option<Edit> {
    let new: Vec<String> = columns.iter().map(|(name, dtype)| format!("{name}: {dtype}")).collect();
    let new = new.join(", ");
    let editor = Editor::new(module);
    let Some(old) = argument(call, "dtype", None) else {
        return editor.add_keyword(call, "dtype", &format!("{{{new}}}")).ok();
    };
    let Expr::Dict(dict) = old else { return None };
    let names = dict.items.iter().map(|item| item.key.as_ref().and_then(heapwise_source::string));
    let names: Vec<&str> = names.collect::<Option<_>>()?;
    if columns.iter().any(|(name, _)| names.contains(&name.trim_matches('"'))) {
        return None;
    }
    let inner = module.slice(dict.range.into()).strip_prefix('{')?.strip_suffix('}')?.trim_end();
    let comma = if inner.is_empty() || inner.ends_with(',') { " " } else { ", " };
    editor.replace(old, &format!("{{{inner}{}{new}}}", if inner.is_empty() { "" } else { comma })).ok()
}

/// A name in quotes, as Python writes it; `None` where that would need escapes.
pub(crate) fn quoted(name: &str) -> Option<String> {
    let plain = name.chars().all(|c| !c.is_control() && c != '"' && c != '\\');
    plain.then(|| format!("\"{name}\""))
}

/// Arguments of `read_csv` and its like that do not depend on which columns are read.
const HARMLESS: &[&str] = &[
    "comment",
    "compression",
    "decimal",
    "delimiter",
    "encoding",
    "engine",
    "escapechar",
    "float_precision",
    "has_header",
    "keep_default_na",
    "low_memory",
    "memory_map",
    "na_filter",
    "na_values",
    "nrows",
    "n_rows",
    "null_values",
    "quotechar",
    "quoting",
    "sep",
    "separator",
    "skipinitialspace",
    "skip_blank_lines",
    "thousands",
    "try_parse_dates",
];

/// Whether the call says nothing that depends on which columns there are.
pub(crate) fn takes_any_columns(call: &ExprCall) -> bool {
    let keywords = &call.arguments.keywords;
    let known = |keyword: &ast::Keyword| {
        keyword.arg.as_ref().is_some_and(|name| HARMLESS.contains(&name.as_str()) || name.as_str() == "dtype")
    };
    call.arguments.args.len() <= 1 && keywords.iter().all(known)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The statement on a line of a text, and what an edit makes of the text.
    pub(crate) fn edited(
        text: &str,
        line: u32,
        edit: impl Fn(&Module, StatementId) -> Option<Edit>,
    ) -> Option<(String, heapwise_source::Safety)> {
        let module = Module::parse(text).expect("Python");
        let id = module.statement_at_line(line).expect("a statement");
        let edit = edit(&module, id)?;
        let after = heapwise_source::apply(text, edit.replacements()).expect("an edit of the text");
        Some((after, edit.safety()))
    }

    fn typed(statement: &str) -> Option<String> {
        let text = format!("import numpy as np\nrng = np.random.default_rng(1)\n{statement}\n");
        let (after, safety) =
            edited(&text, 3, |module, id| array_edit(module, value_for(module, id, "x")?, "int8"))?;
        assert_eq!(safety, heapwise_source::Safety::Unsafe);
        after.lines().nth(2).map(str::to_owned)
    }

    #[test]
    fn the_type_goes_where_the_array_is_made() {
        for (before, after) in [
            ("x = np.zeros(10)", "x = np.zeros(10, dtype=np.int8)"),
            ("x = np.zeros(10, int)", "x = np.zeros(10, np.int8)"),
            ("x = np.full((2, 3), 7, dtype='int64')", "x = np.full((2, 3), 7, dtype=np.int8)"),
            ("x = np.tile(np.arange(100), 10)", "x = np.tile(np.arange(100, dtype=np.int8), 10)"),
            ("x = np.tile(np.arange(9) / 2, 10)", "x = np.tile((np.arange(9) / 2).astype(np.int8), 10)"),
            ("x = np.arange(100).reshape(10, 10)", "x = np.arange(100, dtype=np.int8).reshape(10, 10)"),
            ("self.x = np.array(rows)", "self.x = np.array(rows, dtype=np.int8)"),
            ("x = rng.integers(0, 9, 10)", "x = rng.integers(0, 9, 10).astype(\"int8\")"),
            ("x = np.random.randint(0, 9, 10)", "x = np.random.randint(0, 9, 10).astype(np.int8)"),
        ] {
            assert_eq!(typed(before).as_deref(), Some(after));
        }
    }

    #[test]
    fn no_type_goes_where_it_may_mean_something_else() {
        for statement in [
            "y = np.zeros(10)",
            "x = np.arange(10) % 3",
            "x = np.zeros(10, dtype=kind)",
            "x = np.zeros(10, **options)",
            "x = make(10)",
            "x = other.integers(10)",
            "x = np.where(a, b, c)",
            "x = np.tile(rows, 10)",
            "x = np.roll(np.arange(9) / 2, 1)",
        ] {
            assert_eq!(typed(statement), None, "{statement}");
        }
    }

    #[test]
    fn columns_get_their_types_where_the_table_is_read() {
        let read = |call: &str| {
            let text = format!("import pandas as pd\nx = pd.read_csv({call})\n");
            let columns =
                [("\"a\"".to_owned(), "\"int8\"".to_owned()), ("\"b\"".to_owned(), "\"int16\"".to_owned())];
            let (after, _) = edited(&text, 2, |module, id| {
                let Expr::Call(call) = value_for(module, id, "x")? else { return None };
                dtype_of_columns(module, call, &columns)
            })?;
            after.lines().nth(1).map(|line| line["x = pd.read_csv".len()..].to_owned())
        };
        let both = "\"a\": \"int8\", \"b\": \"int16\"";
        assert_eq!(read("path"), Some(format!("(path, dtype={{{both}}})")));
        assert_eq!(read("path, dtype={'c': 'str'}"), Some(format!("(path, dtype={{'c': 'str', {both}}})")));
        assert_eq!(read("path, dtype={}"), Some(format!("(path, dtype={{{both}}})")));
        assert_eq!(read("path, dtype={'a': 'str'}"), None);
        assert_eq!(read("path, dtype=types"), None);
        assert_eq!(quoted("state"), Some("\"state\"".to_owned()));
        assert_eq!(quoted("a\"b"), None);
    }
}
