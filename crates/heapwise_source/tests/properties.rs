//! Any text: no panic. Any edit: bytes outside it stay, the rest parses.

use heapwise_source::{
    Block, Edit, Editor, Liveness, Module, Place, Refusal, Replacement, Role, Span, StatementKind, apply,
    ast, unified_diff,
};
use proptest::prelude::*;

/// Asks everything that can be asked.
fn look_at(module: &Module) {
    let liveness = [Liveness::of(module, Role::Script), Liveness::of(module, Role::Imported)];
    for line in 0..=u32::try_from(module.lines().count()).unwrap() + 1 {
        module.statement_at_line(line);
        assert!(module.statements_on_line(line).all(|id| !module.statement(id).span.is_empty()));
        for column in [0, 1, 7] {
            let place = Place { line, end_line: line, column, end_column: column + 2 };
            module.expression_at(place);
            module.call_at(place);
        }
    }
    for id in module.statement_ids() {
        assert_eq!(module.id_of(module.syntax(id)), Some(id));
        module.loops_around(id);
        module.class_facts(id);
    }
    for call in module.calls() {
        module.resolve(&call.func);
        module.consumed_at_once(call);
        module.table_use(&call.clone().into());
    }
    for variable in module.variable_ids() {
        module.mutations_of(variable);
        module.aliases_of(variable);
        liveness[1].last_reads(variable);
        for id in module.statement_ids().take(40) {
            if liveness[0].at(variable, id).is_dead() {
                liveness[0].releases(variable, id);
            }
        }
    }
}

/// All edits that a module allows, by their kind.
fn edits(module: &Module) -> Vec<(&'static str, Edit)> {
    let editor = Editor::new(module);
    let mut edits = Vec::new();
    let mut add = |kind, edit: Result<Edit, Refusal>| edits.extend(edit.ok().map(|edit| (kind, edit)));
    let import = editor.import("sys").ok().and_then(|(_, edit)| edit);
    if let Some(import) = import.clone() {
        add("import", Ok(import));
    }
    for call in module.calls() {
        let keyword = editor.add_keyword(call, "dtype", "\"float32\"");
        if let (Some(import), Ok(keyword)) = (import.clone(), keyword.clone()) {
            add("together", editor.together(&[import, keyword]));
        }
        add("add_keyword", keyword);
        add("set_keyword", editor.set_keyword(call, "maxsize", "16"));
        add("drop_call", editor.drop_call(call));
        add("drop_method_call", editor.drop_method_call(call));
        add("generator_for_list", editor.generator_for_list(call));
        add("append", editor.append(&call.func, ".astype(int)"));
        if let Some(first) = call.arguments.args.first() {
            add("wrap", editor.wrap(first, "np.packbits(", ")"));
            add("replace", editor.replace(first, "x if y else z"));
        }
    }
    let liveness = Liveness::of(module, Role::Script);
    for id in module.statement_ids() {
        add("augment", editor.augment(id));
        add("add_slots", editor.add_slots(id, &["a"]));
        add("dataclass_slots", editor.dataclass_slots(id));
        add("bound_cache", editor.bound_cache(id, 8));
        add("drop_cache", editor.drop_cache(id));
        add("insert_after", editor.insert_after(id, "del x"));
        let value = match module.syntax(id) {
            ast::Stmt::Expr(it) => Some(&it.value),
            ast::Stmt::Assign(it) => Some(&it.value),
            _ => None,
        };
        if let Some(ast::Expr::Subscript(subscript)) = value.map(Box::as_ref) {
            add("replace_index", editor.replace_index(subscript, "0:3"));
        }
        if let Some(ast::Expr::Call(call)) = value.map(Box::as_ref)
            && let Some(whole) = call.arguments.args.first()
        {
            let header = "while piece := x.read(9):";
            add("loop_over_pieces", editor.loop_over_pieces(id, whole, header, "piece"));
        }
        let known = module.statement(id);
        let next = module.block(known.parent, known.block).get(known.index + 1);
        if let Some(next) = next.and_then(|next| module.id_of(next)) {
            add("with_around", editor.with_around(id, next));
        }
        for variable in module.variable_ids().take(12) {
            for place in liveness.releases(variable, id) {
                add("release", editor.release(&module.variable(variable).name, place));
            }
        }
    }
    edits
}

/// That the new text is the old one but for the replacements, told without the code under test.
fn outside_stays(before: &str, after: &str, replacements: &[Replacement]) {
    let (mut old, mut new) = (0, 0);
    for Replacement { span: Span { start, end }, text } in replacements {
        let kept = start - old;
        assert_eq!(before[old..*start], after[new..new + kept]);
        assert_eq!(after[new + kept..new + kept + text.len()], **text);
        (old, new) = (*end, new + kept + text.len());
    }
    assert_eq!(before[old..], after[new..]);
}

fn check_edits(module: &Module) -> usize {
    let all = edits(module);
    for (_, edit) in &all {
        let after = apply(module.text(), edit.replacements()).unwrap();
        outside_stays(module.text(), &after, edit.replacements());
        assert!(Module::parse(&after).is_ok(), "{after}");
        let comments = |text: &str| text.matches('#').count();
        assert!(comments(&after) >= comments(module.text()), "a comment is gone from\n{after}");
        assert_eq!(unified_diff("a", module.text(), &after).is_empty(), after == module.text());
    }
    all.len()
}

const LINES: &[&str] = &[
    "x = np.zeros((3, 4))  # rows",
    "y = x.copy()",
    "x = x + y",
    "x = x * (\n  y  # in\n)",
    "total = sum([a * 2 for a in y], )",
    "f = open('p'); g = f.read()",
    "print(x, 'é', f\"{x!r:>{y}}\")",
    "text = '''a\n  b # no comment\n'''",
    "df = pd.read_csv(\n    'a.csv',  # where\n)",
    "z = df[['a', 'b']].copy().dropna(how = 'any',)",
    "del x",
    "q = lambda a: a + x",
    "if (n := len(y)) > 3: pass",
    "w = np.array(x) [1:] if y else list(a for a in x)",
    "return_ = x",
    "x += y; y = None",
    "import functools, numpy as np",
    "from functools import cache",
    "from functools import lru_cache",
    "from dataclasses import dataclass",
    "global_ = {**x, 'k': [*y]}",
    "z = x[[0, 1, 2]]",
    "y.update(x.read())  # whole",
    "y[x.read()]",
];

const OPENERS: &[&str] = &[
    "for x in g(y):",
    "while x:",
    "if y:",
    "with open('p') as f, g():",
    "def f(x, *y, z=1):",
    "class C(B):",
    "@cache\ndef h(x):",
    "@staticmethod\n@lru_cache(maxsize=None)\ndef m(x):",
    "@dataclass(eq=True)\nclass D:",
    "async def k():",
    "try:",
    "match x:\n    case [x, *y] if y:",
];

#[derive(Debug, Clone)]
enum Code {
    Line(usize),
    Block(usize, Vec<Self>),
}

fn code() -> impl Strategy<Value = Vec<Code>> {
    let line = (0..LINES.len()).prop_map(Code::Line);
    let one = line.prop_recursive(4, 24, 4, |inner| {
        (0..OPENERS.len(), prop::collection::vec(inner, 1..4))
            .prop_map(|(opener, body)| Code::Block(opener, body))
    });
    prop::collection::vec(one, 1..7)
}

fn write(code: &[Code], indent: &str, unit: &str, out: &mut String) {
    for one in code {
        match one {
            // Lines of a bracket or string that goes on need no indentation.
            Code::Line(line) => out.extend([indent, LINES[*line], "\n"]),
            Code::Block(opener, body) => {
                let opener = OPENERS[*opener];
                let lines: Vec<String> =
                    opener.lines().map(|line| format!("{indent}{}\n", line.replace("    ", unit))).collect();
                *out += &lines.concat();
                let deeper = if opener.starts_with("match") { 2 } else { 1 };
                write(body, &format!("{indent}{}", unit.repeat(deeper)), unit, out);
                if opener == "try:" {
                    out.extend([indent, "except E as e: pass\n", indent, "finally:\n", indent, unit, "x\n"]);
                }
            }
        }
    }
}

fn program() -> impl Strategy<Value = String> {
    let style = (prop::sample::select(vec!["    ", "\t", "  "]), any::<bool>(), any::<bool>(), any::<bool>());
    (code(), style).prop_map(|(code, (unit, windows, mark, ended))| {
        let mut text = String::new();
        write(&code, "", unit, &mut text);
        if !ended {
            text.pop();
        }
        if windows {
            text = text.replace('\n', "\r\n");
        }
        if mark { format!("\u{feff}{text}") } else { text }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}|[a-z \\n\\t():=\\[\\]{}'\"#\\\\;,.@*0-9\u{feff}\r\u{c}é]{0,120}") {
        if let Ok(module) = Module::parse(&text) {
            look_at(&module);
            check_edits(&module);
        }
    }

    #[test]
    fn programs_and_their_edits(text in program()) {
        let module = Module::parse(&text).map_err(|problem| TestCaseError::fail(format!("{problem}\n{text}")))?;
        look_at(&module);
        let made = check_edits(&module);
        prop_assert!(made > 0 || module.calls().next().is_none());
    }

    #[test]
    fn damaged_programs_are_read_or_refused(text in program(), at in any::<prop::sample::Index>(), with in "[():\\[\\]'\"\\n\\\\ x\u{e9}]{0,2}") {
        let characters: Vec<char> = text.chars().collect();
        let cut = at.index(characters.len());
        let damaged: String = characters[..cut].iter().copied().chain(with.chars()).chain(characters[cut + 1..].iter().copied()).collect();
        if let Ok(module) = Module::parse(&damaged) {
            look_at(&module);
            check_edits(&module);
        }
    }
}

/// The parser panics on these when it reads them as a notebook's.
#[test]
fn brackets_that_do_not_match_are_refused() {
    for text in ["(,}\"\r,", "[}'\n,"] {
        assert!(Module::parse(text).is_err(), "{text}");
    }
}

/// Each kind of edit is among those that the properties are held to.
#[test]
fn the_generator_makes_every_kind_of_edit() {
    let mut text = String::new();
    write(&(0..LINES.len()).map(Code::Line).collect::<Vec<_>>(), "", "    ", &mut text);
    for opener in 0..OPENERS.len() {
        write(&[Code::Block(opener, vec![Code::Line(0)])], "", "    ", &mut text);
    }
    let module = Module::parse(&text).unwrap();
    let kinds: std::collections::BTreeSet<_> = edits(&module).into_iter().map(|(kind, _)| kind).collect();
    let wanted = [
        "add_keyword",
        "add_slots",
        "append",
        "augment",
        "bound_cache",
        "dataclass_slots",
        "drop_cache",
        "drop_call",
        "drop_method_call",
        "generator_for_list",
        "import",
        "insert_after",
        "loop_over_pieces",
        "release",
        "replace",
        "replace_index",
        "set_keyword",
        "together",
        "with_around",
        "wrap",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), wanted);
    check_edits(&module);
}

#[test]
fn the_generator_makes_edits() {
    let module = Module::parse("x = np.zeros(3)\nx = x + 1\nclass C:\n    y = 1\n").unwrap();
    assert!(check_edits(&module) >= 5);
    assert_eq!(module.block(None, Block::Body).len(), 3);
    assert!(module.statements().iter().any(|statement| statement.kind == StatementKind::ClassDef));
}

/// The standard library of the Python that is found, if one is: real code of every kind, tests of the grammar among it.
#[test]
fn the_standard_library_is_read() {
    let Some(folder) = standard_library() else { return };
    let (mut files, mut refused) = (0_usize, 0_usize);
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> =
            std::fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() && !path.ends_with("site-packages") && files < 250 {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "py")
                && let Ok(text) = std::fs::read_to_string(&path)
                && text.len() < 30_000
            {
                files += 1;
                match Module::parse(&text) {
                    Ok(module) if text.len() < 6_000 && files < 80 => look_at(&module),
                    Ok(module) => assert!(module.statements().len() <= text.len()),
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(refused * 20 <= files, "{refused} of {files} files are refused");
}

fn standard_library() -> Option<std::path::PathBuf> {
    let print = "import sysconfig; print(sysconfig.get_path('stdlib'))";
    let output = std::process::Command::new("python3").args(["-c", print]).output().ok()?;
    let folder = std::path::PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    (output.status.success() && folder.is_dir()).then_some(folder)
}
