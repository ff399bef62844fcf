"""Looks at the live objects: what they cost, and that no object of the program notices."""

from __future__ import annotations

from pathlib import Path

import pytest
from expectations import Mode
from interpreters import Environment, lacking
from report_json import Report
from runner import read_report, record

TARGETS = Path(__file__).resolve().parent / "targets"
# CPython 3.14's objects are not looked at yet.
LOOKED_AT = (3, 13)


def _report(
    environment: Environment, target: str, folder: Path, mode: Mode = "sampled", said: bytes | None = None
) -> Report:
    """The report on a target that ends well, and prints `said` if that is given."""
    capture = folder / "run.heapwise"
    done = record(environment, [TARGETS / target], capture, mode)
    assert (done.status, done.stderr) == (0, b""), done
    assert said in (None, done.stdout), done
    report = read_report(environment, capture)
    assert not report["run"]["problems"]
    return report


def _held(report: Report) -> dict[str, int]:
    """The bytes of each name."""
    return {item["name"]: item["bytes"] for item in report["objects"]}


def test_looks_keep_to_their_time_with_ten_million_objects(environment: Environment, tmp_path: Path) -> None:
    if environment.interpreter.version > LOOKED_AT:
        pytest.skip("objects of this version are not looked at")
    report = _report(environment, "ten_million.py", tmp_path)
    looks = report["looks"]
    # The processor's time of the thread that looks, as the agent counts it. The last look may end a little late.
    assert looks["count"] > 0
    assert looks["cpu_s"] <= 1.1 * looks["allowed_s"], looks
    held = {item["name"]: item for item in report["objects"]}
    expected = environment.sizes.float * 10_000_000 + 8 * 10_000_000
    assert abs(held["floats"]["bytes"] - expected) < 0.1 * expected, held["floats"]["bytes"]


@pytest.mark.parametrize("mode", ["sampled", "exact"])
def test_no_method_of_the_programs_is_called(environment: Environment, mode: Mode, tmp_path: Path) -> None:
    report = _report(environment, "hostile_objects.py", tmp_path, mode, b"0\n")
    if environment.interpreter.version <= LOOKED_AT:
        held = _held(report)
        # What is 100,000 lists deep may not be reached in time.
        assert held["everything"] >= 13_000_000, held
        assert held["grown"] >= 36_000_000, held


@pytest.mark.parametrize("mode", ["sampled", "exact"])
def test_dead_places_of_evaluation_stacks_are_not_believed(
    environment: Environment, mode: Mode, tmp_path: Path
) -> None:
    report = _report(environment, "dead_places.py", tmp_path, mode, b"2\n")
    if environment.interpreter.version <= LOOKED_AT:
        assert report["looks"]["count"] >= 4, report["looks"]
        held = _held(report)
        assert held["kept"] >= 60_000_000, held


@pytest.mark.parametrize("mode", ["sampled", "exact"])
def test_frames_that_are_not_of_the_program_are_left_alone(
    environment: Environment, mode: Mode, tmp_path: Path
) -> None:
    report = _report(environment, "shim_frames.py", tmp_path, mode, b"20000 30000000\n")
    if environment.interpreter.version <= LOOKED_AT:
        held = _held(report)
        assert max(held.values()) >= 30_000_000, held


def test_a_frame_that_polars_has_locked_is_not_asked(environment: Environment, tmp_path: Path) -> None:
    if reason := lacking(environment, "polars"):
        pytest.skip(reason)
    report = _report(environment, "locked_frame.py", tmp_path, "sampled", b"2000000 8\n")
    if environment.interpreter.version <= LOOKED_AT:
        held = _held(report)
        assert held["file"] >= 80_000_000, held
