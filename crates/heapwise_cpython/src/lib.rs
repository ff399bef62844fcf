//! Reads the frames of the CPython that this process runs, from inside.
//!
//! Owns all knowledge of CPython versions: which functions to look up, where the fields of frames, code and
//! strings stand, how line tables are coded. It links no symbol of CPython; everything is looked up when
//! [`Interpreter::attach`] runs, and the layout is chosen there once.
//!
//! Invariant: nothing here allocates through the interpreter, takes the GIL or runs Python code, except
//! [`Interpreter::attach`] and [`module`], which the caller runs with the GIL held at import. An interpreter
//! is handed out only if a walk over its own frames gave the same code and lines as `sys._getframe()`.

#![allow(unsafe_code, reason = "reads another program's structures in memory; each block says why it may")]

pub mod allocators;
mod api;
mod code;
mod frame;
pub mod gil;
mod layout;
mod line_table;
pub mod module;
pub mod objects;
mod self_check;
mod text;

use std::fmt;

pub use code::CodeFacts;
pub use frame::{Frame, FramePointer, FrameWork, Frames};
pub use line_table::Place;
pub use text::Text;

use api::Api;
use layout::Layout;
use text::TextLayout;

/// Why an interpreter cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A function that every supported CPython has is not there.
    MissingSymbol(&'static str),
    /// The version is not one whose layout is known.
    UnknownVersion(String),
    /// A build without the GIL.
    FreeThreaded(String),
    /// The walk over the own frames differs from what the interpreter says.
    SelfCheck(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingSymbol(name) => {
                write!(formatter, "it has no function {name}, so it is no CPython 3.10 to 3.14")
            }
            Self::UnknownVersion(version) => {
                write!(formatter, "it is Python {version}, and only CPython 3.10 to 3.14 are known")
            }
            Self::FreeThreaded(version) => {
                write!(
                    formatter,
                    "it is a free-threaded build of Python {version}, which is not supported yet"
                )
            }
            Self::SelfCheck(difference) => {
                write!(formatter, "its frames are not laid out as expected ({difference})")
            }
        }
    }
}

/// The version of an interpreter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 3 in 3.12.1.
    pub major: u8,
    /// 12 in 3.12.1.
    pub minor: u8,
    /// 1 in 3.12.1.
    pub micro: u8,
}

impl Version {
    /// As `PY_VERSION_HEX` has it, taken for a final release.
    pub const fn hex(self) -> u32 {
        ((self.major as u32) << 24) | ((self.minor as u32) << 16) | ((self.micro as u32) << 8) | 0xf0
    }

    /// Reads "3.12.1 (main, ...)".
    fn parse(text: &str) -> Option<Self> {
        let number = text.split_whitespace().next()?;
        let mut parts = number.splitn(3, '.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        let micro = parts.next()?;
        let digits = micro.find(|c: char| !c.is_ascii_digit()).unwrap_or(micro.len());
        Some(Self { major, minor, micro: micro[..digits].parse().ok()? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.micro)
    }
}

/// The interpreter of this process, with the layout of its structures.
#[derive(Debug, Clone)]
pub struct Interpreter {
    version: Version,
    api: Api,
    layout: Layout,
    text: TextLayout,
}

impl Interpreter {
    /// Finds the interpreter, chooses the layout and checks it against the interpreter's own word.
    ///
    /// # Errors
    /// A [`Refusal`] whose text can be shown to a person.
    ///
    /// # Safety
    /// The calling thread holds the GIL and runs below at least one Python frame.
    pub unsafe fn attach() -> Result<Self, Refusal> {
        let api = Api::look_up()?;
        let full = api.version_text();
        let version = Version::parse(&full).ok_or_else(|| Refusal::UnknownVersion(full.clone()))?;
        if full.contains("free-threading") {
            return Err(Refusal::FreeThreaded(version.to_string()));
        }
        let layout = Layout::of(version).ok_or_else(|| Refusal::UnknownVersion(version.to_string()))?;
        // SAFETY: the GIL is held, by this function's own contract.
        let text = unsafe { TextLayout::probe(&api)? };
        let interpreter = Self { version, api, layout, text };
        // SAFETY: as above, and a Python frame is there.
        unsafe { self_check::run(&interpreter)? };
        Ok(interpreter)
    }

    /// Its version.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Its version with build and compiler, as `sys.version` has it.
    pub fn version_text(&self) -> String {
        self.api.version_text()
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn versions_are_read_with_and_without_suffix() {
        let version = |text| Version::parse(text).map(|version| version.to_string());
        assert_eq!(version("3.12.1 (main, Jan  1 2024) [GCC]"), Some("3.12.1".into()));
        assert_eq!(version("3.14.0rc2+ (heads/3.14)"), Some("3.14.0".into()));
        assert_eq!(version("nonsense"), None);
        assert_eq!(Version { major: 3, minor: 12, micro: 1 }.hex(), 0x030c_01f0);
    }
}
