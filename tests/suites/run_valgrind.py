"""Runs programs with the agent in them under valgrind's memcheck, and fails on errors of the agent.

    python tests/suites/run_valgrind.py --python PYTHON [--only NAME ...]

PYTHON is that of an environment with heapwise installed. Each program runs in both modes, with `PYTHONMALLOC=malloc`,
so that memcheck knows every block of Python's. An error counts if a frame of its stack is in the agent's library; those
of the interpreter and its libraries alone do not. What the agent allocates for itself comes from pages that it maps,
whose bounds memcheck does not know: there only what is read before it was written is found.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

PROGRAMS = Path(__file__).parents[1] / "programs"
AGENT = "/heapwise/_agent."
# What the agent does: every kind of block and mapping, threads, generators, signals, forks, looks at objects.
NAMES = (
    "c_realloc_edges.py",
    "bytearray_extend.py",
    "mmap_resize.py",
    "munmap_partial.py",
    "threads.py",
    "generators.py",
    "exceptions.py",
    "signal_handler.py",
    "code_address_reuse.py",
    "fork_child.py",
    "small_instances.py",
    "gc_cycles.py",
)
TIME_LIMIT = 600.0


def run(python: Path, program: Path, mode: str, folder: Path) -> tuple[int, list[str], int]:
    """How the program ended, the errors of the agent, and how many others there were."""
    capture = folder / f"{program.stem}-{mode}.heapwise"
    capture.touch()
    reports = folder / f"{program.stem}-{mode}.xml"
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "HEAPWISE"))}
    environ |= {"PYTHONMALLOC": "malloc", "HEAPWISE_CAPTURE": str(capture), "HEAPWISE_MODE": mode}
    options = ["--quiet", "--child-silent-after-fork=no", "--num-callers=40", "--xml=yes", f"--xml-file={reports}.%p"]
    command = ["valgrind", *options, str(python), str(program)]
    done = subprocess.run(command, env=environ, cwd=folder, capture_output=True, timeout=TIME_LIMIT, check=False)
    if capture.stat().st_size == 0:
        return done.returncode, [f"nothing was recorded: {done.stderr.decode(errors='replace')[-500:]}"], 0
    ours, others = [], 0
    # One for each process: the child of a fork has its own.
    for report in folder.glob(f"{reports.name}.*"):
        for error in errors_in(report):
            if any(AGENT in (place.text or "") for place in error.iter("obj")):
                ours.append(told(error))
            else:
                others += 1
    return done.returncode, ours, others


def errors_in(report: Path) -> list[ElementTree.Element]:
    """The errors in a report; that of a process which was killed has no end."""
    text = report.read_text(errors="replace")
    if "</valgrindoutput>" not in text:
        text += "</valgrindoutput>"
    errors = ElementTree.fromstring(text).findall("error")
    # Where it writes XML, memcheck looks for leaks too; what Python keeps to its end passed the agent's hooks.
    return [error for error in errors if not (error.findtext("kind") or "").startswith("Leak_")]


def told(error: ElementTree.Element) -> str:
    what = error.findtext("what") or error.findtext("xwhat/text") or "unknown"
    places = [(frame.findtext("fn") or "?", Path(frame.findtext("obj") or "?").name) for frame in error.iter("frame")]
    frames = [f"    {function} ({library})" for function, library in places[:12]]
    return "\n".join([f"  {error.findtext('kind')}: {what}", *frames])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[], help="parts of names of programs")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        raise SystemExit("valgrind is not installed; on Debian: apt install valgrind")
    wanted = [name for name in NAMES if not options.only or any(part in name for part in options.only)]
    runs, found, elsewhere = 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for name in wanted:
            for mode in ("sampled", "exact"):
                status, ours, others = run(options.python.absolute(), PROGRAMS / name, mode, Path(folder))
                runs, found, elsewhere = runs + 1, found + len(ours), elsewhere + others
                if status != 0:
                    found += 1
                    ours.append(f"  it ended with {status}")
                print(f"{name:24s}{mode:9s}{len(ours)} of the agent, {others} of others", flush=True)
                print("\n".join(ours), end="\n" if ours else "")
    print(f"{runs} runs, {found} errors of the agent, {elsewhere} of the interpreter and its libraries alone")
    sys.exit(1 if found or not runs else 0)


if __name__ == "__main__":
    main()
