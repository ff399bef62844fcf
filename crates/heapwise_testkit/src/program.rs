//! A run of a program of one file whose source is known, for the tests of what reads sources and objects.
//!
//! Invariant: a look stands behind the last event that was recorded before it.

use heapwise_capture::inspection::{Inspection, Object};

use crate::{CaptureBuilder, Mode};

/// A capture in the making.
#[derive(Debug, Clone)]
pub struct Program {
    /// For what only one test records.
    pub capture: CaptureBuilder,
    events: u64,
}

impl Program {
    /// The program's file.
    pub const FILE: &str = "/home/a/app.py";
    /// What [`Self::allocate`] counts in.
    pub const MB: u64 = 1_000_000;

    /// A run of `source` with CPython 3.12.
    pub fn new(source: &str) -> Self {
        let mut capture = CaptureBuilder::new(Mode::Exact);
        capture
            .file(Self::FILE)
            .source(Self::FILE, source)
            .fact("folder", "/home/a")
            .fact("python", "3.12.1");
        Self { capture, events: 0 }
    }

    /// A block is allocated by the innermost of `frames`, which are written as [`CaptureBuilder::stack`] says.
    pub fn allocate(&mut self, address: u64, megabytes: u64, frames: &[&str]) {
        let stack = self.capture.stack(frames);
        self.capture.allocation(address, megabytes * Self::MB, stack);
        self.events += 1;
    }

    /// A block is freed.
    pub fn free(&mut self, address: u64) {
        self.capture.free(address);
        self.events += 1;
    }

    /// A look sees these objects.
    pub fn look_at(&mut self, objects: Vec<Object>) {
        let sequence = self.events;
        self.capture.inspection(&Inspection { sequence, objects, ..Inspection::default() });
    }
}
