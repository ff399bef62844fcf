"""Compiles the C sources of tests/programs/native into shared libraries that the target programs open.

Invariant: a library is compiled once per test session and folder; the program finds the folder in HEAPWISE_TEST_NATIVE.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

VARIABLE = "HEAPWISE_TEST_NATIVE"


def compile_library(source: Path, folder: Path) -> Path:
    """Compiles NAME.c to libNAME.so in `folder`, unless it is there. Raises when the compiler reports anything."""
    library = folder / f"lib{source.stem}.so"
    if not library.exists():
        folder.mkdir(parents=True, exist_ok=True)
        # Several test processes may compile at once; each renames a complete library into place.
        partial = folder / f"{library.name}.{os.getpid()}"
        command = ["cc", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-pthread"]
        done = subprocess.run([*command, "-o", partial, source], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"cc failed on {source}\n{done.stderr}")
        partial.rename(library)
    return library
