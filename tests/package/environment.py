"""An environment that holds the package's Python sources and a stand-in for each of its two binaries.

These tests are about the Python side alone: what it starts, when it refuses, and that it is not noticed otherwise.
tests/e2e tests the installed wheel with the real program and agent.
"""

import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Installed:
    """A virtual environment with the package in it."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def program(self) -> Path:
        return self.folder / "bin" / "heapwise"

    @property
    def site_packages(self) -> Path:
        version = f"python{sysconfig.get_python_version()}"
        return self.folder / "lib" / version / "site-packages"

    def write_agent(self, source: str) -> None:
        """Puts `source` where the agent library would be."""
        (self.site_packages / "heapwise" / "_agent.py").write_text(source)

    def write_program(self, script: str) -> None:
        """Puts a shell script where the heapwise program would be."""
        self.program.write_text(f"#!/bin/sh\n{script}\n")
        self.program.chmod(0o755)

    def run(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Runs the environment's python with these arguments, and with only these variables set."""
        return subprocess.run(
            [self.python, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )


def install(folder: Path) -> Installed:
    """Makes the environment at `folder`, without stand-ins."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    environment = Installed(folder)
    package = environment.site_packages / "heapwise"
    package.mkdir()
    for source in (REPOSITORY / "python" / "heapwise").glob("*.py"):
        shutil.copy(source, package)
    shutil.copy(REPOSITORY / "heapwise.data" / "platlib" / "heapwise.pth", environment.site_packages)
    return environment
