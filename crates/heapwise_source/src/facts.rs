//! Facts about calls, classes and decorators that rules ask for.
//!
//! Invariant: an answer is what the text says; what is computed at run time (`**options`, a decorator made by a call of an
//! own function) gives none.

use ruff_python_ast::visitor::source_order::{SourceOrderVisitor, TraversalSignal, walk_expr, walk_node};
use ruff_python_ast::{self as ast, AnyNodeRef, Expr, Stmt};
use ruff_text_size::Ranged;

use crate::flow;
use crate::module::Module;
use crate::names::{ScopeId, ScopeKind, StatementId};
use crate::text::{Place, Span};

/// What a class says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassFacts {
    /// Its name.
    pub name: String,
    /// Its bases; imports followed, the text where that fails.
    pub bases: Vec<String>,
    /// Whether it has keywords such as `metaclass=`.
    pub has_keywords: bool,
    /// `__slots__`, if it is there and can be read.
    pub slots: Option<Vec<String>>,
    /// The arguments of `@dataclass` as text, by name; `None` if it is no dataclass.
    pub dataclass: Option<Vec<(String, String)>>,
    /// Attributes that its methods set on their first parameter, and annotated fields, in order, each once.
    pub attributes: Vec<String>,
    /// Names that its body gives values to: class attributes, which a slot of the same name would clash with.
    pub class_attributes: Vec<String>,
    /// Whether a method uses `__dict__`, `vars`, `setattr` or a `cached_property`, or has `__getattr__` and its like.
    pub needs_dict: bool,
}

/// The argument of a call by its name, or by its place (from 0) where it has one; `None` where it is not given, or
/// where `*args` makes places unknown.
///
/// ```
/// use heapwise_source::{Module, argument};
///
/// let module = Module::parse("x = read_csv(path, sep=';')\n")?;
/// let call = module.calls().next().unwrap();
/// assert!(argument(call, "sep", Some(1)).is_some());
/// assert!(argument(call, "filepath", Some(0)).is_some());
/// assert!(argument(call, "usecols", None).is_none());
/// # Ok::<(), heapwise_source::SyntaxProblem>(())
/// ```
pub fn argument<'a>(call: &'a ast::ExprCall, name: &str, place: Option<usize>) -> Option<&'a Expr> {
    let named = call.arguments.keywords.iter().find_map(|keyword| {
        let found = keyword.arg.as_ref().is_some_and(|arg| arg.id.as_str() == name);
        found.then_some(&keyword.value)
    });
    named.or_else(|| {
        let before = call.arguments.args.get(..=place?)?;
        if before.iter().any(Expr::is_starred_expr) { None } else { before.last() }
    })
}

/// Whether all arguments of the call stand in the text: no `*args`, no `**options`.
pub fn has_plain_arguments(call: &ast::ExprCall) -> bool {
    !call.arguments.args.iter().any(Expr::is_starred_expr)
        && call.arguments.keywords.iter().all(|keyword| keyword.arg.is_some())
}

/// The text of a string literal without escapes taken apart further; `None` for anything else.
pub fn string(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::StringLiteral(literal) => Some(literal.value.to_str()),
        _ => None,
    }
}

/// The strings of `"a"`, `["a", "b"]` or `("a", "b")`; `None` where something else is among them.
pub fn strings(expression: &Expr) -> Option<Vec<&str>> {
    match expression {
        Expr::List(list) => list.elts.iter().map(string).collect(),
        Expr::Tuple(tuple) => tuple.elts.iter().map(string).collect(),
        other => Some(vec![string(other)?]),
    }
}

impl Module {
    /// All calls, in the order of the text; the outer before those in its arguments.
    pub fn calls(&self) -> impl Iterator<Item = &ast::ExprCall> {
        let mut calls = Calls(Vec::new());
        calls.visit_body(&self.tree().body);
        calls.0.into_iter()
    }

    /// The calls in a statement, in the order of the text, those of its blocks among them.
    pub fn calls_in(&self, statement: StatementId) -> impl Iterator<Item = &ast::ExprCall> {
        let mut calls = Calls(Vec::new());
        calls.visit_stmt(self.syntax(statement));
        calls.0.into_iter()
    }

    /// The call that a frame at this place is in: the smallest that covers the place.
    pub fn call_at(&self, place: Place) -> Option<&ast::ExprCall> {
        let span = self.span_of(place)?;
        self.expressions_around(span).into_iter().rev().find_map(|expression| match expression {
            Expr::Call(call) => Some(call),
            _ => None,
        })
    }

    /// The expressions that contain these bytes, outermost first; those that are exactly these bytes among them. Ends at
    /// the innermost statement.
    pub fn expressions_around(&self, span: Span) -> Vec<&Expr> {
        let Some(statement) = self.statement_at_offset(span.start) else { return Vec::new() };
        let mut found = Around { span, chain: Vec::new() };
        walk_node(&mut found, AnyNodeRef::from(self.syntax(statement)));
        found.chain
    }

    /// The expression that an expression is directly part of.
    pub fn parent_of(&self, expression: &Expr) -> Option<&Expr> {
        let around = self.expressions_around(expression.range().into());
        let own = around.iter().rposition(|other| std::ptr::eq(*other, expression))?;
        own.checked_sub(1).map(|index| around[index])
    }

    /// The names, attributes and items that get the value of the expression when its statement ends: the targets of the
    /// assignment whose whole value it is. Empty where the value goes elsewhere.
    pub fn targets_of(&self, expression: &Expr) -> Vec<&Expr> {
        let span = Span::from(expression.range());
        let Some(id) = self.statement_at_offset(span.start) else { return Vec::new() };
        let (targets, value): (Vec<&Expr>, Option<&Expr>) = match self.syntax(id) {
            Stmt::Assign(assign) => (assign.targets.iter().collect(), Some(&assign.value)),
            Stmt::AnnAssign(assign) => (vec![&assign.target], assign.value.as_deref()),
            _ => (Vec::new(), None),
        };
        let named = self.expressions_around(span).into_iter().rev().find_map(|around| match around {
            Expr::Named(named) if Span::from(named.value.range()) == span => Some(named.target.as_ref()),
            _ => None,
        });
        let whole = value.is_some_and(|value| Span::from(value.range()) == span);
        if whole { targets } else { named.into_iter().collect() }
    }

    /// The generator expression that the call takes whole before it returns: `sum(... for ...)`.
    pub fn consumed_at_once<'m>(&self, call: &'m ast::ExprCall) -> Option<&'m ast::ExprGenerator> {
        flow::consumed_at_once(self, call)
    }

    /// The decorator that is one of these (imports followed): `dataclass` or `dataclass(...)`.
    pub fn decorator<'m>(&self, decorators: &'m [ast::Decorator], paths: &[&str]) -> Option<&'m Expr> {
        decorators.iter().map(|decorator| &decorator.expression).find(|expression| {
            let named = match expression {
                Expr::Call(call) => &call.func,
                bare => *bare,
            };
            self.resolve(named).is_some_and(|path| paths.contains(&path.as_str()))
        })
    }

    /// What the file calls something that it imports: `np.packbits` for `numpy.packbits`, if the module binds `np` to
    /// numpy and nothing else.
    pub fn local_name(&self, path: &str) -> Option<String> {
        let imports = self.tables().imports.keys().copied();
        let mut names: Vec<String> = imports
            .filter(|variable| self.variable(*variable).scope == ScopeId::MODULE)
            .filter_map(|variable| {
                let rest = path.strip_prefix(self.import_of(variable)?)?;
                let name = &self.variable(variable).name;
                (rest.is_empty() || rest.starts_with('.')).then(|| format!("{name}{rest}"))
            })
            .collect();
        names.sort_by_key(|name| (name.len(), name.clone()));
        names.into_iter().next()
    }

    /// The names in a class's `__slots__`; an empty list where they cannot be read.
    pub fn class_slots(&self, class: &ast::StmtClassDef) -> Option<Vec<String>> {
        class.body.iter().find_map(|statement| {
            let (target, value) = match statement {
                Stmt::Assign(assign) => (assign.targets.first()?, Some(assign.value.as_ref())),
                Stmt::AnnAssign(assign) => (assign.target.as_ref(), assign.value.as_deref()),
                _ => return None,
            };
            matches!(target, Expr::Name(name) if name.id.as_str() == "__slots__")
                .then(|| value.and_then(strings).unwrap_or_default().into_iter().map(str::to_owned).collect())
        })
    }

    /// What a `class` statement says; `None` for other statements.
    pub fn class_facts(&self, statement: StatementId) -> Option<ClassFacts> {
        let Stmt::ClassDef(class) = self.syntax(statement) else { return None };
        let text = |expression: &Expr| self.slice(expression.range().into()).to_owned();
        let path = |expression: &Expr| self.resolve(expression).unwrap_or_else(|| text(expression));
        let dataclass = self.decorator(&class.decorator_list, &["dataclasses.dataclass"]).map(|decorator| {
            let Expr::Call(call) = decorator else { return Vec::new() };
            let keywords = call.arguments.keywords.iter();
            keywords.filter_map(|one| Some((one.arg.as_ref()?.id.to_string(), text(&one.value)))).collect()
        });
        let mut facts = ClassFacts {
            name: class.name.id.to_string(),
            bases: class.arguments.iter().flat_map(|all| &all.args).map(path).collect(),
            has_keywords: class.arguments.as_ref().is_some_and(|all| !all.keywords.is_empty()),
            slots: self.class_slots(class),
            dataclass,
            attributes: Vec::new(),
            class_attributes: Vec::new(),
            needs_dict: false,
        };
        for inner in &class.body {
            match inner {
                Stmt::AnnAssign(assign) => {
                    if let Expr::Name(name) = assign.target.as_ref() {
                        once(&mut facts.attributes, &name.id);
                        if assign.value.is_some() {
                            once(&mut facts.class_attributes, &name.id);
                        }
                    }
                }
                Stmt::Assign(assign) => {
                    for target in &assign.targets {
                        if let Expr::Name(name) = target {
                            once(&mut facts.class_attributes, &name.id);
                        }
                    }
                }
                Stmt::FunctionDef(method) => self.method_facts(method, &mut facts),
                _ => {}
            }
        }
        Some(facts)
    }

    fn method_facts(&self, method: &ast::StmtFunctionDef, facts: &mut ClassFacts) {
        let special = ["__getattr__", "__getattribute__", "__setattr__", "__getstate__", "__setstate__"];
        facts.needs_dict |= special.contains(&method.name.id.as_str());
        facts.needs_dict |= self.decorator(&method.decorator_list, &["functools.cached_property"]).is_some();
        let Some(first) = (&*method.parameters).into_iter().next() else { return };
        let mut own = OwnAttributes { first: first.name().id.as_str(), set: Vec::new(), needs_dict: false };
        own.visit_body(&method.body);
        facts.needs_dict |= own.needs_dict;
        for name in own.set {
            once(&mut facts.attributes, &name);
        }
    }

    /// The scope whose code a `def`, `class` or the module is, by its statement.
    pub fn scope_of_statement(&self, statement: StatementId) -> Option<ScopeId> {
        self.tables()
            .scope_at
            .get(&self.statement(statement).span)
            .copied()
            .filter(|scope| matches!(self.scope(*scope).kind, ScopeKind::Function | ScopeKind::Class))
    }
}

fn once(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

struct Calls<'a>(Vec<&'a ast::ExprCall>);

impl<'a> SourceOrderVisitor<'a> for Calls<'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression {
            self.0.push(call);
        }
        walk_expr(self, expression);
    }
}

struct Around<'a> {
    span: Span,
    chain: Vec<&'a Expr>,
}

impl<'a> SourceOrderVisitor<'a> for Around<'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if Span::from(node.range()).contains(self.span) {
            TraversalSignal::Traverse
        } else {
            TraversalSignal::Skip
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if Span::from(expression.range()).contains(self.span) {
            self.chain.push(expression);
            walk_expr(self, expression);
        }
    }
}

struct OwnAttributes<'a> {
    first: &'a str,
    set: Vec<String>,
    needs_dict: bool,
}

impl<'a> SourceOrderVisitor<'a> for OwnAttributes<'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Attribute(attribute) => {
                let own =
                    matches!(attribute.value.as_ref(), Expr::Name(name) if name.id.as_str() == self.first);
                self.needs_dict |= attribute.attr.id.as_str() == "__dict__";
                if own && attribute.ctx.is_store() {
                    once(&mut self.set, &attribute.attr.id);
                }
            }
            Expr::Name(name) => {
                self.needs_dict |= matches!(name.id.as_str(), "setattr" | "delattr" | "vars");
            }
            _ => {}
        }
        walk_expr(self, expression);
    }
}
