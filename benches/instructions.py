"""Counts the instructions that heapwise adds to one allocation, with valgrind's cachegrind: no timing, so no noise.

    python benches/instructions.py [--json FILE] [--check FILE] [--update FILE]

Each operation runs n and then 3n times; the difference of the two counts, over 2n, is the cost of one operation
without any start-up. The same build on the same Python gives the same plain count to the instruction.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from profilers import Target, describe, find_target, target_variables
from results import replace_block
from tables import render

TURNS = 10_000
MODES = {"plain": None, "sampled": [], "exact": ["--exact"]}
# How much more than the recorded count is accepted by --check, to allow for a helper thread's share.
CHECK_TOLERANCE = 0.05


@dataclass(frozen=True)
class Operation:
    """A statement to repeat, run under `depth` further Python frames."""

    name: str
    statement: str
    depth: int = 0

    def source(self) -> str:
        # Repeated without a counter: the integers of range() would be allocations too.
        return f"""import itertools, sys
sys.setrecursionlimit(3000)
kept = []
def nothing():
    pass
def repeat(n):
    for _ in itertools.repeat(None, n):
        {self.statement}
def descend(depth, n):
    if depth == 0:
        repeat(n)
    else:
        descend(depth - 1, n)
descend({self.depth}, int(sys.argv[1]))
"""


OPERATIONS = (
    Operation("call of a function", "nothing()"),
    Operation("object(), dropped", "object()"),
    Operation("object(), kept", "kept.append(object())"),
    Operation("[None] * 100, dropped", "[None] * 100"),
    Operation("bytearray(1000), dropped", "bytearray(1000)"),
    Operation("bytearray(20000), dropped", "bytearray(20000)"),
    Operation("bytearray(20000), 200 frames deep", "bytearray(20000)", depth=200),
)


def instructions(command: list[str], program: Path, target: Target) -> int:
    """Instructions of the Python process that ran the program; the launcher that started it is not counted."""
    with tempfile.TemporaryDirectory(prefix="heapwise-bench-") as folder:
        valgrind = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--trace-children=yes"]
        valgrind.append(f"--cachegrind-out-file={folder}/count.%p")
        ended = subprocess.run(
            [*valgrind, *command], cwd=folder, env=target_variables(target), capture_output=True, text=True, check=False
        )
        counts = []
        for file in Path(folder).glob("count.*"):
            text = file.read_text()
            ran = re.search(r"^cmd: +(\S+) (.*)$", text, re.MULTILINE)
            total = re.search(r"^summary: (\d+)", text, re.MULTILINE)
            if ran and total and str(program) in ran[2] and Path(ran[1]).name.startswith("python"):
                counts.append(int(total[1]))
    if ended.returncode != 0 or len(counts) != 1:
        raise SystemExit(f"no count of {' '.join(command)}:\n{ended.stderr[-2000:]}")
    return counts[0]


def count(operation: Operation, mode: str, target: Target, folder: Path) -> float:
    """Instructions of one turn of the operation in a mode."""
    program = folder / "program.py"
    program.write_text(operation.source())
    few, many = (
        instructions(started(mode, program, str(n), target, folder), program, target) for n in (TURNS, 3 * TURNS)
    )
    return (many - few) / (2 * TURNS)


def started(mode: str, program: Path, argument: str, target: Target, folder: Path) -> list[str]:
    options = MODES[mode]
    if options is None:
        return [target.python, str(program), argument]
    assert target.heapwise is not None
    capture = folder / "run.heapwise"
    capture.unlink(missing_ok=True)
    return [target.heapwise, "run", "--no-report", *options, "-o", str(capture), str(program), argument]


def measure(modes: list[str], target: Target) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="heapwise-bench-") as folder:
        for operation in OPERATIONS:
            found[operation.name] = {}
            for mode in modes:
                found[operation.name][mode] = count(operation, mode, target, Path(folder))
                print(f"  {operation.name:36s}{mode:10s}{found[operation.name][mode]:12.1f}", file=sys.stderr)
        empty = Path(folder) / "empty.py"
        empty.write_text("")
        found["start and end, in thousands"] = {
            mode: instructions(started(mode, empty, "0", target, Path(folder)), empty, target) / 1e3 for mode in modes
        }
    return found


def extra(counts: dict[str, float], mode: str) -> float:
    return counts[mode] - counts["plain"]


def table(found: dict[str, dict[str, float]], modes: list[str]) -> str:
    rows = []
    for name, counts in found.items():
        added = [f"{round(extra(counts, mode)):+,}" for mode in modes if mode != "plain"]
        rows.append([name, f"{counts['plain']:,.0f}", *added])
    return render(["operation", "plain", *(f"{mode} adds" for mode in modes if mode != "plain")], rows)


def grown(found: dict[str, dict[str, float]], recorded: dict[str, dict[str, float]]) -> list[str]:
    """Operations that cost heapwise more instructions than recorded."""
    worse = []
    for name, counts in found.items():
        for mode in counts.keys() & recorded.get(name, {}).keys() - {"plain"}:
            now, before = extra(counts, mode), extra(recorded[name], mode)
            if now > before * (1 + CHECK_TOLERANCE) + 1:
                worse.append(f"{name}, {mode}: {now:.1f} instructions more than plain, recorded were {before:.1f}")
    return worse


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", help="the Python to run programs with (default .venv-bench/bin/python)")
    parser.add_argument("--heapwise", help="the heapwise to count (default: the one beside that Python)")
    parser.add_argument("--json", type=Path, help="write the counts to this file")
    parser.add_argument(
        "--check", type=Path, metavar="FILE", help="fail if heapwise adds more than in this --json file"
    )
    parser.add_argument(
        "--update", type=Path, metavar="FILE", help="also replace the marked block of this Markdown file"
    )
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        raise SystemExit("instructions.py needs valgrind")
    target = find_target(options.python, options.heapwise)
    modes = list(MODES) if target.heapwise else ["plain"]
    if options.check and not target.heapwise:
        raise SystemExit("--check needs a heapwise beside the Python under test, or --heapwise")
    found = measure(modes, target)
    facts = describe(target)
    head = f"Counted {facts['date']} with {facts['python']}, heapwise {facts['heapwise']}, on {facts['cpu']}."
    block = f"{head}\n\n**Instructions** for one operation\n\n{table(found, modes)}"
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    if options.update:
        replace_block(options.update, "instructions.py", block)
    print(block)
    worse = grown(found, json.loads(options.check.read_text())) if options.check else []
    if worse:
        raise SystemExit("\n".join(worse))


if __name__ == "__main__":
    main()
