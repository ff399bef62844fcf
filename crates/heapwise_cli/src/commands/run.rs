//! `heapwise run`: runs a program, records its memory, and then says where it went.
//!
//! Invariant: until the program has ended heapwise says nothing, unless it cannot start it; after that, whatever
//! becomes of the report, the end is the program's own.

use std::fs::File;
use std::io::{ErrorKind, stderr};
use std::path::Path;

use anyhow::Result;
use heapwise_profile::{Ending, Mode};

use super::{fix, reading};
use crate::args::{Program, RunArguments, Target};
use crate::env_vars;
use crate::exit::{End, ExitStatus};
use crate::failure::{self, Failure};
use crate::launch::{self, CaptureFile, Finished, Unavailable};
use crate::terminal::Look;

/// The exit code by which the start-up hook in the interpreter says that it refused to profile, and told why.
const AGENT_REFUSED: Ending = Ending::Code(78);

/// Does it.
pub(super) fn run(arguments: &RunArguments) -> Result<End> {
    let program = arguments.program();
    check_program(&program.target)?;
    let interpreter = launch::interpreter()?;
    let mode = if arguments.exact { Mode::Exact } else { Mode::Sampled };
    if python_will_refuse(&program.target) {
        return Ok(End::LikeProgram(launch::run(&interpreter, &program, mode, None)?.ending));
    }
    let mut capture = match reserve(arguments, &program) {
        Ok(capture) => capture,
        Err(Unavailable::Refused(failure)) => return Err(failure.into()),
        Err(Unavailable::System(name, error)) => {
            let finished = launch::run(&interpreter, &program, mode, None)?;
            failure::warn(format_args!(
                "the program ran unprofiled, because {} cannot be created: {}; name another place with -o",
                name.display(),
                failure::reason(&error)
            ));
            return Ok(End::LikeProgram(finished.ending));
        }
    };
    let finished = match launch::run(&interpreter, &program, mode, Some(&mut capture)) {
        Ok(finished) => finished,
        Err(failure) => {
            capture.discard_if_empty();
            return Err(failure.into());
        }
    };
    if capture.is_empty() {
        let refused = finished.ending == AGENT_REFUSED;
        if !refused {
            say_why_empty(&capture, &interpreter);
        }
        capture.discard_if_empty();
        if refused {
            return Ok(End::Own(ExitStatus::Refused));
        }
    } else {
        finish(&capture, &finished, !arguments.no_report);
        if arguments.fix {
            return fix::after_run(&capture.shown);
        }
    }
    Ok(End::LikeProgram(finished.ending))
}

fn reserve(arguments: &RunArguments, program: &Program) -> Result<CaptureFile, Unavailable> {
    match &arguments.output {
        Some(name) => CaptureFile::reserve_named(name, arguments.force),
        None => CaptureFile::reserve_default(&launch::stem_for(&program.target)),
    }
}

/// Says of a script that it is missing or may not be read, as Python would, but with what to do.
fn check_program(target: &Target) -> Result<(), Failure> {
    let Target::Script(name) = target else { return Ok(()) };
    let path = Path::new(name);
    let shown = path.display();
    if name == "-" {
        return Ok(());
    }
    match path.metadata() {
        // To open a pipe would take from it what is Python's.
        Ok(file) if !file.is_file() => return Ok(()),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(
                Failure::refused(format!("there is no script {shown}")).hint(missing_script_hint(path))
            );
        }
        Err(error) => {
            return Err(Failure::refused(format!(
                "cannot read the script {shown}: {}",
                failure::reason(&error)
            )));
        }
    }
    match File::open(path) {
        Ok(_) => Ok(()),
        Err(error) => {
            Err(Failure::refused(format!("cannot read the script {shown}: {}", failure::reason(&error)))
                .hint(format!("see who may read it: ls -l {}", failure::typed(path))))
        }
    }
}

fn missing_script_hint(path: &Path) -> String {
    let with_extension = path.with_added_extension("py");
    if with_extension.exists() {
        format!("there is {}", with_extension.display())
    } else if path.parent().is_some_and(|folder| folder.as_os_str().is_empty()) && path.extension().is_none()
    {
        format!("give the path of a script; to run a module: heapwise run -m {}", failure::typed(path))
    } else {
        "give the path of a script, seen from the working directory".to_owned()
    }
}

/// Whether there is nothing to run in this directory. Python says so in its own words; a capture of that would
/// only be in the way.
fn python_will_refuse(target: &Target) -> bool {
    let Target::Script(path) = target else { return false };
    let path = Path::new(path);
    path.is_dir() && !["__main__.py", "__main__.pyc"].iter().any(|main| path.join(main).exists())
}

fn say_why_empty(capture: &CaptureFile, interpreter: &Path) {
    if let Some(error) = capture.write_error() {
        let shown = capture.shown.display();
        failure::warn(format_args!(
            "nothing was recorded: cannot write to {shown}: {}",
            failure::reason(&error)
        ));
        return;
    }
    let typed = failure::typed(interpreter);
    failure::warn(format_args!(
        "nothing was recorded: heapwise is not installed for {}; install it there \
         ({typed} -m pip install heapwise) or name another interpreter with {}",
        interpreter.display(),
        env_vars::PYTHON
    ));
}

/// Stamps the capture and says what is in it.
fn finish(capture: &CaptureFile, finished: &Finished, wanted: bool) {
    let shown = capture.shown.display();
    if let Err(error) = launch::stamp(capture, finished) {
        failure::warn(format_args!(
            "cannot write to {shown} how the program ended: {}",
            failure::reason(&error)
        ));
    }
    if let Err(error) = launch::take_in(capture, &finished.not_followed) {
        failure::warn(format_args!(
            "not all processes of the run are in {shown} itself: {}; keep the folder {shown}.children beside it, \
             reports read it there",
            failure::reason(&error)
        ));
    }
    if !wanted {
        return;
    }
    if !capture.is_in_place() {
        failure::warn(format_args!("no report: {shown} was removed or replaced while the program ran"));
        return;
    }
    let look = Look::of(&stderr());
    let report = match reading::read(&capture.absolute) {
        Ok(report) => report,
        Err(error) => {
            failure::warn(format_args!("no report: {error}"));
            return;
        }
    };
    match reading::as_text(&report, look) {
        Ok(text) => failure::say(format_args!("\n{}", String::from_utf8_lossy(&text))),
        Err(error) => failure::warn(format_args!("no report: {error}")),
    }
    let typed = failure::typed(&capture.shown);
    failure::say(format_args!("\nheapwise: the capture is {shown}\nSee it again: heapwise report {typed}\n"));
}
