//! How a file is named: whose code it is and the shortest name that still tells which one it is.

use heapwise_analysis::profile::{Origin, origin};

/// The library that a file belongs to: the top-level name of an installed one, or the module of Python's own;
/// `None` for the user's code.
pub fn library(file: &str) -> Option<&str> {
    match origin(file) {
        Origin::User | Origin::NoFile => None,
        Origin::Library(name) => Some(name),
        Origin::Python => Some(top_level(python_module(file))),
    }
}

/// Whether the code of `file` was made at run time, as `exec`, `namedtuple` and `dataclass` make it. It is the
/// user's where no file of the user's called it, else a detail of the line that did.
pub(crate) fn is_generated(file: &str) -> bool {
    origin(file) == Origin::NoFile
}

/// The name of `file` for people: relative to its library when it has one, else to the first of `folders` that it
/// is below.
pub fn short<'a>(file: &'a str, folders: &[&str]) -> &'a str {
    match origin(file) {
        Origin::Library(name) => {
            // The name starts where the folder of libraries ends, and it may occur before that too.
            ["/site-packages/", "/dist-packages/"]
                .iter()
                .find_map(|packages| file.rsplit_once(packages))
                .map_or(name, |(_, rest)| rest)
        }
        Origin::Python => python_module(file),
        Origin::User | Origin::NoFile => folders
            .iter()
            .find_map(|folder| file.strip_prefix(folder.trim_end_matches('/'))?.strip_prefix('/'))
            .unwrap_or(file),
    }
}

/// `json/decoder.py` of `/usr/lib/python3.12/json/decoder.py`; the module of `<frozen MODULE>`.
fn python_module(file: &str) -> &str {
    if let Some(module) = file.strip_prefix("<frozen ") {
        return module.trim_end_matches('>');
    }
    file.rsplit_once("/lib/python3").and_then(|(_, rest)| rest.split_once('/')).map_or(file, |(_, rest)| rest)
}

fn top_level(module: &str) -> &str {
    let top = module.split('/').next().unwrap_or(module);
    let top = top.strip_suffix(".py").unwrap_or(top);
    // `importlib._bootstrap` is a module within `importlib`.
    top.split('.').next().unwrap_or(top)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_its_top_level_name() {
        for (file, name) in [
            ("/home/a/train.py", None),
            ("<string>", None),
            ("", None),
            ("/v/lib/python3.12/site-packages/pandas/core/frame.py", Some("pandas")),
            ("/v/lib/python3.12/site-packages/six.py", Some("six")),
            ("/usr/lib/python3.12/json/decoder.py", Some("json")),
            ("/usr/lib/python3.12/threading.py", Some("threading")),
            ("<frozen importlib._bootstrap>", Some("importlib")),
            ("<frozen runpy>", Some("runpy")),
        ] {
            assert_eq!(library(file), name, "{file}");
        }
    }

    #[test]
    fn names_are_as_short_as_they_can_be() {
        let folders = ["/home/a/work", "/srv/scripts"];
        for (file, name) in [
            ("/home/a/work/train.py", "train.py"),
            ("/home/a/work/src/io.py", "src/io.py"),
            ("/srv/scripts/load.py", "load.py"),
            ("/home/a/workshop/io.py", "/home/a/workshop/io.py"),
            ("/home/a/work", "/home/a/work"),
            ("train.py", "train.py"),
            ("<string>", "<string>"),
            ("/v/lib/python3.12/site-packages/pandas/core/frame.py", "pandas/core/frame.py"),
            ("/usr/lib/python3.12/json/decoder.py", "json/decoder.py"),
            ("<frozen importlib._bootstrap>", "importlib._bootstrap"),
        ] {
            assert_eq!(short(file, &folders), name);
        }
        assert_eq!(short("/srv/a.py", &[]), "/srv/a.py");
        assert_eq!(short("/srv/a.py", &["/"]), "srv/a.py");
    }
}
