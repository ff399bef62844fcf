//! `heapwise view`: opens the page of a capture in the browser.
//!
//! Owns how a browser is found and started. Invariants: the page outlives this process, because a browser reads it
//! later; where there is no browser, the page's path is printed and that is no error.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::{output, reading};
use crate::args::ViewArguments;
use crate::exit::{End, ExitStatus};
use crate::failure::{self, Failure};

/// Programs that open a page in the browser that a person has chosen.
const OPENERS: &[&str] = &["xdg-open", "wslview", "gio open", "x-www-browser", "sensible-browser"];

/// Does it.
pub(super) fn view(arguments: &ViewArguments) -> Result<End> {
    if let Some(output) = &arguments.output {
        output::check(output, &arguments.capture)?;
    }
    let (report, page) =
        reading::read_page(&arguments.capture).map_err(|error| Failure::refused(error.to_string()))?;
    let path = match &arguments.output {
        Some(output) => output.clone(),
        None => new_place(&arguments.capture).context("cannot make a folder for the page")?,
    };
    output::write_file(&path, &page)
        .with_context(|| format!("cannot write the page to {}", path.display()))?;
    let path = path.canonicalize().unwrap_or(path);
    for problem in &report.run.problems {
        failure::warn(format_args!("{}: {problem}", arguments.capture.display()));
    }
    if let Some(browser) = open(&path) {
        failure::say(format_args!("heapwise: opened {} with {browser}\n", path.display()));
    } else {
        failure::say("heapwise: no browser found here; open this page in one:\n");
        let mut out = io::stdout().lock();
        // A reader who has gone needs no path.
        let _ = writeln!(out, "{}", path.display()).and_then(|()| out.flush());
    }
    let complete = report.run.problems.is_empty();
    Ok(End::Own(if complete { ExitStatus::Success } else { ExitStatus::Partial }))
}

/// Where the page goes if nobody says: a folder that only this person reads, with a name that a browser's tab can show.
fn new_place(capture: &Path) -> io::Result<PathBuf> {
    let folder = tempfile::Builder::new().prefix("heapwise-view-").tempdir()?.keep();
    let name = capture.file_stem().map_or_else(|| OsString::from("capture"), ToOwned::to_owned);
    Ok(folder.join(name).with_added_extension("html"))
}

/// Starts a browser with the page; its name if one was started.
fn open(page: &Path) -> Option<String> {
    browsers()
        .into_iter()
        .find(|words| {
            let Some((program, options)) = words.split_first() else { return false };
            let started = Command::new(program)
                .args(options)
                .arg(page)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            // It goes on by itself; only a program that is not there is tried no further.
            started.is_ok()
        })
        .map(|words| words.join(" "))
}

/// The ways to open a page, the likeliest first: what `BROWSER` names, and where there is a screen, what the desktop has.
fn browsers() -> Vec<Vec<String>> {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let chosen = env::var("BROWSER").unwrap_or_default();
    let mut ways: Vec<Vec<String>> = chosen.split(':').map(words).filter(|it| !it.is_empty()).collect();
    let screen = ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"];
    if screen.iter().any(|name| env::var_os(name).is_some_and(|value| !value.is_empty())) {
        ways.extend(OPENERS.iter().filter(|it| is_there(it)).map(|it| words(it)));
    }
    ways
}

/// Whether the first word is a program on PATH.
fn is_there(line: &str) -> bool {
    let program = line.split(' ').next().unwrap_or(line);
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| fs::metadata(folder.join(program)).is_ok_and(|file| file.is_file()))
}
