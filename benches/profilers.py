"""How each profiler is started on a program, and what of it is installed in the Python under test."""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

BENCHES = Path(__file__).resolve().parent
REPOSITORY = BENCHES.parent

# One BLAS thread and fixed hashes: the same work in every run, and CPU time that means something on any machine.
FIXED_VARIABLES = {
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}

DISTRIBUTIONS = ("memray", "scalene", "filprofiler", "numpy", "pandas", "scikit-learn", "pyperformance")


@dataclass(frozen=True)
class Target:
    """The Python that runs the programs, and the heapwise that is installed beside it."""

    python: str
    python_version: str
    heapwise: str | None
    heapwise_version: str | None
    versions: dict[str, str]

    def script(self, name: str) -> str:
        """Path of a console script of this Python's environment."""
        return str(Path(self.python).parent / name)


@dataclass(frozen=True)
class Profiler:
    """One column of the tables."""

    name: str
    needs: str | None
    command: Callable[[Target, Path, Sequence[str]], list[str]]

    def missing(self, target: Target) -> str | None:
        """Why this profiler cannot run here, or None."""
        if self.needs is None:
            return None
        if self.needs == "heapwise":
            return None if target.heapwise else "no heapwise beside the Python under test (see --heapwise)"
        return None if self.needs in target.versions else f"{self.needs} is not installed for this Python"


def heapwise_command(*options: str) -> Callable[[Target, Path, Sequence[str]], list[str]]:
    def command(target: Target, out: Path, program: Sequence[str]) -> list[str]:
        assert target.heapwise is not None
        return [target.heapwise, "run", "--no-report", *options, "-o", str(out / "run.heapwise"), *program]

    return command


def memray_command(*options: str) -> Callable[[Target, Path, Sequence[str]], list[str]]:
    def command(target: Target, out: Path, program: Sequence[str]) -> list[str]:
        return [target.python, "-m", "memray", "run", "-q", *options, "-o", str(out / "run.memray"), *program]

    return command


def scalene_command(target: Target, out: Path, program: Sequence[str]) -> list[str]:
    script, *arguments = program
    run = [target.python, "-m", "scalene", "run", "--memory", "-o", str(out / "scalene.json"), script]
    return [*run, "---", *arguments] if arguments else run


def fil_command(target: Target, out: Path, program: Sequence[str]) -> list[str]:
    return [target.script("fil-profile"), "-o", str(out / "fil"), "--no-browser", "run", *program]


PROFILERS = (
    Profiler("plain", None, lambda target, out, program: [target.python, *program]),
    Profiler("heapwise", "heapwise", heapwise_command()),
    Profiler("heapwise --exact", "heapwise", heapwise_command("--exact")),
    Profiler("memray", "memray", memray_command()),
    Profiler("memray +python", "memray", memray_command("--trace-python-allocators")),
    Profiler("Scalene", "scalene", scalene_command),
    Profiler("Fil", "filprofiler", fil_command),
    Profiler("tracemalloc", None, lambda target, out, program: [target.python, "-X", "tracemalloc", *program]),
)


def find_target(python: str | None, heapwise: str | None) -> Target:
    """The Python to measure with (`.venv-bench` unless told otherwise) and what is installed in it."""
    chosen = python or str(REPOSITORY / ".venv-bench" / "bin" / "python")
    path = shutil.which(chosen)
    if path is None:
        raise SystemExit(f"no Python at {chosen}: make .venv-bench as benches/README.md says, or pass --python")
    # Not resolved: the name inside the environment's bin/ is what makes it that environment.
    path = os.path.abspath(path)
    question = (
        "import importlib.metadata as m, json, platform, sys\n"
        "found = {}\n"
        "for name in sys.argv[1:]:\n"
        "    try: found[name] = m.version(name)\n"
        "    except m.PackageNotFoundError: pass\n"
        "print(json.dumps([platform.python_version(), found]))"
    )
    answer = subprocess.run([path, "-c", question, *DISTRIBUTIONS], capture_output=True, text=True, check=True)
    version, versions = json.loads(answer.stdout)
    binary = shutil.which(heapwise) if heapwise else shutil.which("heapwise", path=str(Path(path).parent))
    if heapwise and binary is None:
        raise SystemExit(f"no heapwise at {heapwise}")
    heapwise_version = None
    if binary is not None:
        binary = os.path.abspath(binary)
        shown = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
        heapwise_version = shown.stdout.strip().removeprefix("heapwise ")
    return Target(path, version, binary, heapwise_version, versions)


def target_variables(target: Target) -> dict[str, str]:
    """The environment for every run."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "HEAPWISE"))}
    return {**variables, **FIXED_VARIABLES, "HEAPWISE_PYTHON": target.python}


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def describe(target: Target) -> dict[str, str]:
    """Machine and versions, for the head of every result."""
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": f"{cpu_model()}, {os.cpu_count()} cores",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": f"CPython {target.python_version}",
        "heapwise": target.heapwise_version or "not installed",
        **{name: target.versions.get(name, "not installed") for name in DISTRIBUTIONS},
    }
