"""What `heapwise fix` makes of the programs for advice: every edit that it proposes, with what a run with it showed.

Invariant: a program is copied before it is run, so that no test can change one; its edits are those of a capture
recorded from the copy.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, cast

from advice_programs import SAVING_BYTES, SAVING_SHARE, AdviceProgram
from expectations import Mode
from interpreters import Environment, lacking
from runner import Finished, finish, record

# Some programs run a dozen times.
TIME_LIMIT = 600.0


class FixJson(TypedDict):
    """The edit of a finding."""

    safety: str
    diff: str


class VerifiedJson(TypedDict):
    """What a run with the edit in place showed."""

    peak_before_bytes: int
    peak_after_bytes: int
    same_output: bool


class FoundJson(TypedDict):
    """What the tests read of a finding."""

    id: str
    rule: str
    file: str
    line: int
    end_line: int
    symbol: str
    title: str
    peak_saving_bytes: int
    new_peak_bytes: int
    fix: FixJson | None
    verified: VerifiedJson | None


class WithdrawnJson(TypedDict):
    """An edit that is not proven."""

    id: str
    reason: str


class TogetherJson(TypedDict):
    """All edits that survived."""

    ids: list[str]
    peak_before_bytes: int
    peak_after_bytes: int
    same_output: bool
    diff: str


class RunJson(TypedDict):
    """A run that came to an end."""

    id: str
    peak_bytes: int
    duration_s: float


class FixAnswer(TypedDict):
    """What `heapwise fix --format json` prints."""

    schema: int
    peak_bytes: int
    findings: list[FoundJson]
    withdrawn: list[WithdrawnJson]
    together: TogetherJson | None
    runs: list[RunJson]
    applied: list[str]
    undo: str | None
    notes: list[str]


@dataclass(frozen=True)
class Tried:
    """An edit that was tried on a program: what was predicted, what was measured, why it was withdrawn."""

    program: str
    finding: FoundJson
    measured: VerifiedJson | None
    withdrawn: str | None

    @property
    def is_proven(self) -> bool:
        """Whether the program did the same with a lower peak."""
        return self.withdrawn is None

    @property
    def predicted_right(self) -> bool:
        """Whether the predicted saving is the measured one, within the tolerance of advice."""
        if self.measured is None:
            return False
        saved = self.measured["peak_before_bytes"] - self.measured["peak_after_bytes"]
        off = abs(self.finding["peak_saving_bytes"] - saved)
        return off <= max(SAVING_SHARE * saved, SAVING_BYTES)


def answer(done: Finished) -> FixAnswer:
    """Reads what `heapwise fix --format json` printed."""
    assert done.status in (0, 5), done
    return cast(FixAnswer, json.loads(done.stdout))


def missing(environment: Environment, program: AdviceProgram) -> str | None:
    """Why a program cannot run in an environment, or nothing if it can."""
    reasons = (lacking(environment, needed.module, needed.below) for needed in program.imports)
    return next(filter(None, reasons), None)


def recorded(environment: Environment, program: AdviceProgram, folder: Path, mode: Mode = "sampled") -> Path:
    """Records a run of a copy of the program in `folder`; returns the capture."""
    script = Path(shutil.copy(program.path, folder))
    capture = folder / "run.heapwise"
    done = record(environment, [script.name], capture, mode, cwd=folder)
    assert done.status == 0, done
    return capture


def edits(environment: Environment, program: AdviceProgram, folder: Path) -> list[FoundJson]:
    """The findings on a program that have an edit."""
    capture = recorded(environment, program, folder)
    said = answer(finish([environment.heapwise, "fix", capture, "--format", "json"], cwd=folder))
    return [finding for finding in said["findings"] if finding["fix"]]


def tried(environment: Environment, program: AdviceProgram, folder: Path) -> tuple[list[Tried], FixAnswer]:
    """Every edit on a program with what a run with it showed, and all that was said."""
    capture = recorded(environment, program, folder)
    before = (folder / program.path.name).read_bytes()
    command: list[str | Path] = [environment.heapwise, "fix", capture, "--verify", "--format", "json"]
    said = answer(finish(command, cwd=folder, limit=TIME_LIMIT))
    assert (folder / program.path.name).read_bytes() == before
    reasons = {one["id"]: one["reason"] for one in said["withdrawn"]}
    rows = [
        Tried(program.name, finding, finding["verified"], reasons.get(finding["id"]))
        for finding in said["findings"]
        if finding["fix"]
    ]
    return rows, said
