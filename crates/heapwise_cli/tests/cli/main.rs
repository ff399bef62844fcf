//! The `heapwise` program as its users meet it: the built binary, real interpreters, real signals.

mod harness;
mod help;
mod report;
mod run;
mod same_as_python;
mod signals;
mod terminal;
