//! Tests of what is done with values, and of facts about classes and calls.

use crate::{Module, Place, ScopeId, UseKind, ast};

fn parse(text: &str) -> Module {
    Module::parse(text).unwrap_or_else(|problem| panic!("{problem}\n{text}"))
}

fn uses(text: &str, name: &str) -> Vec<UseKind> {
    let module = parse(text);
    let variable = module.variable_in(ScopeId::MODULE, name).unwrap();
    module.uses_of(variable).into_iter().map(|one| one.kind).collect()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn uses_are_told_apart() {
    let columns = |list: &[&str]| UseKind::Columns(names(list));
    assert_eq!(
        uses("x['a']; x[['a', 'b']]; x.loc[:, 'c']; x.loc[m, ['d']] = 1; x['e'] = 2\n", "x"),
        [
            columns(&["a"]),
            columns(&["a", "b"]),
            columns(&["c"]),
            UseKind::ColumnsSet(names(&["d"])),
            UseKind::ColumnsSet(names(&["e"]))
        ]
    );
    assert_eq!(
        uses("x[1:2]; x[i]; x[0] = 1; x.a; x.a = 1; x += 1; del x[0]\n", "x"),
        [
            UseKind::Slice,
            UseKind::Item,
            UseKind::ItemSet,
            UseKind::Attribute("a".into()),
            UseKind::AttributeSet("a".into()),
            UseKind::Updated,
            UseKind::ItemSet
        ]
    );
    assert_eq!(
        uses(
            "def f():\n    return x\nx + 1\n[x]\ns.y = x\nfor i in x: pass\n[i for i in x if x]\nlambda: x\n",
            "x"
        ),
        [
            UseKind::Captured,
            UseKind::Operand,
            UseKind::Kept,
            UseKind::Kept,
            UseKind::Iterated,
            UseKind::Iterated,
            UseKind::Operand,
            UseKind::Captured
        ]
    );
    let text = "import numpy as np\nnp.sum(x)\nx.sum(0)\nown(x)\n";
    assert!(matches!(
        uses(text, "x").as_slice(),
        [UseKind::Argument(Some(path), _), UseKind::Method(method, _), UseKind::Argument(Some(own), _)]
            if path == "numpy.sum" && method == "sum" && own == "own"
    ));
}

#[test]
fn aliases_and_mutations() {
    let text = "a = f()\nb = a\nc = b\nd = a[:]\nb.append(1)\na.drop(x, inplace=True)\na.drop(x, inplace=False)\nnp.add(a, 1, out=a)\na.mean()\n";
    let module = parse(text);
    let variable = |name| module.variable_in(ScopeId::MODULE, name).unwrap();
    assert_eq!(module.aliases_of(variable("a")), [variable("b"), variable("c")]);
    let lines = |name| -> Vec<u32> {
        module.mutations_of(variable(name)).iter().map(|one| module.lines().line(one.span.start)).collect()
    };
    assert_eq!(lines("a"), [6, 8]);
    assert_eq!(lines("b"), [5]);
}

#[test]
fn classes_say_what_they_hold() {
    let module = parse(
        "import enum\nfrom dataclasses import dataclass\n@dataclass(frozen=True)\nclass A(enum.Enum, B, metaclass=M):\n    x: int\n    y: int = 3\n    z = 4\n    def f(self):\n        self.w, self.x = 1, 2\n        other.v = 3\nclass B:\n    __slots__ = ['p']\n    def __init__(self):\n        self.__dict__['a'] = 1\n",
    );
    let facts: Vec<_> = module.statement_ids().filter_map(|id| module.class_facts(id)).collect();
    assert_eq!(facts[0].bases, ["enum.Enum", "B"]);
    assert_eq!(facts[0].dataclass, Some(vec![("frozen".to_owned(), "True".to_owned())]));
    assert_eq!(facts[0].attributes, ["x", "y", "w"]);
    assert_eq!(facts[0].class_attributes, ["y", "z"]);
    assert!(facts[0].has_keywords && !facts[0].needs_dict);
    assert_eq!(facts[1].slots, Some(vec!["p".to_owned()]));
    assert!(facts[1].needs_dict);
}

#[test]
fn an_allocation_finds_its_call_and_targets() {
    let module = parse("import numpy.linalg as la\nx = y = np.array(\n    [i for i in z]\n)\nf(w := g())\n");
    let call = module.call_at(Place { line: 3, end_line: 3, column: 5, end_column: 19 }).unwrap();
    let whole = module.expression(crate::Span::from(ruff_text_size::Ranged::range(call))).unwrap();
    assert_eq!(module.targets_of(whole).len(), 2);
    let inner = module.expression_at(Place { line: 3, end_line: 3, column: 5, end_column: 19 }).unwrap();
    assert!(inner.is_list_comp_expr());
    assert!(module.targets_of(inner).is_empty());
    assert!(matches!(module.parent_of(inner), Some(ast::Expr::Call(_))));
    let walrus = module.expression_at(Place { line: 5, end_line: 5, column: 8, end_column: 11 }).unwrap();
    assert_eq!(module.targets_of(walrus).len(), 1);
    assert_eq!(module.local_name("numpy.linalg.norm").as_deref(), Some("la.norm"));
    assert_eq!(module.local_name("numpy.linalgebra"), None);
}
