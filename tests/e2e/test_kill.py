"""A program killed at any instant leaves a capture that is whole up to then.

The program says after each step what it holds. It is killed right after some step of many was read, while it runs
on; what it had said by then is the least that the capture must know, one step more is the most.
"""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest
from expectations import Mode
from interpreters import Environment
from report_json import parse_report
from runner import TIME_LIMIT, mode_options, report_command, start

GROW = Path(__file__).parent / "targets" / "grow.py"
STEPS = 600
# A bytearray of 1,000,000 bytes is a buffer of one byte more, which is recorded in both modes, and an object of 56.
BUFFER, OBJECT = 1_000_001, 56


@pytest.mark.parametrize("attempt", range(10))
def test_the_capture_of_a_killed_program_is_whole(
    environment: Environment, mode: Mode, attempt: int, tmp_path: Path
) -> None:
    chance = random.Random(f"{environment.interpreter.label} {mode} {attempt}")
    last_read = chance.randrange(1, 200)
    launcher_too = attempt % 2 == 1
    capture = tmp_path / "killed.heapwise"
    options = ["-o", str(capture), "--no-report", *mode_options(mode)]
    child = start([environment.heapwise, "run", *options, str(GROW), str(STEPS)])
    try:
        assert child.stdout is not None
        pid = int(child.stdout.readline())
        for _ in range(last_read):
            child.stdout.readline()
        if launcher_too:
            os.killpg(child.pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
        rest, stderr = child.communicate(timeout=TIME_LIMIT)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
    announced = last_read + rest.count(b"\n")
    about = f"killed after step {announced}, read up to {last_read}"
    assert (child.returncode, stderr) == (-signal.SIGKILL, b""), about

    done = report_command(environment, capture)
    assert done.status in (0, 3), f"{about}\n{done}"
    report = parse_report(done.stdout)
    assert report["run"]["exit"] == (None if launcher_too else {"signal": 9})
    assert report["run"]["recording"] == "open"
    held = max(line["leaked_bytes"] for line in report["lines"])
    # The list of the blocks grows on the same line; the objects may be sampled.
    least = announced * (BUFFER + (OBJECT if mode == "exact" else 0))
    most = (announced + 1) * (BUFFER + OBJECT) + 64_000
    assert least <= held <= most, f"{about}, the capture has {held:_} bytes"
    assert report["peak"]["heap_bytes"] >= held
    capture.unlink()
