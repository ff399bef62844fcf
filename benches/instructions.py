"""Counts the instructions that heapwise adds to one allocation, with valgrind's callgrind: no timing, so no noise.

    python benches/instructions.py [--json FILE] [--check] [--counts FILE] [--update] [--results FILE]

One program does each operation many times, between calls of a function at which callgrind writes down what it counted
so far. It runs once without heapwise and once in each mode; what a mode adds to an operation is the difference. Only
the thread that runs the program is counted. The bounds in instructions.json, by version of Python, are what --update
measured on the wheel; --check fails where heapwise adds more than that and the margin.
"""

import argparse
import json
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from profilers import Target, describe, find_target, target_variables
from results import replace_block
from tables import render

BOUNDS = Path(__file__).resolve().with_suffix(".json")
# What is accepted above a recorded count: compilers and builds of one version of Python differ by a little.
MARGIN = 0.10
LEAST_MARGIN = 3.0
TURNS = 2_000
# A recorded block costs some thousand instructions: of small ones there are so many that one more or less is not seen.
# What is kept of them stays below the height from which on heapwise looks at the live objects.
OF_SMALL_BLOCKS = 100_000
OF_KEPT_BLOCKS = 10_000
MODES = ("plain", "sampled", "exact")
# Called from Python as `os.getpgrp`; neither the interpreter nor heapwise has another use for it.
MARKER = "getpgrp"

Counts = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Operation:
    """A statement to repeat, run under `depth` further Python frames."""

    name: str
    statement: str
    depth: int = 0
    turns: int = TURNS


OPERATIONS = (
    Operation("call of a function", "nothing()"),
    Operation("object(), dropped", "object()", turns=OF_SMALL_BLOCKS),
    Operation("object(), kept", "kept.append(object())", turns=OF_KEPT_BLOCKS),
    Operation("[None] * 100, dropped", "[None] * 100"),
    Operation("bytearray(1000), dropped", "bytearray(1000)"),
    Operation("bytearray(20000), dropped", "bytearray(20000)"),
    Operation("bytearray(20000), grown, dropped", "bytearray(20000).extend(more)"),
    Operation("bytearray(20000), 200 frames deep", "bytearray(20000)", depth=200),
    Operation("two bytearray(20000), each below 100 new frames", "below(100); beneath(100)"),
)
# In thousands of instructions, each once: from the start of the process, and to its end. The end is what comes behind
# the exit functions: heapwise's looks at memory if no thread did yet, and at the live objects for as long as it may.
START, END = "start of the interpreter, in thousands", "its end, in thousands"

PROGRAM = """import itertools, os, sys
sys.setrecursionlimit(3000)
kept = []
more = bytes(20000)
def nothing():
    pass
def below(depth):
    if depth:
        below(depth - 1)
    else:
        bytearray(20000)
def beneath(depth):
    if depth:
        beneath(depth - 1)
    else:
        bytearray(20000)
class Stdout:
    # CPython flushes it behind the program, and when the exit functions are done.
    def flush(self):
        os.{marker}()
sys.stdout = Stdout()
def descend(depth, work, turns):
    if depth:
        descend(depth - 1, work, turns)
    else:
        # What is seen for the first time is not the cost of an operation.
        work(50)
        os.{marker}()
        work(turns)
        os.{marker}()
"""
# Repeated without a counter: the integers of range() would be allocations too.
REPEAT = """def work(n):
    for _ in itertools.repeat(None, n):
        {statement}
descend({depth}, work, {turns})
"""


def source() -> str:
    repeats = [REPEAT.format(statement=each.statement, depth=each.depth, turns=each.turns) for each in OPERATIONS]
    return PROGRAM.format(marker=MARKER) + "".join(repeats)


def parts(mode: str, target: Target, folder: Path) -> list[int]:
    """Instructions of the program's thread between the calls of the marker, by what callgrind wrote at each."""
    program, capture, out = folder / "program.py", folder / "run.heapwise", folder / "counts"
    program.write_text(source())
    capture.unlink(missing_ok=True)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    variables = target_variables(target)
    if mode != "plain":
        # Started past the launcher, which would be counted and cost time.
        variables |= {"HEAPWISE_CAPTURE": str(capture), "HEAPWISE_MODE": mode}
    # What Python compiles at the first import is not counted.
    subprocess.run([target.python, "-c", ""], cwd=folder, env=variables, capture_output=True, check=False)
    capture.unlink(missing_ok=True)
    valgrind = ["valgrind", "--tool=callgrind", f"--dump-before={MARKER}", "--separate-threads=yes"]
    valgrind.append(f"--callgrind-out-file={out}/part")
    ended = subprocess.run(
        [*valgrind, target.python, str(program)], cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    counts: dict[int, int] = {}
    for file in out.iterdir():
        text = file.read_text()
        thread = re.search(r"^thread: (\d+)", text, re.MULTILINE)
        part = re.search(r"^part: (\d+)", text, re.MULTILINE)
        total = re.search(r"^totals: (\d+)", text, re.MULTILINE)
        if part and total and thread and thread[1] == "1":
            counts[int(part[1])] = int(total[1])
    if ended.returncode != 0 or len(counts) != 2 * len(OPERATIONS) + 3:
        raise SystemExit(f"{mode}: {len(counts)} counts of the program's thread:\n{ended.stderr[-2000:]}")
    if mode != "plain" and not capture.exists():
        raise SystemExit(f"{mode}: nothing was recorded, so heapwise was not measured:\n{ended.stderr[-2000:]}")
    return [counts[part] for part in sorted(counts)]


def measure(modes: tuple[str, ...], target: Target) -> Counts:
    """Instructions of one turn of each operation, in each mode."""
    found: Counts = {name: {} for name in (*(each.name for each in OPERATIONS), START, END)}
    with tempfile.TemporaryDirectory(prefix="heapwise-bench-") as folder:
        for mode in modes:
            counted = parts(mode, target, Path(folder))
            for number, each in enumerate(OPERATIONS):
                found[each.name][mode] = counted[2 * number + 1] / each.turns
            found[START][mode], found[END][mode] = counted[0] / 1e3, counted[-1] / 1e3
    return found


def added(counts: dict[str, float], mode: str) -> float:
    return counts[mode] - counts["plain"]


def table(found: Counts, modes: tuple[str, ...]) -> str:
    rows = []
    for name, counts in found.items():
        extra = [f"{round(added(counts, mode)):+,}" for mode in modes if mode != "plain"]
        rows.append([name, f"{counts['plain']:,.0f}", *extra])
    return render(["operation", "plain", *(f"{mode} adds" for mode in modes if mode != "plain")], rows)


def summary(found: Counts) -> str:
    """What one event and one frame cost, from the operations that differ by them alone."""

    def cost(name: str, mode: str) -> float:
        return added(found[name], mode)

    # Sampled, one of these looks at the stack once, for the bytes; exact, for the object too.
    once = cost("bytearray(20000), dropped", "sampled")
    deep = cost("bytearray(20000), 200 frames deep", "sampled") - once
    new = cost("two bytearray(20000), each below 100 new frames", "sampled") - 2 * once
    rows = [
        ["small block that is not recorded, and its end", f"{cost('object(), dropped', 'sampled'):.0f}"],
        ["event of a small block, exact", f"{cost('object(), dropped', 'exact') / 2:.0f}"],
        ["recorded block of 20 KB and its end, sampled", f"{once:.0f}"],
        ["frame that is checked to stand where it stood", f"{deep / 200:.1f}"],
        ["frame that was not there at the last look", f"{new / 200:.1f}"],
    ]
    return render(["instructions for one", "added"], rows)


def worse(found: Counts, bounds: Counts) -> list[str]:
    """Operations to which heapwise adds more than recorded, and recorded ones that were not counted."""
    problems = [f"{name} has a bound, and no count" for name in bounds.keys() - found.keys()]
    problems += [f"{name} has no bound: --update records one" for name in found.keys() - bounds.keys()]
    for name in found.keys() & bounds.keys():
        for mode, bound in bounds[name].items():
            now = added(found[name], mode)
            if now > bound + max(abs(bound) * MARGIN, LEAST_MARGIN):
                problems.append(f"{name}, {mode}: {now:.1f} instructions more than plain, recorded are {bound:.1f}")
    return problems


def minor(target: Target) -> str:
    return ".".join(target.python_version.split(".")[:2])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", help="the Python to run the program with (default .venv-bench/bin/python)")
    parser.add_argument("--json", type=Path, help="write the counts to this file")
    parser.add_argument("--counts", type=Path, metavar="FILE", help="do not count: take what --json wrote to this file")
    parser.add_argument("--check", action="store_true", help="fail if heapwise adds more than recorded")
    parser.add_argument("--update", action="store_true", help="record what heapwise adds, for this version of Python")
    parser.add_argument(
        "--results", type=Path, metavar="FILE", help="also replace the marked block of this Markdown file"
    )
    options = parser.parse_args()
    if options.counts is None and shutil.which("valgrind") is None:
        raise SystemExit("instructions.py needs valgrind")
    target = find_target(options.python, None)
    if target.heapwise is None:
        raise SystemExit(f"heapwise is not installed for {target.python}, so there is nothing to count")
    bounds: dict[str, Counts] = json.loads(BOUNDS.read_text()) if BOUNDS.exists() else {}
    if options.check and minor(target) not in bounds:
        raise SystemExit(f"no bounds for CPython {minor(target)} in {BOUNDS.name}: --update records them")
    found: Counts = json.loads(options.counts.read_text()) if options.counts else measure(MODES, target)
    facts = describe(target)
    head = f"Counted {facts['date']} with {facts['python']}, heapwise {facts['heapwise']}, on {facts['cpu']}."
    block = f"{head}\n\n**Instructions** for one operation\n\n{table(found, MODES)}\n\n{summary(found)}"
    print(block)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    if options.results:
        replace_block(options.results, "instructions.py", block)
    if options.update:
        bounds[minor(target)] = {
            name: {mode: round(added(counts, mode), 1) for mode in MODES if mode != "plain"}
            for name, counts in found.items()
        }
        BOUNDS.write_text(json.dumps(dict(sorted(bounds.items())), indent=1) + "\n")
    problems = worse(found, bounds[minor(target)]) if options.check else []
    if problems:
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    main()
