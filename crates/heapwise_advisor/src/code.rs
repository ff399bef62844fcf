//! Statements of the user's files, as rules that start from the text go through them.
//!
//! Invariant: a statement is handed out once, in the order of the files' names and of the text.

use heapwise_analysis::{Change, Effect, Place};
use heapwise_source::ast::Stmt;
use heapwise_source::{Module, StatementId};
use ruff_text_size::Ranged;

use crate::case::{Case, Site};

/// A statement of the user's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Code<'a> {
    /// The file, as the capture names it.
    pub(crate) file: &'a str,
    /// Its syntax.
    pub(crate) module: &'a Module,
    /// The statement.
    pub(crate) id: StatementId,
}

impl<'a> Code<'a> {
    /// The statement's syntax.
    pub(crate) fn syntax(&self) -> &'a Stmt {
        self.module.syntax(self.id)
    }

    /// The place of its first line.
    pub(crate) fn place(&self) -> Place<'a> {
        self.place_of(self.syntax())
    }

    /// The place of the first line of a part of it.
    pub(crate) fn place_of(&self, part: &impl Ranged) -> Place<'a> {
        Place { file: self.file, line: self.lines(part).0, function: "" }
    }

    /// What all lines of the statement asked for, those of its blocks among them.
    pub(crate) fn site(&self, case: &Case<'_>) -> Site {
        self.site_of(case, self.syntax())
    }

    /// What the lines of a part of it asked for.
    pub(crate) fn site_of(&self, case: &Case<'_>, part: &impl Ranged) -> Site {
        let (first, last) = self.lines(part);
        case.site(self.file, first, last)
    }

    /// The first and the last line of the statement or a part of it.
    pub(crate) fn lines(&self, part: &impl Ranged) -> (u32, u32) {
        let lines = self.module.lines();
        let range = part.range();
        let last = range.end().to_usize().saturating_sub(1);
        (lines.line(range.start().to_usize()), lines.line(last))
    }
}

impl<'a> Case<'a> {
    /// All statements of the user's files.
    pub(crate) fn statements(&self) -> impl Iterator<Item = Code<'a>> {
        let of = |(file, module): (&'a str, &'a Module)| {
            module.statement_ids().map(move |id| Code { file, module, id })
        };
        self.modules().into_iter().flat_map(of)
    }
}

impl Site {
    /// The change that what the lines ask for takes effect in the whole run.
    pub(crate) fn with(self, effect: Effect) -> Vec<Change> {
        vec![Change::Stacks { stacks: self.stacks, from: 0, until: u64::MAX, effect }]
    }
}
