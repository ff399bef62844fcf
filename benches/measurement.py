"""Runs a program under a profiler once and says what it cost. Nothing is averaged here."""

import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from profilers import BENCHES, Profiler, Target, target_variables

TIMEOUT_S = 900.0


@dataclass(frozen=True)
class Program:
    """A script of benches/programs with its arguments, at full length and short for --quick.

    `repeats` runs in every round, each with its own plain run: more for programs that are over at once.
    """

    name: str
    script: str
    quick: tuple[str, ...] = ()
    full: tuple[str, ...] = ()
    repeats: int = 1

    def command(self, quick: bool) -> list[str]:
        return [str(BENCHES / "programs" / self.script), *(self.quick if quick else self.full)]


@dataclass(frozen=True)
class Cost:
    """What one command used; sizes in bytes, times in seconds. `problem` is None if it ended well."""

    wall_s: float
    cpu_s: float
    max_rss_bytes: int
    output_bytes: int
    stdout: str
    problem: str | None


@dataclass(frozen=True)
class Measurement:
    """One run of one program under one profiler; runs with the same program and round are compared."""

    program: str
    profiler: str
    round: int
    wall_s: float
    cpu_s: float
    max_rss_bytes: int
    output_bytes: int
    problem: str | None


def timed(command: list[str], target: Target, out: Path) -> Cost:
    """Runs a command in the directory `out` and counts the bytes of the files that it leaves there."""
    with tempfile.TemporaryDirectory(prefix="heapwise-bench-") as scratch:
        result = Path(scratch) / "result"
        starter = [target.python, "-I", "-S", str(BENCHES / "timed.py"), str(result), *command]
        with open(Path(scratch) / "stdout", "w+") as stdout, open(Path(scratch) / "stderr", "w+") as stderr:
            started = subprocess.Popen(
                starter,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd=out,
                env=target_variables(target),
                start_new_session=True,
            )
            problem = None
            try:
                started.wait(TIMEOUT_S)
            except subprocess.TimeoutExpired:
                os.killpg(started.pid, signal.SIGKILL)
                started.wait()
                problem = f"still running after {TIMEOUT_S:.0f} s"
            stdout.seek(0)
            stderr.seek(0)
            said, complaint = stdout.read(), stderr.read()
        if problem is None and not result.exists():
            problem = f"did not start: {complaint.strip()[-200:]}"
        if problem is not None:
            return Cost(0.0, 0.0, 0, 0, said, problem)
        wall, user, system, max_rss, exit_code = result.read_text().split()
    if exit_code != "0":
        last = complaint.strip().splitlines()[-1:] or ["nothing on stderr"]
        problem = f"ended with {exit_code}: {last[0][:160]}"
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    return Cost(float(wall), float(user) + float(system), int(max_rss) * 1024, size, said, problem)


def measure(
    program: Program, profiler: Profiler, target: Target, turn: int, quick: bool, expected: str | None
) -> tuple[Measurement, str]:
    """One run and what the program printed. Printing something else than `expected` is a problem of the profiler."""
    with tempfile.TemporaryDirectory(prefix="heapwise-bench-") as folder:
        out = Path(folder)
        cost = timed(profiler.command(target, out, program.command(quick)), target, out)
    problem = cost.problem
    if problem is None and expected is not None and expected not in cost.stdout:
        problem = "the program's output differs from plain Python's"
    where = f": {problem}" if problem else ""
    print(
        f"  round {turn}  {program.name:22s}{profiler.name:18s}{cost.wall_s:8.2f} s{where}", file=sys.stderr, flush=True
    )
    found = Measurement(
        program.name,
        profiler.name,
        turn,
        cost.wall_s,
        cost.cpu_s,
        cost.max_rss_bytes,
        cost.output_bytes,
        problem,
    )
    return found, cost.stdout.strip()
