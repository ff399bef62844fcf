"""Compares what memory profilers report with the truth, on small programs whose answer is known.

    python benches/accuracy.py [--cases realloc,thread] [--tools heapwise,memray] [--update FILE]

No timing here. The first table has each program's peak, the second the bytes of marked lines at that peak, where
what a library allocates for a line of the program counts for the program's line.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from accuracy_cases import CASES, Case
from compare import chosen
from measurement import timed
from profilers import PROFILERS, Profiler, Target, describe, find_target
from results import replace_block
from tables import render

# A figure within this share of the truth, plus the noise of interpreters, counts as right.
TOLERANCE, NOISE_BYTES = 0.02, 1_000_000

MEMRAY_QUESTION = """
import collections, json, sys, memray
reader = memray.FileReader(sys.argv[1])
lines = collections.Counter()
for record in reader.get_high_watermark_allocation_records(merge_threads=True):
    for function, file, line in record.stack_trace():
        if file == sys.argv[2]:
            lines[line] += record.size
            break
print(json.dumps([reader.metadata.peak_memory, lines]))
"""

TRACEMALLOC_RUNNER = """
import json, runpy, sys, tracemalloc
out = sys.argv.pop(1)
del sys.argv[0]
tracemalloc.reset_peak()
runpy.run_path(sys.argv[0], run_name="__main__")
with open(out, "w") as file:
    json.dump(tracemalloc.get_traced_memory()[1], file)
"""


@dataclass(frozen=True)
class Reading:
    """What a tool says: bytes at the peak, and of them by line number, if it can tell."""

    peak_bytes: int
    line_bytes: dict[int, int] | None


def read_heapwise(target: Target, out: Path, script: Path) -> Reading:
    assert target.heapwise is not None
    command = [target.heapwise, "report", str(out / "run.heapwise"), "--format", "json"]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    lines: dict[int, int] = {}
    for line in said["lines"]:
        if Path(line["file"]).name == script.name:
            lines[line["line"]] = lines.get(line["line"], 0) + line["peak_bytes_total"]
    return Reading(said["peak"]["heap_bytes"], lines)


def read_memray(target: Target, out: Path, script: Path) -> Reading:
    command = [target.python, "-c", MEMRAY_QUESTION, str(out / "run.memray"), str(script)]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return Reading(said[0], {int(number): size for number, size in said[1].items()})


def read_scalene(target: Target, out: Path, script: Path) -> Reading:
    """Scalene's figures are MiB; by line it has what it saw allocated, not what was live at the peak."""
    said = json.loads((out / "scalene.json").read_text())
    lines = {
        line["lineno"]: int(line["n_malloc_mb"] * 2**20)
        for file, content in said.get("files", {}).items()
        if Path(file).name == script.name
        for line in content["lines"]
    }
    return Reading(int(said.get("max_footprint_mb", 0) * 2**20), lines)


def read_fil(target: Target, out: Path, script: Path) -> Reading:
    """Fil's folded stacks: frames from the outermost, then bytes at the peak."""
    peak = 0
    lines: dict[int, int] = {}
    for row in next(out.rglob("peak-memory.prof")).read_text().splitlines():
        stack, _, size = row.rpartition(" ")
        peak += int(size)
        for frame in reversed(stack.split(";")):
            file, _, number = frame.partition(" (")[0].rpartition(":")
            if file and Path(file).name == script.name:
                lines[int(number)] = lines.get(int(number), 0) + int(size)
                break
    return Reading(peak, lines)


def read_tracemalloc(target: Target, out: Path, script: Path) -> Reading:
    return Reading(json.loads((out / "peak.json").read_text()), None)


def tracemalloc_command(target: Target, out: Path, program: Sequence[str]) -> list[str]:
    """tracemalloc writes nothing itself, so its peak is asked for when the program has ended."""
    return [target.python, "-X", "tracemalloc", "-c", TRACEMALLOC_RUNNER, str(out / "peak.json"), *program]


READERS: dict[str, Callable[[Target, Path, Path], Reading]] = {
    "heapwise": read_heapwise,
    "heapwise --exact": read_heapwise,
    "memray": read_memray,
    "memray +python": read_memray,
    "Scalene": read_scalene,
    "Fil": read_fil,
    "tracemalloc": read_tracemalloc,
}


def reading_of(source: str, profiler: Profiler, target: Target) -> Reading | str:
    """Runs a source text under a profiler; a text says why there is no reading."""
    command = tracemalloc_command if profiler.name == "tracemalloc" else profiler.command
    with tempfile.TemporaryDirectory(prefix="heapwise-bench-") as folder:
        script, out = Path(folder).resolve() / "case.py", Path(folder).resolve() / "out"
        script.write_text(source)
        out.mkdir()
        cost = timed(command(target, out, [str(script)]), target, out)
        if cost.problem:
            return cost.problem
        try:
            return READERS[profiler.name](target, out, script)
        except subprocess.CalledProcessError as failure:
            return f"its report failed: {failure.stderr.strip()[-160:]}"
        except (KeyError, StopIteration, FileNotFoundError, ValueError) as failure:
            return f"nothing to read from it: {failure!r}"


def figure(found: int, truth: int) -> str:
    """Megabytes, with a cross if that is not the truth."""
    right = abs(found - truth) <= TOLERANCE * truth + NOISE_BYTES
    return f"{found / 1e6:.1f}" + ("" if right else " ✗")


def compare(cases: Sequence[Case], profilers: Sequence[Profiler], target: Target) -> str:
    """Both tables and what went wrong."""
    peaks: list[list[str]] = []
    lines: list[list[str]] = []
    wrong: list[str] = []
    right = dict.fromkeys((p.name for p in profilers), 0)
    for case in cases:
        row = [case.name, f"{case.peak_bytes / 1e6:.1f}"]
        by_line = {mark: [f"{case.name}: {mark}", f"{size / 1e6:.1f}"] for mark, size in case.lines.items()}
        for profiler in profilers:
            print(f"  {case.name:50s} {profiler.name}", file=sys.stderr)
            base = reading_of(case.imports() + "print()\n", profiler, target)
            found = reading_of(case.source, profiler, target)
            if isinstance(base, str) or isinstance(found, str):
                wrong.append(f"{profiler.name}, {case.name}: {base if isinstance(base, str) else found}")
                row.append("failed")
                for cells in by_line.values():
                    cells.append("failed")
                continue
            row.append(figure(found.peak_bytes - base.peak_bytes, case.peak_bytes))
            right[profiler.name] += not row[-1].endswith("✗")
            for mark, cells in by_line.items():
                if found.line_bytes is None:
                    cells.append("-")
                else:
                    cells.append(figure(found.line_bytes.get(case.marked()[mark], 0), case.lines[mark]))
        peaks.append(row)
        lines.extend(by_line.values())
    peaks.append(["peaks within tolerance", f"{len(cases)}", *(f"{n}" for n in right.values())])
    names = [p.name for p in profilers]
    parts = [
        "**Peak**, MB above the program's imports",
        render(["program", "truth", *names], peaks),
        "**Lines at the peak**, MB (Scalene: all that it saw allocated in the line, it has no figure for the peak)",
        render(["line", "truth", *names], lines),
    ]
    if wrong:
        parts.append("\n".join(f"- {line}" for line in wrong))
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", help="comma-separated parts of case names")
    parser.add_argument("--tools", help=f"comma-separated, of: {', '.join(p.name for p in PROFILERS[1:])}")
    parser.add_argument("--python", help="the Python to run programs with (default .venv-bench/bin/python)")
    parser.add_argument("--heapwise", help="the heapwise to check (default: the one beside that Python)")
    parser.add_argument(
        "--update", type=Path, metavar="FILE", help="also replace the marked block of this Markdown file"
    )
    options = parser.parse_args()
    target = find_target(options.python, options.heapwise)
    wanted = chosen(options.tools, [p.name for p in PROFILERS[1:]], "tool")
    names = chosen(options.cases, [c.name for c in CASES], "case")
    reasons = {p.name: p.missing(target) for p in PROFILERS if p.name in wanted}
    profilers = [p for p in PROFILERS if p.name in wanted and reasons[p.name] is None]
    block = compare([c for c in CASES if c.name in names], profilers, target)
    absent = [f"- {name}: not measured, {why}" for name, why in reasons.items() if why]
    facts = describe(target)
    head = (
        f"Checked {facts.pop('date')}; "
        + "; ".join(f"{k} {v}" for k, v in facts.items() if k not in ("cpu", "pandas", "scikit-learn", "pyperformance"))
        + "."
    )
    block = "\n\n".join([head, block, *(["\n".join(absent)] if absent else [])])
    if options.update:
        replace_block(options.update, "accuracy.py", block)
    print(block)


if __name__ == "__main__":
    main()
