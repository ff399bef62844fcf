//! Whose code a file is: the user's, a library's, or Python's own.
//!
//! Decided from the path alone, so that the agent (which keeps the text of user files) and the reports (which
//! put user code first) agree.

/// Whose code a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin<'a> {
    /// A file of the user's.
    User,
    /// A file of an installed distribution; the top-level name under `site-packages`.
    Library(&'a str),
    /// A file of Python's own library, or a frozen module.
    Python,
    /// Code that has no file: `<string>`, `<stdin>`, `<frozen ...>` apart.
    NoFile,
}

/// Decides from the name of the file that a code object carries.
pub fn origin(file: &str) -> Origin<'_> {
    if file.starts_with("<frozen ") {
        return Origin::Python;
    }
    if file.is_empty() || (file.starts_with('<') && file.ends_with('>')) {
        return Origin::NoFile;
    }
    for folder in ["/site-packages/", "/dist-packages/"] {
        if let Some((_, rest)) = file.rsplit_once(folder) {
            let top = rest.split('/').next().unwrap_or(rest);
            return Origin::Library(top.strip_suffix(".py").unwrap_or(top));
        }
    }
    if let Some((_, rest)) = file.rsplit_once("/lib/python3") {
        // `/lib/python3.12/json/decoder.py`: what follows is a minor version and a slash.
        let minor = rest.strip_prefix('.').unwrap_or(rest);
        let version = minor.split('/').next().unwrap_or("");
        if minor.contains('/') && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b't') {
            return Origin::Python;
        }
    }
    Origin::User
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart() {
        assert_eq!(origin("/home/a/train.py"), Origin::User);
        assert_eq!(origin("train.py"), Origin::User);
        assert_eq!(
            origin("/p/.venv/lib/python3.12/site-packages/pandas/core/frame.py"),
            Origin::Library("pandas")
        );
        assert_eq!(origin("/usr/lib/python3/dist-packages/six.py"), Origin::Library("six"));
        assert_eq!(origin("/usr/lib/python3.12/json/decoder.py"), Origin::Python);
        assert_eq!(origin("/opt/py/lib/python3.13t/json/decoder.py"), Origin::Python);
        assert_eq!(origin("<frozen importlib._bootstrap>"), Origin::Python);
        assert_eq!(origin("<string>"), Origin::NoFile);
        assert_eq!(origin("/srv/lib/python3.project/main.py"), Origin::User);
    }
}
