//! Parsing without the risk of a deep tree: what nests deeper than the limit is refused, and let go safely.
//!
//! Invariant: a tree that leaves this file is at most [`DEEPEST`] levels deep, so plain recursion over it needs little
//! stack. The parser itself grows its stack as it needs.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as ast, Expr, Pattern, PySourceType, Stmt};
use ruff_python_parser::{ParseOptions, Parsed};
use ruff_text_size::Ranged;

/// Levels of statements, expressions and patterns inside each other. CPython gives up at a few hundred brackets.
const DEEPEST: usize = 400;

/// Stack that must be left, and how much is added, when a level begins.
const RED_ZONE: usize = 128 * 1024;
const SEGMENT: usize = 1024 * 1024;

/// Stack that letting go of one level takes, with room to spare.
const BYTES_A_LEVEL: usize = 4096;

/// Parses a text; on failure what is wrong and the offset.
pub(crate) fn parse(text: &str) -> Result<Parsed<ast::ModModule>, (String, usize)> {
    // Never as a notebook: the parser panics on some texts then, `(,}"\r,` for one.
    let parsed = ruff_python_parser::parse_unchecked(text, ParseOptions::from(PySourceType::Python));
    let problem =
        parsed.errors().first().map(|error| (error.error.to_string(), error.location.start().to_usize()));
    let Some(parsed) = parsed.try_into_module() else {
        return Err(("no module".to_owned(), 0));
    };
    let mut depth = Depth { now: 0, deepest: 0, at: 0 };
    depth.visit_body(&parsed.syntax().body);
    let problem = problem.or_else(|| {
        (depth.deepest > DEEPEST).then(|| {
            (format!("nests {} levels deep; at most {DEEPEST} are followed", depth.deepest), depth.at)
        })
    });
    let Some((message, offset)) = problem else { return Ok(parsed) };
    stacker::grow(SEGMENT + depth.deepest * BYTES_A_LEVEL, || drop(parsed));
    Err((message, offset.min(text.len())))
}

struct Depth {
    now: usize,
    deepest: usize,
    at: usize,
}

impl Depth {
    fn level(&mut self, offset: usize, walk: impl FnOnce(&mut Self)) {
        self.now += 1;
        if self.now > self.deepest {
            (self.deepest, self.at) = (self.now, offset);
        }
        stacker::maybe_grow(RED_ZONE, SEGMENT, || walk(self));
        self.now -= 1;
    }
}

impl<'a> Visitor<'a> for Depth {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        let offset = statement.range().start().to_usize();
        self.level(offset, |depth| visitor::walk_stmt(depth, statement));
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        let offset = expression.range().start().to_usize();
        self.level(offset, |depth| visitor::walk_expr(depth, expression));
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let offset = pattern.range().start().to_usize();
        self.level(offset, |depth| visitor::walk_pattern(depth, pattern));
    }
}
