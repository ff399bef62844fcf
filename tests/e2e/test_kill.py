"""A program killed at any instant leaves a capture that is whole up to then, and true.

The program keeps in a shared page what it holds, step by step. It is killed from outside, at a random instant behind a
random step, while it runs on; or it ends itself at a random step, in one of the ways that run no exit handler. What the
capture has of its blocks must be what the page says was held before the last step, or behind it, to the byte and in
both modes, because blocks of its size are all recorded.

HEAPWISE_TEST_KILLS says how often each mode is killed on each Python (`make test-kills`: 100).
"""

from __future__ import annotations

import mmap
import os
import random
import signal
from pathlib import Path

import pytest
from expectations import Mode
from interpreters import Environment
from report_json import parse_report
from runner import TIME_LIMIT, mode_options, report_command, start

TARGET = Path(__file__).parent / "targets" / "keep_truth.py"
KILLS = int(os.environ.get("HEAPWISE_TEST_KILLS", "8"))
WAYS = {"kill": -signal.SIGKILL, "exit": 0, "abort": -signal.SIGABRT, "fault": -signal.SIGSEGV}


@pytest.mark.parametrize("attempt", range(KILLS))
def test_the_capture_of_a_killed_program_is_whole_and_true(
    environment: Environment, mode: Mode, attempt: int, tmp_path: Path
) -> None:
    chance = random.Random(f"{environment.interpreter.label} {mode} {attempt}")
    last_step = chance.randrange(2, 400)
    outside = attempt % 2 == 0
    launcher_too = attempt % 4 == 2
    way = chance.choice(list(WAYS))
    page_file = tmp_path / "truth"
    page_file.write_bytes(bytes(4096))
    capture = tmp_path / "killed.heapwise"
    options = ["-o", str(capture), "--no-report", *mode_options(mode)]
    arguments = [str(page_file), str(chance.random()), "0" if outside else str(last_step), way]
    with page_file.open("r+b") as file:
        page = memoryview(mmap.mmap(file.fileno(), 4096)).cast("Q")
    child = start([environment.heapwise, "run", *options, str(TARGET), *arguments])
    try:
        if outside:
            # The program runs on while this does; so many more turns put the kill anywhere within a step.
            turns = chance.randrange(2_000)
            while page[0] < last_step and child.poll() is None:
                pass
            for _ in range(turns):
                pass
            _kill(child.pid, launcher_too)
        _, stderr = child.communicate(timeout=TIME_LIMIT)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
    about = f"attempt {attempt}, {'killed' if outside else way} in step {page[0]}"
    assert child.returncode == (-signal.SIGKILL if outside else WAYS[way]), f"{about}: {stderr!r}"
    at = 1 + 4 * (page[0] % 2)
    truth = set(page[at : at + 3])

    done = report_command(environment, capture)
    assert done.status == 0, f"{about}\n{done}"
    report = parse_report(done.stdout)
    assert report["run"]["problems"] == [], about
    ended = {"code": 0} if child.returncode == 0 else {"signal": -child.returncode}
    assert report["run"]["exit"] == (None if launcher_too else ended), about
    assert report["run"]["recording"] == "open", about
    live = sum(line["leaked_bytes"] for line in report["lines"] if line["function"] == "make")
    assert live in truth, f"{about}: the page says {sorted(truth)}, the capture has {live:_}"
    capture.unlink()


def _kill(launcher: int, launcher_too: bool) -> None:
    """Kills the program: the one child of the launcher; or both, which are in a process group of their own."""
    if launcher_too:
        os.killpg(launcher, signal.SIGKILL)
        return
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
