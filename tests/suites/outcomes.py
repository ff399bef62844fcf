"""What became of each test of a run, and how two runs differ.

Invariant: a run that left no result file (it crashed, or was killed at its time limit) is one outcome of its own, never
an empty list of tests.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Outcome = Literal["passed", "skipped", "failed", "error", "crashed", "missing"]
WORST_FIRST: tuple[Outcome, ...] = ("crashed", "error", "failed", "missing", "skipped", "passed")


@dataclass(frozen=True)
class Difference:
    """One test that ended differently."""

    test: str
    alone: Outcome
    profiled: Outcome

    def __str__(self) -> str:
        return f"{self.test}: {self.alone} alone, {self.profiled} under heapwise"


def read_junit(path: Path) -> dict[str, Outcome] | None:
    """The outcome of each test in a JUnit file; of tests of one name the worst. Nothing if there is no whole file."""
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return None
    outcomes: dict[str, Outcome] = {}
    for case in root.iter("testcase"):
        name = ".".join(part for part in (case.get("classname"), case.get("name")) if part)
        # A second result of one test, such as a failed subtest, has a name of its own that holds the first.
        outcome = _outcome(case)
        known = outcomes.get(name, "passed")
        outcomes[name] = min(known, outcome, key=WORST_FIRST.index)
    return outcomes


def _outcome(case: ElementTree.Element) -> Outcome:
    kinds = {child.tag for child in case}
    if "error" in kinds:
        return "error"
    if "failure" in kinds:
        return "failed"
    if "skipped" in kinds or case.get("result") == "suppressed":
        return "skipped"
    return "passed"


def differences(alone: Mapping[str, Outcome], profiled: Mapping[str, Outcome]) -> list[Difference]:
    """The tests that did not end the same, by name."""
    return [
        Difference(name, alone.get(name, "missing"), profiled.get(name, "missing"))
        for name in sorted(alone.keys() | profiled.keys())
        if alone.get(name, "missing") != profiled.get(name, "missing")
    ]
