"""The build backend of pyproject.toml: maturin, with the agent library built first.

maturin packs one Rust target into a wheel, here the ``heapwise`` program. The agent is a second one: a plain
shared library without link-time CPython symbols, the same file for every supported Python. cargo builds it, and it is
copied to where the package expects it (``heapwise/_agent.so``); pyproject.toml's ``include`` packs it.

There is no ``build_sdist``: a source distribution would need both crates' sources, so wheels are built from a checkout.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import maturin  # type: ignore[import-untyped]
from maturin import (
    get_requires_for_build_editable,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

ROOT = Path(__file__).resolve().parent.parent
AGENT_IN_PACKAGE = ROOT / "python" / "heapwise" / "_agent.so"

Settings = Mapping[str, Any] | None


def build_wheel(wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    """Builds the wheel with a fresh agent library inside; returns its file name."""
    build_agent()
    name: str = maturin.build_wheel(wheel_directory, config_settings, metadata_directory)
    return name


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Builds the wheel of an editable installation; the agent library lies in the source tree."""
    build_agent()
    name: str = maturin.build_editable(wheel_directory, config_settings, metadata_directory)
    return name


def build_agent() -> None:
    """Compiles ``crates/heapwise_agent`` in release mode and copies the library into the package."""
    command = ["cargo", "build", "--release", "--locked", "--package", "heapwise_agent"]
    command += ["--message-format", "json-render-diagnostics"]
    finished = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if finished.returncode != 0:
        sys.exit(finished.returncode)
    library = library_in(finished.stdout)
    # A process that has the old file mapped keeps it: the new one takes the name in one step.
    beside = AGENT_IN_PACKAGE.with_suffix(f".{os.getpid()}.so")
    shutil.copyfile(library, beside)
    beside.replace(AGENT_IN_PACKAGE)


def library_in(cargo_messages: str) -> str:
    """The path of the agent's shared library in cargo's messages, one JSON object a line."""
    for line in cargo_messages.splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message["target"]["name"] == "heapwise_agent":
            for filename in message["filenames"]:
                if filename.endswith(".so"):
                    return str(filename)
    sys.exit("cargo built no shared library for heapwise_agent")
