"""Programs with planted waste, look-alikes and clean ones: their headers, their hand-fixed twins, and a run held
against the header.

Invariants: the header is as strict as that of other programs (an unknown line, or a marker that is not there, is an
error); a program with a twin prints the same with and without the waste. The format is described in tests/README.md.

    # needs: import NAME [below VERSION]
    # expect: finding RULE at MARKER [symbol NAME]
    # expect: no finding [RULE]
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, cast

from expectations import HeaderError, Mode
from interpreters import Environment
from runner import finish, record

# Saved bytes may differ from those of the twin by this share, or by so many.
SAVING_SHARE = 0.15
SAVING_BYTES = 2_000_000
# An expected finding is among so many first ones.
TOP = 3

_HEADER = re.compile(r"# (needs|expect): (.+)$")
_IMPORT = re.compile(r"import (\w+)(?: below (\d+))?$")
_FINDING = re.compile(r"finding ([a-z0-9-]+) at ([A-Z]+)(?: symbol (\w+))?$")
_NONE = re.compile(r"no finding(?: ([a-z0-9-]+))?$")


class FindingJson(TypedDict):
    """What the tests read of a finding in `heapwise advise --format json`."""

    rule: str
    file: str
    line: int
    end_line: int
    symbol: str
    title: str
    peak_saving_bytes: int


class AdviceJson(TypedDict):
    """What the tests read of `heapwise advise --format json`."""

    peak_bytes: int
    findings: list[FindingJson]


@dataclass(frozen=True)
class Expected:
    """A finding that must be there."""

    rule: str
    line: int
    symbol: str | None

    def is_met_by(self, finding: FindingJson, path: Path) -> bool:
        """Whether rule, file, line and symbol of a finding are these."""
        return (
            finding["rule"] == self.rule
            and Path(finding["file"]).name == path.name
            and finding["line"] <= self.line <= finding["end_line"]
            and self.symbol in (None, finding["symbol"])
        )


@dataclass(frozen=True)
class Import:
    """A library that a program needs, of a major version below a number if one is given."""

    module: str
    below: int | None


@dataclass(frozen=True)
class AdviceProgram:
    """A program and its header. `quiet` has the rules that must not speak, `*` for all."""

    name: str
    path: Path
    imports: tuple[Import, ...]
    expected: Expected | None
    quiet: str | None

    @property
    def has_twin(self) -> bool:
        """Whether the program says how it is mended."""
        return twin(self.path.read_text(encoding="utf-8")) != self.path.read_text(encoding="utf-8")


def twin(text: str) -> str:
    """The program as a person would mend it: lines that end in `#-` are dropped, of `#+ code` the code stands."""
    lines = (line for line in text.splitlines() if not line.endswith("#-"))
    return "".join(re.sub(r"^(\s*)#\+ ", r"\1", line) + "\n" for line in lines)


def read_advice_program(path: Path, root: Path) -> AdviceProgram:
    """Reads the header of `path`. Raises `HeaderError`."""
    text = path.read_text(encoding="utf-8")
    markers = {
        found[1]: number
        for number, line in enumerate(text.splitlines(), start=1)
        if (found := re.search(r"# <([A-Z]+)>(?: #-)?$", line))
    }
    imports: list[Import] = []
    expected: Expected | None = None
    quiet: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if number == 1 or not line.startswith("# "):
            if number > 1:
                break
            continue
        header = _HEADER.match(line)
        if not header:
            raise HeaderError(f"{path}:{number}: not a line of a header: {line!r}")
        key, value = header.groups()
        if key == "needs" and (found := _IMPORT.match(value)):
            imports.append(Import(found[1], int(found[2]) if found[2] else None))
        elif key == "expect" and (found := _FINDING.match(value)):
            if found[2] not in markers:
                raise HeaderError(f"{path}:{number}: no line carries the marker <{found[2]}>")
            expected = Expected(found[1], markers.pop(found[2]), found[3])
        elif key == "expect" and (found := _NONE.match(value)):
            quiet = found[1] or "*"
        else:
            raise HeaderError(f"{path}:{number}: unknown: {line!r}")
    if markers or (expected is None) == (quiet is None):
        raise HeaderError(f"{path}: one expectation is wanted, and no marker that it does not name")
    return AdviceProgram(str(path.relative_to(root).with_suffix("")), path, tuple(imports), expected, quiet)


def find_advice_programs(root: Path) -> list[AdviceProgram]:
    """All programs below `root`, by name."""
    return [read_advice_program(path, root) for path in sorted(root.glob("*/*.py"))]


def advise(environment: Environment, program: Path, capture: Path, mode: Mode) -> tuple[AdviceJson, bytes]:
    """What heapwise advises after a run of `program`, and what the program printed."""
    done = record(environment, [program], capture, mode)
    assert done.status == 0, done
    assert done.stderr == b"", done
    advice = finish([environment.heapwise, "advise", capture, "--format", "json"])
    assert advice.status == 0, advice
    return cast(AdviceJson, json.loads(advice.stdout)), done.stdout


@dataclass(frozen=True)
class Score:
    """A planted program: its finding, if it was among the first, and the bytes that the twin saves."""

    program: AdviceProgram
    findings: list[FindingJson]
    found: FindingJson | None
    measured_bytes: int | None

    @property
    def saving_is_right(self) -> bool:
        """Whether the predicted saving is that of the twin, within the tolerance."""
        if self.found is None or self.measured_bytes is None:
            return False
        off = abs(self.found["peak_saving_bytes"] - self.measured_bytes)
        return off <= max(SAVING_SHARE * self.measured_bytes, SAVING_BYTES)

    def __str__(self) -> str:
        said = [
            f"  {one['rule']} at {one['line']}-{one['end_line']} symbol {one['symbol']!r} saves "
            f"{one['peak_saving_bytes']:,}: {one['title']}"
            for one in self.findings
        ]
        twin_saves = "" if self.measured_bytes is None else f"; the twin saves {self.measured_bytes:,}"
        return "\n".join([f"{self.program.name}: {self.program.expected or self.program.quiet}{twin_saves}", *said])


def score(
    environment: Environment, program: AdviceProgram, folder: Path, mode: Mode = "sampled", *, with_twin: bool
) -> Score:
    """Runs a program, and its twin if wanted, and reads the advice."""
    capture = folder / "run.heapwise"
    advice, said = advise(environment, program.path, capture, mode)
    findings = advice["findings"]
    found = None
    if expected := program.expected:
        found = next((one for one in findings[:TOP] if expected.is_met_by(one, program.path)), None)
    measured = None
    if with_twin:
        mended = folder / "twin.py"
        mended.write_text(twin(program.path.read_text(encoding="utf-8")), encoding="utf-8")
        after, said_after = advise(environment, mended, folder / "twin.heapwise", mode)
        assert said_after == said, f"{program.name} and its twin print different things"
        measured = advice["peak_bytes"] - after["peak_bytes"]
    return Score(program, findings, found, measured)
