//! The paths that Rust source names outside its tests, by its tokens.
//!
//! Tokens rather than text, so that comments and strings do not count and grouped or renamed imports do:
//! `use std::{fs as disk, io};` followed by `disk::read` and `io::stdout` gives `std::fs::read` and `std::io::stdout`.
//! Scopes are not told apart: a name imported anywhere in a file means the same everywhere in it.

use std::collections::HashMap;
use std::str::FromStr;

use proc_macro2::{Delimiter, Group, LexError, Spacing, TokenStream, TokenTree};

/// One use of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsedPath {
    /// Segments joined by `::`, an import's first name replaced by what it stands for; ends in `*` for a glob.
    pub(crate) path: String,
    /// Line, from 1.
    pub(crate) line: usize,
    /// Whether it is called as a macro.
    pub(crate) is_macro: bool,
}

/// Every path in a file, but for items under `#[cfg(test)]`.
///
/// # Errors
/// If the text is not Rust.
pub(crate) fn paths_outside_tests(text: &str) -> Result<Vec<UsedPath>, LexError> {
    let mut walk = Walk::default();
    walk.stream(TokenStream::from_str(text)?);
    let imported = walk.imported;
    for used in &mut walk.used {
        let (first, rest) = used.path.split_once("::").unwrap_or((&used.path, ""));
        if let Some(meant) = imported.get(first) {
            used.path = if rest.is_empty() { meant.clone() } else { format!("{meant}::{rest}") };
        }
    }
    walk.used.extend(walk.imports);
    walk.used.sort_by_key(|used| used.line);
    Ok(walk.used)
}

#[derive(Default)]
struct Walk {
    /// Paths in code, as written.
    used: Vec<UsedPath>,
    /// Paths in `use` items, whole.
    imports: Vec<UsedPath>,
    /// What each imported name stands for.
    imported: HashMap<String, String>,
}

impl Walk {
    fn stream(&mut self, stream: TokenStream) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at] {
                TokenTree::Punct(hash) if hash.as_char() == '#' => {
                    if is_punct(tokens.get(at + 1), '!') && is_test_attribute(tokens.get(at + 2)) {
                        return;
                    }
                    if is_test_attribute(tokens.get(at + 1)) { end_of_item(&tokens, at + 2) } else { at + 1 }
                }
                TokenTree::Group(group) => {
                    self.stream(group.stream());
                    at + 1
                }
                TokenTree::Ident(word) if word == "use" && starts_use_tree(tokens.get(at + 1)) => {
                    self.use_tree(&tokens, at + 1, &[])
                }
                // A field or a method is not a path.
                TokenTree::Ident(_) if at > 0 && is_punct(tokens.get(at - 1), '.') => at + 1,
                TokenTree::Ident(_) => self.path(&tokens, at),
                _ => at + 1,
            };
        }
    }

    /// Takes `a::b::c` or `a::b!`; returns where to go on.
    fn path(&mut self, tokens: &[TokenTree], start: usize) -> usize {
        let mut segments = Vec::new();
        let mut at = start;
        while let Some(TokenTree::Ident(segment)) = tokens.get(at) {
            segments.push(segment.to_string());
            at += 1;
            if !is_path_separator(tokens, at) || !matches!(tokens.get(at + 2), Some(TokenTree::Ident(_))) {
                break;
            }
            at += 2;
        }
        let is_macro = matches!(tokens.get(at), Some(TokenTree::Punct(mark))
            if mark.as_char() == '!' && mark.spacing() == Spacing::Alone);
        self.used.push(UsedPath { path: segments.join("::"), line: line(&tokens[start]), is_macro });
        at
    }

    /// Takes one branch of a `use` item below `parents`, up to its `,` or `;`; returns where to go on.
    fn use_tree(&mut self, tokens: &[TokenTree], start: usize, parents: &[String]) -> usize {
        let mut path = parents.to_vec();
        let mut at = start;
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Ident(word) if word == "as" => {
                    if let Some(TokenTree::Ident(name)) = tokens.get(at + 1) {
                        self.import(&path, &name.to_string(), line(token));
                    }
                    return at + 2;
                }
                TokenTree::Ident(word) if word == "self" && !path.is_empty() => {}
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    self.use_group(group, &path);
                    return at + 1;
                }
                TokenTree::Punct(mark) if mark.as_char() == '*' => {
                    path.push("*".to_owned());
                    let used = UsedPath { path: path.join("::"), line: line(token), is_macro: false };
                    self.imports.push(used);
                    return at + 1;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => {}
                _ => break,
            }
            at += 1;
        }
        if let Some(name) = path.last().cloned() {
            self.import(&path, &name, line(&tokens[at - 1]));
        }
        at
    }

    fn use_group(&mut self, group: &Group, parents: &[String]) {
        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            // The `,` between two branches is one token.
            at = self.use_tree(&tokens, at, parents) + 1;
        }
    }

    fn import(&mut self, path: &[String], name: &str, line: usize) {
        let path = path.join("::");
        self.imported.insert(name.to_owned(), path.clone());
        self.imports.push(UsedPath { path, line, is_macro: false });
    }
}

fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

fn is_punct(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}

fn is_path_separator(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

/// Tells an import from the `use<'a>` of an `impl Trait`.
fn starts_use_tree(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Ident(_) | TokenTree::Group(_))) || is_punct(token, ':')
}

/// Whether the token is the `[cfg(test)]` or `[cfg(all(test, …))]` of an attribute.
fn is_test_attribute(token: Option<&TokenTree>) -> bool {
    let Some(TokenTree::Group(group)) = token else { return false };
    let words: Vec<TokenTree> = group.stream().into_iter().collect();
    let [TokenTree::Ident(cfg), TokenTree::Group(condition)] = words.as_slice() else { return false };
    cfg == "cfg" && holds_only_in_tests(&condition.stream().into_iter().collect::<Vec<_>>())
}

fn holds_only_in_tests(condition: &[TokenTree]) -> bool {
    match condition {
        [TokenTree::Ident(word)] => word == "test",
        [TokenTree::Ident(all), TokenTree::Group(parts)] if all == "all" => {
            let parts: Vec<TokenTree> = parts.stream().into_iter().collect();
            parts.split(|token| is_punct(Some(token), ',')).any(holds_only_in_tests)
        }
        _ => false,
    }
}

/// The place behind the item that starts at `at`: behind its body in braces, or its semicolon.
fn end_of_item(tokens: &[TokenTree], at: usize) -> usize {
    let end = tokens[at..].iter().position(|token| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_punct(Some(token), ';'),
    });
    end.map_or(tokens.len(), |offset| at + offset + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        paths_outside_tests(text)
            .expect("the text is Rust")
            .into_iter()
            .map(|used| format!("{}:{}{}", used.line, used.path, if used.is_macro { "!" } else { "" }))
            .filter(|path| path.contains("std"))
            .collect()
    }

    #[test]
    fn imports_are_followed_through_groups_and_new_names() {
        let text = "use std::{fs as disk, io::{self, Read}};\nfn f() { disk::read(p); io::stdout(); }";
        assert_eq!(
            paths(text),
            ["1:std::fs", "1:std::io", "1:std::io::Read", "2:std::fs::read", "2:std::io::stdout"]
        );
    }

    #[test]
    fn globs_are_named() {
        assert_eq!(paths("use std::io::*;"), ["1:std::io::*"]);
    }

    #[test]
    fn comments_strings_fields_and_methods_are_no_paths() {
        let text = "/// std::fs\nuse std::time;\nfn f(s: S) { let _ = \"std::env\"; s.time(); }";
        assert_eq!(paths(text), ["2:std::time"]);
    }

    #[test]
    fn code_inside_macro_arguments_counts() {
        assert_eq!(
            paths("fn f() {\n std::println!(\"{}\", std::env::var(a));\n}"),
            ["2:std::println!", "2:std::env::var"]
        );
    }

    #[test]
    fn what_is_compiled_for_tests_only_is_left_out() {
        for tests in [
            "#[cfg(test)]\nmod tests { use std::fs; }",
            "#[cfg(test)]\nuse std::fs;",
            "#[cfg(test)]\n#[allow(dead_code)]\nfn f(a: [u8; 2]) -> T { std::fs::read(a) }",
            "#[cfg(all(test, unix))]\nmod tests { use std::fs; }",
            "#![cfg(test)]\nuse std::fs;",
        ] {
            assert_eq!(paths(&format!("{tests}\n")), [""; 0], "{tests}");
        }
        assert_eq!(paths("#[cfg(test)]\nmod tests {}\nuse std::env;"), ["3:std::env"]);
        assert_eq!(paths("#[cfg(not(test))]\nmod real { use std::env; }"), ["2:std::env"]);
    }

    #[test]
    fn capturing_a_lifetime_is_no_import() {
        assert_eq!(
            paths("fn f<'a>() -> impl Iterator + use<'a> { std::iter::empty() }"),
            ["1:std::iter::empty"]
        );
    }
}
