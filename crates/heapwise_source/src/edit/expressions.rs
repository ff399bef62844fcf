//! Edits of expressions: arguments, wrappers, dropped copies, lists that need not be.
//!
//! Invariant: only the bytes that must change are replaced; what an argument says and how it is laid out stays.

use ruff_python_ast::token::TokenKind;
use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::{Ranged, TextRange};

use super::check::{self, Intent};
use super::{Edit, Editor, Refusal, Replacement, Safety};
use crate::text::Span;

impl Editor<'_> {
    /// `f(a)` to `f(a, name=value)`: `dtype=`, `usecols=`, `out=`, `maxsize=`, `observed=`, `slots=`.
    /// Unsafe until said otherwise.
    ///
    /// # Errors
    /// If the call has the keyword already or unpacks a dict (`**options`), which may hold it.
    pub fn add_keyword(&self, call: &ast::ExprCall, name: &str, value: &str) -> Result<Edit, Refusal> {
        let keywords = &call.arguments.keywords;
        if keywords.iter().any(|keyword| keyword.arg.is_none()) {
            return Err(Refusal::Form("the call unpacks a dict that may hold the argument"));
        }
        if keywords.iter().any(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg.id.as_str() == name)) {
            return Err(Refusal::Form("the call has the argument already"));
        }
        let (replacement, meant) = self.keyword(call, name, value)?;
        self.checked(vec![replacement], vec![Intent::Expression(call.range().into(), meant)], Safety::Unsafe)
    }

    /// Gives a keyword argument that the call has another value, or adds it. Unsafe until said otherwise.
    ///
    /// # Errors
    /// As [`Editor::add_keyword`].
    pub fn set_keyword(&self, call: &ast::ExprCall, name: &str, value: &str) -> Result<Edit, Refusal> {
        let found = call
            .arguments
            .keywords
            .iter()
            .position(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg.id.as_str() == name));
        let Some(index) = found else { return self.add_keyword(call, name, value) };
        let keyword = &call.arguments.keywords[index];
        let span = Span::new(self.after_equals(keyword)?, keyword.range.end().to_usize());
        if self.has_comment(span) {
            return Err(Refusal::Comment);
        }
        let mut meant = call.clone();
        meant.arguments.keywords[index].value = check::expression(value)?;
        let replacement = Replacement { span, text: value.to_owned() };
        let intent = Intent::Expression(call.range().into(), Expr::Call(meant));
        self.checked(vec![replacement], vec![intent], Safety::Unsafe)
    }

    /// `x` to `x.astype("category")`, for any `suffix` such as `.astype(...)` or `[::2]`. Unsafe until said otherwise.
    ///
    /// # Errors
    /// If the suffix does not make an expression of it.
    pub fn append(&self, expression: &Expr, suffix: &str) -> Result<Edit, Refusal> {
        let span = Span::from(expression.range());
        let text = self.module.slice(span);
        let (before, after) = if is_primary(expression) { ("", "") } else { ("(", ")") };
        let meant = check::expression(&format!("({text}){suffix}"))?;
        self.around(span, before, &format!("{after}{suffix}"), meant)
    }

    /// `x` to `np.packbits(x)`: `before` and `after` are what is put around. Unsafe until said otherwise.
    ///
    /// # Errors
    /// If the whole is no expression.
    pub fn wrap(&self, expression: &Expr, before: &str, after: &str) -> Result<Edit, Refusal> {
        let span = Span::from(expression.range());
        let text = self.module.slice(span);
        let meant = check::expression(&format!("{before}({text}){after}"))?;
        self.around(span, before, after, meant)
    }

    fn around(&self, span: Span, before: &str, after: &str, meant: Expr) -> Result<Edit, Refusal> {
        let mut replacements = Vec::new();
        if !before.is_empty() {
            replacements
                .push(Replacement { span: Span::new(span.start, span.start), text: before.to_owned() });
        }
        replacements.push(Replacement { span: Span::new(span.end, span.end), text: after.to_owned() });
        self.checked(replacements, vec![Intent::Expression(span, meant)], Safety::Unsafe)
    }

    /// Puts another expression in the place of one: `np.float64` to `np.float32`. Unsafe until said otherwise.
    ///
    /// # Errors
    /// If a comment would be lost, or `text` is no expression that can stand there.
    pub fn replace(&self, expression: &Expr, text: &str) -> Result<Edit, Refusal> {
        let span = Span::from(expression.range());
        if self.has_comment(span) {
            return Err(Refusal::Comment);
        }
        let meant = check::expression(text)?;
        let replacement = Replacement { span, text: text.to_owned() };
        self.checked(vec![replacement], vec![Intent::Expression(span, meant)], Safety::Unsafe)
    }

    /// `a[[0, 1, 2]]` to `a[0:3]`: what stands between the brackets becomes `index`. Unsafe until said otherwise.
    ///
    /// # Errors
    /// If a comment would be lost, or `index` is nothing that can stand there.
    pub fn replace_index(&self, subscript: &ast::ExprSubscript, index: &str) -> Result<Edit, Refusal> {
        let span = Span::from(subscript.slice.range());
        if self.has_comment(span) {
            return Err(Refusal::Comment);
        }
        let Expr::Subscript(sample) = check::expression(&format!("x[{index}]"))? else {
            return Err(Refusal::Form("what should stand there is no index"));
        };
        let mut meant = subscript.clone();
        meant.slice = sample.slice;
        let replacement = Replacement { span, text: index.to_owned() };
        let intent = Intent::Expression(subscript.range.into(), Expr::Subscript(meant));
        self.checked(vec![replacement], vec![intent], Safety::Unsafe)
    }

    /// `x.copy()`, `f.readlines()`, `cursor.fetchall()` to `x`, `f`, `cursor`. Unsafe until said otherwise.
    ///
    /// # Errors
    /// If it is no call of a method, or a comment would be lost.
    pub fn drop_method_call(&self, call: &ast::ExprCall) -> Result<Edit, Refusal> {
        let Expr::Attribute(method) = call.func.as_ref() else {
            return Err(Refusal::Form("it is no call of a method"));
        };
        let whole = Span::from(call.range());
        let kept = Span::new(whole.start, self.end_with_parentheses(method.value.range(), method.attr.range));
        let dropped = Span::new(kept.end, whole.end);
        if self.has_comment(dropped) {
            return Err(Refusal::Comment);
        }
        let replacement = Replacement { span: dropped, text: String::new() };
        let meant = method.value.as_ref().clone();
        self.checked(vec![replacement], vec![Intent::Expression(whole, meant)], Safety::Unsafe)
    }

    /// `list(x)`, `np.array(x)`, `copy.deepcopy(x)` to `x`. Unsafe until said otherwise.
    ///
    /// # Errors
    /// If the call has not exactly one plain argument, or a comment would be lost.
    pub fn drop_call(&self, call: &ast::ExprCall) -> Result<Edit, Refusal> {
        let [argument] = &*call.arguments.args else {
            return Err(Refusal::Form("the call has not exactly one argument"));
        };
        if !call.arguments.keywords.is_empty() || matches!(argument, Expr::Starred(_)) {
            return Err(Refusal::Form("the call has not exactly one argument"));
        }
        let (whole, inner) = (Span::from(call.range()), Span::from(argument.range()));
        let (front, back) = (Span::new(whole.start, inner.start), Span::new(inner.end, whole.end));
        if self.has_comment(front) || self.has_comment(back) {
            return Err(Refusal::Comment);
        }
        // Brackets stay where the argument needs them: around operators, and over several lines.
        let bare = is_primary(argument) && !self.module.slice(inner).contains(['\n', '\r']);
        let (open, close) = if bare { ("", "") } else { ("(", ")") };
        let mut replacements = vec![Replacement { span: front, text: open.to_owned() }];
        replacements.push(Replacement { span: back, text: close.to_owned() });
        // A generator's own brackets are the call's.
        replacements.retain(|one| !(one.span.is_empty() && one.text.is_empty()));
        self.checked(replacements, vec![Intent::Expression(whole, argument.clone())], Safety::Unsafe)
    }

    /// `sum([... for ...])` to `sum(... for ...)`, for the list comprehension that is the call's first argument.
    /// Safe: who calls it has to know that the callee takes any iterable and reads it once.
    ///
    /// # Errors
    /// If the first argument is no list comprehension.
    pub fn generator_for_list(&self, call: &ast::ExprCall) -> Result<Edit, Refusal> {
        let Some(Expr::ListComp(list)) = call.arguments.args.first() else {
            return Err(Refusal::Form("the first argument is no list comprehension"));
        };
        let span = Span::from(list.range);
        let tokens = self.module.tokens();
        let solid = |token: &&ast::token::Token| !token.kind().is_trivia();
        let before = tokens.before(list.range.start()).iter().rev().find(solid).map(ast::token::Token::kind);
        let after = tokens.after(list.range.end()).iter().find(solid).map(ast::token::Token::kind);
        let bare = before == Some(TokenKind::Lpar) && after == Some(TokenKind::Rpar);
        let (open, close) = if bare { ("", "") } else { ("(", ")") };
        let replacements = vec![
            Replacement { span: Span::new(span.start, span.start + 1), text: open.to_owned() },
            Replacement { span: Span::new(span.end - 1, span.end), text: close.to_owned() },
        ];
        let meant = Expr::Generator(ast::ExprGenerator {
            node_index: ast::AtomicNodeIndex::default(),
            range: list.range,
            elt: list.elt.clone(),
            generators: list.generators.clone(),
            parenthesized: true,
        });
        self.checked(replacements, vec![Intent::Expression(span, meant)], Safety::Safe)
    }

    /// Where a keyword argument goes in, and the call with it.
    pub(super) fn keyword(
        &self,
        call: &ast::ExprCall,
        name: &str,
        value: &str,
    ) -> Result<(Replacement, Expr), Refusal> {
        let close = call.arguments.range.end().to_usize().saturating_sub(1);
        let inside = TextRange::new(call.arguments.range.start(), Span::new(close, close).as_range().start());
        let last = self.module.tokens().in_range(inside).iter().rev().find(|token| !token.kind().is_trivia());
        let last = last.ok_or(Refusal::Form("the call has no brackets"))?;
        let text = match last.kind() {
            TokenKind::Lpar if call.arguments.is_empty() => format!("{name}={value}"),
            TokenKind::Comma => format!(" {name}={value},"),
            _ => format!(", {name}={value}"),
        };
        let at = last.range().end().to_usize();
        let mut meant = call.clone();
        let Expr::Call(sample) = check::expression(&format!("f({name}={value})"))? else {
            return Err(Refusal::Form("what should stand there is no argument"));
        };
        let [keyword] = sample.arguments.keywords.as_slice() else {
            return Err(Refusal::Form("what should stand there is no argument"));
        };
        meant.arguments.keywords.push(keyword.clone());
        Ok((Replacement { span: Span::new(at, at), text }, Expr::Call(meant)))
    }

    fn after_equals(&self, keyword: &ast::Keyword) -> Result<usize, Refusal> {
        let tokens = self.module.tokens().in_range(keyword.range);
        let equals = tokens.iter().find(|token| token.kind() == TokenKind::Equal);
        equals.map(|token| token.range().end().to_usize()).ok_or(Refusal::Form("the argument has no name"))
    }

    /// The end of a receiver with its own brackets, which are no part of its range: that of `(a)` in `(a).b`.
    fn end_with_parentheses(&self, receiver: TextRange, attribute: TextRange) -> usize {
        let between = self.module.tokens().in_range(TextRange::new(receiver.end(), attribute.start()));
        let last = between.iter().rev().find(|token| token.kind() == TokenKind::Rpar);
        last.map_or(receiver.end(), |token| token.range().end()).to_usize()
    }
}

/// Whether it binds as tightly as a name: needs no brackets before `.` or beside an operator.
pub(super) fn is_primary(expression: &Expr) -> bool {
    match expression {
        Expr::Tuple(tuple) => tuple.parenthesized,
        Expr::Generator(lazy) => lazy.parenthesized,
        Expr::NumberLiteral(_) => false,
        other => matches!(
            other,
            Expr::Name(_)
                | Expr::Attribute(_)
                | Expr::Subscript(_)
                | Expr::Call(_)
                | Expr::List(_)
                | Expr::Set(_)
                | Expr::Dict(_)
                | Expr::ListComp(_)
                | Expr::SetComp(_)
                | Expr::DictComp(_)
                | Expr::NoneLiteral(_)
                | Expr::BooleanLiteral(_)
                | Expr::EllipsisLiteral(_)
        ),
    }
}
