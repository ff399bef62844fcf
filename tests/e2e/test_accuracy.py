"""Every target program, on every CPython, in both modes: the report says what the arithmetic of the header says."""

from __future__ import annotations

from pathlib import Path

import native_code
import pytest
from expectations import ExitExpectation, Mode, Program
from interpreters import Environment, lacking
from invariants import broken_invariants
from runner import invocation_arguments, read_report, record
from verdict import Outcome, judge


def test_program(environment: Environment, mode: Mode, program: Program, native_folder: Path, tmp_path: Path) -> None:
    for module in program.imports:
        if reason := lacking(environment, module):
            pytest.skip(reason)
    version = environment.interpreter.version
    arguments, cwd = invocation_arguments(program)
    capture = tmp_path / "run.heapwise"
    environ = {native_code.VARIABLE: str(native_folder)}

    done = record(environment, arguments, capture, mode, cwd=cwd, environ=environ)
    assert done.status == _expected_status(program, mode, environment), done
    assert done.stderr == b"", done
    report = read_report(environment, capture)

    release = ".".join(map(str, environment.interpreter.release))
    outcomes = [
        *judge(program, mode, version, environment.sizes, report, done.stdout.decode()),
        Outcome("mode", mode, report["run"]["mode"], report["run"]["mode"] == mode),
        Outcome("python", release, report["run"]["python"], report["run"]["python"] == release),
        Outcome("problems", "none", str(report["run"]["problems"]), not report["run"]["problems"]),
    ]
    broken = broken_invariants(report)
    if broken or not all(outcome.holds for outcome in outcomes):
        lines = [str(outcome) for outcome in outcomes] + [f"FAIL {rule}" for rule in broken]
        pytest.fail("\n".join([f"{program.path.name}, {mode}, capture {capture}", *lines]), pytrace=False)
    capture.unlink()


def _expected_status(program: Program, mode: Mode, environment: Environment) -> int:
    for expectation in program.expectations(mode, environment.interpreter.version):
        if isinstance(expectation, ExitExpectation):
            return expectation.code if expectation.code is not None else -(expectation.signal or 0)
    return 0
