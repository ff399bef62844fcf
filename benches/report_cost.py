"""What it costs to read a capture of ten million events: CPU time and memory of every command that shows one.

    python benches/report_cost.py [--events 10000000] [--rounds 3] [--python PYTHON] [--heapwise HEAPWISE] [--keep FILE]

Records `programs/json_documents.py` in exact mode, for as many turns as it takes, and runs each command on the capture.
Times are the median of the rounds; a command over a target is marked ✗, and then this ends with 1.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from measurement import Cost, timed
from profilers import BENCHES, Target, find_target

PROGRAM = BENCHES / "programs" / "json_documents.py"
# Of design: a report on ten million events takes so much.
MOST_SECONDS = 3.0
MOST_BYTES = 500_000_000
COMMANDS = {
    "report": ("report",),
    "report --format json": ("report", "--format", "json"),
    "report --format html": ("report", "--format", "html", "-o", "page.html"),
    "advise": ("advise",),
}


def record(target: Target, heapwise: str, turns: int, capture: Path, folder: Path) -> None:
    command = [heapwise, "run", "--exact", "--no-report", "--force", "-o", str(capture), str(PROGRAM), str(turns)]
    cost = timed(command, target, folder)
    if cost.problem:
        raise SystemExit(f"cannot record {PROGRAM.name}: {cost.problem}")


def events(target: Target, heapwise: str, capture: Path, folder: Path) -> int:
    """Allocations and frees in the capture. In exact mode every block has both, but for those that are never freed."""
    cost = timed([heapwise, "report", "--format", "json", str(capture)], target, folder)
    if cost.problem:
        raise SystemExit(f"cannot read {capture}: {cost.problem}")
    lines: list[dict[str, int]] = json.loads(cost.stdout)["lines"]
    return 2 * sum(line["allocations"] for line in lines)


def recorded(target: Target, heapwise: str, wanted: int, capture: Path, folder: Path) -> int:
    """Records a capture of at least `wanted` events; how many it has."""
    turns = 2
    record(target, heapwise, turns, capture, folder)
    few = events(target, heapwise, capture, folder)
    turns = turns * wanted // few + 1
    record(target, heapwise, turns, capture, folder)
    return events(target, heapwise, capture, folder)


def row(name: str, costs: list[Cost]) -> tuple[str, bool]:
    """A row of the table, and whether the targets are met."""
    problems = [cost.problem for cost in costs if cost.problem]
    if problems:
        return f"| `heapwise {name}` | {problems[0]} | |", False
    seconds = statistics.median(cost.cpu_s for cost in costs)
    memory = max(cost.max_rss_bytes for cost in costs)
    met = seconds <= MOST_SECONDS, memory <= MOST_BYTES
    marks = [" ✗" if not fine else "" for fine in met]
    return f"| `heapwise {name}` | {seconds:.2f} s{marks[0]} | {memory / 1e6:.0f} MB{marks[1]} |", all(met)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000_000, help="events of the capture, at least")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each command")
    parser.add_argument("--python", help="the Python to record with (default .venv-bench/bin/python)")
    parser.add_argument("--heapwise", help="the heapwise to measure (default: the one beside that Python)")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="where the capture is kept (default: it is not)")
    options = parser.parse_args()
    target = find_target(options.python, options.heapwise)
    if target.heapwise is None:
        raise SystemExit("heapwise is not installed there; name one with --heapwise")
    with tempfile.TemporaryDirectory(prefix="heapwise-bench-") as folder:
        capture = (options.keep or Path(folder) / "large.heapwise").absolute()
        count = recorded(target, target.heapwise, options.events, capture, Path(folder))
        size = capture.stat().st_size
        costs: dict[str, list[Cost]] = {name: [] for name in COMMANDS}
        for _ in range(options.rounds):
            for name, words in COMMANDS.items():
                costs[name].append(timed([target.heapwise, words[0], str(capture), *words[1:]], target, Path(folder)))
    rows = [row(name, costs[name]) for name in COMMANDS]
    print(f"A capture of {count:_} events, {size / 1e6:.0f} MB, with heapwise {target.heapwise_version}.\n")
    print("| command | CPU time | max RSS |\n|---|---:|---:|")
    print("\n".join(text for text, _ in rows))
    sys.exit(0 if all(met for _, met in rows) else 1)


if __name__ == "__main__":
    main()
