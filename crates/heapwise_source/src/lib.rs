//! Python source as heapwise needs it: syntax tree, scopes, liveness of names, imports, edits.
//!
//! [`Module::parse`] reads a file. From there:
//!
//! - what stands where: [`Module::statement_at`], [`Module::expression_at`] (a frame's [`Place`] to syntax);
//! - who is called what: [`Module::scope_of_code`], [`Module::look_up`], [`Module::resolve`];
//! - who reads what: [`Module::occurrences_of`], and what is read later: [`Liveness`].
//!
//! The tree's types are those of [`ast`], ruff's parser, pinned to one version.

#![forbid(unsafe_code)]

mod build;
mod flow;
mod imports;
mod liveness;
#[cfg(test)]
mod liveness_tests;
mod module;
mod names;
mod nesting;
#[cfg(test)]
mod tests;
mod text;

pub use ruff_python_ast as ast;

pub use liveness::{Life, Liveness, Release, Role, Unknowable};
pub use module::{Module, SyntaxProblem};
pub use names::{
    Access, Block, Occurrence, Scope, ScopeId, ScopeKind, Statement, StatementId, StatementKind, Variable,
    VariableId,
};
pub use text::{Lines, Place, Span, line_end};
