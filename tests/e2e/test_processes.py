"""Every process of a run counts: children made in every way, and ended in every way, beside the program itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from expectations import Mode
from interpreters import Environment
from runner import finish, plain, record, report_command

FAMILY = Path(__file__).parent / "targets" / "family.py"
# An interpreter that a child starts holds a few MB itself.
INTERPRETER = 8_000_000


def _run(environment: Environment, folder: Path, how: str, mode: str = "sampled") -> dict[str, Any]:
    """The report on the program, whose output and exit are those of plain Python."""
    capture = folder / "run.heapwise"
    alone = plain(environment, [FAMILY, how])
    done = record(environment, [FAMILY, how], capture, "exact" if mode == "exact" else "sampled")
    assert (done.status, done.stdout, done.stderr) == (alone.status, alone.stdout, alone.stderr)
    assert [path.name for path in folder.iterdir()] == ["run.heapwise"], "one file tells of all"
    read = report_command(environment, capture)
    assert read.status == 0, str(read)
    report: dict[str, Any] = json.loads(read.stdout)
    return report


def _line(report: dict[str, Any], name: str) -> int:
    """The bytes that a marked line held at the peak."""
    text = FAMILY.read_text().splitlines()
    numbers = [number for number, line in enumerate(text, 1) if f"# <{name}>" in line]
    held = [line["peak_bytes"] for line in report["lines"] if line["line"] in numbers and line["file"].endswith("y.py")]
    return sum(held)


@pytest.mark.parametrize("how", ["fork", "spawn", "forkserver", "exit", "kill", "subprocess"])
def test_the_peak_is_that_of_all_together(environment: Environment, tmp_path: Path, mode: str, how: str) -> None:
    report = _run(environment, tmp_path, how, mode)
    processes = report["run"]["processes"]
    workers = [one for one in processes[1:] if one["peak_bytes"] >= 40_000_000]
    assert len(workers) == 3, processes
    assert all(one["peak_bytes"] < 40_000_000 + INTERPRETER for one in workers)
    assert processes[0]["begun"] == "launched"
    assert {one["begun"] for one in workers} == {"exec" if how in ("spawn", "subprocess") else "fork"}
    total = report["peak"]["heap_bytes"]
    assert total == sum(one["peak_bytes"] for one in processes)
    assert 150_000_000 <= total < 150_000_000 + len(processes) * INTERPRETER
    assert abs(_line(report, "PARENT") - 30_000_000) < 1_000_000
    if how != "subprocess":
        assert abs(_line(report, "FORKED" if how in ("exit", "kill") else "CHILD") - 120_000_000) < 1_000_000
    ended = {"exit": {"code": 3}, "kill": None}.get(how, {"code": 0})
    assert [one["exit"] for one in workers] == [ended] * 3


def test_pages_of_the_parent_are_not_counted_again(environment: Environment, tmp_path: Path) -> None:
    report = _run(environment, tmp_path, "shared")
    assert 120_000_000 <= report["peak"]["heap_bytes"] < 120_000_000 + INTERPRETER


def test_shared_pages_count_once_in_the_memory_of_all(environment: Environment, tmp_path: Path) -> None:
    """Children that have all of the parent's 120 MB in their memory too, at one moment."""
    report = _run(environment, tmp_path, "mapped")
    assert report["run"]["resident_kind"] == "pss"
    forked = [one for one in report["run"]["processes"] if one["begun"] == "fork"]
    assert len(forked) == 3
    for child in forked:
        assert child["rss_bytes"] >= 120_000_000
        assert 30_000_000 <= child["pss_bytes"] <= 80_000_000, "a fourth of it, half of it for the last one"
    assert 120_000_000 <= report["peak"]["rss_bytes"] <= 200_000_000


def test_a_child_that_lasts_for_a_moment_has_its_memory(environment: Environment, tmp_path: Path) -> None:
    report = _run(environment, tmp_path, "brief")
    children = [one for one in report["run"]["processes"] if one["begun"] == "fork"]
    assert len(children) == 3
    assert all(one["rss_bytes"] >= 120_000_000 for one in children), children


FORKS_IN_A_THREAD = """\
import os, threading

def forks():
    child = os.fork()
    if child == 0:
        kept = [bytes(30_000_000)]
        # The agent's own thread starts again some events after the fork.
        while len(os.listdir("/proc/self/task")) < 2:
            kept.append(bytes(20_000))
        return
    print(os.waitpid(child, 0)[1])

thread = threading.Thread(target=forks)
thread.start()
thread.join()
"""


def test_a_child_ends_when_the_thread_that_forked_ends(environment: Environment, mode: Mode, tmp_path: Path) -> None:
    """That thread is the child's first one, and the agent's own must not outlast it."""
    program, capture = tmp_path / "forks.py", tmp_path / "forks.heapwise"
    program.write_text(FORKS_IN_A_THREAD)
    done = record(environment, [program], capture, mode)
    assert (done.status, done.stdout) == (0, b"0\n"), str(done)
    report = json.loads(report_command(environment, capture).stdout)
    (child,) = (one for one in report["run"]["processes"] if one["begun"] == "fork")
    assert 30_000_000 <= child["peak_heap_bytes"] <= 40_000_000


STRANGERS = Path(__file__).parent / "targets" / "strangers.py"


def test_children_without_heapwise_are_named(environment: Environment, tmp_path: Path) -> None:
    capture = tmp_path / "run.heapwise"
    done = record(environment, [STRANGERS], capture)
    assert done.status == 0, str(done)
    pids = json.loads(done.stdout)
    report = json.loads(report_command(environment, capture).stdout)
    named = {one["pid"]: one for one in report["run"]["not_followed"]}
    assert set(named) == {pids[name] for name in ("cleared", "by env", "without site", "large")}, named
    for name in ("cleared", "by env"):
        assert "without the environment variables of heapwise" in named[pids[name]]["reason"]
    assert "started with -S" in named[pids["without site"]]["reason"]
    assert "it is not Python" in named[pids["large"]]["reason"]
    assert named[pids["cleared"]]["command"][1:3] == ["-c", "input()"]
    text = finish([environment.heapwise, "report", capture]).stdout.decode()
    assert f"Not followed: process {min(named)}" in text


def test_a_run_of_one_process_is_as_it_was(environment: Environment, tmp_path: Path) -> None:
    capture = tmp_path / "run.heapwise"
    record(environment, ["-c", "import subprocess; subprocess.run(['true'])"], capture)
    report = json.loads(report_command(environment, capture).stdout)
    (process,) = report["run"]["processes"]
    assert set(process) == {"pid", "parent", "command", "peak_heap_bytes"}
