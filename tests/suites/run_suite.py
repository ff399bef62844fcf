"""Runs a suite alone and under heapwise, in both modes, and says which tests ended differently.

    python tests/suites/run_suite.py cpython|libraries|pyperformance --python PYTHON [--quick] [--only NAME ...]

PYTHON is that of an environment with heapwise installed, and with what the suite needs. A test that ends differently is
run again, with and without heapwise, as often as `AGAIN` says: one that changes by itself is listed as unstable and is
no difference. Ends with 1 if a difference is left that `suites.EXPECTED` does not explain.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from outcomes import Difference, Outcome, differences, read_junit
from suites import CPYTHON_QUICK, EXPECTED, Job, cpython_jobs, library_jobs, pyperformance_jobs

MODES = ("sampled", "exact")
AGAIN = 2
TIME_LIMIT = 1500.0
# What would change the behaviour of Python or heapwise in the programs under test.
UNWANTED = ("PYTHON", "HEAPWISE", "VIRTUAL_ENV", "PYTEST")


@dataclass
class Result:
    """What became of one job."""

    job: str
    tests: int = 0
    passed: int = 0
    different: dict[str, list[str]] = field(default_factory=dict)
    unstable: dict[str, list[str]] = field(default_factory=dict)
    explained: dict[str, list[str]] = field(default_factory=dict)
    seconds: float = 0.0


def run(python: Path, job: Job, mode: str | None, folder: Path) -> dict[str, Outcome]:
    """The outcomes of one run of a job, alone if there is no mode."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        result, capture = Path(name) / "result.xml", Path(name) / "capture.heapwise"
        arguments = [part.replace("{result}", str(result)) for part in job.arguments]
        command = [str(python), *arguments]
        if mode is not None:
            options = ["--no-report", "-o", str(capture), *(["--exact"] if mode == "exact" else [])]
            command = [str(python.parent / "heapwise"), "run", *options, *arguments]
        status, output = finish(command, Path(name))
        (folder / f"{job.name.replace('/', '-')}-{mode or 'alone'}.log").write_bytes(output)
        if str(result) not in arguments and "{result}" not in " ".join(job.arguments):
            # A program without tests: that it ends well and says the same, but for numbers, is the test.
            said = re.sub(rb"[0-9.]+ *(sec|ms|us|ns)?", b"", output).decode(errors="replace")
            return {f"{job.name} ended with {status} and said {said!r}": "passed" if status == 0 else "failed"}
        outcomes = read_junit(result)
        if outcomes is None:
            return {f"{job.name} left no result, status {status}": "crashed"}
        return {**outcomes, f"{job.name} exit code": "passed" if status == 0 else "failed"}


def finish(command: list[str], folder: Path) -> tuple[int, bytes]:
    """Runs a command to its end in a session of its own; nothing of it is left running."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(UNWANTED)}
    environ |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}
    child = subprocess.Popen(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = child.communicate(timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        output, _ = child.communicate()
    return child.returncode, output


def compare(python: Path, job: Job, folder: Path, again: int = AGAIN) -> Result:
    """Runs a job alone and in both modes; what differs so many times more."""
    begun = time.monotonic()
    alone = run(python, job, None, folder)
    result = Result(job.name, len(alone), sum(outcome == "passed" for outcome in alone.values()))
    for mode in MODES:
        found = differences(alone, run(python, job, mode, folder))
        if not found:
            continue
        alone_again = [alone, *(run(python, job, None, folder) for _ in range(again))]
        profiled_again = [run(python, job, mode, folder) for _ in range(again)]
        for difference in sorted(found, key=goes_with_others):
            seen_alone = {outcomes.get(difference.test, "missing") for outcomes in alone_again}
            seen = {difference.profiled, *(outcomes.get(difference.test, "missing") for outcomes in profiled_again)}
            kind = result.unstable if seen & seen_alone else result.different
            why = reason(difference)
            if goes_with_others(difference) and mode in result.explained and mode not in result.different:
                why = " (goes with the tests that are explained)"
            if kind is result.different and why:
                kind = result.explained
            kind.setdefault(mode, []).append(f"{difference}{why}")
    result.seconds = round(time.monotonic() - begun, 1)
    return result


def goes_with_others(difference: Difference) -> bool:
    """Whether it is no test's own: the end of the job, or a subtest, to which regrtest gives no name."""
    return not difference.test or difference.test.endswith(" exit code")


def reason(difference: Difference) -> str:
    """Why a test must end differently, if that is known."""
    return next((f" ({why})" for test, why in EXPECTED.items() if difference.test.endswith(test)), "")


def show(result: Result) -> None:
    """Says what became of a job."""
    word = "DIFFERENT" if result.different else "same"
    print(f"{word:9} {result.job}: {result.tests} tests, {result.passed} passed alone ({result.seconds} s)", flush=True)
    for kind in ("different", "explained", "unstable"):
        for mode, texts in getattr(result, kind).items():
            for text in texts:
                print(f"          {kind} ({mode}): {text}", flush=True)


def jobs_of(suite: str, python: Path, quick: bool) -> list[Job]:
    """The jobs of a suite that this Python has what it takes for."""
    ask = "import sysconfig; print(sysconfig.get_path('stdlib')); print(sysconfig.get_path('platlib'))"
    library, packages = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.split()
    if suite == "cpython":
        return cpython_jobs(Path(library), CPYTHON_QUICK) if quick else cpython_jobs(Path(library))
    return library_jobs(Path(packages)) if suite == "libraries" else pyperformance_jobs(Path(packages))


def main(arguments: Iterable[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", choices=["cpython", "libraries", "pyperformance"])
    parser.add_argument("--python", type=Path, required=True, help="the python of an environment with heapwise")
    parser.add_argument("--quick", action="store_true", help="a part of it that takes about a minute")
    parser.add_argument("--only", nargs="+", help="these jobs only")
    parser.add_argument("--out", type=Path, help="write the results here, as JSON")
    parser.add_argument("-j", type=int, default=2, help="jobs at once")
    chosen = parser.parse_args(None if arguments is None else list(arguments))
    python = chosen.python.absolute()
    jobs = jobs_of(chosen.suite, python, chosen.quick)
    if chosen.only:
        jobs = [job for job in jobs if job.name in chosen.only]
    if not jobs:
        print(f"{python} has nothing of the suite {chosen.suite}; is it installed there?", file=sys.stderr)
        return 2
    results = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(chosen.j) as pool:
        # The quick part is a test, and tests do not try again.
        again = 0 if chosen.quick else AGAIN
        for result in pool.map(lambda job: compare(python, job, Path(folder), again), jobs):
            show(result)
            results.append(result)
    tests = sum(result.tests for result in results)
    different = sum(len(texts) for result in results for texts in result.different.values())
    unstable = sum(len(texts) for result in results for texts in result.unstable.values())
    explained = sum(len(texts) for result in results for texts in result.explained.values())
    print(
        f"{chosen.suite}: {len(results)} jobs, {tests} tests, in both modes: {different} different, "
        f"{explained} explained, {unstable} unstable by themselves"
    )
    if chosen.out:
        chosen.out.write_text(json.dumps([vars(result) for result in results], indent=1) + "\n")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
