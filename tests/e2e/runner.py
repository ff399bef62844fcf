"""Runs programs under heapwise and without it, and reads reports.

Invariant: a child sees a clean environment (no variable of Python or heapwise leaks in from the tests), runs in a
session of its own, and never outlives its time limit.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from expectations import Invocation, Mode, Program
from interpreters import Environment
from report_json import Report, parse_report

TIME_LIMIT = 60.0


class ReportFailedError(AssertionError):
    """`heapwise report` did not give a report; the text has what it said."""


@dataclass(frozen=True)
class Finished:
    """How a command ended. `status` is negative for a signal, as `subprocess` has it."""

    command: list[str]
    status: int
    stdout: bytes
    stderr: bytes

    def __str__(self) -> str:
        out, err = self.stdout.decode(errors="replace"), self.stderr.decode(errors="replace")
        return f"$ {' '.join(self.command)}\nstatus {self.status}\nstdout: {out}\nstderr: {err}"


# What changes how a program writes to a terminal.
_LOOKS = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLUMNS", "LINES")


def clean_environ(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of the tests without what would change Python's or heapwise's behaviour, and with `extra`."""
    unwanted = ("PYTHON", "HEAPWISE", "VIRTUAL_ENV", "PYTEST", "PYENV_VERSION", *_LOOKS)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    # The tests leave the source tree as it is.
    return {**kept, "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", **(extra or {})}


def finish(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    stdin: bytes = b"",
    environ: Mapping[str, str] | None = None,
    limit: float = TIME_LIMIT,
) -> Finished:
    """Runs `command` to its end. `environ` is added to the clean environment."""
    shown = [str(part) for part in command]
    child = start(shown, cwd=cwd, environ=environ)
    try:
        stdout, stderr = child.communicate(stdin, timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        raise AssertionError(f"still running after {limit:.0f} s: {' '.join(shown)}") from None
    return Finished(shown, child.returncode, stdout, stderr)


def start(
    command: Sequence[str | Path], *, cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Starts `command` with pipes, as the leader of a session (and process group) of its own.

    The pipes have no buffers, so that `communicate` goes on where a `readline` ended.
    """
    return subprocess.Popen(
        [str(part) for part in command],
        bufsize=0,
        cwd=cwd,
        env=clean_environ(environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def mode_options(mode: Mode) -> list[str]:
    """The options of `heapwise run` for a mode."""
    return ["--exact"] if mode == "exact" else []


def invocation_arguments(program: Program) -> tuple[list[str], Path | None]:
    """What follows the options of `heapwise run` (or `python`) for a target program, and the folder to run it in."""
    invocation: Invocation = program.invocation
    match invocation.kind:
        case "module":
            return ["-m", str(invocation.module), *invocation.arguments], program.path.parent.parent
        case "directory":
            return [str(program.path.parent), *invocation.arguments], None
        case "script":
            return [str(program.path), *invocation.arguments], None


def record(
    environment: Environment,
    arguments: Sequence[str | Path],
    capture: Path,
    mode: Mode = "sampled",
    *,
    cwd: Path | None = None,
    stdin: bytes = b"",
    environ: Mapping[str, str] | None = None,
) -> Finished:
    """`heapwise run` of a program (script, `-m` or `-c`, and arguments) into `capture`, without the text report."""
    command = [environment.heapwise, "run", "-o", capture, *mode_options(mode), "--no-report", *arguments]
    return finish(command, cwd=cwd, stdin=stdin, environ=environ)


def plain(
    environment: Environment,
    arguments: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    stdin: bytes = b"",
    environ: Mapping[str, str] | None = None,
) -> Finished:
    """The same program with the environment's Python alone."""
    return finish([environment.python, *arguments], cwd=cwd, stdin=stdin, environ=environ)


def report_command(environment: Environment, capture: Path) -> Finished:
    """`heapwise report --format json`, whatever comes of it."""
    return finish([environment.heapwise, "report", capture, "--format", "json"])


def read_report(environment: Environment, capture: Path) -> Report:
    """The JSON report on a sound capture. Raises `ReportFailedError`."""
    done = report_command(environment, capture)
    if done.status != 0:
        raise ReportFailedError(str(done))
    return parse_report(done.stdout)
