//! Tests of the model on small snippets.

use crate::{Access, Module, Place, ScopeId, StatementKind, ast};

fn parse(text: &str) -> Module {
    Module::parse(text).unwrap_or_else(|problem| panic!("{problem}\n{text}"))
}

#[test]
fn names_belong_to_the_scope_that_binds_them() {
    let module = parse(
        "x = 1\ndef f(a):\n    global g\n    g = a\n    def h():\n        nonlocal a\n        a = x\n    return h\nclass C:\n    x = 2\n    def m(self):\n        return x\n",
    );
    let outer = module.scope_of_code("f", 2).unwrap();
    let inner = module.scope_of_code("f.<locals>.h", 5).unwrap();
    let method = module.scope_of_code("C.m", 11).unwrap();
    assert_eq!(module.scope(inner).parent, Some(outer));
    let a = module.variable_in(outer, "a").unwrap();
    assert_eq!(module.look_up(inner, "a"), Some(a));
    assert_eq!(module.occurrences_of(a).count(), 3);
    assert!(module.variable_in(ScopeId::MODULE, "g").is_some());
    assert!(module.variable_in(outer, "g").is_none());
    let x = module.variable_in(ScopeId::MODULE, "x").unwrap();
    assert_eq!(module.look_up(method, "x"), Some(x), "class scopes are passed over");
    assert_eq!(module.occurrences_of(x).filter(|one| one.access == Access::Read).count(), 2);
}

#[test]
fn qualified_names_are_those_of_code_objects() {
    let module =
        parse("class C:\n    def m(self):\n        return [i for i in (lambda: 1)()]\ng = (y for y in [])\n");
    let names: Vec<&str> = module.scopes().iter().map(|scope| scope.qualified_name.as_str()).collect();
    assert_eq!(
        names,
        ["<module>", "C", "C.m", "C.m.<locals>.<lambda>", "C.m.<locals>.<listcomp>", "<genexpr>"]
    );
}

#[test]
fn a_walrus_in_a_comprehension_binds_around_it() {
    let module = parse("def f(v):\n    return [y := i for i in v], y\n");
    let f = module.scope_of_code("f", 1).unwrap();
    assert_eq!(module.occurrences_of(module.variable_in(f, "y").unwrap()).count(), 2);
    assert!(module.variable_in(f, "i").is_none());
}

#[test]
fn a_place_gives_its_statement_and_expression() {
    let module = parse("def f():\n    total = sum(\n        np.zeros(3)\n    )\n");
    let place = Place { line: 3, end_line: 3, column: 9, end_column: 20 };
    let call = module.expression_at(place).unwrap();
    assert!(matches!(call, ast::Expr::Call(_)));
    let statement = module.statement_at(place).unwrap();
    assert_eq!(module.statement(statement).kind, StatementKind::Assign);
    assert_eq!(module.statement_at(Place::of_line(3)), Some(statement));
    assert_eq!(module.lines().place(module.span_of(place).unwrap()), place);
    assert_eq!(module.expression_at(Place::of_line(3)), None);
}

#[test]
fn a_method_call_over_lines_is_found_by_the_part_that_cpython_names() {
    // CPython gives a call such as this the range from the attribute's name.
    let module = parse("y = (\n    df\n    .copy()\n)\n");
    let place = Place { line: 3, end_line: 3, column: 6, end_column: 12 };
    assert!(matches!(module.expression_at(place), Some(ast::Expr::Call(_))));
}

#[test]
fn imports_are_followed_and_hidden_names_are_not() {
    let module = parse(
        "import numpy as np, os.path\nfrom . import near\nfrom pandas import read_csv\nread_csv = 3\n\
         np.zeros\nos.path.join\nopen\nnear.x\nread_csv\n",
    );
    let resolved: Vec<Option<String>> = module.tree().body[4..]
        .iter()
        .map(|statement| {
            let ast::Stmt::Expr(expression) = statement else { unreachable!() };
            module.resolve(&expression.value)
        })
        .collect();
    let expected = [Some("numpy.zeros"), Some("os.path.join"), Some("open"), Some(".near.x"), None];
    assert_eq!(resolved, expected.map(|path| path.map(str::to_owned)));
    assert!(module.imports_library("pandas"));
}

#[test]
fn every_statement_finds_its_own_syntax() {
    let module = parse(
        "try:\n    a = 1\nexcept E as e:\n    b = 2\nelse:\n    c = 3\nfinally:\n    d = 4\n\
         if a:\n    pass\nelif b:\n    x; y\nelse:\n    z\nmatch a:\n    case [1, *rest]:\n        q\n    case _:\n        r\n",
    );
    for id in module.statement_ids() {
        let span = module.statement(id).span;
        assert_eq!(crate::Span::from(ruff_text_size::Ranged::range(module.syntax(id))), span);
        assert_eq!(module.id_of(module.syntax(id)), Some(id));
    }
    assert_eq!(module.statement_ids().count(), 13);
}

#[test]
fn text_that_is_no_python_is_told_with_its_place() {
    let problem = Module::parse("x = 1\ny = = 2\n").unwrap_err();
    assert_eq!(problem.line, 2);
    assert!(problem.to_string().starts_with("line 2, column 5: "), "{problem}");
}

#[test]
fn deep_nesting_is_refused_and_let_go() {
    for (open, close) in [("[", "]"), ("-", ""), ("f(", ")"), ("x.y if z else ", ""), ("lambda: ", "")] {
        let text = format!("a = {}1{}\n", open.repeat(20_000), close.repeat(20_000));
        let problem = Module::parse(&text).unwrap_err();
        assert!(problem.message.contains("levels deep"), "{problem}");
    }
    let text = format!("a = 1{}\n", " + 1".repeat(50_000));
    assert!(Module::parse(&text).is_err());
    assert!(Module::parse(&format!("a = 1{}\n", " + 1".repeat(300))).is_ok());
}
