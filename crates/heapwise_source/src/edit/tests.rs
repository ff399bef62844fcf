//! Tests of edits: what is written, and what is refused.

use crate::{Editor, Liveness, Module, Refusal, Role, Safety, StatementId, apply, ast, merge, unified_diff};

fn parse(text: &str) -> Module {
    Module::parse(text).unwrap_or_else(|problem| panic!("{problem}\n{text}"))
}

fn with_call(
    text: &str,
    edit: impl Fn(&Editor<'_>, &ast::ExprCall) -> Result<crate::Edit, Refusal>,
) -> Result<String, Refusal> {
    let module = parse(text);
    let call = module.calls().next().unwrap();
    apply(text, edit(&Editor::new(&module), call)?.replacements())
}

fn with_line(
    text: &str,
    line: u32,
    edit: impl Fn(&Editor<'_>, StatementId) -> Result<crate::Edit, Refusal>,
) -> Result<String, Refusal> {
    let module = parse(text);
    let statement = module.statements_on_line(line).next().unwrap();
    apply(text, edit(&Editor::new(&module), statement)?.replacements())
}

fn released(text: &str, name: &str, line: u32) -> String {
    let module = parse(text);
    let liveness = Liveness::of(&module, Role::Script);
    let peak = module.statement_at_line(line).unwrap();
    let scope = module.frame_scope_at(module.statement(peak).span.start);
    let releases = liveness.releases(module.look_up(scope, name).unwrap(), peak);
    let edit = Editor::new(&module).release(name, releases[0]).unwrap();
    assert_eq!(edit.safety(), Safety::Safe);
    apply(text, edit.replacements()).unwrap()
}

#[test]
fn del_takes_the_indentation_and_line_end_of_its_block() {
    assert_eq!(
        released("def f():\r\n\ta = g()\r\n\tb = a.x  # last\r\n\twork(b)\r\n", "a", 4),
        "def f():\r\n\ta = g()\r\n\tb = a.x  # last\r\n\tdel a\r\n\twork(b)\r\n"
    );
    assert_eq!(
        released("for c in g():\n    use(\n        c,  # it\n    )\nwork()", "c", 5),
        "for c in g():\n    use(\n        c,  # it\n    )\n    del c\nwork()"
    );
    let text = "a = f(); b = a.x; work(b)\n";
    let module = parse(text);
    let second = module.statements_on_line(1).nth(1).unwrap();
    let edit = Editor::new(&module).insert_after(second, "del a").unwrap();
    assert_eq!(apply(text, edit.replacements()).unwrap(), "a = f(); b = a.x; del a; work(b)\n");
    assert_eq!(
        released("if x:\n    a = f()\n    a.y\n\nwork()\n", "a", 5),
        "if x:\n    a = f()\n    a.y\na = None\n\nwork()\n"
    );
    assert_eq!(released("for c in g(): use(c)\nwork()\n", "c", 2), "for c in g(): use(c); del c\nwork()\n");
}

#[test]
fn an_edit_at_the_end_of_a_text_without_line_end() {
    let text = "\u{feff}# coding: utf-8\nfor c in g():\n    use(c)";
    assert_eq!(released(text, "c", 2), format!("{text}\n    del c"));
}

#[test]
fn keywords_go_behind_the_last_argument() {
    let add = |editor: &Editor<'_>, call: &ast::ExprCall| editor.add_keyword(call, "dtype", "'int8'");
    for (before, after) in [
        ("np.zeros()", "np.zeros(dtype='int8')"),
        ("np.zeros(3)", "np.zeros(3, dtype='int8')"),
        ("np.zeros( (3, 4) )", "np.zeros( (3, 4), dtype='int8' )"),
        ("np.zeros(3,)", "np.zeros(3, dtype='int8',)"),
        ("np.zeros(\n    3,  # rows\n)", "np.zeros(\n    3, dtype='int8',  # rows\n)"),
        ("np.zeros(\n    3  # rows\n)", "np.zeros(\n    3, dtype='int8'  # rows\n)"),
        ("np.zeros(*shape)", "np.zeros(*shape, dtype='int8')"),
    ] {
        assert_eq!(with_call(before, add).as_deref(), Ok(after));
    }
    assert!(matches!(with_call("np.zeros(3, dtype=x)", add), Err(Refusal::Form(_))));
    assert!(matches!(with_call("np.zeros(3, **k)", add), Err(Refusal::Form(_))));
    assert!(matches!(with_call("sum(x for x in y)", add), Err(Refusal::Syntax(_))));
}

#[test]
fn keywords_change_their_value_only() {
    let set = |editor: &Editor<'_>, call: &ast::ExprCall| editor.set_keyword(call, "maxsize", "9");
    assert_eq!(with_call("f(1, maxsize = None)", set).as_deref(), Ok("f(1, maxsize =9)"));
    assert_eq!(with_call("f(maxsize=(None), b=2)", set).as_deref(), Ok("f(maxsize=9, b=2)"));
    assert_eq!(with_call("f(1)", set).as_deref(), Ok("f(1, maxsize=9)"));
}

#[test]
fn copies_are_dropped_with_what_they_need_around_them() {
    let method = |editor: &Editor<'_>, call: &ast::ExprCall| editor.drop_method_call(call);
    assert_eq!(with_call("y = x.copy()  # c", method).as_deref(), Ok("y = x  # c"));
    assert_eq!(with_call("y = (a + b).copy() * 2", method).as_deref(), Ok("y = (a + b) * 2"));
    assert_eq!(with_call("for l in f.readlines(): pass", method).as_deref(), Ok("for l in f: pass"));
    assert_eq!(with_call("y = x.copy(  # why\n)", method), Err(Refusal::Comment));
    assert_eq!(with_call("y = (\n    df\n    .copy()\n)", method).as_deref(), Ok("y = (\n    df\n)"));
    let call = |editor: &Editor<'_>, call: &ast::ExprCall| editor.drop_call(call);
    assert_eq!(with_call("y = np.array(x)", call).as_deref(), Ok("y = x"));
    assert_eq!(with_call("y = np.array(x + z) * 2", call).as_deref(), Ok("y = (x + z) * 2"));
    assert_eq!(with_call("y = list(x,)", call).as_deref(), Ok("y = x"));
    assert_eq!(with_call("y = list(\n    x\n)", call).as_deref(), Ok("y = x"));
    assert_eq!(with_call("y = list(x for x in z)", call).as_deref(), Ok("y = (x for x in z)"));
    assert!(with_call("y = np.array(x, dtype=float)", call).is_err());
}

#[test]
fn lists_become_generators() {
    let edit = |editor: &Editor<'_>, call: &ast::ExprCall| editor.generator_for_list(call);
    assert_eq!(with_call("any([x for x in y])", edit).as_deref(), Ok("any(x for x in y)"));
    assert_eq!(with_call("sum([x for x in y], 0)", edit).as_deref(), Ok("sum((x for x in y), 0)"));
    assert_eq!(with_call("any([x for x in y],)", edit).as_deref(), Ok("any((x for x in y),)"));
    assert_eq!(with_call("any([ # c\n x for x in y\n])", edit).as_deref(), Ok("any( # c\n x for x in y\n)"));
    assert!(with_call("any([x, y])", edit).is_err());
}

#[test]
fn appended_and_wrapped() {
    let text = "a + b\nx\n";
    let module = parse(text);
    let expression = |index: usize| {
        let ast::Stmt::Expr(statement) = &module.tree().body[index] else { unreachable!() };
        statement.value.as_ref()
    };
    let editor = Editor::new(&module);
    let first = editor.append(expression(0), ".astype('f4')").unwrap();
    let second = editor.wrap(expression(1), "np.packbits(", ")").unwrap();
    let both = merge(text, second.replacements().iter().chain(first.replacements())).unwrap();
    assert_eq!(apply(text, &both).unwrap(), "(a + b).astype('f4')\nnp.packbits(x)\n");
    let other = editor.append(expression(0), ".astype('f8')").unwrap();
    let clash = merge(text, first.replacements().iter().chain(other.replacements()));
    assert_eq!(clash, Err(Refusal::Overlap));
    let unbalanced = editor.wrap(expression(0), "f(", ")) + (1");
    assert_eq!(unbalanced, Err(Refusal::Form("what should stand there is no expression")));
    assert_eq!(
        editor.replace(expression(1), "y\nz"),
        Err(Refusal::Form("what should stand there is no expression"))
    );
}

#[test]
fn precedence_is_kept_or_the_edit_refused() {
    let text = "y = 2 * x\n";
    let module = parse(text);
    let ast::Stmt::Assign(assign) = &module.tree().body[0] else { unreachable!() };
    let ast::Expr::BinOp(product) = assign.value.as_ref() else { unreachable!() };
    let editor = Editor::new(&module);
    assert_eq!(editor.replace(&product.right, "x + 1"), Err(Refusal::ChangesMore));
    assert!(editor.replace(&product.right, "(x + 1)").is_ok());
}

#[test]
fn assignments_become_augmented() {
    let edit = |editor: &Editor<'_>, id: StatementId| editor.augment(id);
    assert_eq!(with_line("x = x   +  1  # and me\n", 1, edit).as_deref(), Ok("x +=  1  # and me\n"));
    assert_eq!(
        with_line("x = x ** (\n    y  # in\n)\n", 1, edit).as_deref(),
        Ok("x **= (\n    y  # in\n)\n")
    );
    assert!(with_line("x = (x + 1)\n", 1, edit).is_err());
    assert!(with_line("x = x + y + z\n", 1, edit).is_err());
    assert!(with_line("x = y = x + z\n", 1, edit).is_err());
    assert!(with_line("x = (x) + 1\n", 1, edit).is_err());
}

#[test]
fn slots_go_to_the_top_of_the_class() {
    let edit = |editor: &Editor<'_>, id: StatementId| editor.add_slots(id, &["a", "b"]);
    assert_eq!(
        with_line("class C:\n    \"\"\"Doc.\"\"\"\n\n    def f(self): pass\n", 1, edit).as_deref(),
        Ok("class C:\n    \"\"\"Doc.\"\"\"\n    __slots__ = (\"a\", \"b\")\n\n    def f(self): pass\n")
    );
    assert_eq!(
        with_line("class C:\n  # about\n  @d\n  def f(self): pass\n", 1, edit).as_deref(),
        Ok("class C:\n  # about\n  __slots__ = (\"a\", \"b\")\n  @d\n  def f(self): pass\n")
    );
    assert!(with_line("class C: pass\n", 1, edit).is_err());
    let dataclass = |editor: &Editor<'_>, id: StatementId| editor.dataclass_slots(id);
    let text = "from dataclasses import dataclass as d\n@d\nclass C:\n    a: int\n";
    assert_eq!(with_line(text, 2, dataclass), Ok(text.replace("@d\n", "@d(slots=True)\n")));
    let text = "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass C:\n    a: int\n";
    assert_eq!(with_line(text, 2, dataclass), Ok(text.replace("frozen=True", "frozen=True, slots=True")));
}

#[test]
fn caches_are_bounded() {
    let edit = |editor: &Editor<'_>, id: StatementId| editor.bound_cache(id, 32);
    for (before, after) in [
        (
            "import functools as f\n@f.cache\ndef g(): pass\n",
            "import functools as f\n@f.lru_cache(maxsize=32)\ndef g(): pass\n",
        ),
        (
            "from functools import cache  # c\n@cache\ndef g(): pass\n",
            "from functools import cache, lru_cache  # c\n@lru_cache(maxsize=32)\ndef g(): pass\n",
        ),
        (
            "from functools import lru_cache\n@lru_cache(maxsize=None)\ndef g(): pass\n",
            "from functools import lru_cache\n@lru_cache(maxsize=32)\ndef g(): pass\n",
        ),
        (
            "from functools import lru_cache\n@lru_cache(None)\ndef g(): pass\n",
            "from functools import lru_cache\n@lru_cache(32)\ndef g(): pass\n",
        ),
        (
            "from functools import lru_cache\n@lru_cache\ndef g(): pass\n",
            "from functools import lru_cache\n@lru_cache(maxsize=32)\ndef g(): pass\n",
        ),
    ] {
        assert_eq!(with_line(before, 2, edit).as_deref(), Ok(after));
    }
    assert!(with_line("from functools import cache\n@cache\ndef lru_cache(): pass\n", 2, edit).is_err());
}

#[test]
fn with_goes_around_open() {
    let edit = |text: &str, first: u32, last: u32| {
        let module = parse(text);
        let id = |line| module.statements_on_line(line).next().unwrap();
        let edit = Editor::new(&module).with_around(id(first), id(last))?;
        apply(text, edit.replacements())
    };
    assert_eq!(
        edit("f = open(p)  # in\nfor l in f:\n    g(l)\n\nx = f.y\nz\n", 1, 5).as_deref(),
        Ok("with open(p) as f:  # in\n    for l in f:\n        g(l)\n\n    x = f.y\nz\n")
    );
    assert!(edit("f = open(p)\ng(f, '''a\nb''')\n", 1, 2).is_err());
    assert!(edit("f = (open(p))\ng(f)\n", 1, 2).is_err());
}

#[test]
fn index_lists_become_slices() {
    let text = "y = a[[0, 1, 2]]\n";
    let module = parse(text);
    let ast::Stmt::Assign(assign) = &module.tree().body[0] else { unreachable!() };
    let ast::Expr::Subscript(subscript) = assign.value.as_ref() else { unreachable!() };
    let edit = Editor::new(&module).replace_index(subscript, "0:3").unwrap();
    assert_eq!(apply(text, edit.replacements()).unwrap(), "y = a[0:3]\n");
}

#[test]
fn diffs_of_texts_without_a_last_line_end_say_so() {
    let diff = unified_diff("a.py", "x", "y\n");
    assert_eq!(diff, "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+y\n");
    assert_eq!(unified_diff("a.py", "x", "x"), "");
}

#[test]
fn insertions_at_one_place_are_joined_where_each_stands_alone() {
    let text = "f(a)\n";
    let module = parse(text);
    let (editor, call) = (Editor::new(&module), module.calls().next().unwrap());
    let line = module.statements_on_line(1).next().unwrap();
    let edits = [
        editor.add_keyword(call, "b", "1").unwrap(),
        editor.insert_after(line, "del x").unwrap(),
        editor.add_keyword(call, "c", "2").unwrap(),
        editor.insert_after(line, "del y").unwrap(),
        editor.insert_after(line, "del x").unwrap(),
    ];
    let merged = merge(text, edits.iter().flat_map(crate::Edit::replacements)).unwrap();
    assert_eq!(apply(text, &merged).unwrap(), "f(a, b=1, c=2)\ndel x\ndel y\n");
}

#[test]
fn the_decorator_of_a_cache_is_taken_away() {
    let drop = |editor: &Editor<'_>, id: StatementId| editor.drop_cache(id);
    let text = "import functools\n@functools.lru_cache(\n    maxsize=None)\ndef f(x):\n    return x\n";
    let after = "import functools\ndef f(x):\n    return x\n";
    assert_eq!(with_line(text, 2, drop).as_deref(), Ok(after));
    let text = "from functools import cache\nclass A:\n    @staticmethod\n    @cache\n    def f(x): pass\n";
    let module = parse(text);
    let inner = module.statement_at_line(3).unwrap();
    let edit = Editor::new(&module).drop_cache(inner).unwrap();
    let after = "from functools import cache\nclass A:\n    @staticmethod\n    def f(x): pass\n";
    assert_eq!(apply(text, edit.replacements()).as_deref(), Ok(after));
    let text = "from functools import cache\n@cache  # why\ndef f(x): pass\n";
    let after = "from functools import cache\ndef f(x): pass\n";
    assert_eq!(with_line(text, 2, drop).as_deref(), Ok(after));
    let text = "from functools import cache\n@cache\n# what it does\ndef f(x): pass\n";
    assert_eq!(with_line(text, 2, drop), Err(Refusal::Comment));
    assert!(matches!(with_line("def f(x): pass\n", 1, drop), Err(Refusal::Form(_))));
}

#[test]
fn a_whole_becomes_pieces_in_a_loop() {
    let pieces = |text: &str| {
        let module = parse(text);
        let id = module.statements_on_line(2).next().unwrap();
        let ast::Stmt::Expr(statement) = module.syntax(id) else { unreachable!() };
        let ast::Expr::Call(call) = statement.value.as_ref() else { unreachable!() };
        let header = "while piece := f.read(1 << 20):";
        let edit = Editor::new(&module).loop_over_pieces(id, &call.arguments.args[0], header, "piece")?;
        apply(text, edit.replacements())
    };
    assert_eq!(
        pieces("if x:\n\td.update(f.read())  # all\ny\n").as_deref(),
        Ok("if x:\n\twhile piece := f.read(1 << 20):\n\t\td.update(piece)  # all\ny\n")
    );
    assert_eq!(
        pieces("x\r\nd.update(\r\n  f.read(),\r\n)\r\n").as_deref(),
        Ok("x\r\nwhile piece := f.read(1 << 20):\r\n    d.update(\r\n  piece,\r\n)\r\n")
    );
    assert!(pieces("x\nd.update(f.read()); y\n").is_err());
    assert!(pieces("piece = 1\nd.update(f.read())\n").is_err());
}
