"""Do threads that allocate at once hold each other up? CPU time of a block with 1, 2, ... native threads, by mode.

    python benches/threads.py [--python PYTHON] [--threads 1,2] [--blocks N] [--rounds N]

A library in C (native_threads.c) allocates and frees in threads that Python does not know, without the GIL. Where
threads hold each other up, a block takes more CPU time with more of them, or they sleep: the second table has how often
they did. Neither depends much on how busy the machine is; that the threads ran at once does. Needs a C compiler.
"""

import argparse
import statistics
import subprocess
import tempfile
from pathlib import Path

from profilers import Target, find_target, target_variables
from tables import render

SOURCE = Path(__file__).resolve().with_name("native_threads.c")
MODES = ("plain", "sampled", "exact")
PROGRAM = """import ctypes, resource, sys
library = ctypes.CDLL(sys.argv[1])
library.churn.argtypes = [ctypes.c_int, ctypes.c_long]
library.churn(int(sys.argv[2]), 10_000)
def spent():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, used.ru_nvcsw
seconds, slept = spent()
library.churn(int(sys.argv[2]), int(sys.argv[3]))
print(spent()[0] - seconds, spent()[1] - slept)
"""


def spent(mode: str, threads: int, blocks: int, target: Target, folder: Path) -> tuple[float, float]:
    """CPU nanoseconds for a block, and how often threads slept for a thousand blocks."""
    capture = folder / "run.heapwise"
    capture.unlink(missing_ok=True)
    variables = target_variables(target)
    if mode != "plain":
        variables |= {"HEAPWISE_CAPTURE": str(capture), "HEAPWISE_MODE": mode}
    command = [target.python, "-c", PROGRAM, str(folder / "library.so"), str(threads), str(blocks)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    if mode != "plain" and not capture.exists():
        raise SystemExit(f"{mode}: nothing was recorded, so heapwise was not measured:\n{done.stderr}")
    seconds, slept = map(float, done.stdout.split())
    return seconds * 1e9 / (threads * blocks), slept * 1e3 / (threads * blocks)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", help="the Python to run with (default .venv-bench/bin/python)")
    parser.add_argument("--threads", default="1,2", help="how many threads, with commas between")
    parser.add_argument("--blocks", type=int, default=2_000_000, help="blocks of each thread")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    target = find_target(options.python, None)
    if target.heapwise is None:
        raise SystemExit(f"heapwise is not installed for {target.python}")
    counts = [int(text) for text in options.threads.split(",")]
    found: dict[tuple[int, str], list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="heapwise-bench-") as name:
        folder = Path(name)
        subprocess.run(
            ["cc", "-O2", "-shared", "-fPIC", "-pthread", "-o", str(folder / "library.so"), str(SOURCE)], check=True
        )
        for _ in range(options.rounds):
            for threads in counts:
                for mode in MODES:
                    one = spent(mode, threads, options.blocks, target, folder)
                    found.setdefault((threads, mode), []).append(one)
    for number, (what, digits) in enumerate((("CPU nanoseconds for a block", 0), ("Sleeps for a thousand blocks", 2))):
        rows = []
        for threads in counts:
            medians = [statistics.median(one[number] for one in found[threads, mode]) for mode in MODES]
            rows.append([str(threads), *(f"{value:.{digits}f}" for value in medians)])
        print(f"{what}\n\n{render(['threads', *MODES], rows)}\n")


if __name__ == "__main__":
    main()
