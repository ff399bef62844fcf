"""Holds a report against the expectations of a program and says, line by line, what differs.

Invariant: pure functions over a report. The default tolerances are those of the contract: exact within 0.5 % or
64 kB; sampled: the peak within 1 % at 100 MB and more (else 3 %), a line or function within 2 points of its share of
the peak, sums of allocations within 5 %; an object within 2 %.

A sampled peak is an estimate, so "within 1 %" is held to in two halves that do not fail by chance: the standard error
that the report states is at most 1 % of the expected peak, and the peak is within four of them (or within 1 %).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from expectations import (
    Bound,
    ExitExpectation,
    Expectation,
    FunctionExpectation,
    LineExpectation,
    LineFunctionExpectation,
    Mode,
    ObjectExpectation,
    ObjectPlaceExpectation,
    ObjectTypeExpectation,
    Place,
    Program,
    ProgramExpectation,
    StdoutExpectation,
    Version,
)
from object_sizes import ObjectSizes
from report_json import HeldObject, Line, Report

SMALL = 64_000
POINTS = 0.02
STANDARD_ERRORS = 4


@dataclass(frozen=True)
class Outcome:
    """One expectation held against one report."""

    what: str
    expected: str
    found: str
    holds: bool

    def __str__(self) -> str:
        return f"{'ok  ' if self.holds else 'FAIL'} {self.what}: expected {self.expected}, found {self.found}"


def judge(
    program: Program, mode: Mode, version: Version, sizes: ObjectSizes, report: Report, stdout: str
) -> list[Outcome]:
    """Every expectation that counts for this run, with its outcome."""
    judgement = _Judgement(program, mode, version, sizes, report, stdout)
    outcomes = [judgement.outcome(expectation) for expectation in program.expectations(mode, version)]
    if not any(isinstance(expectation, ExitExpectation) for expectation in program.expectations(mode, version)):
        outcomes.append(judgement.outcome(ExitExpectation(0, None)))
    return [*outcomes, judgement.error_outcome()]


def same_file(reported: str, wanted: str) -> bool:
    """Whether a file of a report is the file of a place: the same text, or a path that ends in it."""
    if reported == wanted:
        return True
    tail = PurePosixPath(wanted).parts
    return not wanted.startswith("<") and PurePosixPath(reported).parts[-len(tail) :] == tail


class _Judgement:
    def __init__(
        self, program: Program, mode: Mode, version: Version, sizes: ObjectSizes, report: Report, stdout: str
    ) -> None:
        self._mode: Mode = mode
        self._sizes = sizes
        self._report = report
        self._stdout = stdout
        self._names: dict[str, int] = {}
        for name, expression in program.lets(mode, version):
            self._names[name] = expression.value(sizes, self._names)
        self._main_file = program.path.name
        self._peak = next(
            expectation.bound.low.value(sizes, self._names)
            for expectation in program.expectations(mode, version)
            if isinstance(expectation, ProgramExpectation) and expectation.metric == "peak_heap_bytes"
        )

    def outcome(self, expectation: Expectation) -> Outcome:
        """Holds the report against one expectation."""
        match expectation:
            case ProgramExpectation():
                return self._program_outcome(expectation)
            case LineExpectation():
                return self._line_outcome(expectation)
            case FunctionExpectation():
                return self._function_outcome(expectation)
            case LineFunctionExpectation(place, function):
                # Two functions may share a line (a lambda and the code that makes it): the one that holds more counts.
                lines = sorted(self._lines(place), key=lambda line: line["peak_bytes"])
                name = lines[-1]["function"] if lines else "nothing"
                return Outcome(f"line {place}", f"in {function}", f"in {name}", _named(name, function))
            case ObjectExpectation(name, metric, bound):
                held = self._object(name)
                found = 0 if held is None else held["bytes" if metric == "bytes" else "own_bytes"]
                return self._bytes(f"object {name} {metric}", bound, found, lambda expected: expected * 0.02)
            case ObjectPlaceExpectation(name, place):
                held = self._object(name)
                at = None if held is None else held["allocated_at"]
                holds = at is not None and at["line"] == place.line and same_file(at["file"], place.file)
                return Outcome(f"object {name}", f"made at {place}", f"made at {at}", holds)
            case ObjectTypeExpectation(name, kind):
                held = self._object(name)
                is_kind = "nothing" if held is None else held["type"]
                return Outcome(f"object {name}", f"is {kind}", f"is {is_kind}", is_kind == kind)
            case ExitExpectation(code, signal):
                wanted = {"code": code} if signal is None else {"signal": signal}
                ending = dict(self._report["run"]["exit"] or {})
                return Outcome("exit", str(wanted), str(ending), ending == wanted)
            case StdoutExpectation(text):
                return Outcome("stdout", repr(text), repr(self._stdout), text == self._stdout)

    def error_outcome(self) -> Outcome:
        """Whether the standard error that the report states is small enough; exact peaks have none."""
        found = self._report["peak"]["error_bytes"]
        limit = int(self._within_percent(self._peak)) if self._mode == "sampled" else 0
        return Outcome("standard error of the peak", f"at most {limit:_}", f"{found:_}", found <= limit)

    def _program_outcome(self, expectation: ProgramExpectation) -> Outcome:
        if expectation.metric == "peak_heap_bytes":
            found, default = self._report["peak"]["heap_bytes"], self._near_peak
        else:
            found, default = self._report["leaked_bytes"], self._near_share
        return self._bytes(expectation.metric, expectation.bound, found, default)

    def _line_outcome(self, expectation: LineExpectation) -> Outcome:
        lines = self._lines(expectation.place)
        default = self._near_share
        match expectation.metric:
            case "self":
                found = sum(line["peak_bytes"] for line in lines)
            case "total":
                # Two functions on one line are two entries that hold the same blocks.
                found = max((line["peak_bytes_total"] for line in lines), default=0)
            case "leaked":
                found = sum(line["leaked_bytes"] for line in lines)
            case "allocated":
                found, default = sum(line["allocated_bytes"] for line in lines), self._near_sum
            case "allocations":
                found, default = sum(line["allocations"] for line in lines), self._near_count
        what = f"line {expectation.place} {expectation.metric}"
        return self._bytes(what, expectation.bound, found, default, expectation.index)

    def _function_outcome(self, expectation: FunctionExpectation) -> Outcome:
        entries = [
            entry
            for entry in self._report["functions"]
            if _named(entry["function"], expectation.function) and same_file(entry["file"], self._main_file)
        ]
        found = sum(
            entry["peak_bytes"] if expectation.metric == "self" else entry["peak_bytes_total"] for entry in entries
        )
        what = f"function {expectation.function} {expectation.metric}"
        return self._bytes(what, expectation.bound, found, self._near_share)

    def _object(self, name: str) -> HeldObject | None:
        """The largest object or part of this name, its spaces written as `_`; None if there is none."""
        found: list[HeldObject] = []
        left = list(self._report["objects"])
        while left:
            held = left.pop()
            left.extend(held["parts"])
            if held["name"].replace(" ", "_") == name:
                found.append(held)
        return max(found, key=lambda held: held["bytes"], default=None)

    def _lines(self, place: Place) -> list[Line]:
        return [
            line for line in self._report["lines"] if line["line"] == place.line and same_file(line["file"], place.file)
        ]

    def _bytes(
        self, what: str, bound: Bound, found: int, default: Callable[[int], float], index: int | None = None
    ) -> Outcome:
        names = self._names if index is None else {**self._names, "i": index}
        low, high = bound.low.value(self._sizes, names), bound.high.value(self._sizes, names)
        if bound.relation != "~":
            limit = low * self._peak // 100 if bound.percent else low
            share = f" ({low} % of the peak)" if bound.percent else ""
            holds = found < limit if bound.relation == "<" else found > limit
            return Outcome(what, f"{bound.relation} {limit:_}{share}", f"{found:_}", holds)
        tolerance = bound.tolerances.get(self._mode)
        below = tolerance.allowed(low) if tolerance else default(low)
        above = tolerance.allowed(high) if tolerance else default(high)
        wanted = f"{low:_}" if low == high else f"{low:_} .. {high:_}"
        difference = found - low if found < low else max(found - high, 0)
        off = f" ({difference:+_})" if difference else ""
        return Outcome(
            what, f"{wanted} within {max(below, above):_.0f}", f"{found:_}{off}", -below <= difference <= above
        )

    def _near_peak(self, expected: int) -> float:
        if self._mode == "exact":
            return max(expected * 0.005, SMALL)
        return max(self._within_percent(expected), STANDARD_ERRORS * self._report["peak"]["error_bytes"])

    def _within_percent(self, expected: int) -> float:
        return max(expected * (0.01 if expected >= 100_000_000 else 0.03), SMALL)

    def _near_share(self, expected: int) -> float:
        if self._mode == "exact":
            return max(expected * 0.005, SMALL)
        return max(self._peak * POINTS, SMALL)

    def _near_sum(self, expected: int) -> float:
        return max(expected * (0.005 if self._mode == "exact" else 0.05), SMALL)

    def _near_count(self, expected: int) -> float:
        return expected * (0.005 if self._mode == "exact" else 0.05)


def _named(reported: str, wanted: str) -> bool:
    """Whether a name of a report (qualified or not, as the Python version has it) is the wanted one."""
    return reported == wanted or reported.endswith("." + wanted)
