"""The header format: what it accepts, what it means, and that everything else is an error."""

from __future__ import annotations

from pathlib import Path

import pytest
from expectations import (
    Condition,
    ExitExpectation,
    FunctionExpectation,
    HeaderError,
    Invocation,
    LineExpectation,
    LineFunctionExpectation,
    Place,
    Program,
    ProgramExpectation,
    StdoutExpectation,
    Tolerance,
    find_programs,
    read_program,
)
from object_sizes import NO_SIZES

PEAK = "# expect: peak_heap_bytes ~ 1"


def _read(folder: Path, header: str, code: str = "x = 1  # <ONE>\n", name: str = "sample.py") -> Program:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'"""A sample."""\n{header}\n\n{code}', encoding="utf-8")
    return read_program(path, folder)


def test_a_header_with_every_kind_of_line(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("\ny = 2  # <TWO>\n")
    header = """
# run: script --verbose "two words"
# needs: native store
# needs: import numpy
# files: other.py
# let: BLOCK = bytearray_of(1_000) + 7
# expect: peak_heap_bytes ~ 3 * BLOCK .. 4 * BLOCK within exact 0.5%, sampled 2_000
# expect[exact]: line ONE self ~ BLOCK
# expect[3.12+]: line TWO total < 1%
# expect[sampled, 3.10-3.11]: line ONE in load
# expect: line "<unit {i}>":1+i%7 leaked ~ 10 * i for i in 3..4
# expect: function load total > 5
# expect: leaked_bytes ~ 0
# expect: exit code 3
# expect: stdout "text\\n"
"""
    program = _read(tmp_path, header)
    assert program.name == "sample"
    assert program.invocation == Invocation("script", None, ("--verbose", "two words"))
    assert (program.native, program.imports) == (("store",), ("numpy",))
    ((name, value),) = program.lets("exact", (3, 12))
    assert (name, value.value(NO_SIZES, {})) == ("BLOCK", 1_008)

    peak, one, two, unit3, unit4, function, leaked, exit_, stdout = program.expectations("exact", (3, 12))
    assert isinstance(peak, ProgramExpectation)
    assert peak.bound.low.value(NO_SIZES, {"BLOCK": 10}) == 30
    assert peak.bound.high.value(NO_SIZES, {"BLOCK": 10}) == 40
    assert peak.bound.tolerances == {"exact": Tolerance(0.5, True), "sampled": Tolerance(2_000, False)}
    assert isinstance(one, LineExpectation)
    assert one.place == Place("ONE", "sample.py", 19)
    assert isinstance(two, LineExpectation)
    assert two.place == Place("TWO", "other.py", 2)
    assert (two.metric, two.bound.relation, two.bound.percent) == ("total", "<", True)
    assert isinstance(unit3, LineExpectation)
    assert isinstance(unit4, LineExpectation)
    assert [unit3.place, unit4.place] == [Place(None, "<unit 3>", 4), Place(None, "<unit 4>", 5)]
    assert [unit3.index, unit4.index] == [3, 4]
    assert isinstance(function, FunctionExpectation)
    assert (function.function, function.metric) == ("load", "total")
    assert isinstance(leaked, ProgramExpectation)
    assert exit_ == ExitExpectation(3, None)
    assert stdout == StdoutExpectation("text\n")

    kinds = [type(expectation) for expectation in program.expectations("sampled", (3, 11))]
    assert LineFunctionExpectation in kinds
    assert not any(
        isinstance(found, LineExpectation) and found.place.marker for found in program.expectations("sampled", (3, 11))
    )


def test_a_package_is_named_after_its_folder(tmp_path: Path) -> None:
    code = "x = 1\n"
    program = _read(tmp_path, f"# run: module tool -v\n{PEAK}", code, "tool/__main__.py")
    assert program.name == "tool"
    assert program.invocation == Invocation("module", "tool", ("-v",))


def test_a_signal_is_known_by_its_name(tmp_path: Path) -> None:
    program = _read(tmp_path, f"{PEAK}\n# expect: exit signal SIGKILL", "x = 1\n")
    assert program.expectations("exact", (3, 12))[1] == ExitExpectation(None, 9)


@pytest.mark.parametrize(
    ("text", "mode", "version", "holds"),
    [
        (Condition(), "exact", (3, 10), True),
        (Condition("exact"), "exact", (3, 10), True),
        (Condition("exact"), "sampled", (3, 10), False),
        (Condition(None, (3, 12)), "exact", (3, 11), False),
        (Condition(None, (3, 12)), "exact", (3, 14), True),
        (Condition(None, (3, 10), (3, 11)), "sampled", (3, 12), False),
    ],
)
def test_a_condition_holds(text: Condition, mode: str, version: tuple[int, int], holds: bool) -> None:
    assert text.holds("exact" if mode == "exact" else "sampled", version) is holds


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (f"{PEAK}\n# expects: line ONE self ~ 1", "not a line of a header"),
        (f"{PEAK}\n# expect: line ONE peak ~ 1", "unknown metric 'peak'"),
        (f"{PEAK}\n# expect: line TWO self ~ 1", "no line carries the marker <TWO>"),
        (f"{PEAK}\n# expect: line ONE self = 1", "a relation is"),
        (f"{PEAK}\n# expect: line ONE self ~ WIDTH", "unknown name WIDTH"),
        (f"{PEAK}\n# expect: line ONE self ~ i", "unknown name i"),
        (f"{PEAK}\n# expect: line ONE self ~ 1 / 2", "not in the language"),
        (f"{PEAK}\n# expect: line ONE self ~ 1.5", "not in the language"),
        (f"{PEAK}\n# expect: line ONE self ~ True", "not in the language"),
        (f"{PEAK}\n# expect: line ONE self ~ open(1)", "not in the language"),
        (f"{PEAK}\n# expect: line ONE self ~ (", "not an expression"),
        (f"{PEAK}\n# expect: line ONE self ~ 1%", "a percentage goes with"),
        (f"{PEAK}\n# expect: line ONE self < 1 .. 2", "takes neither"),
        (f"{PEAK}\n# expect: line ONE self ~ 1 within 1%, exact 2%", "two tolerances"),
        (f"{PEAK}\n# expect: line ONE self ~ 1 within some", "not a tolerance"),
        (f"{PEAK}\n# expect[fast]: line ONE self ~ 1", "not a condition"),
        (f"{PEAK}\n# expect: heap ~ 1", "unknown expectation"),
        (f"{PEAK}\n# expect: exit code", "unknown expectation"),
        (f"{PEAK}\n# expect: stdout text", "not a string"),
        (f"{PEAK}\n# let: block = 1", "let is"),
        (f"{PEAK}\n# needs: gcc", "needs is"),
        (f"{PEAK}\n# run: program", "run is"),
        (f"{PEAK}\n# run[exact]: script", "takes no condition"),
        (PEAK, "no expectation refers to ONE"),
        ("# expect: line ONE self ~ 1", "no peak_heap_bytes is expected"),
    ],
)
def test_whatever_breaks_the_format_is_an_error(tmp_path: Path, header: str, why: str) -> None:
    with pytest.raises(HeaderError, match=r"sample\.py") as raised:
        _read(tmp_path, header)
    assert why in str(raised.value)


def test_markers_are_unique(tmp_path: Path) -> None:
    with pytest.raises(HeaderError, match="marker ONE is there twice"):
        _read(tmp_path, f"{PEAK}\n# expect: line ONE self ~ 1", "x = 1  # <ONE>\ny = 1  # <ONE>\n")


def test_header_lines_stand_in_the_header_only(tmp_path: Path) -> None:
    with pytest.raises(HeaderError, match="a header line outside the header"):
        _read(tmp_path, PEAK, "x = 1\n# expect: line ONE self ~ 1\n")


def test_a_program_opens_with_a_docstring(tmp_path: Path) -> None:
    path = tmp_path / "bare.py"
    path.write_text(f"{PEAK}\nx = 1\n")
    with pytest.raises(HeaderError, match="opens with a docstring"):
        read_program(path, tmp_path)


def test_the_header_ends_where_a_decorator_begins(tmp_path: Path) -> None:
    program = _read(tmp_path, f"{PEAK}\n# expect: line ONE self ~ 1", "@print\ndef f(): pass  # <ONE>\n")
    assert len(program.expectations("exact", (3, 12))) == 2


def test_every_target_program_has_a_valid_header_and_the_suite_is_large_enough() -> None:
    programs = find_programs(Path(__file__).resolve().parents[1] / "programs")
    assert len(programs) >= 32
    assert len({program.name for program in programs}) == len(programs)
