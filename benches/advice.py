"""Scores advice against hand-fixed twins: every program with planted waste of tests/programs/advice, as a table.

python benches/advice.py [--python .venv/bin/python] [--exact] [--update benches/RESULTS.md]

The Python is one with heapwise, NumPy, pandas and SciPy installed. A program that cannot run, or whose twin prints
something else, ends the whole with an error; one for older libraries than are installed is named below the table.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path

from results import replace_block

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from advice_programs import (  # noqa: E402
    SAVING_BYTES,
    SAVING_SHARE,
    TOP,
    AdviceProgram,
    Import,
    Score,
    find_advice_programs,
    score,
)
from expectations import Mode  # noqa: E402
from interpreters import Environment, Interpreter  # noqa: E402

_ASK = """
import importlib.metadata as m, json, sys
names = ("heapwise", "numpy", "pandas", "scipy", "pyarrow")
have = {d.metadata["Name"].lower(): d.version for d in m.distributions()}
print(json.dumps([list(sys.version_info[:3]), {name: have.get(name) for name in names}]))
"""


def planted(versions: Mapping[str, str | None]) -> tuple[list[AdviceProgram], list[AdviceProgram]]:
    """The programs with planted waste, and those of them that are for older libraries than these."""
    programs = [one for one in find_advice_programs(ROOT / "tests" / "programs" / "advice") if one.expected]
    older = [one for one in programs if any(is_newer(needed, versions) for needed in one.imports)]
    return [one for one in programs if one not in older], older


def is_newer(needed: Import, versions: Mapping[str, str | None]) -> bool:
    """Whether the library is there in a version that is too new."""
    version = versions.get(needed.module)
    return needed.below is not None and version is not None and int(version.split(".")[0]) >= needed.below


def scores(environment: Environment, programs: list[AdviceProgram], mode: Mode) -> Iterator[Score]:
    """One for each program."""
    for program in programs:
        print(program.name, file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            yield score(environment, program, Path(folder), mode, with_twin=program.has_twin)


def table(rows: list[Score]) -> str:
    """The scores as Markdown, with their sum below."""
    megabytes = "{:.1f}".format
    lines = [
        f"| program | in the first {TOP} | predicted, MB | measured, MB | off |",
        "|---|---|---:|---:|---:|",
    ]
    for row in rows:
        predicted = row.found["peak_saving_bytes"] if row.found else None
        measured = row.measured_bytes
        off = f"{predicted / measured - 1:+.0%}" if predicted and measured else ""
        cells = [megabytes(value / 1e6) if value is not None else "" for value in (predicted, measured)]
        lines.append(f"| {row.program.name} | {'yes' if row.found else 'no'} | {' | '.join(cells)} | {off} |")
    found = [row for row in rows if row.found]
    compared = [row for row in rows if row.measured_bytes is not None]
    right = [row for row in compared if row.saving_is_right]
    lines += [
        "",
        f"{len(found)} of {len(rows)} expected findings are among the first {TOP}. {len(right)} of {len(compared)} "
        f"that have a twin are within {SAVING_SHARE:.0%} (or {SAVING_BYTES / 1e6:.0f} MB) of what it saves.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Reads the arguments, runs everything, prints the table or writes it into a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", type=Path, default=ROOT / ".venv" / "bin" / "python")
    parser.add_argument("--exact", action="store_true", help="record in exact mode")
    parser.add_argument("--update", type=Path, help="put the table between the marker lines of this file")
    options = parser.parse_args()
    asked = subprocess.run([options.python, "-I", "-c", _ASK], capture_output=True, text=True, check=True)
    release, versions = json.loads(asked.stdout)
    interpreter = Interpreter(options.python, (release[0], release[1], release[2]))
    environment = Environment(interpreter, options.python.parent.parent)
    programs, older = planted(versions)
    rows = list(scores(environment, programs, "exact" if options.exact else "sampled"))
    known = [f"{name} {version}" if version else f"no {name}" for name, version in versions.items()]
    python = ".".join(map(str, release))
    when = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    command = "python benches/advice.py" + (" --exact" if options.exact else "")
    block = f"Measured {when} with `{command}`. CPython {python}; {'; '.join(known)}.\n\n{table(rows)}"
    if older:
        block += f"\n\nFor older libraries, and not run: {', '.join(one.name for one in older)}."
    if options.update:
        replace_block(options.update, "advice.py", block)
    else:
        print(block)


if __name__ == "__main__":
    main()
