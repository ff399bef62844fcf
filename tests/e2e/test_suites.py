"""A part of CPython's own tests ends under heapwise, in both modes, as it does alone.

The whole of them, those of NumPy and pandas, and pyperformance's programs: `make test-cpython`, `test-libraries` and
`test-pyperformance`, with what came of them in benches/RESULTS.md.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from interpreters import REPOSITORY, Environment, found_interpreters
from runner import clean_environ

NEWEST = found_interpreters()[-1:]


@pytest.mark.parametrize("environment", NEWEST, ids=[one.label for one in NEWEST], indirect=True)
def test_pythons_own_tests_end_the_same(environment: Environment) -> None:
    has_tests: list[str | Path] = [environment.python, "-c", "import test.test_list"]
    if subprocess.run(has_tests, capture_output=True, env=clean_environ()).returncode != 0:
        pytest.skip(f"this Python {environment.interpreter.label} has no tests of its own installed")
    command: list[str | Path] = [sys.executable, REPOSITORY / "tests" / "suites" / "run_suite.py", "cpython", "--quick"]
    done = subprocess.run(
        [*command, "--python", environment.python], capture_output=True, text=True, env=clean_environ(), timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 different, 0 explained, 0 unstable" in done.stdout, done.stdout
