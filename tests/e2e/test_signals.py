"""Signals and terminals are the program's own: it gets each signal once, and `heapwise run` ends as it ended.

Every step waits for a word of the program or for the end of a process, never for time to pass.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from interpreters import Environment
from runner import TIME_LIMIT, read_report, start
from terminal import Terminal

AWAIT = Path(__file__).parent / "targets" / "await_signal.py"
FACTS = Path(__file__).parent / "targets" / "facts.py"


def _commands(environment: Environment, capture: Path, *arguments: str | Path) -> list[Sequence[str | Path]]:
    """The program alone, and under heapwise."""
    return [
        [environment.python, *arguments],
        [environment.heapwise, "run", "--no-report", "-o", capture, *arguments],
    ]


def _ready(child: subprocess.Popen[bytes]) -> int:
    """Waits until the program says that it is ready; returns its process id."""
    assert child.stdout is not None
    word, pid = child.stdout.readline().split()
    assert word == b"ready"
    return int(pid)


def _end(child: subprocess.Popen[bytes], *, close_stdin: bool = False) -> tuple[int, bytes, bytes]:
    """Waits for the end by itself, or for what comes of the end of its input; returns status, stdout and stderr."""
    try:
        if not close_stdin:
            child.wait(timeout=TIME_LIMIT)
        stdout, stderr = child.communicate(timeout=TIME_LIMIT)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
    return child.returncode, stdout, stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_to_the_group_ends_the_program(
    environment: Environment, tmp_path: Path, number: signal.Signals
) -> None:
    capture = tmp_path / "capture.heapwise"
    seen = []
    for command in _commands(environment, capture, AWAIT, "plain"):
        child = start(command)
        _ready(child)
        os.killpg(child.pid, number)
        seen.append(_end(child))
    if number == signal.SIGINT:
        # One that is sent to the group by a program, not by the terminal, reaches the program from heapwise as well,
        # which cannot tell; the second may come while the traceback of the first is written.
        assert [(status, stdout) for status, stdout, _ in seen] == [(-number, b"")] * 2
    else:
        _assert_same_end(seen, number)
    assert read_report(environment, capture)["run"]["exit"] == {"signal": int(number)}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_to_heapwise_alone_reaches_the_program(
    environment: Environment, tmp_path: Path, number: signal.Signals
) -> None:
    capture = tmp_path / "capture.heapwise"
    seen = []
    for command in _commands(environment, capture, AWAIT, "plain"):
        child = start(command)
        _ready(child)
        child.send_signal(number)
        seen.append(_end(child))
    _assert_same_end(seen, number)


def _assert_same_end(seen: list[tuple[int, bytes, bytes]], number: signal.Signals) -> None:
    """Both ended by the signal and said the same; the line that a KeyboardInterrupt came to may be another."""
    for status, stdout, stderr in seen:
        assert status == -number
        assert stdout == b""
        assert stderr.splitlines()[-1:] == ([b"KeyboardInterrupt"] if number == signal.SIGINT else [])
        assert stderr.count(b"Traceback") == (number == signal.SIGINT)


def test_a_program_that_handles_signals_goes_on(environment: Environment, tmp_path: Path) -> None:
    seen = []
    for command in _commands(environment, tmp_path / "capture.heapwise", AWAIT, "handle"):
        child = start(command)
        _ready(child)
        assert child.stdout is not None
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            child.send_signal(number)
            assert child.stdout.readline() == f"got {number.name}\n".encode()
        seen.append(_end(child, close_stdin=True))
    assert seen[0] == seen[1]
    assert seen[0] == (4, b"SIGTERM SIGINT SIGUSR1\n", b"")


def test_a_killed_program_leaves_a_report(environment: Environment, tmp_path: Path) -> None:
    capture = tmp_path / "capture.heapwise"
    child = start([environment.heapwise, "run", "-o", capture, AWAIT, "plain"])
    os.kill(_ready(child), signal.SIGKILL)
    status, _, stderr = _end(child)
    assert status == -signal.SIGKILL
    assert b"signal 9" in stderr
    report = read_report(environment, capture)
    assert report["run"]["exit"] == {"signal": 9}
    assert 5_000_000 <= report["leaked_bytes"] <= report["peak"]["heap_bytes"]


def test_a_stopped_program_stops_heapwise_and_both_go_on(environment: Environment, tmp_path: Path) -> None:
    for command in _commands(environment, tmp_path / "capture.heapwise", AWAIT, "stop"):
        child = start(command)
        _ready(child)
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        assert os.WSTOPSIG(status) == signal.SIGSTOP
        os.killpg(child.pid, signal.SIGCONT)
        assert _end(child) == (0, b"continued\n", b"")


def test_ignored_signals_stay_ignored(environment: Environment, tmp_path: Path) -> None:
    seen = []
    for command in _commands(environment, tmp_path / "capture.heapwise", FACTS):
        child = start(["sh", "-c", 'trap "" HUP INT CHLD; exec "$@"', "sh", *command])
        seen.append(_end(child))
    # The second program sees the path of heapwise's interpreter, which is another name of the same one.
    assert seen[0] == seen[1]
    assert b'"1": "SIG_IGN"' in seen[0][1]


def test_ctrl_c_at_a_terminal(environment: Environment, tmp_path: Path) -> None:
    capture = tmp_path / "capture.heapwise"
    for command in _commands(environment, capture, AWAIT, "plain"):
        with Terminal(command, environ={"NO_COLOR": "1"}) as terminal:
            terminal.read_until(b"ready")
            terminal.type(b"\x03")
            status, shown = terminal.finish()
        assert status == -signal.SIGINT
        assert shown.splitlines()[-1] == b"KeyboardInterrupt"
        assert shown.count(b"Traceback") == 1
    assert read_report(environment, capture)["run"]["exit"] == {"signal": 2}


def test_ctrl_c_at_a_terminal_comes_once(environment: Environment, tmp_path: Path) -> None:
    for command in _commands(environment, tmp_path / "capture.heapwise", AWAIT, "handle"):
        with Terminal(command) as terminal:
            terminal.read_until(b"ready")
            terminal.type(b"\x03")
            terminal.read_until(b"got SIGINT")
            terminal.type(b"\x04")
            status, shown = terminal.finish()
        assert status == 4
        assert shown.endswith(b"\nSIGINT\n")


def test_a_program_at_a_terminal_sees_it(environment: Environment, tmp_path: Path) -> None:
    script = tmp_path / "ask.py"
    script.write_text(
        "import os, shutil, sys\n"
        "print([stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)])\n"
        "print(shutil.get_terminal_size(), os.tcgetpgrp(0) == os.getpgrp(), os.ctermid())\n"
        "print('hello', input('name? '))\n"
    )
    seen = []
    for command in _commands(environment, tmp_path / "capture.heapwise", script):
        with Terminal(command, columns=97) as terminal:
            terminal.read_until(b"name? ")
            terminal.type(b"Ada\n")
            seen.append(terminal.finish())
    assert seen[0] == seen[1]
    assert b"columns=97" in seen[0][1]
    assert seen[0][1].endswith(b"hello Ada\n")
