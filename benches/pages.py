"""How large the pages are, how long they take to write and to open, beside those of memray and Scalene.

    python benches/pages.py [--python PYTHON] [--peers PYTHON] [--programs NAMES]

Each program is recorded once by every tool, and a page is made of the recording; Chromium then opens that page from
disk three times, and the median counts. Writing is the CPU time of the command that writes the page (Scalene's own
recording is its JSON; its page is made by `scalene view --standalone`). Opening is the time from asking for the page
to the first picture in which the page says that it is ready (heapwise), or has drawn what it loads (the others):
no request and no frame's work is left. A page is opened without a network. heapwise must be installed in PYTHON,
memray and Scalene in PEERS; what is not there is left out and named. Needs Chromium and Playwright in the Python that
runs this.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

REPOSITORY = Path(__file__).parents[1]
ROUNDS = 3
TIME_LIMIT = 1800

# Each turn makes four blocks and frees four: eight million events, recorded exactly.
MANY_EVENTS = """\
def fill(kept, turns):
    for turn in range(turns):
        kept[turn % 1000] = [turn, str(turn), (turn, turn)]
kept = [None] * 1000
for part in range(10):
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
    """How a page is made: the command that records, the one that writes the page, and when the page is ready."""

    name: str
    record: Callable[[Program, Path], list[str]]
    write: Callable[[Path, Path], list[str]]
    ready: str


def tools(python: Path, peers: Path) -> list[Tool]:
    heapwise = [str(python.absolute().with_name("heapwise"))]
    memray, scalene = ([str(peers.absolute()), "-m", name] for name in ("memray", "scalene"))

    def recorded(command: list[str], exactly: str) -> Callable[[Program, Path], list[str]]:
        return lambda program, out: [*command, *[exactly] * program.exact, "-o", str(out), str(program.path)]

    return [
        Tool(
            "heapwise",
            recorded([*heapwise, "run", "--no-report"], "--exact"),
            lambda recording, page: [*heapwise, "report", str(recording), "--format", "html", "-o", str(page)],
            "document.documentElement.dataset.ready === 'yes'",
        ),
        Tool(
            "memray",
            recorded([*memray, "run", "-q"], "--trace-python-allocators"),
            lambda recording, page: [*memray, "flamegraph", "-o", str(page), str(recording)],
            "document.querySelectorAll('#chart svg g').length > 0",
        ),
        Tool(
            "Scalene",
            recorded([*scalene, "run"], "--profile-all"),
            lambda recording, page: [*scalene, "view", "--standalone", str(recording)],
            "document.querySelectorAll('#profile table').length > 0",
        ),
    ]


def timed(command: list[str], folder: Path) -> float:
    """CPU seconds of a command and all below it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=TIME_LIMIT, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.decode(errors='replace')[-600:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@contextmanager
def chromium() -> Iterator[Browser]:
    sys.path.insert(0, str(REPOSITORY / "tests" / "page"))
    from browser import MISSING, find_chromium

    program = find_chromium()
    if program is None:
        raise SystemExit(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def opening(browser: Browser, page_path: Path, ready: str) -> float:
    """Seconds until the page is ready, of one opening."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    page = context.new_page()
    before = time.perf_counter()
    page.goto(page_path.as_uri(), wait_until="commit")
    page.wait_for_function(f"(() => {{ try {{ return {ready} }} catch {{ return false }} }})()", timeout=120_000)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    taken = time.perf_counter() - before
    context.close()
    return taken


def measured(browser: Browser, tool: Tool, program: Program, folder: Path) -> list[str]:
    """A row of the table."""
    row = [program.name, tool.name]
    recording = folder / f"{tool.name}.{program.name}.recording"
    page = folder / f"{tool.name}.{program.name}.html"
    try:
        timed(tool.record(program, recording), folder)
        written = timed(tool.write(recording, page), folder)
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        return [*row, "", "", "", str(error)[:120]]
    if not page.exists():
        # Scalene names its page by itself.
        page = next(folder.glob("*scalene*.html"), page)
    row += [f"{page.stat().st_size / 1e6:.2f} MB", f"{written:.2f} s"]
    try:
        row.append(f"{statistics.median(opening(browser, page, tool.ready) for _ in range(ROUNDS)):.2f} s")
    except Exception as error:  # A page that never becomes ready is a result, not a failure of this program.
        return [*row, "", f"not ready: {str(error).splitlines()[0][:80]}"]
    return [*row, ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    parser.add_argument("--peers", type=Path, default=Path(sys.executable))
    parser.add_argument("--programs", default="flights,events,lines")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="heapwise-pages-") as name, chromium() as browser:
        folder = Path(name)
        for program, text in (("events", MANY_EVENTS), ("lines", MANY_LINES)):
            (folder / f"{program}.py").write_text(text, encoding="utf-8")
        programs = {
            "flights": Program("flights", REPOSITORY / "examples" / "flights.py", False),
            "events": Program("events", folder / "events.py", True),
            "lines": Program("lines", folder / "lines.py", True),
        }
        print("| program | page of | size | CPU time to write | time to open | |\n|---|---|---:|---:|---:|---|")
        for chosen in arguments.programs.split(","):
            for tool in tools(arguments.python, arguments.peers):
                print("| " + " | ".join(measured(browser, tool, programs[chosen], folder)) + " |", flush=True)


if __name__ == "__main__":
    main()
