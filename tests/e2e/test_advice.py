"""Advice on real runs: planted waste is found in its place and with its bytes; look-alikes and clean ones stay quiet.

On the newest CPython the saving is compared with what the hand-fixed twin measures: of one program of each rule, with
HEAPWISE_TEST_ADVICE=all (`make test-advice`) of every one.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from advice_programs import TOP, AdviceProgram, find_advice_programs, score, twin
from interpreters import Environment, found_interpreters, lacking

PROGRAMS = find_advice_programs(Path(__file__).resolve().parents[1] / "programs" / "advice")
ALL_TWINS = os.environ.get("HEAPWISE_TEST_ADVICE") == "all"
NEWEST = found_interpreters()[-1]


def _with_twin(environment: Environment, program: AdviceProgram) -> bool:
    newest = environment.interpreter.release == NEWEST.release
    return newest and program.has_twin and (ALL_TWINS or program.path.stem == "script")


def _check(environment: Environment, program: AdviceProgram, folder: Path, *, with_twin: bool) -> None:
    for needed in program.imports:
        if reason := lacking(environment, needed.module, needed.below):
            pytest.skip(reason)
    result = score(environment, program, folder, with_twin=with_twin)
    if program.expected is None:
        loud = [one for one in result.findings if program.quiet in ("*", one["rule"])]
        assert not loud, f"nothing was to be said\n{result}"
        return
    assert result.found is not None, f"not among the first {TOP} findings\n{result}"
    if with_twin:
        assert result.saving_is_right, f"the saving is not that of the twin\n{result}"


@pytest.mark.parametrize("advised", PROGRAMS, ids=[program.name for program in PROGRAMS])
def test_advice(environment: Environment, advised: AdviceProgram, tmp_path: Path) -> None:
    _check(environment, advised, tmp_path, with_twin=_with_twin(environment, advised))


def test_a_twin_has_the_mended_lines_in_place_of_the_planted_ones() -> None:
    text = "a = 1  # <A> #-\n    #+ b = 2\nc = 3  # <C>\n"
    assert twin(text) == "    b = 2\nc = 3  # <C>\n"


def test_clean_programs_are_there() -> None:
    assert len([program for program in PROGRAMS if program.name.startswith("clean/")]) == 10
