"""How a program died: in words at the head of the report, and in JSON, with what held the heap at that moment."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from expectations import Mode
from interpreters import Environment
from runner import Finished, finish, mode_options, report_command

KEPT = 50_000_000
SHOW = f"kept = bytes({KEPT})\n"
# The memory hierarchies as they are mounted: version 2, version 1.
GROUPS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/memory"))
LIMIT = 200_000_000


def _dies(
    environment: Environment, mode: Mode, folder: Path, text: str, *, prefix: tuple[str, ...] = ()
) -> tuple[Finished, str, dict[str, Any]]:
    """Runs a program that dies: how, the first paragraph of the report in one line, and the JSON report."""
    script, capture = folder / "dies.py", folder / "dies.heapwise"
    script.write_text(text)
    done = finish([*prefix, environment.heapwise, "run", "-o", capture, *mode_options(mode), script], cwd=folder)
    report = report_command(environment, capture)
    assert report.status == 0, str(report)
    said = done.stderr.decode()[done.stderr.decode().index("\nThe program ") + 1 :]
    return done, " ".join(said.split("\n\n")[0].split()), json.loads(report.stdout)


@pytest.mark.parametrize(
    ("end", "status", "words"),
    [
        ("os.kill(os.getpid(), 9)", -9, "was killed by signal 9 (SIGKILL)"),
        ("os.abort()", -6, "aborted (signal 6, SIGABRT)"),
        ("os._exit(7)", 7, "ended with exit code 7 and without its exit handlers (os._exit)"),
        ("import ctypes; ctypes.string_at(0)", -11, "ended with a segmentation fault (signal 11, SIGSEGV)"),
    ],
)
def test_the_end_is_told_in_words(
    environment: Environment, mode: Mode, tmp_path: Path, end: str, status: int, words: str
) -> None:
    done, said, report = _dies(environment, mode, tmp_path, f"import os\n{SHOW}{end}\n")
    assert done.status == status
    assert words in said
    assert "At that moment the heap was 50." in said
    assert "its peak; dies.py:2 held 50.0 MB of it." in said
    assert KEPT <= report["death"]["heap_bytes"] <= KEPT + 5_000_000


def test_a_death_below_the_peak_shows_both(environment: Environment, mode: Mode, tmp_path: Path) -> None:
    text = f"import os\nhigh = bytes(100_000_000)\ndel high\n{SHOW}os.kill(os.getpid(), 9)\n"
    done, said, report = _dies(environment, mode, tmp_path, text)
    assert "dies.py:4 held 50.0 MB of it. Its peak, 100." in said
    assert b"\nHeld by\n" in done.stderr
    assert b"\nHeld at the end\n" in done.stderr
    assert report["peak"]["heap_bytes"] >= 100_000_000
    assert report["death"]["heap_bytes"] < 60_000_000


def test_a_stack_overflow_is_told_from_other_faults(environment: Environment, mode: Mode, tmp_path: Path) -> None:
    # Through C code at each step, whose stack is the one that ends; large blocks, so that each step is recorded.
    text = "import sys\nsys.setrecursionlimit(10**9)\nkept = []\n"
    text += "def step(n):\n    kept.append(bytes(20_000))\n    return sorted([n], key=step)\nstep(1)\n"
    done, said, report = _dies(environment, mode, tmp_path, text)
    if done.status == 1:
        pytest.skip("this Python guards the stack of C code itself: a RecursionError")
    assert done.status == -11
    assert "probably it ran out of stack" in said
    assert report["death"]["last"]["depth"] >= 1000


def test_a_memory_error_says_what_was_asked_for(environment: Environment, mode: Mode, tmp_path: Path) -> None:
    text = "import resource\nresource.setrlimit(resource.RLIMIT_AS, (1_000_000_000, -1))\n"
    text += f"{SHOW}def load():\n    return bytes(2_000_000_000)\nload()\n"
    done, said, report = _dies(environment, mode, tmp_path, text)
    assert done.status == 1
    assert b"MemoryError" in done.stderr
    assert "The program ended with exit code 1" in said
    assert "Memory was refused: 2.00 GB asked for at dies.py:5 when the heap was 50." in said
    assert "(address space limited to 1.00 GB, ulimit -v)" in said
    last = report["refused"][-1]
    assert 2_000_000_000 <= last["bytes"] <= 2_000_000_100
    assert (last["line"], last["function"], last["address_space_limit_bytes"]) == (5, "load", 1_000_000_000)


def test_recording_goes_on_where_small_objects_meet_the_limit(
    environment: Environment, mode: Mode, tmp_path: Path
) -> None:
    text = "import resource\nresource.setrlimit(resource.RLIMIT_AS, (400_000_000, -1))\nkept = []\n"
    text += "try:\n    while True:\n        kept.append([str(n) for n in range(1000)])\nexcept MemoryError:\n"
    text += "    number = len(kept)\n    del kept\nlater = bytes(30_000_000)\nimport os\nos._exit(3)\n"
    done, _, report = _dies(environment, mode, tmp_path, text)
    assert done.status == 3
    assert report["run"]["problems"] == [], "the agent went on recording"
    assert report["refused"]
    assert next(line for line in report["lines"] if line["line"] == 10)["leaked_bytes"] >= 30_000_000


@pytest.fixture
def memory_group() -> Iterator[Path]:
    """A cgroup of its own with a limit; without the right to make one the test is skipped."""
    for mount in GROUPS:
        limit = "memory.max" if (mount / "cgroup.controllers").exists() else "memory.limit_in_bytes"
        group = mount / f"heapwise-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            if (group / limit).exists():
                (group / limit).write_text(str(LIMIT))
                yield group
                return
        except OSError:
            continue
        finally:
            group.rmdir()
    pytest.skip("no cgroup with a memory limit can be made here: that takes root, or a delegated group")


def test_a_real_out_of_memory_kill_is_told_as_one(
    environment: Environment, mode: Mode, tmp_path: Path, memory_group: Path
) -> None:
    text = "kept = []\nwhile True:\n    kept.append(bytearray(b'x') * 5_000_000)\n"
    enter = f'echo $$ > {memory_group}/cgroup.procs && exec "$@"'
    done, said, report = _dies(environment, mode, tmp_path, text, prefix=("sh", "-c", enter, "sh"))
    assert done.status == -9
    assert "The kernel did that because memory had run out (1 out-of-memory kill in its cgroup" in said
    assert "limit 200.0 MB)" in said
    assert report["run"]["memory_kills"]["cgroup"] == 1
    assert report["death"]["heap_bytes"] > 100_000_000
    assert report["death"]["last"]["line"] == 3
