"""Compares heapwise with plain Python and with other memory profilers; benches/README.md says how to read the result.

python benches/compare.py [--quick] [--rounds N] [--programs calls,numpy] [--tools heapwise,memray] [--reports]
"""

import argparse
import json
import os
import shlex
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from measurement import Measurement, Program, measure, timed
from profilers import BENCHES, PROFILERS, Profiler, Target, describe, find_target
from results import replace_block
from tables import EMPTY, render, report

DRIVER = "pyperformance_benchmark.py"
PROGRAMS = (
    Program(EMPTY, "empty.py", repeats=5),
    Program("calls", "calls.py", ("1200",)),
    Program("small objects", "small_objects.py", ("9",)),
    Program("json", "json_documents.py", ("9",)),
    Program("numpy", "numpy_arrays.py", ("9",)),
    Program("pandas", "pandas_tables.py", ("3",)),
    Program("scikit-learn", "sklearn_models.py", ("6",)),
    Program("threads", "threads.py", ("60",)),
    Program("recursion", "recursion.py", ("400",)),
    Program("growth", "growth.py", ("16",)),
    Program("pyperf deltablue", DRIVER, ("deltablue", "15"), ("deltablue",)),
    Program("pyperf mdp", DRIVER, ("mdp", "1"), ("mdp",)),
    Program("pyperf pyflate", DRIVER, ("pyflate", "3"), ("pyflate",)),
    Program("pyperf raytrace", DRIVER, ("raytrace", "4"), ("raytrace",)),
    Program("pyperf regex compile", DRIVER, ("regex_compile", "10"), ("regex_compile",)),
)


def chosen(text: str | None, names: list[str], what: str) -> list[str]:
    """The names that a comma-separated list asks for; a part of a name is enough (`pyperf` means all five)."""
    if text is None:
        return names
    wanted = [part.strip().lower() for part in text.split(",")]
    for part in wanted:
        if not any(part in name.lower() for name in names):
            raise SystemExit(f"no {what} called {part!r}; there are: {', '.join(names)}")
    exact = {part for part in wanted if part in (name.lower() for name in names)}
    return [n for n in names if n.lower() in exact or any(p in n.lower() for p in wanted if p not in exact)]


def run_rounds(
    programs: list[Program], profilers: list[Profiler], target: Target, rounds: int, quick: bool
) -> list[Measurement]:
    """Every program under every profiler in turn, again in each round; a plain run before the first warms caches."""
    said = {p.name: measure(p, PROFILERS[0], target, 0, quick, None)[1] for p in programs}
    measurements = []
    for turn in range(rounds):
        for program in programs:
            for repeat in range(1, program.repeats + 1):
                number = turn * program.repeats + repeat
                for profiler in profilers:
                    found, _ = measure(program, profiler, target, number, quick, said[program.name])
                    measurements.append(found)
    return measurements


def report_costs(programs: list[Program], profilers: list[Profiler], target: Target, quick: bool) -> str:
    """What reading a capture costs: the time, memory and output size of each tool's report."""
    rows = []
    for program in programs:
        for profiler in profilers:
            if profiler.needs not in ("heapwise", "memray"):
                continue
            with tempfile.TemporaryDirectory(prefix="heapwise-bench-") as folder:
                capture = Path(folder)
                timed(profiler.command(target, capture, program.command(quick)), target, capture)
                for name, command in report_commands(profiler, target, capture):
                    with tempfile.TemporaryDirectory(prefix="heapwise-bench-") as out:
                        cost = timed(command, target, Path(out))
                        size = cost.output_bytes + len(cost.stdout.encode())
                    cells = [f"{cost.wall_s:.2f}", f"{cost.max_rss_bytes / 1e6:.0f}", f"{size:,}"]
                    recorded = sum(f.stat().st_size for f in capture.iterdir())
                    failed = [cost.problem, "-", "-"] if cost.problem else cells
                    rows.append([program.name, profiler.name, name, f"{recorded:,}", *failed])
    head = ["program", "recorded by", "report", "capture, bytes", "wall, s", "memory, MB", "report, bytes"]
    return "**Reports** made from one capture\n\n" + render(head, rows)


def report_commands(profiler: Profiler, target: Target, capture: Path) -> list[tuple[str, list[str]]]:
    if profiler.needs == "memray":
        file = str(capture / "run.memray")
        return [("memray flamegraph", [target.python, "-m", "memray", "flamegraph", "-o", "report.html", file])]
    file = str(capture / "run.heapwise")
    assert target.heapwise is not None
    return [(f"heapwise {kind}", [target.heapwise, "report", file, "--format", kind]) for kind in ("text", "json")]


def heading(target: Target, rounds: int, quick: bool, load: tuple[float, float]) -> str:
    facts = describe(target)
    lines = [
        f"Measured {facts.pop('date')} with `python benches/{shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])}`, "
        f"{rounds} round{'s' if rounds != 1 else ''}{', short programs' if quick else ''}.",
        f"{facts.pop('cpu')}; {facts.pop('kernel')}; load of the machine {load[0]:.1f} before and {load[1]:.1f} after.",
        "; ".join(f"{name} {version}" if name != "python" else version for name, version in facts.items()) + ".",
    ]
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, help="rounds of all programs under all tools (default 5, with --quick 1)")
    parser.add_argument(
        "--quick", action="store_true", help="programs at a quarter of their length: to see that all runs"
    )
    parser.add_argument("--programs", help=f"comma-separated, of: {', '.join(p.name for p in PROGRAMS)}")
    parser.add_argument(
        "--tools", help=f"comma-separated, of: {', '.join(p.name for p in PROFILERS[1:])}; plain always runs"
    )
    parser.add_argument("--reports", action="store_true", help="also measure making a report from each capture")
    parser.add_argument("--python", help="the Python to run programs with (default .venv-bench/bin/python)")
    parser.add_argument("--heapwise", help="the heapwise to measure (default: the one beside that Python)")
    parser.add_argument("--json", type=Path, default=BENCHES / "results.json", help="where every single run is written")
    parser.add_argument(
        "--update", type=Path, metavar="FILE", help="also replace the marked block of this Markdown file"
    )
    return parser.parse_args()


def main() -> None:
    options = arguments()
    target = find_target(options.python, options.heapwise)
    names = chosen(options.tools, [p.name for p in PROFILERS[1:]], "tool")
    wanted = [PROFILERS[0], *(p for p in PROFILERS[1:] if p.name in names)]
    reasons = {p.name: p.missing(target) for p in wanted}
    absent = {name: why for name, why in reasons.items() if why is not None}
    for name, why in absent.items():
        print(f"skipping {name}: {why}", file=sys.stderr)
    profilers = [p for p in wanted if p.name not in absent]
    programs = [p for p in PROGRAMS if p.name in chosen(options.programs, [p.name for p in PROGRAMS], "program")]
    rounds = options.rounds or (1 if options.quick else 5)

    load_before = os.getloadavg()[0]
    measurements = run_rounds(programs, profilers, target, rounds, options.quick)
    options.json.write_text(
        json.dumps(
            {"environment": describe(target), "absent": absent, "measurements": [asdict(m) for m in measurements]},
            indent=1,
        )
    )
    parts = [report(measurements, absent)]
    if options.reports:
        parts.append(report_costs(programs, profilers, target, options.quick))
    parts.insert(0, heading(target, rounds, options.quick, (load_before, os.getloadavg()[0])))
    block = "\n\n".join(parts)
    if options.update:
        replace_block(options.update, "compare.py", block)
    print(block)
    if any(m.problem for m in measurements if m.profiler == "plain" or m.profiler.startswith("heapwise")):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
