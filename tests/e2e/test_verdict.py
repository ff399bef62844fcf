"""Reports held against expectations: each kind of fault is found, and what is within tolerance passes."""

from __future__ import annotations

from pathlib import Path

import pytest
from expectations import Mode, Program, read_program
from object_sizes import NO_SIZES
from report_json import Function, Line, Report
from verdict import Outcome, judge, same_file

HEADER = '''"""A sample."""
# expect: peak_heap_bytes ~ 200_000_000
# expect: line ONE self ~ 120_000_000
# expect: line ONE total ~ 130_000_000
# expect: line ONE in load
# expect: line TWO self < 1%
# expect: line TWO allocated ~ 50_000_000
# expect: line TWO allocations ~ 1_000
# expect: line TWO leaked ~ 0
# expect: function load self ~ 120_000_000
# expect: leaked_bytes ~ 0 .. 1_000_000
# expect: stdout "done\\n"

one = 1  # <ONE>
two = 2  # <TWO>
'''


@pytest.fixture
def sample(tmp_path: Path) -> Program:
    path = tmp_path / "sample.py"
    path.write_text(HEADER)
    return read_program(path, tmp_path)


def _line(line: int, function: str = "load", **numbers: int) -> Line:
    return {
        "file": "/somewhere/sample.py",
        "line": line,
        "function": function,
        "peak_bytes": numbers.get("peak", 0),
        "peak_bytes_total": numbers.get("total", numbers.get("peak", 0)),
        "allocated_bytes": numbers.get("allocated", 0),
        "allocations": numbers.get("allocations", 0),
        "leaked_bytes": numbers.get("leaked", 0),
    }


def _function(name: str, own: int, total: int) -> Function:
    return {"file": "/somewhere/sample.py", "line": 1, "function": name, "peak_bytes": own, "peak_bytes_total": total}


def _report(**changes: object) -> Report:
    report: Report = {
        "schema": 1,
        "run": {
            "command": ["sample.py"],
            "python": "3.12.1",
            "mode": "exact",
            "duration_s": 1.0,
            "exit": {"code": 0},
            "recording": "complete",
            "problems": [],
        },
        "peak": {"heap_bytes": 200_000_000, "error_bytes": 0, "time_s": 0.5, "rss_bytes": 0},
        "leaked_bytes": 500_000,
        "timeline": [],
        "user_lines": [],
        "files": [],
        "libraries": [],
        "lines": [
            _line(14, "outer.<locals>.load", peak=120_000_000, total=130_000_000),
            _line(14, "<lambda>", peak=100, total=100),
            _line(15, peak=1_999_999, allocated=50_000_000, allocations=1_000),
        ],
        "functions": [_function("load", 120_000_000, 130_000_000)],
        "objects": [],
        "objects_explain_bytes": 0,
        "looks": {"count": 0, "cpu_s": 0.0, "allowed_s": 0.0},
    }
    report.update(changes)  # type: ignore[typeddict-item]
    return report


def _failed(sample: Program, report: Report, mode: Mode = "exact", stdout: str = "done\n") -> list[str]:
    return [outcome.what for outcome in judge(sample, mode, (3, 12), NO_SIZES, report, stdout) if not outcome.holds]


def test_a_right_report_passes(sample: Program) -> None:
    outcomes = judge(sample, "exact", (3, 12), NO_SIZES, _report(), "done\n")
    assert [outcome for outcome in outcomes if not outcome.holds] == []
    assert len(outcomes) == 13, "eleven of the header, and the exit code and the standard error, which all have"


@pytest.mark.parametrize(
    ("heap", "error", "mode", "fails"),
    [
        (200_999_999, 0, "exact", []),
        (201_000_001, 0, "exact", ["peak_heap_bytes"]),
        (198_999_999, 0, "exact", ["peak_heap_bytes"]),
        (200_000_000, 1, "exact", ["standard error of the peak"]),
        (201_999_999, 100_000, "sampled", []),
        (202_000_001, 100_000, "sampled", ["peak_heap_bytes"]),
        (203_999_999, 1_000_000, "sampled", []),
        (204_000_001, 1_000_000, "sampled", ["peak_heap_bytes"]),
        (200_000_000, 2_000_000, "sampled", []),
        (200_000_000, 2_000_001, "sampled", ["standard error of the peak"]),
    ],
)
def test_the_peak_is_held_to_its_tolerance(
    sample: Program, heap: int, error: int, mode: Mode, fails: list[str]
) -> None:
    report = _report(peak={"heap_bytes": heap, "error_bytes": error, "time_s": 0.5, "rss_bytes": 0})
    assert _failed(sample, report, mode) == fails


def test_a_sampled_line_may_be_off_by_two_points_of_the_peak(sample: Program) -> None:
    def failed(held: int, mode: Mode) -> bool:
        lines = [_line(14, peak=held, total=130_000_000), *_report()["lines"][2:]]
        functions = [_function("load", held, 130_000_000)]
        found = _failed(sample, _report(lines=lines, functions=functions), mode)
        assert set(found) <= {"line <ONE> sample.py:14 self", "function load self"}
        return bool(found)

    assert not failed(120_600_000, "exact")
    assert failed(120_600_001, "exact")
    assert not failed(124_000_000, "sampled")
    assert failed(124_000_001, "sampled")
    assert failed(115_999_999, "sampled")


@pytest.mark.parametrize(
    ("line", "fails"),
    [
        (_line(15, peak=2_000_000, allocated=50_000_000, allocations=1_000), "self"),
        (_line(15, allocated=50_250_001, allocations=1_000), "allocated"),
        (_line(15, allocated=50_000_000, allocations=1_006), "allocations"),
        (_line(15, allocated=50_000_000, allocations=1_000, leaked=64_001), "leaked"),
    ],
)
def test_each_number_of_a_line_is_looked_at(sample: Program, line: Line, fails: str) -> None:
    report = _report(lines=[*_report()["lines"][:2], line])
    assert _failed(sample, report) == [f"line <TWO> sample.py:15 {fails}"]


def test_a_line_that_is_missing_holds_nothing(sample: Program) -> None:
    failed = _failed(sample, _report(lines=[], functions=[]))
    assert "line <ONE> sample.py:14 self" in failed
    assert "line <ONE> sample.py:14" in failed, "no function either"
    assert "line <TWO> sample.py:15 self" not in failed
    assert "function load self" in failed


def test_exit_leaks_and_output_are_looked_at(sample: Program) -> None:
    run = {**_report()["run"], "exit": {"signal": 9}}
    failed = _failed(sample, _report(run=run, leaked_bytes=1_064_001), stdout="done")
    assert failed == ["leaked_bytes", "stdout", "exit"]


def test_an_outcome_says_what_was_expected_and_what_was_found(sample: Program) -> None:
    report = _report(peak={"heap_bytes": 150_000_000, "error_bytes": 0, "time_s": 0.5, "rss_bytes": 0})
    outcome = judge(sample, "exact", (3, 12), NO_SIZES, report, "done\n")[0]
    assert isinstance(outcome, Outcome)
    assert str(outcome) == (
        "FAIL peak_heap_bytes: expected 200_000_000 within 1_000_000, found 150_000_000 (-50_000_000)"
    )


@pytest.mark.parametrize(
    ("reported", "wanted", "same"),
    [
        ("/a/b/sample.py", "sample.py", True),
        ("sample.py", "sample.py", True),
        ("/a/harvest/loader.py", "harvest/loader.py", True),
        ("/a/other/loader.py", "harvest/loader.py", False),
        ("/a/b/xsample.py", "sample.py", False),
        ("<unit 1>", "<unit 1>", True),
        ("/a/<unit 1>", "<unit 1>", False),
        ("/nonexistent/plugin.py", "/nonexistent/plugin.py", True),
    ],
)
def test_a_file_is_found_by_the_end_of_its_path(reported: str, wanted: str, same: bool) -> None:
    assert same_file(reported, wanted) is same
