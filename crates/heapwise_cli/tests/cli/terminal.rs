//! On a terminal: Ctrl-C and Ctrl-Z do to the program what they do without heapwise.

use std::process::Stdio;

use super::harness::{Sandbox, python};

/// Opens a terminal, runs a job on it as a shell with job control does, and types.
const SHELL: &str = include_str!("job_control.py");

/// What is typed at, told on stdout. It waits for keys and interrupts alike, so that none is missed between two waits.
const PROGRAM: &str = "import os, select, signal, sys\n\
                       woken, wake = os.pipe()\n\
                       os.set_blocking(wake, False)\n\
                       signal.set_wakeup_fd(wake)\n\
                       signal.signal(signal.SIGINT, lambda number, frame: None)\n\
                       print('ready', sys.stdin.isatty(), sys.stdout.isatty(), flush=True)\n\
                       interrupts = 0\n\
                       while True:\n\
                       \x20   ready, _, _ = select.select([0, woken], [], [])\n\
                       \x20   if woken in ready:\n\
                       \x20       interrupts += len(os.read(woken, 9))\n\
                       \x20       print('interrupted', interrupts, flush=True)\n\
                       \x20   if 0 in ready:\n\
                       \x20       line = os.read(0, 99).decode().strip()\n\
                       \x20       print('read', line, interrupts, flush=True)\n\
                       \x20       if line == 'end': sys.exit(interrupts)\n";

fn session(job: &[&str]) -> String {
    let sandbox = Sandbox::new();
    sandbox.file("program.py", PROGRAM);
    let mut command = sandbox.command(python());
    command.args(["-S", "-c", SHELL]).args(job).stdin(Stdio::null());
    let finished = sandbox.finish(command);
    assert_eq!(finished.code(), Some(0), "{}", finished.shown());
    finished.stdout
}

#[test]
fn keys_do_what_they_do_without_heapwise() {
    let expected = "\
        program: ready True True\n\
        type Ctrl-C\n\
        program: interrupted 1\n\
        type Ctrl-Z\n\
        shell: stopped by 20\n\
        shell: continued\n\
        type again\n\
        program: read again 1\n\
        type Ctrl-Z\n\
        shell: stopped by 20\n\
        shell: continued\n\
        type Ctrl-C\n\
        program: interrupted 2\n\
        type end\n\
        program: read end 2\n\
        shell: exited with 2\n";
    let sandbox = Sandbox::new();
    let interpreter = sandbox.interpreter();
    assert_eq!(session(&[&interpreter.to_string_lossy(), "program.py"]), expected);
    assert_eq!(session(&[env!("CARGO_BIN_EXE_heapwise"), "run", "--no-report", "program.py"]), expected);
}
