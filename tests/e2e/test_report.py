"""`heapwise report`: the JSON keeps to its schema and to itself, the text answers first and fits its width."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import jsonschema
import native_code
import pytest
from expectations import Mode, read_program
from interpreters import REPOSITORY, Environment
from invariants import broken_invariants
from native_code import compile_library
from report_json import Report, parse_report
from runner import finish, invocation_arguments, record
from terminal import Terminal

PROGRAMS = REPOSITORY / "tests" / "programs"
# One of each kind: deep and plain stacks, threads with and without Python, names that are not ASCII, no heap to speak
# of, an end by os._exit.
NAMES = (
    "nested_calls",
    "temporaries",
    "threads",
    "native_threads",
    "recursion_deep",
    "exec_own_filename",
    "async_frames",
    "trivial_pass",
    "leak_os_exit",
    "churn",
)
COLOUR = re.compile(rb"\x1b\[[0-9;]*m")


@pytest.fixture(params=NAMES)
def capture(request: pytest.FixtureRequest, environment: Environment, mode: Mode, tmp_path: Path) -> Path:
    """A capture of one of the target programs."""
    program = read_program(PROGRAMS / f"{request.param}.py", PROGRAMS)
    for name in program.native:
        compile_library(PROGRAMS / "native" / f"{name}.c", tmp_path)
    arguments, cwd = invocation_arguments(program)
    path = tmp_path / f"{program.name}.heapwise"
    record(environment, arguments, path, mode, cwd=cwd, environ={native_code.VARIABLE: str(tmp_path)})
    return path


def _json(environment: Environment, capture: Path) -> Report:
    done = finish([environment.heapwise, "report", capture, "--format", "json"])
    assert (done.status, done.stderr) == (0, b""), done
    schema = json.loads((REPOSITORY / "schema" / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(done.stdout))
    return parse_report(done.stdout)


def _widest(text: bytes) -> int:
    """Columns of the widest line: wide letters take two, combining marks none."""

    def columns(line: str) -> int:
        wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in line)
        return len(line) + wide - sum(unicodedata.combining(letter) > 0 for letter in line)

    return max(columns(line) for line in text.decode().splitlines())


def _megabytes(bytes_: int) -> str:
    """As people read it, 1 MB being a million bytes."""
    return f"{bytes_ / 1e6:.1f} MB"


def test_the_json_keeps_to_its_schema_and_the_text_to_the_json(environment: Environment, capture: Path) -> None:
    report = _json(environment, capture)
    assert broken_invariants(report) == []

    text = finish([environment.heapwise, "report", capture])
    assert (text.status, text.stderr) == (0, b"")
    assert b"\x1b" not in text.stdout, "no colours where there is no terminal"
    assert _widest(text.stdout) <= 80
    # How a program died comes before the peak, in a paragraph of its own.
    paragraphs = text.stdout.decode().split("\n\n")
    first = paragraphs[1 if report.get("death") else 0]
    heap = report["peak"]["heap_bytes"]
    if heap >= 1_000_000:
        assert _megabytes(heap) in first, "the answer comes first"
    assert capture.stem in text.stdout.decode()


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_the_text_fits_its_width(environment: Environment, capture: Path, columns: int) -> None:
    done = finish([environment.heapwise, "report", capture, "--width", str(columns)])
    assert done.status == 0
    assert _widest(done.stdout) <= columns


def _one_capture(environment: Environment, tmp_path: Path) -> Path:
    path = tmp_path / "nested.heapwise"
    assert record(environment, [PROGRAMS / "nested_calls.py"], path).status == 0
    return path


@pytest.mark.parametrize("columns", [80, 200])
def test_at_a_terminal_the_text_takes_its_width_and_colours(
    environment: Environment, tmp_path: Path, columns: int
) -> None:
    capture = _one_capture(environment, tmp_path)
    piped = finish([environment.heapwise, "report", capture, "--width", str(columns)])
    with Terminal([environment.heapwise, "report", capture], columns=columns) as terminal:
        status, shown = terminal.finish()
    assert status == 0
    assert COLOUR.search(shown)
    assert COLOUR.sub(b"", shown) == piped.stdout
    assert _widest(piped.stdout) <= columns


def test_no_color_is_honoured_at_a_terminal(environment: Environment, tmp_path: Path) -> None:
    capture = _one_capture(environment, tmp_path)
    for variable in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        with Terminal([environment.heapwise, "report", capture], environ=variable) as terminal:
            status, shown = terminal.finish()
        assert status == 0
        assert b"\x1b" not in shown


def test_the_report_of_a_run_is_the_report_of_its_capture(environment: Environment, tmp_path: Path) -> None:
    path = tmp_path / "nested.heapwise"
    run = finish([environment.heapwise, "run", "-o", path, PROGRAMS / "nested_calls.py"])
    report = finish([environment.heapwise, "report", path])
    assert run.status == report.status == 0
    assert report.stdout.strip() in run.stderr


def test_the_text_shows_the_lines_with_their_source(environment: Environment, tmp_path: Path) -> None:
    text = finish([environment.heapwise, "report", _one_capture(environment, tmp_path)]).stdout.decode()
    assert "return bytearray(size)" in text
    line = next(line for line in text.splitlines() if "nested_calls.py:" in line and "inner" in line)
    assert "80.0 MB" in line
    assert "80 %" in line


def test_a_reader_that_has_had_enough_is_no_error(environment: Environment, tmp_path: Path) -> None:
    capture = _one_capture(environment, tmp_path)
    pipeline = 'set -o pipefail; "$@" | head -c 1 >/dev/null'
    done = finish(["bash", "-c", pipeline, "bash", environment.heapwise, "report", capture, "--format", "json"])
    assert (done.status, done.stderr) == (0, b"")


def test_the_python_and_the_command_are_told(environment: Environment, tmp_path: Path) -> None:
    report = _json(environment, _one_capture(environment, tmp_path))
    assert report["run"]["python"] == ".".join(map(str, environment.interpreter.release))
    assert report["run"]["command"][1:] == [str(PROGRAMS / "nested_calls.py")]
    assert report["run"]["recording"] == "complete"
    assert report["run"]["problems"] == []
    assert 100_000_000 <= report["peak"]["rss_bytes"] < 400_000_000
