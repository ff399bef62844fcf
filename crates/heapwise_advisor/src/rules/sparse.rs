//! `sparse`: matrices that are nearly all zeros, kept dense.
//!
//! Invariant: proposed only well below the density at which the sparse form would be as large, by the fullest look;
//! never for an array that was all zeros at every look, which is only not filled yet.

use heapwise_source::ast::{Expr, Stmt};
use heapwise_source::{Edit, Editor, Module, VariableId};
use serde_json::json;

use crate::candidate::{Candidate, Certainty, ProposedFix, Rule};
use crate::case::Case;
use crate::changes::made_bytes;
use crate::edits;
use crate::holding::{Held, is_enough_of_numbers};
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct Sparse;

/// The sparse form must be this many times smaller: turning dense for a step now and then must not eat the gain.
const MUCH_SMALLER: u64 = 4;
/// Bytes of an index of CSR where both sides are below 2**31.
const INDEX_BYTES: u64 = 4;

impl Rule for Sparse {
    fn id(&self) -> &'static str {
        "sparse"
    }

    fn summary(&self) -> &'static str {
        "a dense matrix that is nearly all zeros"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/sparse.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        case.held(case.least_bytes()).into_iter().filter_map(|held| candidate(case, &held)).collect()
    }
}

fn candidate(case: &Case<'_>, held: &Held<'_>) -> Option<Candidate> {
    let &[rows, columns] = held.object.shape.as_slice() else { return None };
    if held.object.kind != "numpy.ndarray" || rows < 2 || columns < 2 {
        return None;
    }
    let width = match held.dtype() {
        "float64" | "int64" | "uint64" => 8,
        "float32" | "int32" | "uint32" => 4,
        "int16" | "uint16" => 2,
        _ => return None,
    };
    let facts = case.lasting_facts(held);
    let zeros =
        facts.zero_share.filter(|share| *share < 1.0 && is_enough_of_numbers(&facts, held.count()))?;
    let stored = ((rows * columns) as f64 * (1.0 - zeros)).ceil() as u64;
    let new_bytes = stored * (width + INDEX_BYTES) + (rows + 1) * INDEX_BYTES;
    let old_bytes = made_bytes(held.object);
    if new_bytes * MUCH_SMALLER > old_bytes {
        return None;
    }
    let mut candidate = case.candidate(&held.place, held.symbol());
    candidate.title = format!(
        "`{}` is {:.*} % zeros: {} dense, {} sparse",
        held.object.name,
        if zeros > 0.999 { 3 } else { 1 },
        zeros * 100.0,
        words::bytes(old_bytes),
        words::bytes(new_bytes)
    );
    candidate.message = "A sparse matrix keeps only what is not zero, with its place. Products, sums and most solvers work on it; \
                         adding a number to all of it, or functions that do not map 0 to 0, make it dense again, and some \
                         estimators refuse it."
        .into();
    candidate.instead =
        "scipy.sparse.csr_array((values, (rows, columns)), shape=...), built from the entries, not from the dense array"
            .into();
    candidate.certainty = Certainty::Likely;
    if std::ptr::eq(held.owner, held.object) {
        candidate.fix = edits::variable_of(case, held.owner)
            .and_then(|(module, variable)| filled_sparse(module, variable))
            .map(ProposedFix::from);
    }
    candidate.evidence.insert("zero_share", json!(zeros));
    candidate.evidence.insert("bytes", json!(old_bytes));
    candidate.evidence.insert("new_bytes", json!(new_bytes));
    candidate.changes = case.shrunk(held.object, new_bytes);
    Some(candidate)
}

/// `name = np.zeros(shape)` that is filled by index afterwards to a form of SciPy's that can be filled so, and to the compact
/// one once it is full. Only where the file imports `scipy.sparse`: to load it costs more than small matrices.
fn filled_sparse(module: &Module, variable: VariableId) -> Option<Edit> {
    let (made, value) = edits::only_value(module, variable)?;
    let Expr::Call(call) = value else { return None };
    let by_name =
        call.arguments.keywords.iter().all(|it| it.arg.as_ref().is_some_and(|name| name == "dtype"));
    if module.resolve(&call.func)? != "numpy.zeros" || call.arguments.args.len() != 1 || !by_name {
        return None;
    }
    let editor = Editor::new(module);
    let constructor = editor.replace(&call.func, &module.local_name("scipy.sparse.lil_array")?).ok()?;
    let filled = module.mutations_of(variable).into_iter().map(|it| it.statement).max()?;
    let (first, last) = (module.statement(made), module.statement(filled));
    let full = module.block(last.parent, last.block).get(last.index)?;
    if (first.parent, first.block) != (last.parent, last.block) || !matches!(full, Stmt::Assign(_)) {
        return None;
    }
    let name = &module.variable(variable).name;
    let compact = editor.insert_after(filled, &format!("{name} = {name}.tocsr()")).ok()?;
    editor.together(&[constructor, compact]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edits::tests::edited;

    #[test]
    fn a_matrix_that_is_filled_by_index_becomes_sparse() {
        let fixed = |text: &str| {
            let made = edited(text, 1, |module, _| {
                filled_sparse(module, module.variable_in(heapwise_source::ScopeId::MODULE, "m")?)
            });
            made.map(|(after, _)| after)
        };
        let text = "import numpy as np\nimport scipy.sparse\nm = np.zeros((5, 6), dtype=int)\nm[rows, columns] = 1\nprint(m)\n";
        assert_eq!(
            fixed(text).as_deref(),
            Some(
                "import numpy as np\nimport scipy.sparse\nm = scipy.sparse.lil_array((5, 6), dtype=int)\nm[rows, columns] = 1\nm = m.tocsr()\nprint(m)\n"
            )
        );
        assert_eq!(fixed(&text.replace("import scipy.sparse\n", "")), None);
        assert_eq!(fixed(&text.replace("m[rows, columns] = 1", "for i in rows: m[i, i] = 1")), None);
        assert_eq!(fixed(&text.replace("zeros", "ones")), None);
    }
}
