//! The subcommands, and how the process ends after them.
//!
//! Invariant: an error of a command is said once, here.

mod advise;
mod diff;
mod explain;
mod export;
mod fix;
pub(crate) mod output;
mod reading;
mod report;
mod run;
mod view;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::args::{self, Command};
use crate::exit::{End, ExitStatus};
use crate::{failure, launch};

/// Does what the command line says.
pub(crate) fn main(typed: Vec<OsString>) -> ExitCode {
    let first = typed.get(1).cloned();
    let done = match args::parse(typed) {
        Ok(arguments) => match arguments.command {
            Command::Run(arguments) => run::run(&arguments),
            Command::Report(arguments) => report::report(&arguments),
            Command::View(arguments) => view::view(&arguments),
            Command::Advise(arguments) => advise::advise(&arguments),
            Command::Explain(arguments) => explain::explain(&arguments),
            Command::Diff(arguments) => diff::diff(&arguments),
            Command::Fix(arguments) => fix::fix(&arguments),
        },
        Err(error) => Ok(End::Own(answer(&error, first.as_deref().map(Path::new)))),
    };
    match done.unwrap_or_else(|error| End::Own(failure::say_error(&error))) {
        End::Own(status) => ExitCode::from(status as u8),
        End::LikeProgram(ending) => ExitCode::from(launch::end_like(ending)),
    }
}

/// Shows what clap has to say: help and version on stdout, mistakes on stderr. `first` is the first word typed.
fn answer(error: &clap::Error, first: Option<&Path>) -> ExitStatus {
    if !error.use_stderr() {
        // Nobody is left to be told if stdout is closed.
        let _ = error.print();
        return ExitStatus::Success;
    }
    if error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        failure::say("heapwise: ");
    }
    let _ = error.print();
    if error.kind() == ErrorKind::InvalidSubcommand
        && let Some(script) = first.filter(|path| path.exists())
    {
        failure::say(format_args!("hint: to profile it: heapwise run {}\n", failure::typed(script)));
    }
    ExitStatus::Refused
}
