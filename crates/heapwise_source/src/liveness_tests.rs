//! Tests of liveness: programs in which a comment says what holds.
//!
//! `# dead: a b` on a line: these module or function variables are dead where the statement of the line begins;
//! `# live: c` the opposite. `check` holds every such line to its word.

use crate::{Liveness, Module, Role, StatementId};

fn parse(text: &str) -> Module {
    Module::parse(text).unwrap_or_else(|problem| panic!("{problem}\n{text}"))
}

fn check_as(text: &str, role: Role) {
    let module = parse(text);
    let liveness = Liveness::of(&module, role);
    let mut checked = 0;
    for (line, content) in (1..).zip(text.lines()) {
        for (mark, dead) in [("# dead:", true), ("# live:", false)] {
            let Some((_, names)) = content.split_once(mark) else { continue };
            let statement = module.statement_at_line(line).unwrap();
            for name in names.split('#').next().unwrap().split_whitespace() {
                let scope = module.frame_scope_at(module.statement(statement).span.start);
                let variable = module.look_up(scope, name).unwrap_or_else(|| panic!("no {name} in\n{text}"));
                let life = liveness.at(variable, statement);
                assert_eq!(life.is_dead(), dead, "{name} at line {line} is {life:?} in\n{text}");
                checked += 1;
            }
        }
    }
    assert!(checked > 0, "nothing to check in\n{text}");
}

fn check(text: &str) {
    check_as(text, Role::Script);
}

fn released(text: &str, name: &str, line: u32) -> Vec<(u32, bool, bool)> {
    let module = parse(text);
    let liveness = Liveness::of(&module, Role::Script);
    let peak = module.statement_at_line(line).unwrap();
    let scope = module.frame_scope_at(module.statement(peak).span.start);
    let variable = module.look_up(scope, name).unwrap();
    let line_of = |id: StatementId| module.lines().line(module.statement(id).span.start);
    liveness
        .releases(variable, peak)
        .into_iter()
        .map(|release| (line_of(release.after), release.certainly_bound, release.at_end_of.is_some()))
        .collect()
}

#[test]
fn straight_code() {
    check("a = f()\nb = a  # live: a\nc = b  # dead: a # live: b\na = 1  # dead: a b c\na  # live: a\n");
}

#[test]
fn branches_and_boolean_operators() {
    check("a = b = f()\nif x:  # live: a b\n    a\nelse:\n    b  # dead: a\nz  # dead: a b\n");
    check("a = f()\nx and a or y  # live: a\nz  # dead: a\n");
    check("a = f()\nz  # live: a\nx if y else a\n");
    check("a = f()\nz  # live: a\n(a := 3) if y else 0\na\n");
}

#[test]
fn loops_read_again_what_the_next_turn_reads() {
    check("a = f()\nfor i in g():\n    h()  # live: a\n    a.x\n    k()  # live: a\nz  # dead: a i\n");
    check("while t():\n    a = f()  # dead: a\n    a.x  # live: a\n    k()  # dead: a\n");
    check("a = f()\nwhile True:\n    k()  # live: a\n    if x:\n        break\na\n");
    check("a = f()\nwhile True:\n    k()  # dead: a\n    if x:\n        continue\na\n");
    check("for a in f():\n    g()  # live: a\n    if x:\n        break\nelse:\n    a\nz  # dead: a\n");
}

#[test]
fn a_loop_s_variable_is_dead_while_the_next_value_is_made() {
    check(
        "for chunk in chunks():  # dead: chunk\n    use(chunk)  # live: chunk\n    more()  # dead: chunk\n",
    );
}

#[test]
fn exceptions_can_come_from_anywhere_in_the_body() {
    check("a = f()\ntry:\n    g()  # live: a\nexcept E as e:\n    a\nz  # dead: a e\n");
    check("try:\n    a = f()\n    g()  # live: a\n    h()\nfinally:\n    a\n");
    check("a = f()\ntry:\n    a = g()  # live: a\nexcept E:\n    a\n");
    check("a = f()\nwith open(x):\n    a = g()  # live: a\na\n");
    check("a = f()\ntry:\n    g()\nexcept E:\n    h()  # live: a\nelse:\n    k()  # live: a\na\n");
}

#[test]
fn return_passes_through_finally() {
    check(
        "def f():\n    a = g()\n    try:\n        return h()  # live: a\n    finally:\n        a.close()\n",
    );
    check("def f():\n    a = g()\n    try:\n        return h()  # dead: a\n    finally:\n        b()\n");
    check(
        "def f():\n    for x in y:\n        a = g()\n        try:\n            break  # live: a\n        finally:\n            b()\n    a\n",
    );
}

#[test]
fn match_statements() {
    check(
        "a = f()\nmatch g():  # live: a\n    case [x, *a]:\n        h()\n    case _:\n        a\nz  # dead: a x\n",
    );
    check("a = f()\nmatch g():  # live: a\n    case {'k': a} if a:\n        h()\na\n");
}

#[test]
fn comprehensions_run_where_they_stand() {
    check("a = f()\nb = [a[i] for i in g()]  # live: a\nc = b  # dead: a\n");
    check("a = f()\nb = sum(x * a for x in g())  # live: a\nc = b  # dead: a\n");
    check("a = f()\nb = (x * a for x in g())\nc = b  # live: a\n");
    check("a = f()\nb = (x for x in a)\nc = b  # dead: a\n");
    check("a = f()\nb = {k: v for k in a for v in a[k] if a}\nz  # dead: a\n");
}

#[test]
fn functions_called_by_name_read_when_they_are_called() {
    check("a = f()\ndef g():\n    return a\nb = g()  # live: a\nz  # dead: a\n");
    check("def g():\n    return h()\ndef h():\n    return a\na = f()\nb = g()  # live: a\nz  # dead: a\n");
    // One that got away may be called at any time.
    check("a = f()\ndef g():\n    return a\nregister(g)\nz  # live: a\n");
    check("a = f()\n@cache\ndef g():\n    return a\ng()\nz  # live: a\n");
    check("a = f()\ndef g():\n    yield a\nb = g()\nz  # live: a\n");
    check("a = f()\nclass C:\n    def m(self):\n        return a\nz  # live: a\n");
    check("a = f()\nb = lambda: a\nz  # live: a\na = 3\nz  # live: a\n");
    // It ran, but what it left behind may still read.
    check("a = f()\ndef g():\n    return lambda: a\nb = g()\nz  # live: a\n");
    check("a = f()\ndef g():\n    c = 1\n    return lambda: c\nb = g()\nz  # dead: a\n");
}

#[test]
fn the_body_of_a_class_reads_a_global_until_it_binds_the_name_itself() {
    check("a = f()\nb = 1  # live: a\nclass C:\n    b = a\n    a = 2\nz  # dead: a\n");
    check(
        "a = f()\ndef g():\n    class C:\n        b = a\n        a = 2\nc = g()  # live: a\nz  # dead: a\n",
    );
}

#[test]
fn closures_in_functions() {
    check("def f(a, b):\n    def g():\n        return a\n    x = g()  # live: a\n    y = x  # dead: a b\n");
    check("def f(a):\n    def g():\n        return a\n    y = 1  # live: a\n    return g\n");
    check("def f(a):\n    def g():\n        nonlocal a\n        a = 2\n    y = 1  # dead: a\n    return g\n");
}

#[test]
fn what_no_text_shows_is_not_called_dead() {
    check("a = f()\nz  # live: a\nprint(eval('a'))\n");
    check("def f():\n    a = g()\n    z  # live: a\n    return locals()\n");
    check("class C:\n    a = f()\n    z = 1  # live: a\n");
    check_as("a = f()\nz  # live: a\n", Role::Imported);
    check_as("def f():\n    a = g()\n    z  # dead: a\n", Role::Imported);
}

#[test]
fn del_ends_a_value_and_updates_read_it() {
    check("a = f()\ng()  # dead: a\ndel a\nz  # dead: a\n");
    check("a = f()\ng()  # live: a\na += 1\nz  # dead: a\n");
    check("a = f()\ng()  # live: a\na[0] = 1\nz  # dead: a\n");
}

#[test]
fn generators_and_coroutines_are_functions_like_others() {
    check(
        "async def f():\n    a = await g()\n    async for x in a:  # live: a\n        y  # dead: a x\n    async with b as c:\n        yield c  # dead: a # live: c\n",
    );
}

#[test]
fn a_release_is_as_near_to_the_last_use_as_the_blocks_allow() {
    let text = "a = f()\nb = a.x\nif y:\n    print(a)\nz()\nwork(b)\n";
    assert_eq!(released(text, "a", 6), [(3, true, false)]);
    let text = "def f():\n    a = g()\n    b = a.x\n    for i in b:\n        with k:\n            work(i)\n";
    assert_eq!(released(text, "a", 6), [(3, true, false)]);
    assert_eq!(released("a = f()\nwork(a)\n", "a", 2), []);
    assert_eq!(
        released("def f(a):\n    work()\n", "a", 2),
        [],
        "a parameter that is never read has no last use"
    );
}

#[test]
fn a_release_that_may_find_nothing_bound_says_so() {
    let text = "if x:\n    a = f()\n    a.y\nwork()\n";
    assert_eq!(released(text, "a", 4), [(1, false, false)]);
    let text = "a = f()\na.y\nwork()\ndel a\n";
    assert_eq!(released(text, "a", 3), [(2, false, false)], "what is deleted later must be there then");
    let text = "a = f()\nif x:\n    a.y\n    del a\nwork()\n";
    assert_eq!(released(text, "a", 5), [(2, false, false)]);
    let text = "a = f()\nwhile x():\n    if y:\n        a = g()\n    work()\n";
    assert_eq!(released(text, "a", 5), [(3, false, false)], "a turn may find what the one before let go");
    let text = "a = f()\ndel a\nwork()\ndel a\n";
    assert_eq!(released(text, "a", 3), [], "a `del` that fails must go on failing");
}

#[test]
fn what_a_loop_holds_is_released_at_its_end() {
    let text = "for chunk in chunks():\n    use(chunk)\n    more()\nwork()\n";
    assert_eq!(released(text, "chunk", 1), [(2, true, true)]);
    assert_eq!(released(text, "chunk", 4), [(2, true, true), (1, false, false)]);
    let text = "for i in r:\n    x = make()\n    total += x.sum()\n";
    assert_eq!(released(text, "x", 2), [(3, true, true)]);
    let text = "for i in r:\n    x = make(x)\n    total += x.sum()\n";
    assert_eq!(released(text, "x", 2), [], "the turn before is read");
}

#[test]
fn last_reads() {
    let text = "a = f()\nif a:\n    b = a\nelse:\n    pass\na = a\n";
    let module = parse(text);
    let liveness = Liveness::of(&module, Role::Script);
    let a = module.variable_in(crate::ScopeId::MODULE, "a").unwrap();
    let lines: Vec<u32> = liveness.last_reads(a).iter().map(|span| module.lines().line(span.start)).collect();
    assert_eq!(lines, [6]);
}
