"""The target programs by themselves: each ends, and prints, as its header says, with plain Python and no heapwise.

The oldest and the newest CPython stand for the others; what differs between versions is sizes, not behaviour.
"""

from __future__ import annotations

from pathlib import Path

import native_code
import pytest
from expectations import ExitExpectation, Program, StdoutExpectation
from interpreters import Environment, found_interpreters, lacking
from runner import invocation_arguments, plain

ENDS = sorted({*found_interpreters()[:1], *found_interpreters()[-1:]}, key=lambda one: one.release)


@pytest.mark.parametrize("environment", ENDS, ids=[one.label for one in ENDS], indirect=True)
def test_program_alone(environment: Environment, program: Program, native_folder: Path) -> None:
    for module in program.imports:
        if reason := lacking(environment, module):
            pytest.skip(reason)
    arguments, cwd = invocation_arguments(program)
    done = plain(environment, arguments, cwd=cwd, environ={native_code.VARIABLE: str(native_folder)})
    ending, stdout = 0, None
    for expectation in program.expectations("exact", environment.interpreter.version):
        match expectation:
            case ExitExpectation(code=code, signal=signal):
                ending = code if code is not None else -(signal or 0)
            case StdoutExpectation(text=text):
                stdout = text
    assert done.status == ending, done
    assert done.stderr == b"", done
    if stdout is not None:
        assert done.stdout.decode() == stdout
