//! Edits that bring a name into a file, and several edits as one.
//!
//! Invariant: an import is added only where its name means nothing else anywhere in the file.

use ruff_python_ast::Stmt;

use super::check::{self, Intent};
use super::{Edit, Editor, Refusal, Replacement, Safety, apply, merge};
use crate::module::Module;
use crate::names::ScopeId;
use crate::text::{Span, line_end};

impl Editor<'_> {
    /// The name by which the file reaches a library, and the edit that imports it where the file does not: behind the
    /// imports at its top. Safe.
    ///
    /// # Errors
    /// If the name means something else somewhere in the file.
    pub fn import(&self, library: &str) -> Result<(String, Option<Edit>), Refusal> {
        let taken = Refusal::Form("the library's name means something else here");
        let bound = |name: &str, everywhere: bool| {
            self.module.variable_ids().map(|id| self.module.variable(id)).any(|variable| {
                variable.name == name
                    && variable.is_bound
                    && (everywhere || variable.scope != ScopeId::MODULE)
            })
        };
        if let Some(name) = self.module.local_name(library) {
            return if bound(&name, false) { Err(taken) } else { Ok((name, None)) };
        }
        if bound(library, true) {
            return Err(taken);
        }
        let statement = format!("import {library}");
        let body = &self.module.tree().body;
        let is_docstring =
            |first: &Stmt| matches!(first, Stmt::Expr(it) if it.value.is_string_literal_expr());
        let docstring = usize::from(body.first().is_some_and(is_docstring));
        let imports =
            body.iter().skip(docstring).take_while(|it| matches!(it, Stmt::Import(_) | Stmt::ImportFrom(_)));
        let last = (docstring + imports.count()).checked_sub(1).and_then(|index| body.get(index));
        let edit = match last.and_then(|last| self.module.id_of(last)) {
            Some(last) => self.insert_after(last, &statement)?,
            None => self.first_statement(&statement)?,
        };
        Ok((library.to_owned(), Some(edit.with_safety(Safety::Safe))))
    }

    /// A line of its own before the first statement of the file.
    fn first_statement(&self, statement: &str) -> Result<Edit, Refusal> {
        let first = self.module.tree().body.first().ok_or(Refusal::Form("the file has no statement"))?;
        let id = self.module.id_of(first).ok_or(Refusal::OutOfText)?;
        let lines = self.module.lines();
        let start = lines.start(lines.line(self.module.statement(id).span.start));
        let start = start.ok_or(Refusal::OutOfText)?;
        let mut new = check::statements(statement)?;
        new.push(first.clone());
        let text = format!("{statement}{}", line_end(self.module.text()));
        let replacement = Replacement { span: Span::new(start, start), text };
        self.checked(vec![replacement], vec![Intent::Statements { first: id, count: 1, new }], Safety::Unsafe)
    }

    /// Several edits of the same text as one, as unsafe as the least safe of them.
    ///
    /// # Errors
    /// If they overlap.
    pub fn together(&self, edits: &[Edit]) -> Result<Edit, Refusal> {
        let replacements = merge(self.module.text(), edits.iter().flat_map(Edit::replacements))?;
        let after = apply(self.module.text(), &replacements)?;
        Module::parse(&after).map_err(Refusal::Syntax)?;
        let safety = edits.iter().map(Edit::safety).max().unwrap_or(Safety::Safe);
        Ok(Edit { replacements, safety })
    }
}

#[cfg(test)]
mod tests {
    use crate::{Editor, Module, Refusal, Span, apply};

    fn imported(text: &str) -> Result<String, Refusal> {
        let module = Module::parse(text).unwrap();
        let (name, edit) = Editor::new(&module).import("sys")?;
        let after = edit.map_or(Ok(text.to_owned()), |edit| apply(text, edit.replacements()))?;
        Ok(format!("{name}|{after}"))
    }

    #[test]
    fn an_import_goes_behind_those_at_the_top() {
        for (before, after) in [
            ("import sys as s\nx = 1\n", "s|import sys as s\nx = 1\n"),
            ("x = 1\r\n", "sys|import sys\r\nx = 1\r\n"),
            (
                "#!python\n# words\n@d\ndef f(): pass\n",
                "sys|#!python\n# words\nimport sys\n@d\ndef f(): pass\n",
            ),
            ("\"\"\"Doc.\"\"\"\nx = 1\n", "sys|\"\"\"Doc.\"\"\"\nimport sys\nx = 1\n"),
            (
                "from __future__ import annotations\nimport os  # a\n\nimport re\nx = 1\n",
                "sys|from __future__ import annotations\nimport os  # a\n\nimport re\nimport sys\nx = 1\n",
            ),
        ] {
            assert_eq!(imported(before).as_deref(), Ok(after));
        }
    }

    #[test]
    fn a_name_that_is_taken_is_not_imported() {
        for text in ["sys = 1\n", "def f(sys): pass\n", "import sys\ndef f(sys): pass\n"] {
            assert!(matches!(imported(text), Err(Refusal::Form(_))), "{text}");
        }
    }

    #[test]
    fn edits_become_one_unless_they_overlap() {
        let module = Module::parse("x = f(a)\n").unwrap();
        let editor = Editor::new(&module);
        let call = module.calls().next().unwrap();
        let wrap = editor.wrap(&call.arguments.args[0], "sys.intern(", ")").unwrap();
        let (_, import) = editor.import("sys").unwrap();
        let both = editor.together(&[wrap.clone(), import.unwrap()]).unwrap();
        assert_eq!(both.safety(), crate::Safety::Unsafe);
        assert_eq!(apply(module.text(), both.replacements()).unwrap(), "import sys\nx = f(sys.intern(a))\n");
        let whole = editor.replace(module.expression(Span::new(4, 8)).unwrap(), "g()").unwrap();
        assert_eq!(editor.together(&[wrap, whole]), Err(Refusal::Overlap));
    }
}
