//! A profile in the formats of other tools.
//!
//! Owns how stacks, lines and events are written for programs that others made. Touches no disk, clock,
//! environment or terminal: each format is written to what it is given.
//!
//! | module | format | who reads it | what is in it |
//! |---|---|---|---|
//! | [`collapsed`] | collapsed stacks, one line each | flame graph scripts, speedscope | one [`Value`] by stack |
//! | [`speedscope`] | JSON | speedscope.app, VS Code | every value by stack, one profile each |
//! | [`pprof`] | profile.proto, gzip | `go tool pprof`, Pyroscope, Parca, Perfetto | every value by stack, blocks too |
//! | [`firefox`] | processed profile, JSON | profiler.firefox.com | every value by stack, the heap over time |
//! | [`lines`] | CSV | spreadsheets, pandas, DuckDB | every value by line |
//! | [`events`] | Parquet | DuckDB, Polars, pandas | every recorded event |
//!
//! Invariants: the bytes of a value over all stacks of an export sum up to that value of the whole program (up to
//! rounding in sampled captures); names from the program are text in every format, whatever they contain.

#![forbid(unsafe_code)]

pub mod collapsed;
pub mod events;
pub mod firefox;
pub mod lines;
pub mod pprof;
pub mod speedscope;
mod stacks;
mod value;

pub use value::Value;
