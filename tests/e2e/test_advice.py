"""Advice on real runs: planted waste is found in its place and with its bytes; look-alikes and clean ones stay quiet.

The newest CPython runs all programs, every other one a few. HEAPWISE_TEST_ADVICE=all compares every program with its
hand-fixed twin (`make test-advice`); else one program of each rule is compared.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from advice_programs import TOP, AdviceProgram, find_advice_programs, score, twin
from interpreters import Environment, found_interpreters, lacking

PROGRAMS = find_advice_programs(Path(__file__).resolve().parents[1] / "programs" / "advice")
ALL_TWINS = os.environ.get("HEAPWISE_TEST_ADVICE") == "all"
NEWEST = found_interpreters()[-1:]
OTHERS = found_interpreters()[:-1]
# Of NumPy's arrays, of tables (the older CPythons have pandas 2), of Python's own objects, of the text of the program;
# and one that must be quiet.
EVERYWHERE = (
    "arrow-strings/script",
    "columns-read/function",
    "smaller-dtype/function",
    "smaller-dtype/script",
    "dead-variable/script",
    "needless-copy/script",
    "bounded-cache/function",
    "stream-not-list/script",
    "dead-variable/quiet_alias",
)


def _with_twin(program: AdviceProgram) -> bool:
    return program.has_twin and (ALL_TWINS or program.path.stem == "script")


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


@pytest.mark.parametrize("environment", NEWEST, ids=[one.label for one in NEWEST], indirect=True)
@pytest.mark.parametrize("advised", PROGRAMS, ids=[program.name for program in PROGRAMS])
def test_advice(environment: Environment, advised: AdviceProgram, tmp_path: Path) -> None:
    _check(environment, advised, tmp_path, with_twin=_with_twin(advised))


@pytest.mark.skipif(not OTHERS, reason="there is one CPython only")
@pytest.mark.parametrize("environment", OTHERS, ids=[one.label for one in OTHERS], indirect=True)
@pytest.mark.parametrize("name", EVERYWHERE)
def test_advice_on_other_versions(environment: Environment, name: str, tmp_path: Path) -> None:
    program = next(program for program in PROGRAMS if program.name == name)
    _check(environment, program, tmp_path, with_twin=False)


def test_a_twin_has_the_mended_lines_in_place_of_the_planted_ones() -> None:
    text = "a = 1  # <A> #-\n    #+ b = 2\nc = 3  # <C>\n"
    assert twin(text) == "    b = 2\nc = 3  # <C>\n"


def test_clean_programs_are_there() -> None:
    assert len([program for program in PROGRAMS if program.name.startswith("clean/")]) == 10
