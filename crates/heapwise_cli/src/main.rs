//! The `heapwise` program.
//!
//! Owns nothing but the list of its parts; [`commands`] does the work and says how to end.

mod args;
mod commands;
mod env_vars;
mod exit;
mod failure;
mod held_signals;
mod launch;
mod terminal;
mod verify;

use std::process::ExitCode;

fn main() -> ExitCode {
    commands::main(std::env::args_os().collect())
}
