//! Every rule has its page with the sections that all have, and stands in the index.

use std::fmt::Write as _;
use std::path::Path;

use heapwise_advisor::rules;

const SECTIONS: [&str; 6] =
    ["What it finds", "Why", "Measured example", "When it stays silent", "The fix", "Sources"];

fn index() -> String {
    let mut text = String::from(
        "# Rules\n\nWhat `heapwise advise` looks for; `heapwise explain RULE` prints a rule's page. Generated from \
         the rules: `HEAPWISE_UPDATE=1 cargo test -p heapwise_advisor --test pages` writes it.\n\n\
         | rule | finds |\n|---|---|\n",
    );
    for rule in rules::ALL {
        writeln!(text, "| [{0}]({0}.md) | {1} |", rule.id(), rule.summary())
            .expect("a string takes everything");
    }
    text
}

#[test]
fn every_page_has_its_sections_in_order() {
    for rule in rules::ALL {
        let headings: Vec<&str> = rule.page().lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, SECTIONS, "docs/rules/{}.md", rule.id());
        assert!(rule.page().starts_with(&format!("# {}\n", rule.id())), "{}", rule.id());
    }
}

#[test]
fn rules_are_in_alphabetical_order_and_each_has_its_name_once() {
    let names: Vec<&str> = rules::ALL.iter().map(|rule| rule.id()).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    assert!(names.iter().all(|name| rules::rule(name).is_some()));
}

#[test]
fn the_index_lists_every_rule() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules/README.md");
    if std::env::var_os("HEAPWISE_UPDATE").is_some() {
        std::fs::write(&path, index()).expect("the index can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        written,
        index(),
        "write it anew: HEAPWISE_UPDATE=1 cargo test -p heapwise_advisor --test pages"
    );
}
