//! `slots`: many instances of the user's classes, each with a `__dict__` for the same few attributes.
//!
//! Invariant: only classes of the user's own files whose instances all had the same attributes, of which no base class brings
//! a `__dict__` anyway, and whose file looks into no `__dict__`.

use heapwise_analysis::{Change, Place};
use heapwise_profile::inspection::Class;
use heapwise_source::{Edit, Editor, Module, Scope, ScopeKind, StatementId, ast};
use ruff_text_size::Ranged;
use serde_json::json;

use crate::candidate::{Candidate, Certainty, ProposedFix, Rule};
use crate::case::Case;
use crate::holding::listed;
use crate::syntax;
use crate::words;

/// The rule.
#[derive(Debug)]
pub(super) struct Slots;

/// Fewer instances are not worth the loss of freedom.
const MANY: u64 = 1000;
/// Bytes of an instance with slots: the collector's head, the reference count and the type.
const OBJECT_BYTES: u64 = 32;

impl Rule for Slots {
    fn id(&self) -> &'static str {
        "slots"
    }

    fn summary(&self) -> &'static str {
        "many instances, each with a __dict__ for the same attributes"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/rules/slots.md")
    }

    fn find(&self, case: &Case<'_>) -> Vec<Candidate> {
        let classes = case.inspection().map(|look| look.classes.as_slice()).unwrap_or_default();
        classes.iter().filter_map(|class| candidate(case, class)).collect()
    }
}

fn candidate(case: &Case<'_>, class: &Class) -> Option<Candidate> {
    let fits = class.has_dict
        && !class.base_has_dict
        && class.same_attributes
        && class.instances >= MANY
        && !class.attributes.is_empty();
    let place = Place { file: &class.file, line: class.line.max(1), function: "" };
    if !fits || !case.is_users(&place) {
        return None;
    }
    let new_bytes = class.instances * (OBJECT_BYTES + 8 * class.attributes.len() as u64);
    let saved = class.bytes.checked_sub(new_bytes)?;
    let name = class.name.rsplit('.').next().unwrap_or(&class.name);
    let module = case.module(&class.file)?;
    let is_it = |scope: &&Scope| {
        scope.kind == ScopeKind::Class
            && (class.name == scope.qualified_name
                || class.name.ends_with(&format!(".{}", scope.qualified_name)))
    };
    let definition = module.scopes().iter().find(is_it)?;
    let facts = definition.statement.and_then(|id| module.class_facts(id))?;
    if facts.needs_dict || asks_for_dicts(module) {
        return None;
    }
    let line = module.lines().line(definition.header);
    let mut candidate = case.candidate(&Place { line, ..place }, name);
    candidate.title = format!(
        "{} instances of `{name}` take {} bytes each with a __dict__",
        words::count(class.instances),
        class.bytes / class.instances
    );
    candidate.message = format!(
        "All had the attributes {} and no others. With slots an instance takes {} bytes: {} less in all. Instances with \
         slots refuse other attributes, and take weak references only with a slot `__weakref__`.",
        listed(&class.attributes),
        OBJECT_BYTES + 8 * class.attributes.len() as u64,
        words::bytes(saved)
    );
    candidate.instead = if class.dataclass {
        "@dataclass(slots=True)".to_owned()
    } else {
        let names: Vec<String> = class.attributes.iter().map(|name| format!("\"{name}\"")).collect();
        let comma = if names.len() == 1 { "," } else { "" };
        format!("__slots__ = ({}{comma}) as the first line of the class", names.join(", "))
    };
    candidate.certainty = Certainty::Likely;
    candidate.fix =
        definition.statement.and_then(|id| fix(module, id, &class.attributes)).map(ProposedFix::from);
    candidate.evidence.insert("instances", json!(class.instances));
    candidate.evidence.insert("attributes", json!(class.attributes));
    candidate.evidence.insert("bytes", json!(class.bytes));
    candidate.evidence.insert("new_bytes", json!(new_bytes));
    let bytes = -i64::try_from(saved).ok()?;
    candidate.changes = vec![Change::Amount { from: 0, until: u64::MAX, bytes }];
    Some(candidate)
}

/// Whether a file looks into the dicts of instances, which those with slots have not.
fn asks_for_dicts(module: &Module) -> bool {
    let is_dict = |part: &ast::token::Token| {
        part.kind() == ast::token::TokenKind::Name && module.slice(part.range().into()) == "__dict__"
    };
    module.tokens().iter().any(is_dict)
        || module.calls().any(|call| module.resolve(&call.func).as_deref() == Some("vars"))
}

/// `__slots__` or `slots=True`. Only for classes without bases, whose file neither asks for `__dict__` nor for weak references.
fn fix(module: &Module, id: StatementId, attributes: &[String]) -> Option<Edit> {
    let facts = module.class_facts(id)?;
    let ast::Stmt::ClassDef(definition) = module.syntax(id) else { return None };
    let has_bases = facts.has_keywords || facts.bases.iter().any(|base| base != "object");
    let mut names = attributes.to_vec();
    names.extend(facts.attributes.iter().filter(|name| !attributes.contains(name)).cloned());
    let mangled = names.iter().any(|name| name.contains("__"));
    if has_bases
        || facts.slots.is_some()
        || facts.needs_dict
        || asks_for_dicts(module)
        || mangled
        || module.imports_library("weakref")
    {
        return None;
    }
    let editor = Editor::new(module);
    if facts.dataclass.is_some() {
        let is_field = |name: &String| {
            definition.body.iter().any(|statement| match statement {
                ast::Stmt::AnnAssign(it) => syntax::name(&it.target).is_some_and(|field| field.id == *name),
                _ => false,
            })
        };
        // The decorator makes another class, which these would not find.
        let body = module.slice(module.statement(id).span);
        let knows_itself = body.contains("super(") || body.contains("__class__");
        return (names.iter().all(is_field) && !knows_itself)
            .then(|| editor.dataclass_slots(id).ok())
            .flatten();
    }
    let is_method = |name: &String| {
        definition.body.iter().any(|statement| match statement {
            ast::Stmt::FunctionDef(it) => it.name.as_str() == name,
            _ => false,
        })
    };
    if names.iter().any(|name| facts.class_attributes.contains(name) || is_method(name)) {
        return None;
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    editor.add_slots(id, &names).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edits::tests::edited;

    fn fixed(text: &str) -> Option<String> {
        let attributes = ["x".to_owned(), "y".to_owned()];
        let (after, safety) = edited(text, 2, |module, id| fix(module, id, &attributes))?;
        assert_eq!(safety, heapwise_source::Safety::Unsafe);
        Some(after)
    }

    #[test]
    fn a_class_gets_slots() {
        let text = "import os  # no __dict__\nclass P:\n    def __init__(self):\n        self.x = self.y = self.z = 0\n";
        let after = text.replace("class P:\n", "class P:\n    __slots__ = (\"x\", \"y\", \"z\")\n");
        assert_eq!(fixed(text), Some(after));
        let text = "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int = 0\n";
        assert_eq!(fixed(text), Some(text.replace("@dataclass\n", "@dataclass(slots=True)\n")));
    }

    #[test]
    fn a_class_that_may_need_its_dict_is_left_alone() {
        let body = "    def __init__(self):\n        self.x = self.y = 0\n";
        for text in [
            format!("import os\nclass P(Base):\n{body}"),
            format!("import os\nclass P:\n    x = 1\n{body}"),
            format!("import weakref\nclass P:\n{body}"),
            format!("import os\nclass P:\n{body}print(vars(P()))\n"),
            format!("import os\nclass P:\n{body}print(P().__dict__)\n"),
            format!("import os\nclass P:\n{body}        self.__z = 0\n"),
            "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n".to_owned(),
        ] {
            assert_eq!(fixed(&text), None, "{text}");
        }
    }
}
