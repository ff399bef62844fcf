//! Which columns of a table a file uses, followed from the expression that makes it: through names, choices of rows,
//! copies, functions of the file that it is given to or returned from.
//!
//! Invariant: what is not known to leave columns alone makes [`TableUse::unknown`]; a method counts as one of a table
//! only where all that it is called on is one.

use std::collections::BTreeSet;

use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::Ranged;
use rustc_hash::FxHashSet;

use crate::facts::{argument, has_plain_arguments, strings};
use crate::module::Module;
use crate::names::{Access, StatementId, VariableId};
use crate::text::Span;

/// The columns of a table that a file names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableUse {
    /// Columns that are read, or must be there.
    pub read: BTreeSet<String>,
    /// Columns that the program makes or replaces without reading them for it.
    pub set: BTreeSet<String>,
    /// Whether other tables are joined to it, so that columns that are read may be theirs.
    pub joined: bool,
    /// The first use from which the columns cannot be told; `None` says that the list is whole.
    pub unknown: Option<Span>,
}

/// Attributes that name no column.
const SHAPE: &[&str] = &["shape", "index", "size", "empty", "attrs", "ndim", "height"];
/// Attributes through which every column can be reached.
const VIEWS: &[&str] =
    &["T", "axes", "columns", "dtypes", "values", "style", "plot", "iat", "schema", "width", "sparse"];
/// Methods whose result has the same columns, and which need none but those that their arguments name.
const SAME_COLUMNS: &[&str] = &[
    "copy",
    "drop",
    "dropna",
    "drop_duplicates",
    "head",
    "nlargest",
    "nsmallest",
    "reset_index",
    "sample",
    "set_index",
    "sort_index",
    "sort_values",
    "tail",
];
/// Of those, the ones that look at all columns unless an argument names some, with its name and place.
const LOOK_AT_ALL: &[(&str, &str, Option<usize>)] =
    &[("dropna", "subset", None), ("drop_duplicates", "subset", Some(0))];
/// Arguments that name no column.
const NO_COLUMN: &[&str] = &[
    "ascending",
    "axis",
    "deep",
    "drop",
    "errors",
    "frac",
    "how",
    "ignore_index",
    "inplace",
    "keep",
    "kind",
    "n",
    "na_position",
    "random_state",
    "replace",
    "stable",
    "thresh",
    "validate",
];
/// Methods of columns that give a yes or no for each row.
const TESTS: &[&str] = &[
    "between",
    "contains",
    "duplicated",
    "endswith",
    "eq",
    "ge",
    "gt",
    "isin",
    "isna",
    "isnull",
    "le",
    "lt",
    "match",
    "ne",
    "notna",
    "notnull",
    "startswith",
];

impl Module {
    /// How the file uses the table that an expression makes.
    ///
    /// ```
    /// use heapwise_source::Module;
    ///
    /// let module = Module::parse("def late(df):\n    return df[df['delay'] > 9]\nt = read()\nprint(len(late(t)['day']))\n")?;
    /// let made = module.calls().find(|call| call.arguments.is_empty()).unwrap();
    /// let used = module.table_use(&made.clone().into());
    /// assert_eq!(used.read.into_iter().collect::<Vec<_>>(), ["day", "delay"]);
    /// assert_eq!(used.unknown, None);
    /// # Ok::<(), heapwise_source::SyntaxProblem>(())
    /// ```
    pub fn table_use(&self, made: &Expr) -> TableUse {
        let mut tracker = Tracker { module: self, found: TableUse::default(), seen: FxHashSet::default() };
        match self.expression(made.range().into()) {
            Some(expression) => tracker.follow(expression),
            None => tracker.lose(made.range().into()),
        }
        tracker.found
    }
}

struct Tracker<'m> {
    module: &'m Module,
    found: TableUse,
    /// Variables and functions that were followed.
    seen: FxHashSet<VariableId>,
}

impl<'m> Tracker<'m> {
    fn lose(&mut self, span: Span) {
        self.found.unknown.get_or_insert(span);
    }

    fn read<S: AsRef<str>>(&mut self, names: &[S]) {
        self.found.read.extend(names.iter().map(|name| name.as_ref().to_owned()));
    }

    /// An expression that is the table, or has its columns.
    fn follow(&mut self, table: &'m Expr) {
        let span = Span::from(table.range());
        let is_it = |expression: &Expr| Span::from(expression.range()) == span;
        match self.module.parent_of(table) {
            None => self.follow_statement(table),
            Some(Expr::Attribute(attribute)) => self.follow_attribute(attribute),
            Some(whole @ Expr::Subscript(subscript)) if is_it(&subscript.value) => {
                match (self.names(&subscript.slice, 0), subscript.ctx.is_load()) {
                    (Some(names), true) => self.read(&names),
                    (Some(names), false) => self.set(subscript, &names),
                    (None, true) if subscript.slice.is_slice_expr() || self.is_test(&subscript.slice, 0) => {
                        self.follow(whole);
                    }
                    _ => self.lose(span),
                }
            }
            Some(Expr::Call(call)) if !is_it(&call.func) => self.follow_argument(call, span),
            // `pd.concat([table, other])`
            Some(list @ (Expr::List(_) | Expr::Tuple(_))) => match self.module.parent_of(list) {
                Some(result @ Expr::Call(call))
                    if self.module.resolve(&call.func).as_deref() == Some("pandas.concat") =>
                {
                    self.found.joined = true;
                    self.follow(result);
                }
                _ => self.lose(span),
            },
            _ => self.lose(span),
        }
    }

    /// The table is the whole value of a statement.
    fn follow_statement(&mut self, table: &Expr) {
        let span = Span::from(table.range());
        let Some(id) = self.module.statement_at_offset(span.start) else { return self.lose(span) };
        match self.module.syntax(id) {
            // Only computed.
            Stmt::Expr(_) => {}
            Stmt::Return(_) => self.follow_returned(span),
            _ => match self.module.targets_of(table).as_slice() {
                [one @ Expr::Name(_)] => match self.module.variable_of(one) {
                    Some(variable) => self.follow_variable(variable),
                    None => self.lose(span),
                },
                _ => self.lose(span),
            },
        }
    }

    fn follow_variable(&mut self, variable: VariableId) {
        if !self.seen.insert(variable) {
            return;
        }
        for one in self.module.occurrences_of(variable) {
            match one.access {
                Access::Read => match self.module.expression(one.span) {
                    Some(name @ Expr::Name(_)) => self.follow(name),
                    _ => self.lose(one.span),
                },
                Access::Update => self.lose(one.span),
                Access::Write | Access::Delete => {}
            }
        }
    }

    /// The table is what a function returns: it goes to all who call it.
    fn follow_returned(&mut self, at: Span) {
        let scope = self.module.frame_scope_at(at.start);
        let Some(definition) = self.definition_of(scope) else { return self.lose(at) };
        let Stmt::FunctionDef(function) = self.module.syntax(definition) else { return self.lose(at) };
        let variable =
            self.module.occurrence_at(function.name.range().start().to_usize()).map(|it| it.variable);
        let Some(variable) =
            variable.filter(|it| self.is_one_function(*it) && function.decorator_list.is_empty())
        else {
            return self.lose(at);
        };
        if !self.seen.insert(variable) {
            return;
        }
        for one in self.module.occurrences_of(variable).filter(|it| it.access == Access::Read) {
            let name = self.module.expression(one.span);
            match name.and_then(|name| self.module.parent_of(name)) {
                Some(whole @ Expr::Call(call)) if Span::from(call.func.range()) == one.span => {
                    self.follow(whole);
                }
                _ => self.lose(one.span),
            }
        }
    }

    /// The statement that defines the function with this scope.
    fn definition_of(&self, scope: crate::names::ScopeId) -> Option<StatementId> {
        let span = self.module.scope(scope).span;
        self.module.statement_ids().find(|&id| match self.module.syntax(id) {
            Stmt::FunctionDef(function) => {
                Span::from(function.range()).contains(span)
                    && function.body.first().is_some_and(|first| span.contains(first.range().into()))
                    && self.module.frame_scope_at(function.body[0].range().start().to_usize()) == scope
            }
            _ => false,
        })
    }

    /// Whether a name of the file means one function and is bound by nothing else.
    fn is_one_function(&self, variable: VariableId) -> bool {
        let mut writes = self.module.occurrences_of(variable).filter(|it| it.access != Access::Read);
        let Some(first) = writes.next() else { return false };
        writes.next().is_none() && matches!(self.module.syntax(first.statement), Stmt::FunctionDef(_))
    }

    /// The table is an argument.
    fn follow_argument(&mut self, call: &'m ast::ExprCall, table: Span) {
        let path = self.module.resolve(&call.func);
        if path.as_deref() == Some("len") {
            return;
        }
        if path.as_deref() == Some("pandas.merge") || matches!(Self::method_of(call), "merge" | "join") {
            return match self.module.expression(call.range().into()) {
                Some(result) => self.follow_joined(result, call),
                None => self.lose(table),
            };
        }
        let Some(function) = self.module.variable_of(&call.func).filter(|it| self.is_one_function(*it))
        else {
            return self.lose(table);
        };
        let definition = self.module.occurrences_of(function).find(|it| it.access == Access::Write);
        let Some(Stmt::FunctionDef(definition)) = definition.map(|it| self.module.syntax(it.statement))
        else {
            return self.lose(table);
        };
        let parameters = &definition.parameters;
        let place = call.arguments.args.iter().position(|it| Span::from(it.range()) == table);
        let keyword = call.arguments.keywords.iter().find(|it| Span::from(it.value.range()) == table);
        let named = keyword.and_then(|it| it.arg.as_ref()).map(|it| it.id.as_str());
        let mut in_order = parameters.posonlyargs.iter().chain(&parameters.args);
        let parameter = match (place, named) {
            (Some(place), _) if !call.arguments.args[..place].iter().any(Expr::is_starred_expr) => {
                in_order.nth(place)
            }
            (_, Some(name)) => {
                in_order.chain(&parameters.kwonlyargs).find(|it| it.parameter.name.id.as_str() == name)
            }
            _ => None,
        };
        let variable = parameter
            .filter(|_| definition.decorator_list.is_empty())
            .and_then(|it| self.module.occurrence_at(it.parameter.name.range().start().to_usize()));
        match variable {
            Some(occurrence) => self.follow_variable(occurrence.variable),
            None => self.lose(table),
        }
    }

    fn follow_attribute(&mut self, attribute: &'m ast::ExprAttribute) {
        let span = Span::from(attribute.range());
        let name = attribute.attr.id.as_str();
        let whole = self.module.expression(span).and_then(|it| self.module.parent_of(it));
        match whole {
            Some(result @ Expr::Call(call)) if Span::from(call.func.range()) == span => {
                self.follow_method(name, result, call);
            }
            Some(chosen @ Expr::Subscript(subscript))
                if Span::from(subscript.value.range()) == span && matches!(name, "loc" | "iloc" | "at") =>
            {
                let columns = match subscript.slice.as_ref() {
                    Expr::Tuple(tuple) => tuple.elts.get(1),
                    _ => None,
                };
                let loads = subscript.ctx.is_load();
                match (columns, columns.and_then(|it| self.names(it, 0))) {
                    (_, Some(names)) if name != "iloc" && loads => self.read(&names),
                    (_, Some(names)) if name != "iloc" => self.set(subscript, &names),
                    (None, _) if loads => self.follow(chosen),
                    _ => self.lose(span),
                }
            }
            _ if SHAPE.contains(&name) => {}
            _ if VIEWS.contains(&name) || matches!(name, "loc" | "iloc" | "at") || name.starts_with('_') => {
                self.lose(span);
            }
            _ if attribute.ctx.is_load() => self.read(&[name]),
            _ => self.lose(span),
        }
    }

    fn follow_method(&mut self, name: &str, result: &'m Expr, call: &'m ast::ExprCall) {
        let span = Span::from(call.range());
        if !has_plain_arguments(call) {
            return self.lose(span);
        }
        match name {
            "groupby" => {
                self.named_by(call, span);
                self.follow_groups(result);
            }
            "merge" | "join" => self.follow_joined(result, call),
            "pivot_table"
                if ["index", "columns", "values"].iter().all(|it| argument(call, it, None).is_some()) =>
            {
                self.named_by(call, span);
            }
            _ if SAME_COLUMNS.contains(&name) => {
                let looks_at_all = LOOK_AT_ALL
                    .iter()
                    .any(|(method, names, place)| *method == name && argument(call, names, *place).is_none());
                if looks_at_all {
                    return self.lose(span);
                }
                self.named_by(call, span);
                self.follow(result);
            }
            _ => self.lose(span),
        }
    }

    /// The table is joined to another one, which has the keys too.
    fn follow_joined(&mut self, result: &'m Expr, call: &'m ast::ExprCall) {
        self.found.joined = true;
        let mut keys = call.arguments.keywords.iter().filter(|it| {
            it.arg.as_ref().is_some_and(|name| matches!(name.id.as_str(), "on" | "left_on" | "right_on"))
        });
        let names: Option<Vec<String>> =
            keys.try_fold(Vec::new(), |all, it| Some([all, self.names(&it.value, 0)?].concat()));
        let renames = argument(call, "suffixes", None).is_some();
        match names.filter(|names| !names.is_empty() && !renames) {
            Some(names) => {
                self.read(&names);
                self.follow(result);
            }
            None => self.lose(call.range().into()),
        }
    }

    /// The columns that the arguments of a method name.
    fn named_by(&mut self, call: &ast::ExprCall, span: Span) {
        let of_keywords = call.arguments.keywords.iter().filter(|it| {
            it.arg.as_ref().is_none_or(|name| {
                !matches!(
                    name.id.as_str(),
                    "observed" | "sort" | "as_index" | "aggfunc" | "dropna" | "fill_value"
                ) && !NO_COLUMN.contains(&name.id.as_str())
            })
        });
        for value in call.arguments.args.iter().chain(of_keywords.map(|it| &it.value)) {
            match (value, self.names(value, 0)) {
                (_, Some(names)) => self.read(&names),
                // Keys may be computed from columns, which are seen where they stand.
                (Expr::Name(_), _) if self.is_computed_key(value) => {}
                (
                    Expr::NumberLiteral(_)
                    | Expr::BooleanLiteral(_)
                    | Expr::Call(_)
                    | Expr::Compare(_)
                    | Expr::Subscript(_),
                    _,
                ) => {}
                (Expr::List(list), _)
                    if list.elts.iter().all(|it| strings(it).is_some() || it.is_call_expr()) =>
                {
                    let literals: Vec<&str> = list.elts.iter().filter_map(strings).flatten().collect();
                    self.read(&literals);
                }
                // A length that is a name, as in `head(n)`.
                _ if matches!(Self::method_of(call), "head" | "tail" | "sample") => {}
                _ => self.lose(span),
            }
        }
    }

    fn method_of(call: &ast::ExprCall) -> &str {
        match call.func.as_ref() {
            Expr::Attribute(attribute) => attribute.attr.id.as_str(),
            _ => "",
        }
    }

    /// Whether a name is a computed column, such as `bands = pd.cut(table["age"], ...)`: its one value is a call.
    fn is_computed_key(&self, value: &Expr) -> bool {
        self.only_value(value)
            .is_some_and(|it| matches!(it, Expr::Call(_) | Expr::BinOp(_) | Expr::Compare(_)))
    }

    /// What is done with the groups of a table.
    fn follow_groups(&mut self, groups: &'m Expr) {
        let span = Span::from(groups.range());
        match self.module.parent_of(groups) {
            Some(Expr::Subscript(subscript)) => match self.names(&subscript.slice, 0) {
                Some(names) => self.read(&names),
                None => self.lose(span),
            },
            Some(Expr::Attribute(attribute)) => {
                let whole = self.module.expression(attribute.range().into());
                match (attribute.attr.id.as_str(), whole.and_then(|it| self.module.parent_of(it))) {
                    ("size" | "ngroup" | "cumcount" | "ngroups", _) => {}
                    ("agg" | "aggregate", Some(Expr::Call(call))) => self.aggregated(call),
                    // Any other method works on all columns.
                    (_, Some(Expr::Call(_))) => self.lose(span),
                    (name, _) => self.read(&[name]),
                }
            }
            None => match self.only_target(groups) {
                // A name for the groups: what is done with it is the same.
                Some(variable) if self.seen.insert(variable) => {
                    for one in self.module.occurrences_of(variable).filter(|it| it.access != Access::Write) {
                        match self.module.expression(one.span) {
                            Some(name) if one.access == Access::Read => self.follow_groups(name),
                            _ => self.lose(one.span),
                        }
                    }
                }
                Some(_) => {}
                None => self.lose(span),
            },
            _ => self.lose(span),
        }
    }

    fn only_target(&self, value: &Expr) -> Option<VariableId> {
        match self.module.targets_of(value).as_slice() {
            [one] => self.module.variable_of(one),
            _ => None,
        }
    }

    /// `agg(mean=("fare", "mean"))` or `agg({"fare": "mean"})`
    fn aggregated(&mut self, call: &ast::ExprCall) {
        let of_keyword = |it: &ast::Keyword| match (&it.arg, &it.value) {
            (Some(_), Expr::Tuple(tuple)) => tuple.elts.first().and_then(crate::string).map(str::to_owned),
            _ => None,
        };
        let names: Option<Vec<String>> = match call.arguments.args.first() {
            None => call.arguments.keywords.iter().map(of_keyword).collect(),
            Some(Expr::Dict(dict)) => dict
                .items
                .iter()
                .map(|it| it.key.as_ref().and_then(crate::string).map(str::to_owned))
                .collect(),
            Some(_) => None,
        };
        match names {
            Some(names) => self.read(&names),
            None => self.lose(call.range().into()),
        }
    }

    /// `table["a"] = ...`: made by the program, unless its value is computed from the same column of the file.
    fn set(&mut self, subscript: &ast::ExprSubscript, names: &[String]) {
        let statement = self.module.statement_at_offset(subscript.range().start().to_usize());
        let value = statement.and_then(|id| match self.module.syntax(id) {
            Stmt::Assign(assign) => Some(assign.value.as_ref()),
            _ => None,
        });
        let Some(value) = value else {
            // `+=` and `del`.
            return self.read(names);
        };
        let text = self.module.slice(value.range().into());
        for name in names {
            let reads_itself = text.contains(&format!("\"{name}\"")) || text.contains(&format!("'{name}'"));
            // A part of the rows keeps the other values of the column.
            let partial = !matches!(subscript.value.as_ref(), Expr::Name(_));
            if reads_itself || partial {
                self.read(&[name]);
            } else {
                self.found.set.insert(name.clone());
            }
        }
    }

    /// The strings that an expression stands for: literals, a name whose one value they are, `[*NAMES, "a"]`, the variable of
    /// a loop over them.
    fn names(&self, expression: &Expr, depth: usize) -> Option<Vec<String>> {
        let all = |elements: &[Expr]| -> Option<Vec<String>> {
            elements.iter().try_fold(Vec::new(), |all, it| Some([all, self.names(it, depth + 1)?].concat()))
        };
        match expression {
            _ if depth > 4 => None,
            Expr::StringLiteral(it) => Some(vec![it.value.to_str().to_owned()]),
            Expr::List(it) => all(&it.elts),
            Expr::Tuple(it) => all(&it.elts),
            Expr::Starred(it) => self.names(&it.value, depth + 1),
            Expr::Name(_) => {
                let value = self.only_value(expression).or_else(|| self.looped_over(expression))?;
                self.names(value, depth + 1)
            }
            _ => None,
        }
    }

    /// What the loop or comprehension goes through whose variable a name is.
    fn looped_over(&self, name: &Expr) -> Option<&'m Expr> {
        let variable = self.module.variable_of(name)?;
        let mut writes = self.module.occurrences_of(variable).filter(|it| it.access != Access::Read);
        let write = writes.next().filter(|it| it.access == Access::Write)?;
        if writes.next().is_some() {
            return None;
        }
        let is_it = |target: &Expr| Span::from(target.range()) == write.span;
        if let Stmt::For(it) = self.module.syntax(write.statement)
            && is_it(&it.target)
        {
            return Some(&it.iter);
        }
        self.module.expressions_around(write.span).into_iter().find_map(|around| {
            let generators = match around {
                Expr::ListComp(it) => &it.generators,
                Expr::SetComp(it) => &it.generators,
                Expr::DictComp(it) => &it.generators,
                Expr::Generator(it) => &it.generators,
                _ => return None,
            };
            generators.iter().find(|it| is_it(&it.target)).map(|it| &it.iter)
        })
    }

    /// Whether an index chooses rows by a yes or no for each.
    fn is_test(&self, index: &Expr, depth: usize) -> bool {
        match index {
            Expr::Compare(_) => true,
            Expr::BinOp(it) => {
                matches!(it.op, ast::Operator::BitAnd | ast::Operator::BitOr)
                    && (self.is_test(&it.left, depth) || self.is_test(&it.right, depth))
            }
            Expr::UnaryOp(it) => it.op == ast::UnaryOp::Invert,
            Expr::Call(call) => TESTS.contains(&Self::method_of(call)),
            Expr::Name(_) if depth < 3 => {
                self.only_value(index).is_some_and(|value| self.is_test(value, depth + 1))
            }
            _ => false,
        }
    }

    /// The one value that a name is given, by a plain assignment.
    fn only_value(&self, name: &Expr) -> Option<&'m Expr> {
        let variable = self.module.variable_of(name)?;
        let mut writes = self.module.occurrences_of(variable).filter(|it| it.access != Access::Read);
        let write = writes.next().filter(|it| it.access == Access::Write)?;
        if writes.next().is_some() {
            return None;
        }
        match self.module.syntax(write.statement) {
            Stmt::Assign(assign) if matches!(assign.targets.as_slice(), [Expr::Name(_)]) => {
                Some(&assign.value)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(text: &str) -> TableUse {
        let module = Module::parse(&format!("import pandas as pd\n{text}")).expect("valid");
        let made = module.calls().find(|call| module.slice(call.func.range().into()).ends_with("read_csv"));
        module.table_use(&made.expect("a call of read_csv").clone().into())
    }

    fn read(text: &str) -> Option<Vec<String>> {
        let found = used(text);
        found.unknown.is_none().then(|| found.read.into_iter().collect())
    }

    fn names(text: &str) -> Option<Vec<String>> {
        Some(text.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn columns_are_followed_through_choices_of_rows_and_copies() {
        let head = "t = pd.read_csv(p)\n";
        let of = |rest: &str| read(&format!("{head}{rest}"));
        assert_eq!(of("u = t[t['a'] > 1].copy()\nprint(len(t), u['b'].sum())\n"), names("a b"));
        assert_eq!(
            of("late = t['a'].notna() & t['b'].gt(1)\nu = t[late]\nprint(u.c.max())\n"),
            names("a b c")
        );
        assert_eq!(of("print(t.loc[t['a'] > 1, ['b', 'c']], t.iloc[:5]['d'])\n"), names("a b c d"));
        assert_eq!(
            of("u = t.dropna(subset=['a']).sort_values('b', ascending=False).head(9)\nu['c']\n"),
            names("a b c")
        );
        assert_eq!(of("t['a'] = t['b'] * 2\nprint(t['a'])\n"), names("a b"));
        assert_eq!(of("t['a'] = t['a'] * 2\n"), names("a"));
        assert_eq!(
            of("C = ['a', 'b']\nt[[*C, 'c']].sum()\n[t[n] for n in ('d', 'e')]\n"),
            names("a b c d e")
        );
        assert_eq!(of("u = pd.concat([t[t['a'] > 1], other])\nu['b']\n"), names("a b"));
    }

    #[test]
    fn columns_are_followed_through_groups() {
        let of = |rest: &str| read(&format!("t = pd.read_csv(p)\n{rest}"));
        assert_eq!(of("t.groupby('a')['b'].mean()\n"), names("a b"));
        assert_eq!(of("t.groupby(['a', 'b']).agg(m=('c', 'mean'), n=('d', 'size'))\n"), names("a b c d"));
        assert_eq!(of("t.groupby('a').size()\n"), names("a"));
        assert_eq!(of("g = t.groupby('a')['b']\nprint(g.mean())\n"), names("a b"));
        assert_eq!(of("t.groupby(pd.cut(t['a'], 3), observed=True)['b'].size()\n"), names("a b"));
        assert_eq!(of("t.groupby('a').mean()\n"), None);
    }

    #[test]
    fn columns_are_followed_into_functions_and_out_of_them() {
        let text = "def load(p):\n    return pd.read_csv(p)\ndef clean(raw):\n    t = raw[raw['a'].notna()].copy()\n    \
                    t['x'] = t['b'] + 1\n    return t\ndef show(t, *, n=3):\n    print(t['x'].max(), t['c'].head(n))\n\
                    def main():\n    raw = load(1)\n    t = clean(raw)\n    show(t=t)\nmain()\n";
        let found = used(text);
        assert_eq!(
            (found.unknown, found.read),
            (None, BTreeSet::from(["a", "b", "c", "x"].map(str::to_owned)))
        );
        assert_eq!(found.set, BTreeSet::from(["x".to_owned()]));
    }

    #[test]
    fn what_goes_out_of_sight_is_unknown() {
        let of = |rest: &str| read(&format!("t = pd.read_csv(p)\n{rest}"));
        for lost in [
            "print(t)\n",
            "t.describe()\n",
            "t[columns]\n",
            "for name in t:\n    pass\n",
            "t.to_csv(p)\n",
            "self.t = t\n",
            "t.dropna()\n",
            "t.columns\n",
            "model.fit(t)\n",
            "u = [t]\n",
            "t.merge(u)\n",
            "t.query('a > 1')\n",
        ] {
            assert_eq!(of(lost), None, "{lost}");
        }
        assert_eq!(read("@cache\ndef load():\n    return pd.read_csv(p)\nprint(load()['a'])\n"), None);
    }
}
