//! Python source as heapwise needs it: syntax tree, scopes, liveness of names, imports, edits.
//!
//! [`Module::parse`] reads a file. From there:
//!
//! - what stands where: [`Module::statement_at`], [`Module::expression_at`] (a frame's [`Place`] to syntax);
//! - who is called what: [`Module::scope_of_code`], [`Module::look_up`], [`Module::resolve`];
//! - who reads what: [`Module::occurrences_of`], and what is read later: [`Liveness`].
//!
//! - what is done with a value: [`Module::uses_of`], [`Module::mutations_of`], [`Module::aliases_of`], [`Module::table_use`];
//! - calls and classes: [`Module::call_at`], [`argument`], [`Module::targets_of`], [`Module::class_facts`].
//!
//! [`Editor`] writes changes of the text, each checked: the edited file parses, and its tree differs only as meant.
//!
//! The tree's types are those of [`ast`], ruff's parser, pinned to one version.

#![forbid(unsafe_code)]

mod build;
mod edit;
mod facts;
#[cfg(test)]
mod facts_tests;
mod flow;
mod imports;
mod liveness;
#[cfg(test)]
mod liveness_tests;
mod module;
mod names;
mod nesting;
mod tables;
#[cfg(test)]
mod tests;
mod text;
mod uses;

pub use ruff_python_ast as ast;

pub use edit::{Edit, Editor, Refusal, Replacement, Safety, apply, merge, unified_diff};
pub use facts::{ClassFacts, argument, has_plain_arguments, string, strings};
pub use liveness::{Life, Liveness, Release, Role, Unknowable};
pub use module::{Module, SyntaxProblem};
pub use names::{
    Access, Block, Occurrence, Scope, ScopeId, ScopeKind, Statement, StatementId, StatementKind, Variable,
    VariableId,
};
pub use tables::TableUse;
pub use text::{Lines, Place, Span, line_end};
pub use uses::{Use, UseKind};
