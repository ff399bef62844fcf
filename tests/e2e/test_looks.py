"""Looks at the live objects: what they cost, and that no object of the program notices."""

from __future__ import annotations

from pathlib import Path

import pytest
from expectations import Mode
from interpreters import Environment
from runner import read_report, record

TARGETS = Path(__file__).resolve().parent / "targets"
# CPython 3.14's objects are not looked at yet.
LOOKED_AT = (3, 13)


def test_looks_keep_to_their_time_with_ten_million_objects(environment: Environment, tmp_path: Path) -> None:
    if environment.interpreter.version > LOOKED_AT:
        pytest.skip("objects of this version are not looked at")
    capture = tmp_path / "run.heapwise"
    done = record(environment, [TARGETS / "ten_million.py"], capture)
    assert (done.status, done.stderr) == (0, b""), done
    report = read_report(environment, capture)
    looks = report["looks"]
    # The processor's time of the thread that looks, as the agent counts it. The last look may end a little late.
    assert looks["count"] > 0
    assert looks["cpu_s"] <= 1.2 * looks["allowed_s"], looks


@pytest.mark.parametrize("mode", ["sampled", "exact"])
def test_no_method_of_the_programs_is_called(environment: Environment, mode: Mode, tmp_path: Path) -> None:
    capture = tmp_path / "run.heapwise"
    done = record(environment, [TARGETS / "hostile_objects.py"], capture, mode)
    assert (done.status, done.stdout, done.stderr) == (0, b"0\n", b""), done
    report = read_report(environment, capture)
    assert not report["run"]["problems"]
    if environment.interpreter.version <= LOOKED_AT:
        held = {item["name"]: item["bytes"] for item in report["objects"]}
        # What is 100,000 lists deep may not be reached in time.
        assert held["everything"] >= 13_000_000, held
        assert held["grown"] >= 36_000_000, held


@pytest.mark.parametrize("mode", ["sampled", "exact"])
def test_dead_places_of_evaluation_stacks_are_not_believed(
    environment: Environment, mode: Mode, tmp_path: Path
) -> None:
    capture = tmp_path / "run.heapwise"
    done = record(environment, [TARGETS / "dead_places.py"], capture, mode)
    assert (done.status, done.stdout, done.stderr) == (0, b"2\n", b""), done
    report = read_report(environment, capture)
    assert not report["run"]["problems"]
    if environment.interpreter.version <= LOOKED_AT:
        assert report["looks"]["count"] >= 4, report["looks"]
        held = {item["name"]: item["bytes"] for item in report["objects"]}
        assert held["kept"] >= 60_000_000, held
