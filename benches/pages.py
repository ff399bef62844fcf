"""How large the pages are, how long they take to write and to open, beside those of memray and Scalene.

    python benches/pages.py [--python PYTHON] [--peers PYTHON] [--programs NAMES] [--rounds N]

Each program is recorded once by every tool, and a page is made of the recording, one file without need of a network
(`memray flamegraph --no-web`, `scalene view --standalone`); Chromium then opens that page from disk five times without
a network, and the median counts. Writing is the CPU time of the command that writes the page. Opening is the time from
asking for the page to the first picture behind the moment at which it is loaded and has what it shows: heapwise's says
so itself, of the others it is the first frame of the flame graph, or the first table; the main thread's part of that is
CPU time, which other work on the machine does not lengthen. heapwise must be installed in
PYTHON, memray and Scalene in PEERS; what is not there is named. Needs Chromium, and Playwright in the Python that runs
this.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser
from playwright.sync_api import Error as PageError
from profilers import REPOSITORY, Target, describe, find_target

sys.path.insert(0, str(REPOSITORY / "tests" / "page"))
from browser import chromium, painted

ROUNDS = 5
TIME_LIMIT = 1800

# Each turn makes a list, a text and a tuple and frees those of a thousand turns before. Recorded exactly, these are
# 10.4 million events.
MANY_EVENTS = """\
def fill(kept, turns):
    for turn in range(turns):
        kept[turn % 1000] = [turn, str(turn), (turn, turn)]
kept = [None] * 1000
for part in range(11):
    fill(kept, 100_000)
"""
# 100,000 lines that hold a block each.
MANY_LINES = """\
kept = []
source = "def allocate(kept):\\n" + "".join(f"    kept.append(bytearray({64 + n % 500}))\\n" for n in range(2_000))
for module in range(50):
    space = {}
    exec(compile(source, f"/srv/generated/module_{module}.py", "exec"), space)
    space["allocate"](kept)
"""


@dataclass(frozen=True)
class Program:
    name: str
    path: Path
    exact: bool


@dataclass(frozen=True)
class Tool:
    """How a page is made: the command that records, the one that writes the page, and what is in it when it is ready.

    Scalene names its page itself: `written` is that name in the folder of the command.
    """

    name: str
    record: Callable[[Program, Path], list[str]]
    write: Callable[[Path, Path], list[str]]
    ready: str
    written: str | None = None


def tools(own: Target, peers: Target) -> list[Tool]:
    assert own.heapwise is not None
    heapwise = [own.heapwise]
    memray = [peers.python, "-m", "memray"]

    def recorded(command: list[str], exactly: str) -> Callable[[Program, Path], list[str]]:
        return lambda program, out: [*command, *[exactly] * program.exact, "-o", str(out), str(program.path)]

    def scalene(program: Program, out: Path) -> list[str]:
        # It counts the lines of generated code only where it is told to count all.
        options = ["--memory", *["--profile-all"] * program.exact, "-o", str(out)]
        return [peers.python, "-m", "scalene", "run", *options, str(program.path)]

    memray_ready = "#chart svg g"
    return [
        Tool(
            "heapwise",
            recorded([*heapwise, "run", "--no-report"], "--exact"),
            lambda recording, page: [*heapwise, "report", str(recording), "--format", "html", "-o", str(page)],
            "html[data-ready=yes]",
        ),
        Tool(
            "memray",
            recorded([*memray, "run", "-q"], "--trace-python-allocators"),
            lambda recording, page: [*memray, "flamegraph", "--no-web", "-o", str(page), str(recording)],
            memray_ready,
        ),
        Tool(
            "memray --temporal",
            recorded([*memray, "run", "-q"], "--trace-python-allocators"),
            lambda recording, page: [*memray, "flamegraph", "--no-web", "--temporal", "-o", str(page), str(recording)],
            memray_ready,
        ),
        Tool(
            "Scalene",
            scalene,
            lambda recording, page: [peers.python, "-m", "scalene", "view", "--standalone", str(recording)],
            "#profile table",
            "scalene-profile.html",
        ),
    ]


def timed(command: list[str], folder: Path) -> float:
    """CPU seconds of a command and all below it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=TIME_LIMIT, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["nothing on stderr"]
        raise RuntimeError(f"ended with {done.returncode}: {last[0]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def opening(browser: Browser, page_path: Path, ready: str) -> tuple[float, float]:
    """Seconds until the page is ready, of one opening, and CPU seconds of its main thread until then."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    page = context.new_page()
    page.set_default_timeout(TIME_LIMIT * 1000 / 10)
    inspector = context.new_cdp_session(page)
    inspector.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = time.perf_counter()
    page.goto(page_path.as_uri(), wait_until="load")
    page.wait_for_selector(ready, state="attached")
    painted(page)
    taken = time.perf_counter() - before
    metrics = inspector.send("Performance.getMetrics")["metrics"]
    worked: float = next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")
    context.close()
    return taken, worked


def measured(browser: Browser, tool: Tool, program: Program, folder: Path, rounds: int) -> list[str]:
    """A row of the table."""
    row = [program.name, tool.name]
    folder = folder / f"{tool.name} {program.name}"
    folder.mkdir()
    # Scalene adds the ending where it is missing.
    recording, page = folder / "recording.json", folder / (tool.written or "page.html")
    try:
        timed(tool.record(program, recording), folder)
        written = timed(tool.write(recording, page), folder)
        row += [f"{page.stat().st_size / 1e6:.2f} MB", f"{written:.2f} s"]
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        return [*row, *[""] * (6 - len(row)), str(error)[:120]]
    try:
        openings = [opening(browser, page, tool.ready) for _ in range(rounds)]
    except PageError as error:  # A page that never becomes ready is a result, not a failure of this program.
        return [*row, "", "", f"not ready: {str(error).splitlines()[0][:80]}"]
    return [*row, *(f"{statistics.median(times):.2f} s" for times in zip(*openings, strict=True)), ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--python", help="where heapwise is; .venv-bench unless told otherwise")
    parser.add_argument("--peers", help="where memray and Scalene are; PYTHON unless told otherwise")
    parser.add_argument("--programs", default="flights,events,lines")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    own = find_target(arguments.python, None)
    peers = find_target(arguments.peers or arguments.python, None)
    if own.heapwise is None:
        raise SystemExit(f"no heapwise beside {own.python}")
    with tempfile.TemporaryDirectory(prefix="heapwise-pages-") as name, chromium() as browser:
        folder = Path(name)
        for program, text in (("events", MANY_EVENTS), ("lines", MANY_LINES)):
            (folder / f"{program}.py").write_text(text, encoding="utf-8")
        programs = {
            "flights": Program("flights", REPOSITORY / "examples" / "flights.py", False),
            "events": Program("events", folder / "events.py", True),
            "lines": Program("lines", folder / "lines.py", True),
        }
        machine = describe(peers)
        told = [machine[key] for key in ("date", "cpu", "python")]
        told += [f"{tool} {machine[tool]}" for tool in ("memray", "scalene")]
        print(", ".join([*told, f"heapwise {own.heapwise_version}", f"Chromium {browser.version}"]), end="\n\n")
        print("| program | page of | size | CPU time to write | time to open | its main thread | |")
        print("|---|---|---:|---:|---:|---:|---|")
        for chosen in arguments.programs.split(","):
            for tool in tools(own, peers):
                row = measured(browser, tool, programs[chosen], folder, arguments.rounds)
                print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
