//! What a dotted expression means once imports are followed: `np.zeros` is `numpy.zeros`.
//!
//! Invariant: an answer is given only where the file says it; a name that is also bound to something else gives none.

use ruff_python_ast::Expr;

use crate::module::Module;
use crate::names::{Access, ScopeId, VariableId};

impl Module {
    /// The dotted path of a name or attribute, imports followed; a builtin stays its bare name (`open`).
    ///
    /// `None` for everything that is no import's or builtin's: methods of values, results of calls, own functions.
    ///
    /// ```
    /// use heapwise_source::{Module, ast};
    ///
    /// let module = Module::parse("from pandas import read_csv as r\nx = r('a.csv')\n")?;
    /// let ast::Stmt::Assign(assign) = &module.tree().body[1] else { unreachable!() };
    /// let ast::Expr::Call(call) = assign.value.as_ref() else { unreachable!() };
    /// assert_eq!(module.resolve(&call.func).as_deref(), Some("pandas.read_csv"));
    /// # Ok::<(), heapwise_source::SyntaxProblem>(())
    /// ```
    pub fn resolve(&self, expression: &Expr) -> Option<String> {
        match expression {
            Expr::Attribute(attribute) => {
                let value = self.resolve(&attribute.value)?;
                // A builtin's attribute (`str.join`) is its method, and that is a fine path too.
                Some(format!("{value}.{}", attribute.attr.id))
            }
            Expr::Name(name) => {
                let variable = self.variable_of(expression)?;
                if let Some(path) = self.import_of(variable) {
                    return Some(path.to_owned());
                }
                let known = self.variable(variable);
                let hidden = self.scopes().iter().any(|scope| scope.has_star_import);
                (!known.is_bound && known.scope == ScopeId::MODULE && (!hidden || is_builtin(&name.id)))
                    .then(|| name.id.to_string())
            }
            _ => None,
        }
    }

    /// What a variable was imported as, if importing is all that binds it. Several imports of one name (in `try` and
    /// `except`, say) give the first.
    pub fn import_of(&self, variable: VariableId) -> Option<&str> {
        let imports = self.tables().imports.get(&variable)?;
        let writes =
            self.occurrences_of(variable).filter(|occurrence| occurrence.access != Access::Read).count();
        (writes == imports.len()).then(|| imports.first().map(String::as_str)).flatten()
    }

    /// Whether the file imports the library: `import numpy.linalg` and `from numpy import x` both import `numpy`.
    pub fn imports_library(&self, library: &str) -> bool {
        self.tables().imports.values().flatten().any(|path| path.split('.').next() == Some(library))
    }
}

/// Builtins that a star import hides only in odd files; enough for the calls that rules ask about.
fn is_builtin(name: &str) -> bool {
    matches!(
        name,
        "all"
            | "any"
            | "bytes"
            | "bytearray"
            | "dict"
            | "enumerate"
            | "filter"
            | "frozenset"
            | "int"
            | "len"
            | "list"
            | "map"
            | "max"
            | "min"
            | "object"
            | "open"
            | "print"
            | "range"
            | "set"
            | "sorted"
            | "str"
            | "sum"
            | "tuple"
            | "zip"
    )
}
