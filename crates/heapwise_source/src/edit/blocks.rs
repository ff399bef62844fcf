//! Edits of classes, decorators and blocks: `__slots__`, `slots=True`, `maxsize=`, `with` around `open`, a loop over pieces.
//!
//! Invariant: indentation is added to whole lines only, and never where a string goes over several of them.

use ruff_python_ast::token::TokenKind;
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::Ranged;

use super::check::{self, Intent};
use super::{Edit, Editor, Refusal, Replacement, Safety};
use crate::names::StatementId;
use crate::text::Span;

impl Editor<'_> {
    /// `__slots__ = ("a", "b")` at the top of a class, behind its docstring. Unsafe until said otherwise: code may set
    /// attributes that no text shows.
    ///
    /// # Errors
    /// If it is no class with a block, or the class has `__slots__`.
    pub fn add_slots(&self, class: StatementId, names: &[&str]) -> Result<Edit, Refusal> {
        let Stmt::ClassDef(def) = self.module.syntax(class) else {
            return Err(Refusal::Form("it is no class"));
        };
        if self.module.class_slots(def).is_some() {
            return Err(Refusal::Form("the class has `__slots__`"));
        }
        let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let comma = if let [_] = names { "," } else { "" };
        let statement = format!("__slots__ = ({}{comma})", quoted.join(", "));
        let first = def.body.first().and_then(|first| self.module.id_of(first));
        let first = first.ok_or(Refusal::Form("the class has no body"))?;
        let indent = self.own_lines(first).ok_or(Refusal::Form("the class's body shares its line"))?;
        if let Stmt::Expr(inner) = &def.body[0]
            && inner.value.is_string_literal_expr()
        {
            return self.insert_after(first, &statement);
        }
        let mut new = check::statements(&statement)?;
        new.push(def.body[0].clone());
        let lines = self.module.lines();
        let span = self.module.statement(first).span;
        let start = lines.start(lines.line(span.start)).ok_or(Refusal::OutOfText)?;
        let text = format!("{indent}{statement}{}", crate::line_end(self.module.text()));
        let replacement = Replacement { span: Span::new(start, start), text };
        let meant = Intent::Statements { first, count: 1, new };
        self.checked(vec![replacement], vec![meant], Safety::Unsafe)
    }

    /// `@dataclass` to `@dataclass(slots=True)`, with other arguments kept; for Python 3.10 and later. Unsafe until said
    /// otherwise.
    ///
    /// # Errors
    /// If the class has no such decorator, or says `slots=` already.
    pub fn dataclass_slots(&self, class: StatementId) -> Result<Edit, Refusal> {
        let Stmt::ClassDef(def) = self.module.syntax(class) else {
            return Err(Refusal::Form("it is no class"));
        };
        let decorator = self.module.decorator(&def.decorator_list, &["dataclasses.dataclass"]);
        match decorator.ok_or(Refusal::Form("the class is no dataclass"))? {
            Expr::Call(call) => self.add_keyword(call, "slots", "True"),
            bare => self.append(bare, "(slots=True)"),
        }
    }

    /// Bounds a function's cache: `@cache`, `@lru_cache`, `@lru_cache(maxsize=None)` get `maxsize=entries`. Unsafe until
    /// said otherwise: what is thrown out is computed again.
    ///
    /// # Errors
    /// If the function has no such decorator, or `lru_cache` cannot be reached by a name that the file imports.
    pub fn bound_cache(&self, function: StatementId, entries: usize) -> Result<Edit, Refusal> {
        let Stmt::FunctionDef(def) = self.module.syntax(function) else {
            return Err(Refusal::Form("it is no function"));
        };
        let known = ["functools.lru_cache", "functools.cache"];
        let decorator = self.module.decorator(&def.decorator_list, &known);
        let decorator = decorator.ok_or(Refusal::Form("the function has no cache of functools"))?;
        let size = entries.to_string();
        match decorator {
            Expr::Call(call) if !call.arguments.args.is_empty() => {
                self.replace(&call.arguments.args[0], &size)
            }
            Expr::Call(call) => self.set_keyword(call, "maxsize", &size),
            bare if self.module.resolve(bare).as_deref() == Some("functools.lru_cache") => {
                self.append(bare, &format!("(maxsize={size})"))
            }
            bare => {
                let text = |name: &str| format!("{name}(maxsize={size})");
                if let Some(name) = self.module.local_name("functools.lru_cache") {
                    return self.replace(bare, &text(&name));
                }
                self.bound_imported_cache(bare, &text("lru_cache"))
            }
        }
    }

    /// Takes the decorator of `functools` that caches a function's results away. Unsafe until said otherwise: what was
    /// answered from the cache is computed again.
    ///
    /// # Errors
    /// If the function has no such decorator, or a comment would be lost.
    pub fn drop_cache(&self, function: StatementId) -> Result<Edit, Refusal> {
        let Stmt::FunctionDef(def) = self.module.syntax(function) else {
            return Err(Refusal::Form("it is no function"));
        };
        let none = Refusal::Form("the function has no cache of functools");
        let known = ["functools.lru_cache", "functools.cache"];
        let cache = self.module.decorator(&def.decorator_list, &known).ok_or(none.clone())?.range();
        let index = def.decorator_list.iter().position(|one| one.expression.range() == cache).ok_or(none)?;
        let decorator = def.decorator_list[index].range;
        let rest = self.module.tokens().after(decorator.end());
        let starts = |token: &&ast::token::Token| {
            matches!(token.kind(), TokenKind::At | TokenKind::Def | TokenKind::Async)
        };
        let next = rest.iter().find(starts).ok_or(Refusal::OutOfText)?.range();
        let span = Span::new(decorator.start().to_usize(), next.start().to_usize());
        // A comment behind the decorator is about it; one on a line of its own need not be.
        let lines = self.module.lines();
        let own = lines.span(lines.line(decorator.end().to_usize())).map_or(span.end, |line| line.end);
        if self.has_comment(Span::new(own.min(span.end), span.end)) {
            return Err(Refusal::Comment);
        }
        let mut meant = def.clone();
        meant.decorator_list.remove(index);
        let replacement = Replacement { span, text: String::new() };
        let intent = Intent::Statements { first: function, count: 1, new: vec![Stmt::FunctionDef(meant)] };
        self.checked(vec![replacement], vec![intent], Safety::Unsafe)
    }

    /// `from functools import cache` does not bring `lru_cache`: both change.
    fn bound_imported_cache(&self, decorator: &Expr, text: &str) -> Result<Edit, Refusal> {
        let no_import = Refusal::Form("the file does not import `lru_cache`");
        if self.module.look_up(crate::ScopeId::MODULE, "lru_cache").is_some() {
            return Err(Refusal::Form("`lru_cache` means something else here"));
        }
        let import = self.module.statement_ids().find_map(|id| match self.module.syntax(id) {
            Stmt::ImportFrom(import)
                if import.module.as_ref().is_some_and(|module| module.id.as_str() == "functools") =>
            {
                let index = import.names.iter().position(|alias| alias.name.id.as_str() == "cache")?;
                Some((id, import, index))
            }
            _ => None,
        });
        let (id, import, index) = import.ok_or(no_import)?;
        let mut meant = import.clone();
        let mut added = import.names[index].clone();
        added.name.id = ast::name::Name::new("lru_cache");
        added.asname = None;
        meant.names.insert(index + 1, added);
        let at = import.names[index].range.end().to_usize();
        let span = Span::from(decorator.range());
        let replacements = vec![
            Replacement { span: Span::new(at, at), text: ", lru_cache".to_owned() },
            Replacement { span, text: text.to_owned() },
        ];
        let intents = vec![
            Intent::Statements { first: id, count: 1, new: vec![Stmt::ImportFrom(meant)] },
            Intent::Expression(span, check::expression(text)?),
        ];
        self.checked(replacements, intents, Safety::Unsafe)
    }

    /// `f = open(...)` and what follows up to `last` to `with open(...) as f:` around it. Safe where nothing reads `f`
    /// behind `last`; that is for who calls it to know.
    ///
    /// # Errors
    /// If the two are not of one block, the first assigns not to one name, lines are shared, or a string goes over lines.
    pub fn with_around(&self, first: StatementId, last: StatementId) -> Result<Edit, Refusal> {
        let (opening, closing) = (self.module.statement(first), self.module.statement(last));
        if opening.parent != closing.parent || opening.block != closing.block || last <= first {
            return Err(Refusal::Form("the statements are not of one block"));
        }
        let Stmt::Assign(assign) = self.module.syntax(first) else {
            return Err(Refusal::Form("it is no assignment"));
        };
        let [Expr::Name(target)] = assign.targets.as_slice() else {
            return Err(Refusal::Form("it assigns not to one name"));
        };
        let shared = Refusal::Form("statements share a line");
        let indent = self.own_lines(first).ok_or(shared.clone())?;
        let value = Span::from(assign.value.range());
        let (head, tail) =
            (Span::new(opening.span.start, value.start), Span::new(value.end, opening.span.end));
        if self.has_comment(head) || !tail.is_empty() {
            return Err(Refusal::Form("the value stands in brackets"));
        }
        let mut replacements = vec![
            Replacement { span: head, text: "with ".to_owned() },
            Replacement { span: tail, text: format!(" as {}:", target.id) },
        ];
        let lines = self.module.lines();
        let unit = if indent.contains('\t') { "\t" } else { "    " };
        let from = lines.line(opening.span.end).saturating_add(1);
        let within = Span::new(lines.start(from).ok_or(shared.clone())?, closing.span.end);
        let over_lines = |token: &ast::token::Token| {
            matches!(token.kind(), TokenKind::String | TokenKind::FStringMiddle | TokenKind::TStringMiddle)
                && self.module.slice(token.range().into()).contains(['\n', '\r'])
        };
        let tokens = self.module.tokens().iter().filter(|token| within.overlaps(token.range().into()));
        if tokens.into_iter().any(over_lines) {
            return Err(Refusal::Form("a string goes over several lines"));
        }
        for line in from..=lines.line(closing.span.end) {
            let start = lines.start(line).ok_or(Refusal::OutOfText)?;
            if !self.module.line_text(line).trim().is_empty() {
                replacements.push(Replacement { span: Span::new(start, start), text: unit.to_owned() });
            }
        }
        let block = self.module.block(opening.parent, opening.block);
        let inside = block.get(opening.index + 1..=closing.index).ok_or(shared)?;
        let body = inside.iter().cloned().collect();
        let meant = Stmt::With(ast::StmtWith {
            node_index: ast::AtomicNodeIndex::default(),
            range: assign.range,
            is_async: false,
            items: vec![ast::WithItem {
                node_index: ast::AtomicNodeIndex::default(),
                range: assign.range,
                context_expr: assign.value.as_ref().clone(),
                optional_vars: Some(Box::new(Expr::Name(target.clone()))),
            }],
            body,
        });
        let count = closing.index - opening.index + 1;
        self.checked(replacements, vec![Intent::Statements { first, count, new: vec![meant] }], Safety::Safe)
    }
    /// `digest.update(file.read())` to a loop: `header` opens it (`while piece := file.read(1 << 20):`), and the statement stands
    /// in it with `piece` in place of `whole`. Unsafe until said otherwise.
    ///
    /// # Errors
    /// If the name `piece` means something in the file, lines are shared, or a comment would be lost.
    pub fn loop_over_pieces(
        &self,
        statement: StatementId,
        whole: &Expr,
        header: &str,
        piece: &str,
    ) -> Result<Edit, Refusal> {
        if self.module.variable_ids().any(|id| self.module.variable(id).name == piece) {
            return Err(Refusal::Form("the name of the piece means something else here"));
        }
        let indent = self.own_lines(statement).ok_or(Refusal::Form("statements share a line"))?;
        let span = Span::from(whole.range());
        if self.has_comment(span) {
            return Err(Refusal::Comment);
        }
        let unit = if indent.contains('\t') { "\t" } else { "    " };
        let start = self.module.statement(statement).span.start;
        let opened = format!("{header}{}{indent}{unit}", crate::line_end(self.module.text()));
        let replacements = vec![
            Replacement { span: Span::new(start, start), text: opened },
            Replacement { span, text: piece.to_owned() },
        ];
        let not_one = Refusal::Form("what should open the loop opens none");
        let mut new = check::statements(&format!("{header}\n    pass\n"))?;
        let [Stmt::While(meant)] = new.as_mut_slice() else { return Err(not_one) };
        let inner = self.module.syntax(statement).clone();
        let inner = check::with_expression(inner, span, check::expression(piece)?).ok_or(not_one)?;
        meant.body = std::iter::once(inner).collect();
        let looped = Intent::Statements { first: statement, count: 1, new };
        self.checked(replacements, vec![looped], Safety::Unsafe)
    }
}
