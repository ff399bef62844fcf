"""The part of the JSON report (schema 1) that the tests read, typed; schema/report.schema.json has all of it.

Bytes are integers of bytes, times are seconds since recording began.
"""

from __future__ import annotations

import json
from typing import TypedDict, cast


class Exit(TypedDict, total=False):
    """How the program ended: one of the two keys."""

    code: int
    signal: int


class Run(TypedDict):
    """What was run and how."""

    command: list[str]
    python: str
    mode: str
    duration_s: float
    exit: Exit | None
    recording: str
    problems: list[str]


class Peak(TypedDict):
    """The high-water mark."""

    heap_bytes: int
    error_bytes: int
    time_s: float
    rss_bytes: int


class Moment(TypedDict):
    """One point of the time line."""

    time_s: float
    heap_bytes: int
    rss_bytes: int


class Held(TypedDict):
    """What a place holds at the peak."""

    peak_bytes: int


class Line(TypedDict):
    """One source line: `peak_bytes` is self, `peak_bytes_total` with callees."""

    file: str
    line: int
    function: str
    peak_bytes: int
    peak_bytes_total: int
    allocated_bytes: int
    allocations: int
    leaked_bytes: int


class Function(TypedDict):
    """One function: its lines together."""

    file: str
    line: int
    function: str
    peak_bytes: int
    peak_bytes_total: int


class AllocatedAt(TypedDict):
    """A line that allocated."""

    file: str
    line: int
    function: str


class HeldObject(TypedDict):
    """An object, or a part of one, that kept bytes alive."""

    name: str
    type: str
    bytes: int
    own_bytes: int
    allocated_at: AllocatedAt | None
    parts: list[HeldObject]


class Looks(TypedDict):
    """What looking at the objects took of the processor."""

    count: int
    cpu_s: float
    allowed_s: float


class Report(TypedDict):
    """The whole report."""

    schema: int
    run: Run
    peak: Peak
    leaked_bytes: int
    timeline: list[Moment]
    user_lines: list[Held]
    lines: list[Line]
    functions: list[Function]
    files: list[Held]
    libraries: list[Held]
    objects: list[HeldObject]
    objects_explain_bytes: int
    looks: Looks


def parse_report(text: str | bytes) -> Report:
    """Reads what `heapwise report --format json` prints; its shape is what the schema test checks."""
    return cast(Report, json.loads(text))
