"""Fixtures of the end-to-end tests: interpreters with the wheel installed, modes, target programs, C libraries.

Invariant: a test that asks for `environment` runs on every supported CPython that was found, and the header of the test
run names those that were not.
"""

from __future__ import annotations

import os
import shutil
import signal
from functools import cache
from pathlib import Path

import pytest
from expectations import MODES, Program, find_programs
from interpreters import (
    SUPPORTED,
    Environment,
    Interpreter,
    MissingWheelError,
    find_wheel,
    found_interpreters,
    make_environment,
)
from native_code import compile_library

PROGRAMS = Path(__file__).resolve().parents[1] / "programs"


def pytest_configure() -> None:
    """Programs under test start with signals as at a terminal, even where the tests run in the background of a shell
    or under nohup: what is ignored would be inherited, what is handled is not."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def pytest_report_header() -> list[str]:
    """Which CPythons the tests run on, and which supported ones are not there."""
    found = found_interpreters()
    missing = [f"{major}.{minor}" for major, minor in SUPPORTED if (major, minor) not in {one.version for one in found}]
    return [
        "CPythons: " + (", ".join(str(interpreter) for interpreter in found) or "none found"),
        "CPythons not found: " + (", ".join(missing) or "none"),
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every program, in every mode, on every interpreter; the interpreter varies fastest, so that parallel test
    processes make different environments at the start."""
    named = {
        name.strip()
        for marker in metafunc.definition.iter_markers("parametrize")
        for name in (marker.args[0].split(",") if isinstance(marker.args[0], str) else marker.args[0])
    }
    wanted = set(metafunc.fixturenames) - named
    if "program" in wanted:
        programs = find_programs(PROGRAMS)
        metafunc.parametrize("program", programs, ids=[program.name for program in programs])
    if "mode" in wanted:
        metafunc.parametrize("mode", MODES)
    if "environment" in wanted:
        found = found_interpreters()
        metafunc.parametrize("environment", found, ids=[one.label for one in found], indirect=True)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this test run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture
def environment(request: pytest.FixtureRequest, shared_folder: Path) -> Environment:
    """One interpreter's environment with the wheel under test installed."""
    kept = os.environ.get("HEAPWISE_TEST_ENVS")
    folder = Path(kept).resolve() if kept else shared_folder / "environments"
    made = _environment(request.param, folder)
    if isinstance(made, MissingWheelError):
        pytest.fail(str(made), pytrace=False)
    return made


@cache
def _environment(interpreter: Interpreter, folder: Path) -> Environment | MissingWheelError:
    try:
        return make_environment(interpreter, find_wheel(os.environ), folder)
    except MissingWheelError as missing:
        return missing


@pytest.fixture
def native_folder(request: pytest.FixtureRequest, shared_folder: Path) -> Path:
    """The folder with the compiled C libraries that the test's program needs."""
    program: Program = request.getfixturevalue("program")
    folder = shared_folder / "native"
    if program.native and not shutil.which("cc"):
        pytest.skip("no C compiler: cc is not on PATH")
    for name in program.native:
        compile_library(PROGRAMS / "native" / f"{name}.c", folder)
    return folder
