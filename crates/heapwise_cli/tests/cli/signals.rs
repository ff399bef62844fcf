//! Signals: those sent to the launcher reach the program, and the program's end is the launcher's end.
//!
//! Nothing here waits for time to pass: programs say on stdout what they have done, and the tests read it.

use std::io::{BufRead, BufReader, Lines, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::harness::{Sandbox, python};

/// `wait_for_signal()` in Python; unlike `signal.pause()` it also sees a signal that came just before.
const WAIT_FOR_SIGNAL: &str = "import os, signal\n\
                               woken, wake = os.pipe()\n\
                               os.set_blocking(wake, False)\n\
                               signal.set_wakeup_fd(wake)\n\
                               def wait_for_signal(): return os.read(woken, 1)\n";

/// `heapwise run -c code`, running.
struct Running {
    launcher: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(sandbox: &Sandbox, code: &str) -> Self {
        let code = format!("{WAIT_FOR_SIGNAL}{code}");
        let mut command = sandbox.heapwise(["run", "--no-report", "-c", &code]);
        // Apart from the test runner's process group, which signals must not reach.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut launcher = command.spawn().expect("it starts");
        let lines = BufReader::new(launcher.stdout.take().expect("a pipe")).lines();
        Self { launcher, lines }
    }

    /// The next line that the program writes.
    fn says(&mut self) -> String {
        self.lines.next().expect("a line").expect("it can be read")
    }

    fn send(&self, signal: Signal) {
        kill(Pid::from_raw(self.launcher.id().cast_signed()), signal).expect("the launcher runs");
    }

    fn end(mut self) -> ExitStatus {
        self.launcher.wait().expect("its end")
    }
}

impl Drop for Running {
    /// Leaves nothing behind where a test failed.
    fn drop(&mut self) {
        if matches!(self.launcher.try_wait(), Ok(None)) {
            let _ = killpg(Pid::from_raw(self.launcher.id().cast_signed()), Signal::SIGKILL);
            let _ = self.launcher.wait();
        }
    }
}

#[test]
fn every_signal_for_the_launcher_alone_reaches_the_program() {
    let sandbox = Sandbox::new();
    let mut running = Running::start(
        &sandbox,
        "import signal\n\
         signals = signal.valid_signals() - {9, 19}\n\
         signal.pthread_sigmask(signal.SIG_BLOCK, signals)\n\
         print('ready', flush=True)\n\
         while True:\n\
         \x20   got = signal.sigwait(signals - {signal.SIGCHLD})\n\
         \x20   print(int(got), flush=True)\n\
         \x20   if got == signal.SIGTERM: break\n",
    );
    assert_eq!(running.says(), "ready");
    for signal in [
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGABRT,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGPIPE,
        Signal::SIGALRM,
        Signal::SIGTSTP,
        Signal::SIGURG,
        Signal::SIGXCPU,
        Signal::SIGWINCH,
        Signal::SIGIO,
        Signal::SIGPWR,
        Signal::SIGTERM,
    ] {
        running.send(signal);
        assert_eq!(running.says(), (signal as i32).to_string());
    }
    assert_eq!(running.end().code(), Some(0));
}

#[test]
fn a_handler_decides_the_exit_code() {
    let sandbox = Sandbox::new();
    let mut running = Running::start(
        &sandbox,
        "import signal, sys\n\
         def stop(number, frame): print('cleaning up', flush=True); sys.exit(7)\n\
         signal.signal(signal.SIGTERM, stop)\n\
         print('ready', flush=True)\n\
         while True: wait_for_signal()\n",
    );
    assert_eq!(running.says(), "ready");
    running.send(Signal::SIGTERM);
    assert_eq!(running.says(), "cleaning up");
    assert_eq!(running.end().code(), Some(7));
}

#[test]
fn a_program_without_a_handler_dies_of_what_the_launcher_got() {
    let sandbox = Sandbox::new();
    let mut running =
        Running::start(&sandbox, "import signal\nprint('ready', flush=True)\nwhile True: signal.pause()\n");
    assert_eq!(running.says(), "ready");
    running.send(Signal::SIGTERM);
    assert_eq!(running.end().signal(), Some(libc::SIGTERM));
}

#[test]
fn whatever_signal_ends_the_program_ends_the_launcher() {
    let sandbox = Sandbox::new();
    let realtime = libc::SIGRTMIN() + 1;
    for signal in
        [libc::SIGKILL, libc::SIGSEGV, libc::SIGABRT, libc::SIGQUIT, libc::SIGINT, libc::SIGUSR1, realtime]
    {
        let code = format!(
            "import os, resource, signal\n\
             resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n\
             if {signal} != 9: signal.signal({signal}, signal.SIG_DFL)\n\
             os.kill(os.getpid(), {signal})\n\
             signal.pause()\n"
        );
        let status = sandbox.run(["run", "-c", &code]).status;
        assert_eq!((status.signal(), status.core_dumped()), (Some(signal), false), "{status}");
    }
}

#[test]
fn an_interrupt_that_nobody_catches_ends_as_python_ends() {
    let sandbox = Sandbox::new();
    let finished = sandbox.run(["run", "-c", "raise KeyboardInterrupt"]);
    assert_eq!(finished.status.signal(), Some(libc::SIGINT), "{}", finished.shown());
}

#[test]
fn what_the_program_sends_to_its_own_group_is_not_sent_back_to_it() {
    let sandbox = Sandbox::new();
    let mut running = Running::start(
        &sandbox,
        "import os, signal\n\
         count = 0\n\
         def counts(number, frame):\n\
         \x20   global count\n\
         \x20   count += 1\n\
         def tells(number, frame): print('got', count, flush=True); os._exit(0)\n\
         signal.signal(signal.SIGUSR1, counts)\n\
         signal.signal(signal.SIGUSR2, tells)\n\
         os.kill(0, signal.SIGUSR1)\n\
         print('sent', count, flush=True)\n\
         while True: wait_for_signal()\n",
    );
    assert_eq!(running.says(), "sent 1");
    // The launcher takes signals in the order of their numbers, so USR1 would go first.
    running.send(Signal::SIGUSR2);
    assert_eq!(running.says(), "got 1");
    assert_eq!(running.end().code(), Some(0));
}

/// Runs `then` in a process whose signals and streams a Python program has set up by `setup`.
fn set_up(sandbox: &Sandbox, setup: &str, then: &[&str]) -> Command {
    let mut command = sandbox.command(python());
    // Python itself ignores two signals from its start on.
    let code = format!(
        "import os, signal, sys\nfor number in (13, 25): signal.signal(number, signal.SIG_DFL)\n{setup}\nos.execvp(sys.argv[1], sys.argv[1:])"
    );
    command.args(["-S", "-c", &code]).args(then);
    command
}

/// Where the program itself tells its state: `cat` in place of Python, and this as its script.
const STATUS: &str = "/proc/self/status";

#[test]
fn the_program_inherits_dispositions_and_mask_untouched() {
    let heapwise = env!("CARGO_BIN_EXE_heapwise");
    for (setup, ignored, blocked) in [
        ("", 0, 0),
        ("signal.signal(signal.SIGPIPE, signal.SIG_IGN)", 1 << (libc::SIGPIPE - 1), 0),
        (
            "for number in (1, 2, 3, 12, 15, 17, 20): signal.signal(number, signal.SIG_IGN)\n\
             signal.pthread_sigmask(signal.SIG_BLOCK, {10, 14, 17})",
            0b1001_0100_1000_0000_0111_u64,
            0b1_0010_0010_0000_0000_u64,
        ),
    ] {
        let sandbox = Sandbox::new();
        let masks = |then: &[&str]| {
            let mut command = set_up(&sandbox, setup, then);
            command.env("HEAPWISE_PYTHON", "cat");
            let finished = sandbox.finish(command);
            let number = |name: &str| {
                let line = finished.stdout.lines().find(|line| line.starts_with(name)).expect("such a line");
                let digits = line.rsplit('\t').next().expect("a number");
                u64::from_str_radix(digits, 16).expect("a number")
            };
            // Signals 32 and 33 are the C library's own.
            ["SigIgn:", "SigBlk:", "SigCgt:"].map(|name| number(name) & !(0b11 << 31))
        };
        let alone = masks(&["cat", STATUS]);
        assert_eq!(alone, [ignored, blocked, 0], "{setup}");
        assert_eq!(masks(&[heapwise, "run", STATUS]), alone, "{setup}");
    }
}

#[test]
fn an_exit_code_is_not_lost_where_sigchld_is_ignored() {
    let sandbox = Sandbox::new();
    let heapwise = env!("CARGO_BIN_EXE_heapwise");
    let code = "import sys; sys.exit(23)";
    let command =
        set_up(&sandbox, "signal.signal(signal.SIGCHLD, signal.SIG_IGN)", &[heapwise, "run", "-c", code]);
    assert_eq!(sandbox.finish(command).code(), Some(23));
}

#[test]
fn closed_streams_are_closed_for_the_program() {
    let sandbox = Sandbox::new();
    let heapwise = env!("CARGO_BIN_EXE_heapwise");
    let code = "import os, sys; os.write(2, repr((sys.stdin, sys.stdout)).encode()); os._exit(0)";
    let command = set_up(&sandbox, "os.close(0); os.close(1)", &[heapwise, "run", "--no-report", "-c", code]);
    let stderr = sandbox.finish(command).stderr;
    assert!(stderr.starts_with("(None, None)"), "{stderr}");
}

#[test]
fn a_reader_that_leaves_ends_the_program_not_the_launcher() {
    let sandbox = Sandbox::new();
    let code = "import os, signal, sys\n\
                signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n\
                print('first', flush=True)\n\
                sys.stdin.read()\n\
                print('nobody reads this', flush=True)\n";
    let mut command = sandbox.heapwise(["run", "-c", code]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut launcher = command.spawn().expect("it starts");
    let mut first = [0; 6];
    let mut stdout = launcher.stdout.take().expect("a pipe");
    stdout.read_exact(&mut first).expect("the first line");
    drop(stdout);
    drop(launcher.stdin.take());
    let finished = launcher.wait_with_output().expect("its end");
    assert_eq!(finished.status.signal(), Some(libc::SIGPIPE));
    assert!(String::from_utf8_lossy(&finished.stderr).contains("nothing was recorded"));
}
