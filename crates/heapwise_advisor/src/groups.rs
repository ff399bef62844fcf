//! Calls that make groups of a table, and what they must say for categories to make the groups that strings make.
//!
//! Invariants: a key is followed by the text of the column's name, whichever table is grouped; a call whose arguments do
//! not all stand in the text is never edited.

use heapwise_source::ast::{Expr, ExprCall, Operator};
use heapwise_source::{Edit, Editor, Module, argument, has_plain_arguments};
use ruff_text_size::Ranged;

use crate::edits;
use crate::syntax;

/// A call that makes groups by keys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grouping<'a> {
    /// The file, as the capture names it.
    file: &'a str,
    /// Its syntax.
    module: &'a Module,
    call: &'a ExprCall,
    observed: Observed,
    /// Whether there are several keys: groups of categories may then be every combination.
    several: bool,
}

/// What a call says of categories that do not occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Observed {
    /// They make no groups.
    Only,
    /// Nothing: what the version of pandas does.
    Unsaid,
    /// They make groups, or the text does not tell.
    Other,
}

/// What makes groups, as far as its text tells.
#[derive(Debug)]
pub(crate) enum Keys<'a> {
    /// The keys are in the text.
    Known(Vec<&'a Expr>),
    /// They are in arguments that are unpacked.
    Hidden,
}

/// `observed=True` in a call that makes groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Observing {
    /// The line on which the call's arguments begin.
    pub(crate) line: u32,
    /// The edit.
    pub(crate) edit: Edit,
}

/// The arguments of a maker of groups that hold keys, with their places, and that of `observed`.
struct Maker {
    keys: &'static [(&'static str, usize)],
    observed: usize,
}

/// `table.groupby(by, axis, level, as_index, sort, group_keys, observed)`
const GROUPBY: Maker = Maker { keys: &[("by", 0)], observed: 6 };
/// `table.pivot_table(values, index, columns, aggfunc, fill_value, margins, dropna, margins_name, observed)`
const PIVOT: Maker = Maker { keys: &[("index", 1), ("columns", 2)], observed: 8 };
/// `pandas.pivot_table(table, values, ...)`
const PIVOT_OF: Maker = Maker { keys: &[("index", 2), ("columns", 3)], observed: 9 };

/// Which maker of groups a call is of.
fn maker(module: &Module, call: &ExprCall) -> Option<&'static Maker> {
    match module.resolve(&call.func).as_deref() {
        Some("pandas.pivot_table") => return Some(&PIVOT_OF),
        Some("itertools.groupby") => return None,
        _ => {}
    }
    match syntax::method(call)?.0 {
        "groupby" => Some(&GROUPBY),
        "pivot_table" => Some(&PIVOT),
        _ => None,
    }
}

/// The keys by which a call makes groups; `None` if it makes none by columns.
pub(crate) fn keys<'a>(module: &'a Module, call: &'a ExprCall) -> Option<Keys<'a>> {
    let maker = maker(module, call)?;
    let given = maker.keys.iter().filter_map(|(name, place)| argument(call, name, Some(*place)));
    let keys: Vec<&Expr> = given.flat_map(|given| elements(module, given)).collect();
    if !keys.is_empty() {
        return Some(Keys::Known(keys));
    }
    // Without keys they are by a level of the index.
    let hidden = !has_plain_arguments(call) && observed(call, maker) != Observed::Only;
    hidden.then_some(Keys::Hidden)
}

/// Whether an expression is a method that makes groups and is not called where it stands.
pub(crate) fn is_given_away(module: &Module, expression: &Expr) -> bool {
    let Expr::Attribute(attribute) = expression else { return false };
    let is_called =
        |parent: &Expr| matches!(parent, Expr::Call(call) if call.func.range() == expression.range());
    matches!(attribute.attr.as_str(), "groupby" | "pivot_table")
        && module.resolve(expression).as_deref() != Some("itertools.groupby")
        && !module.parent_of(expression).is_some_and(is_called)
}

fn observed(call: &ExprCall, maker: &Maker) -> Observed {
    match argument(call, "observed", Some(maker.observed)) {
        Some(Expr::BooleanLiteral(literal)) if literal.value => Observed::Only,
        None if has_plain_arguments(call) => Observed::Unsaid,
        _ => Observed::Other,
    }
}

/// The keys that an argument is: those of a list, of a name whose one value is a list, or itself.
fn elements<'a>(module: &'a Module, given: &'a Expr) -> Vec<&'a Expr> {
    match given {
        Expr::List(list) => list.elts.iter().collect(),
        Expr::Tuple(tuple) => tuple.elts.iter().collect(),
        Expr::BinOp(both) if both.op == Operator::Add => {
            [elements(module, &both.left), elements(module, &both.right)].concat()
        }
        Expr::Name(_) => {
            let variable = module.variable_of(given);
            match variable.and_then(|variable| edits::only_value(module, variable)) {
                Some((_, value @ (Expr::List(_) | Expr::Tuple(_) | Expr::StringLiteral(_)))) => {
                    elements(module, value)
                }
                _ => vec![given],
            }
        }
        _ => vec![given],
    }
}

impl<'a> Grouping<'a> {
    /// The grouping that a call makes by so many keys.
    pub(crate) fn new(file: &'a str, module: &'a Module, call: &'a ExprCall, keys: usize) -> Option<Self> {
        let observed = observed(call, maker(module, call)?);
        Some(Self { file, module, call, observed, several: keys > 1 })
    }

    fn observing(&self) -> Option<Observing> {
        let edit = Editor::new(self.module).add_keyword(self.call, "observed", "True").ok()?;
        // Of a chain over several lines the one with the method.
        Some(Observing { line: self.module.lines().line(syntax::start(&self.call.arguments)), edit })
    }
}

/// What calls in `file` must say for categories to make the groups that strings make; `by_default` is whether pandas leaves
/// categories that do not occur out unasked. `None` if a call by several keys cannot be made to.
pub(crate) fn observing(groupings: &[Grouping<'_>], file: &str, by_default: bool) -> Option<Vec<Observing>> {
    let mut found = Vec::new();
    for grouping in groupings {
        let edit = match grouping.observed {
            Observed::Only => continue,
            Observed::Unsaid if by_default => continue,
            Observed::Unsaid => grouping.observing().filter(|_| grouping.file == file),
            Observed::Other => None,
        };
        // Of one key all values make a group, said or not.
        if edit.is_none() && grouping.several {
            return None;
        }
        found.extend(edit);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::ColumnUse;

    /// The text with `observed=True` wherever it is needed for groups by `state`; `None` where that cannot be.
    fn observed(text: &str, by_default: bool) -> Option<String> {
        let module = Module::parse(text).expect("Python");
        let uses = ColumnUse::in_modules("state", [("app.py", &module)]);
        let edits = observing(&uses.groupings, "app.py", by_default)?;
        let edits: Vec<Edit> = edits.into_iter().map(|it| it.edit).collect();
        let edit = Editor::new(&module).together(&edits).expect("an edit");
        Some(heapwise_source::apply(text, edit.replacements()).expect("an edit of the text"))
    }

    #[test]
    fn groups_by_the_column_are_those_that_occur() {
        for (before, after) in [
            ("t.groupby(['state', 'city'])", "t.groupby(['state', 'city'], observed=True)"),
            ("t.groupby(by=('city', 'state'))", "t.groupby(by=('city', 'state'), observed=True)"),
            (
                "t.groupby([t['state'], t.day.dt.year])",
                "t.groupby([t['state'], t.day.dt.year], observed=True)",
            ),
            ("t.groupby('state')", "t.groupby('state', observed=True)"),
            ("t.x.groupby(t.state)", "t.x.groupby(t.state, observed=True)"),
            ("t.groupby(more + ['state'])", "t.groupby(more + ['state'], observed=True)"),
            ("t.pivot_table('x', 'city', 'state')", "t.pivot_table('x', 'city', 'state', observed=True)"),
            (
                "t.groupby(['state', 'a']).x.sum().reset_index().groupby(['state', 'b'])",
                "t.groupby(['state', 'a'], observed=True).x.sum().reset_index().groupby(['state', 'b'], observed=True)",
            ),
            ("k = ['state', 'city']\nt.groupby(k)", "k = ['state', 'city']\nt.groupby(k, observed=True)"),
            (
                "import pandas as pd\npd.pivot_table(t, index='city', columns=['state'])",
                "import pandas as pd\npd.pivot_table(t, index='city', columns=['state'], observed=True)",
            ),
        ] {
            assert_eq!(observed(before, false).as_deref(), Some(after));
            // From pandas 3 on that is so unasked.
            assert_eq!(observed(before, true).as_deref(), Some(before));
        }
    }

    #[test]
    fn other_calls_stay_as_they_are() {
        for text in [
            "t.groupby(['state', 'city'], observed=True)",
            "t.groupby(['town', 'city'])",
            "t.groupby(level=[0, 1])",
            "t.groupby('state', observed=False)",
            "t.groupby('state', **options)",
            "import itertools\nitertools.groupby(state)",
        ] {
            assert_eq!(observed(text, false).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_may_make_every_combination_cannot_be_edited() {
        for text in [
            "t.groupby(['state', 'city'], observed=False)",
            "t.groupby(['state', 'city'], observed=wanted)",
            "t.pivot_table('x', 'city', 'state', 'sum', 0, False, True, 'all', False)",
        ] {
            assert_eq!(observed(text, false), None, "{text}");
            assert_eq!(observed(text, true), None, "{text}");
        }
        assert_eq!(observed("t.groupby(['state', 'city'], **options)", false), None);
    }

    #[test]
    fn groups_that_other_files_make_are_out_of_reach() {
        let module = Module::parse("t.groupby(['state', 'city'])").expect("Python");
        let uses = ColumnUse::in_modules("state", [("other.py", &module)]);
        assert_eq!(observing(&uses.groupings, "app.py", false), None);
        assert_eq!(observing(&uses.groupings, "app.py", true), Some(Vec::new()));
    }
}
