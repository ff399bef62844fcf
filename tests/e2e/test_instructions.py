"""What heapwise adds to an allocation, in instructions, stays within the bounds that are committed beside the bench.

Instructions, not time: the count does not depend on how busy the machine is. benches/instructions.py counts, on the
newest Python found that has bounds; after a change that is worth its cost, its --update records new ones.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from interpreters import REPOSITORY, Environment, found_interpreters

BENCH = REPOSITORY / "benches" / "instructions.py"
BOUNDS = json.loads(BENCH.with_suffix(".json").read_text())
BOUNDED = [one for one in found_interpreters() if one.label in BOUNDS][-1:]
needs_bounds = pytest.mark.parametrize("environment", BOUNDED, ids=[one.label for one in BOUNDED], indirect=True)
needs_valgrind = pytest.mark.skipif(
    shutil.which("valgrind") is None, reason="valgrind is not installed, so instructions are not counted"
)


def _bench(environment: Environment, *options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, BENCH, "--python", environment.python, *options]
    return subprocess.run(command, capture_output=True, text=True)


@needs_valgrind
@needs_bounds
def test_no_operation_costs_more_than_its_bound(environment: Environment, tmp_path: Path) -> None:
    counts = tmp_path / "counts.json"
    done = _bench(environment, "--json", counts, "--check")
    assert done.returncode == 0, done.stdout + done.stderr


@needs_bounds
def test_a_count_above_its_bound_is_refused_by_name(environment: Environment, tmp_path: Path) -> None:
    bounds = BOUNDS[environment.interpreter.label]
    exact = {name: {"plain": 0.0, **added} for name, added in bounds.items()}
    counts = tmp_path / "counts.json"
    counts.write_text(json.dumps(exact))
    assert _bench(environment, "--counts", counts, "--check").returncode == 0
    for name in ("object(), dropped", "start of the interpreter, in thousands"):
        for mode in ("sampled", "exact"):
            worse = {**exact, name: {**exact[name], mode: exact[name][mode] * 1.25}}
            counts.write_text(json.dumps(worse))
            done = _bench(environment, "--counts", counts, "--check")
            assert done.returncode != 0
            assert done.stderr.startswith(f"{name}, {mode}: ")
    del exact["object(), dropped"]
    counts.write_text(json.dumps(exact))
    done = _bench(environment, "--counts", counts, "--check")
    assert done.returncode != 0
