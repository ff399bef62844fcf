"""The rules that every report is held to: a right report breaks none, each fault breaks its own."""

from __future__ import annotations

import copy

import pytest
from invariants import broken_invariants
from report_json import Report

SOUND: Report = {
    "schema": 1,
    "run": {
        "command": ["a.py"],
        "python": "3.12.1",
        "mode": "exact",
        "duration_s": 2.0,
        "exit": {"code": 0},
        "recording": "complete",
        "problems": [],
    },
    "peak": {"heap_bytes": 100, "error_bytes": 0, "time_s": 1.0, "rss_bytes": 1_000},
    "leaked_bytes": 10,
    "objects": [],
    "objects_explain_bytes": 0,
    "looks": {"count": 0, "cpu_s": 0.0, "allowed_s": 0.0},
    "timeline": [
        {"time_s": 0.0, "heap_bytes": 0, "rss_bytes": 500},
        {"time_s": 1.0, "heap_bytes": 100, "rss_bytes": 900},
        {"time_s": 1.5, "heap_bytes": 90, "rss_bytes": 900},
    ],
    "user_lines": [{"peak_bytes": 100}],
    "files": [{"peak_bytes": 99}, {"peak_bytes": 1}],
    "libraries": [{"peak_bytes": 40}, {"peak_bytes": 60}],
    "lines": [
        {
            "file": "a.py",
            "line": 3,
            "function": "load",
            "peak_bytes": 60,
            "peak_bytes_total": 70,
            "allocated_bytes": 80,
            "allocations": 2,
            "leaked_bytes": 10,
        },
        {
            "file": "a.py",
            "line": 9,
            "function": "<module>",
            "peak_bytes": 40,
            "peak_bytes_total": 100,
            "allocated_bytes": 40,
            "allocations": 1,
            "leaked_bytes": 0,
        },
    ],
    "functions": [
        {"file": "a.py", "line": 2, "function": "load", "peak_bytes": 60, "peak_bytes_total": 70},
        {"file": "a.py", "line": 1, "function": "<module>", "peak_bytes": 40, "peak_bytes_total": 100},
    ],
}


def test_a_sound_report_breaks_no_rule() -> None:
    assert broken_invariants(SOUND) == []


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        (("peak", "heap_bytes"), 99, "the lines hold 100 bytes at the peak, the heap is 99"),
        (("user_lines", 0, "peak_bytes"), 99, "the user's lines hold 99"),
        (("files", 0, "peak_bytes"), 100, "the files hold 101"),
        (("libraries", 1, "peak_bytes"), 61, "the libraries hold 101"),
        (("lines", 0, "peak_bytes_total"), 59, "is below self"),
        (("lines", 1, "peak_bytes_total"), 101, "is above the peak"),
        (("lines", 0, "leaked_bytes"), 11, "the whole program"),
        (("lines", 0, "allocated_bytes"), 59, "allocated only"),
        (("lines", 0, "allocations"), 0, "in no allocation"),
        (("lines", 0, "leaked_bytes"), -1, "a negative number"),
        (("functions", 0, "peak_bytes"), 61, "its lines 60"),
        (("functions", 0, "peak_bytes_total"), 69, "below that of one of its lines"),
        (("functions", 0, "peak_bytes_total"), 59, "total below self"),
        (("functions", 0, "function"), "other", "function load of a.py holds 0"),
        (("peak", "time_s"), 2.5, "the peak is at"),
        (("timeline", 0, "time_s"), 1.6, "goes back in time"),
        (("timeline", 2, "time_s"), 2.1, "leaves the run"),
        (("timeline", 2, "heap_bytes"), 101, "the time line reaches 101"),
        (("timeline", 1, "heap_bytes"), 99, "the time line reaches 99"),
    ],
)
def test_each_fault_is_found(path: tuple[str | int, ...], value: object, rule: str) -> None:
    report = copy.deepcopy(SOUND)
    place: object = report
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]
    place[path[-1]] = value  # type: ignore[index]
    assert any(rule in broken for broken in broken_invariants(report))


def test_a_line_listed_twice_is_found() -> None:
    report = copy.deepcopy(SOUND)
    report["lines"].append(copy.deepcopy(report["lines"][1]))
    assert "a line is listed twice" in broken_invariants(report)


def test_a_sampled_report_may_be_off_by_its_rounding() -> None:
    report = copy.deepcopy(SOUND)
    report["files"][0]["peak_bytes"] = 101
    assert broken_invariants(report) != []
    report["run"]["mode"] = "sampled"
    assert broken_invariants(report) == []
    report["files"][0]["peak_bytes"] = 102
    assert broken_invariants(report) != []
