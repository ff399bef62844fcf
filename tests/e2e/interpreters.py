"""Finds the CPythons of this machine and makes, for each, an environment with the wheel under test.

Invariant: the tests run against an installed wheel only, never against the source tree. An environment is keyed by the
content of the wheel, so a new wheel never meets an old installation.

Environment variables: HEAPWISE_TEST_PYTHONS (paths with `:` between them; replaces the search), HEAPWISE_TEST_ENVS (a
folder that keeps the environments between runs), HEAPWISE_WHEEL (the wheel; else the newest in dist/).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from expectations import Version
from object_sizes import ObjectSizes

REPOSITORY = Path(__file__).resolve().parents[2]
SUPPORTED: tuple[Version, ...] = ((3, 10), (3, 11), (3, 12), (3, 13), (3, 14))

# Libraries that some tests need.
ON_DEMAND = ("numpy", "coverage", "pandas", "scipy", "pyarrow", "polars")

_ASK = """
import json, sys, sysconfig
free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
print(json.dumps([sys.implementation.name, list(sys.version_info[:3]), sys.executable, free_threaded]))
"""


class MissingWheelError(Exception):
    """There is no wheel to test; the text says how to make one."""


@dataclass(frozen=True)
class Interpreter:
    """A CPython on this machine."""

    python: Path
    release: tuple[int, int, int]

    @property
    def version(self) -> Version:
        """Major and minor version."""
        return self.release[:2]

    @property
    def label(self) -> str:
        """Short name for test ids, such as `3.12`."""
        return f"{self.release[0]}.{self.release[1]}"

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.release))} ({self.python})"


@dataclass(frozen=True)
class Environment:
    """A virtual environment of one interpreter, with heapwise installed."""

    interpreter: Interpreter
    folder: Path

    @property
    def python(self) -> Path:
        """The environment's own python."""
        return self.folder / "bin" / "python"

    @property
    def heapwise(self) -> Path:
        """The installed command."""
        return self.folder / "bin" / "heapwise"

    @cached_property
    def sizes(self) -> ObjectSizes:
        """Sizes of this interpreter's objects."""
        return ObjectSizes.of(self.python)


def find_interpreters(environ: Mapping[str, str]) -> list[Interpreter]:
    """One interpreter for each supported version that is on this machine, oldest first."""
    found: dict[Version, Interpreter] = {}
    for path in _candidates(environ):
        interpreter = _ask(path)
        if interpreter and interpreter.version in SUPPORTED:
            found.setdefault(interpreter.version, interpreter)
    return [found[version] for version in sorted(found)]


@cache
def found_interpreters() -> tuple[Interpreter, ...]:
    """Those of this machine, looked for once."""
    return tuple(find_interpreters(os.environ))


def _candidates(environ: Mapping[str, str]) -> list[Path]:
    if given := environ.get("HEAPWISE_TEST_PYTHONS"):
        return [Path(path) for path in given.split(os.pathsep) if path]
    on_path = [shutil.which(f"python{major}.{minor}", path=environ.get("PATH")) for major, minor in SUPPORTED]
    versions = Path(environ.get("PYENV_ROOT", Path(environ.get("HOME", "/")) / ".pyenv")) / "versions"
    return [
        REPOSITORY / ".venv" / "bin" / "python",
        *(Path(path) for path in on_path if path),
        *sorted(versions.glob("*/bin/python"), reverse=True),
        Path(sys.executable),
    ]


def _ask(python: Path) -> Interpreter | None:
    """What `python` is, or nothing when it does not run, is not CPython, or has no GIL."""
    try:
        done = subprocess.run([python, "-I", "-c", _ASK], capture_output=True, timeout=60)
    except OSError:
        return None
    if done.returncode != 0:
        return None
    name, release, executable, free_threaded = json.loads(done.stdout)
    if name != "cpython" or free_threaded:
        return None
    return Interpreter(Path(executable), (release[0], release[1], release[2]))


def find_wheel(environ: Mapping[str, str]) -> Path:
    """The wheel under test. Raises `MissingWheelError`."""
    if given := environ.get("HEAPWISE_WHEEL"):
        wheel = Path(given).resolve()
        if not wheel.is_file():
            raise MissingWheelError(f"HEAPWISE_WHEEL is {given}, which is not a file")
        return wheel
    wheels = sorted((REPOSITORY / "dist").glob("heapwise-*.whl"), key=lambda path: path.stat().st_mtime)
    if not wheels:
        raise MissingWheelError("no wheel in dist/: build one, or set HEAPWISE_WHEEL")
    return wheels[-1]


def make_environment(interpreter: Interpreter, wheel: Path, folder: Path) -> Environment:
    """The environment of `interpreter` below `folder`, made when it is not there yet.

    Safe to call from several test processes at once: the first one makes it, the others wait.
    """
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()[:12]
    environment = Environment(interpreter, folder / f"cpython{interpreter.label}-{digest}")
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(environment):
        complete = environment.folder / "complete"
        if not complete.exists():
            shutil.rmtree(environment.folder, ignore_errors=True)
            _check([interpreter.python, "-m", "venv", environment.folder])
            _check([*_pip(environment), "install", wheel])
            complete.touch()
    return environment


def lacking(environment: Environment, module: str, below: int | None = None) -> str | None:
    """Why a program that imports `module`, of a major version below `below`, cannot run in `environment`, or nothing if
    it can.

    What is in ON_DEMAND is installed when it is first asked for; nothing else is.
    """
    with _locked(environment):
        note = environment.folder / f"lacks-{module}{below or ''}"
        if not note.exists():
            if module in ON_DEMAND:
                subprocess.run([*_pip(environment), "install", "--only-binary=:all:", module], capture_output=True)
            code = f"import {module}"
            if below is not None:
                code += f"\nassert int({module}.__version__.split('.')[0]) < {below}, {module}.__version__"
            done = subprocess.run([environment.python, "-I", "-c", code], capture_output=True, text=True)
            error = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
            note.write_text("" if done.returncode == 0 else f"{environment.interpreter.label} lacks {module}: {error}")
        return note.read_text() or None


@contextmanager
def _locked(environment: Environment) -> Iterator[None]:
    with Path(f"{environment.folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_bare_environment(interpreter: Interpreter, folder: Path) -> Path:
    """The python of an environment without heapwise and without pip, made at `folder`."""
    _check([interpreter.python, "-m", "venv", "--without-pip", folder])
    return folder / "bin" / "python"


def _pip(environment: Environment) -> list[str | Path]:
    return [environment.python, "-m", "pip", "--disable-pip-version-check", "--quiet"]


def _check(command: list[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        shown = " ".join(map(str, command))
        raise RuntimeError(f"{shown} ended with {done.returncode}\n{done.stdout}{done.stderr}")
