"""Every process of a run counts: children made in every way, and ended in every way, beside the program itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from interpreters import Environment
from runner import plain, record, report_command

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


def test_a_run_of_one_process_is_as_it_was(environment: Environment, tmp_path: Path) -> None:
    capture = tmp_path / "run.heapwise"
    record(environment, ["-c", "import subprocess; subprocess.run(['true'])"], capture)
    report = json.loads(report_command(environment, capture).stdout)
    (process,) = report["run"]["processes"]
    assert set(process) == {"pid", "parent", "command", "peak_heap_bytes"}
