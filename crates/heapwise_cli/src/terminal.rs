//! What the terminal can show, if there is one.
//!
//! Invariant: what is piped or redirected has no colours and a fixed width, so it is the same everywhere.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use crate::env_vars;

/// Columns where there is no terminal.
const WIDTH_WITHOUT_TERMINAL: usize = 80;

/// How a stream shows text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// Columns.
    pub(crate) width: usize,
    /// Whether to use colours.
    pub(crate) colour: bool,
}

impl Look {
    /// Of a stream of this process.
    pub(crate) fn of(stream: &(impl IsTerminal + AsFd)) -> Self {
        if !stream.is_terminal() {
            return Self::plain();
        }
        // A terminal that does not know its size says 0.
        let width = terminal_size::terminal_size_of(stream).map(|(width, _)| usize::from(width.0));
        Self {
            width: width.filter(|&columns| columns > 0).unwrap_or(WIDTH_WITHOUT_TERMINAL),
            colour: env_vars::colours_allowed(),
        }
    }

    /// Of a file or a pipe.
    pub(crate) fn plain() -> Self {
        Self { width: WIDTH_WITHOUT_TERMINAL, colour: false }
    }
}
