//! The report model and its renderers: text and JSON.
//!
//! Owns what a person or a program is told about a run, and how it looks. Touches no disk, clock, environment
//! or terminal: it is given a profile, its analysis and the options, and writes to what it is given; the text
//! of source files comes from the capture.
//!
//! ```no_run
//! # fn show(profile: &heapwise_analysis::profile::Profile) -> std::io::Result<()> {
//! use heapwise_report::{Report, text};
//!
//! let report = Report::build(profile, &heapwise_analysis::analyse(profile));
//! let options = text::TextOptions { width: 80, color: false, lines: 10 };
//! text::render(&report, &options, &mut std::io::stderr())
//! # }
//! ```

#![forbid(unsafe_code)]

pub mod advice;
mod build;
pub mod comparison;
mod death;
mod job;
pub mod json;
mod model;
pub mod numbers;
mod objects;
mod place;
mod source;
pub mod text;
mod tree;

pub use numbers::bytes;
pub use place::{library as library_name, short as short_name};

pub use model::{
    AllocatedAt, AmongOthers, Begun, Below, Call, Death, Exit, File, Function, Held, HeldBy, HeldObject,
    LastSeen, Library, Line, MemoryKills, Mode, Moment, NotFollowed, Peak, Process, Recording, Refused,
    Report, Resident, ResidentKind, Run, SCHEMA, Sampling, Step, Temporary, UserLine, Whose,
};
