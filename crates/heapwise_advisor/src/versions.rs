//! Versions of Python and of libraries, as rules compare them.
//!
//! Invariant: versions are compared by number, part by part; what is behind the first three numbers is left out.

/// A version: `3.12.1` or `3.0.0rc1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second.
    pub minor: u32,
    /// The third.
    pub patch: u32,
}

impl Version {
    /// A version without a third number.
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor, patch: 0 }
    }

    /// Reads the numbers at the start of a text; `None` if it does not start with a number.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('.').map(|part| {
            let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            part[..end].parse::<u32>().ok()
        });
        let major = parts.next().flatten()?;
        let mut next = || parts.next().flatten().unwrap_or(0);
        Some(Self { major, minor: next(), patch: next() })
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_compared() {
        let version = |text| Version::parse(text).expect("a version");
        assert_eq!(version("3.12.1 (main, ...)"), Version { major: 3, minor: 12, patch: 1 });
        assert_eq!(version("3.0.0rc1"), Version::new(3, 0));
        assert!(version("2.10") > version("2.9.9"));
        assert_eq!(Version::parse("unknown"), None);
    }
}
