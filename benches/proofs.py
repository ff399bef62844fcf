"""Proves every edit that heapwise proposes on the programs of tests/programs/advice, and that it edits no look-alike.

python benches/proofs.py [--python PYTHON] [NAME ...]

NAME is a program such as `dead-variable/script` or a folder such as `slots`; without one all are run. The Python is one
with heapwise, NumPy, pandas and SciPy installed; without it the end-to-end tests' newest environment is taken. Ends
with 1 if fewer than nine of ten edits are proven with the predicted saving within 15 % (or 2 MB) of the measured one,
or if a look-alike is edited by the rule that it looks like, a clean program by any.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from advice_programs import AdviceProgram, find_advice_programs  # noqa: E402
from fix_proofs import Tried, missing, tried  # noqa: E402
from interpreters import (  # noqa: E402
    Environment,
    Interpreter,
    find_wheel,
    found_interpreters,
    make_environment,
)

ENOUGH = 0.9


def row(one: Tried) -> str:
    """An edit as a line of the table."""
    name = f"{one.program}: {one.finding['rule']}" if not one.program.startswith(one.finding["rule"]) else one.program
    predicted = f"{one.finding['new_peak_bytes'] / 1e6:.1f}"
    measured = f"{one.measured['peak_after_bytes'] / 1e6:.1f}" if one.measured else ""
    output = "" if one.measured is None else "same" if one.measured["same_output"] else "other"
    right = "yes" if one.is_proven and one.predicted_right else "no"
    return f"| {name} | {predicted} | {measured} | {output} | {right} | {one.withdrawn or ''} |"


def main() -> int:
    """Runs everything and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    environments = Path(os.environ.get("HEAPWISE_TEST_ENVS", ROOT / "target" / "proofs")).resolve()
    if options.python:
        # Its version matters to the tests alone.
        environment = Environment(Interpreter(options.python, (0, 0, 0)), options.python.absolute().parent.parent)
    else:
        environment = make_environment(found_interpreters()[-1], find_wheel(os.environ), environments)
    programs = find_advice_programs(ROOT / "tests" / "programs" / "advice")
    wanted = [it for it in programs if not options.names or {it.name, it.name.split("/")[0]} & set(options.names)]
    if not wanted:
        parser.error("there is no such program")
    rows: list[Tried] = []
    not_edited: list[str] = []
    edited: list[str] = []
    quiet: list[AdviceProgram] = []
    skipped: list[str] = []
    print("| program | predicted new peak, MB | measured, MB | output | proven within 15 % | withdrawn |")
    print("|---|---:|---:|---|---|---|", flush=True)
    for program in wanted:
        if not options.python and (reason := missing(environment, program)):
            skipped.append(f"{program.name} ({reason})")
            continue
        with tempfile.TemporaryDirectory() as folder:
            of_program = tried(environment, program, Path(folder))[0]
        if program.expected is None:
            quiet.append(program)
            wrong = [one for one in of_program if program.quiet in ("*", one.finding["rule"])]
            edited += [f"{program.name}: {one.finding['rule']}" for one in wrong]
        elif not any(one.finding["rule"] == program.expected.rule for one in of_program):
            not_edited.append(program.name)
        # A look-alike of one rule may have the waste of another.
        rows += of_program
        for one in of_program:
            print(row(one), flush=True)
    good = [one for one in rows if one.is_proven and one.predicted_right]
    print(f"\n{len(good)} of {len(rows)} edits are proven with the saving within 15 % (or 2 MB) of the predicted one.")
    print(f"Planted programs without an edit for their waste: {', '.join(not_edited) or 'none'}.")
    print(f"{len(quiet)} look-alikes and clean programs; edited: {', '.join(edited) or 'none'}.")
    if skipped:
        print(f"Not run: {', '.join(skipped)}.")
    return int(len(good) < ENOUGH * len(rows) or bool(edited))


if __name__ == "__main__":
    sys.exit(main())
