"""heapwise beside others that sit in the same process: debuggers, tracers, other allocators, other interpreters.

Each program says on stdout what it saw, which must be the same as without heapwise, and holds a block of a known size,
which the report must have.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from expectations import Mode
from interpreters import Environment, lacking
from native_code import compile_library
from runner import Finished, finish, mode_options, plain, read_report, record

TARGETS = Path(__file__).parent / "targets"
BLOCK = 30_000_000
JEMALLOC = next(Path("/usr/lib").glob("*/libjemalloc.so.2"), None)

KEEP = f"kept = bytearray({BLOCK})\n"


def _script(folder: Path, text: str) -> Path:
    path = folder / "program.py"
    path.write_text(text)
    return path


def _same(
    environment: Environment,
    mode: Mode,
    folder: Path,
    program: list[str | Path],
    *,
    environ: dict[str, str] | None = None,
    stdin: bytes = b"",
    held: int = BLOCK,
) -> Finished:
    """Runs a program alone and under heapwise; it must say and end the same, and the report must have its block."""
    alone = plain(environment, program, environ=environ, stdin=stdin, cwd=folder)
    capture = folder / "beside.heapwise"
    profiled = record(environment, program, capture, mode, environ=environ, stdin=stdin, cwd=folder)
    assert (profiled.status, profiled.stdout, profiled.stderr) == (alone.status, alone.stdout, alone.stderr), (
        f"{alone}\n{profiled}"
    )
    report = read_report(environment, capture)
    assert held <= report["peak"]["heap_bytes"] < 2 * held + 20_000_000
    return profiled


@pytest.mark.parametrize(
    "environ",
    [
        {"PYTHONMALLOC": "debug"},
        {"PYTHONMALLOC": "malloc"},
        {"PYTHONMALLOC": "malloc_debug"},
        {"PYTHONMALLOC": "pymalloc_debug"},
        {"PYTHONTRACEMALLOC": "5"},
        {"PYTHONFAULTHANDLER": "1"},
        {"PYTHONDEVMODE": "1"},
    ],
    ids=lambda environ: "-".join(f"{name[6:].lower()}-{value}" for name, value in environ.items()),
)
def test_pythons_own_memory_settings(
    environment: Environment, mode: Mode, tmp_path: Path, environ: dict[str, str]
) -> None:
    program = KEEP + "kept.extend(bytes(1000))\nsmall = [str(n) for n in range(20_000)]\nprint(len(kept), small[-1])\n"
    _same(environment, mode, tmp_path, [_script(tmp_path, program)], environ=environ)


def test_tracemalloc_counts_the_same(environment: Environment, mode: Mode, tmp_path: Path) -> None:
    program = f"import tracemalloc\ntracemalloc.start()\n{KEEP}"
    program += "traces = tracemalloc.take_snapshot().statistics('lineno')\n"
    program += "print(max(trace.size for trace in traces), tracemalloc.get_traced_memory()[0] >= len(kept))\n"
    _same(environment, mode, tmp_path, [_script(tmp_path, program)])


def test_faulthandler_dumps_the_same_frames(environment: Environment, mode: Mode, tmp_path: Path) -> None:
    # Of all threads. A thread of heapwise's that waits for the GIL to look at the objects is among them while it does:
    # whoever waits for the GIL has a thread state, and CPython has no way to make one that its own list does not have.
    # It never has a Python frame, by which it is told from the program's threads.
    program = f"import faulthandler, re, tempfile, threading\n{KEEP}"
    program += "ready, done = threading.Event(), threading.Event()\n"
    program += "def wait():\n    ready.set()\n    done.wait()\n"
    program += "waiting = threading.Thread(target=wait)\nwaiting.start()\nready.wait()\n"
    program += "def deep(n):\n    return deep(n - 1) if n else faulthandler.dump_traceback(file)\n"
    program += "with tempfile.TemporaryFile('w+') as file:\n    deep(20)\n    done.set()\n    waiting.join()\n"
    program += "    file.seek(0)\n    threads = file.read().split('\\n\\n')\n"
    # The addresses of threads differ from run to run, and where the other thread is within its wait.
    program += "for thread in threads:\n    if '  <no Python frame>' not in thread:\n"
    program += "        print(thread.split(' 0x')[0], re.findall('program.py\", line [0-9]+ in (.*)', thread))\n"
    program += "print(re.findall('line [0-9]+ in deep', threads[-1]))\n"
    dumped = _same(environment, mode, tmp_path, [_script(tmp_path, program)]).stdout
    assert dumped.count(b"'deep'") == dumped.count(b"in deep") == 21
    assert dumped.count(b"'wait'") == 1


def test_a_trace_function_sees_every_line(environment: Environment, mode: Mode, tmp_path: Path) -> None:
    program = f"""
import sys
seen = []
def trace(frame, event, argument):
    if frame.f_code.co_filename == __file__:
        seen.append((event, frame.f_lineno))
    return trace
def work():
    {KEEP}    return len(kept)
sys.settrace(trace)
work()
sys.settrace(None)
print(seen)
if hasattr(sys, "monitoring"):
    lines = []
    sys.monitoring.use_tool_id(3, "test")
    sys.monitoring.register_callback(3, sys.monitoring.events.LINE, lambda code, line: lines.append(line))
    sys.monitoring.set_local_events(3, work.__code__, sys.monitoring.events.LINE)
    work()
    print(lines)
"""
    _same(environment, mode, tmp_path, [_script(tmp_path, program)])


def test_pdb_steps_through_the_program(environment: Environment, mode: Mode, tmp_path: Path) -> None:
    script = _script(tmp_path, KEEP + "print('after')\n")
    _same(environment, mode, tmp_path, ["-m", "pdb", script], stdin=b"next\nnext\np len(kept)\ncontinue\nquit\n")


@pytest.mark.skipif(JEMALLOC is None, reason="libjemalloc2 is not installed")
def test_jemalloc_in_place_of_malloc(environment: Environment, mode: Mode, tmp_path: Path) -> None:
    program = KEEP + "small = [bytes(600) for _ in range(10_000)]\nprint(len(kept), len(small))\n"
    _same(environment, mode, tmp_path, [_script(tmp_path, program)], environ={"LD_PRELOAD": str(JEMALLOC)})


@pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")
def test_a_debugger_may_be_attached(environment: Environment, mode: Mode, tmp_path: Path) -> None:
    script = _script(tmp_path, KEEP + "print(len(kept))\n")
    capture = tmp_path / "beside.heapwise"
    python: list[str | Path] = [environment.heapwise, "run", "--no-report", "-o", capture, *mode_options(mode), script]
    # All that the launcher starts is followed, stopped at its exit, and let go on.
    options = ["-q", "-batch", "-nx", "-ex", "set follow-fork-mode child", "-ex", "set detach-on-fork on"]
    done = finish(["gdb", *options, "-ex", "run", "--args", *python], cwd=tmp_path)
    assert f"{BLOCK}\n".encode() in done.stdout, str(done)
    assert b"exited normally" in done.stdout, str(done)
    assert read_report(environment, capture)["peak"]["heap_bytes"] >= BLOCK


def test_subinterpreters_with_and_without_a_gil_of_their_own(
    environment: Environment, mode: Mode, tmp_path: Path
) -> None:
    program = f"""
import sys, threading
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
{KEEP}
code = "rows = [str(n) for n in range(50_000)]; import json; json.dumps(rows)"
def work(**options):
    made = interpreters.create(**options)
    for _ in range(3):
        interpreters.run_string(made, code)
    interpreters.destroy(made)
work()
if sys.version_info < (3, 13):
    work(isolated=False)
else:
    work("legacy")
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("done", len(kept))
"""
    _same(environment, mode, tmp_path, [_script(tmp_path, program)])


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler: cc is not on PATH")
def test_threads_that_never_saw_python_in_a_library_opened_late(
    environment: Environment, mode: Mode, tmp_path: Path
) -> None:
    source = tmp_path / "late.c"
    source.write_text(
        """
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
static void *churn(void *keep) {
    (void)keep;
    for (int turn = 0; turn < 20000; turn++) {
        char *block = malloc(100 + turn % 40000);
        block[0] = 1;
        free(block);
    }
    char *kept = malloc(10000000);
    memset(kept, 1, 10000000);
    return kept;
}
int hold(void) {
    pthread_t threads[3];
    for (int n = 0; n < 3; n++) pthread_create(&threads[n], 0, churn, 0);
    for (int n = 0; n < 3; n++) pthread_join(threads[n], 0);
    return 30;
}
"""
    )
    compile_library(source, tmp_path)
    library = next(tmp_path.glob("*late*.so"))
    program = f"import ctypes\nlibrary = ctypes.CDLL({str(library)!r})\nprint(library.hold())\n"
    _same(environment, mode, tmp_path, [_script(tmp_path, program)])


def test_coverage_counts_the_same_lines(environment: Environment, mode: Mode, tmp_path: Path) -> None:
    if reason := lacking(environment, "coverage"):
        pytest.skip(reason)
    script = _script(tmp_path, KEEP + "def unused():\n    return 1\nprint(len(kept))\n")
    _same(environment, mode, tmp_path, ["-m", "coverage", "run", script])
    shown = finish([environment.python, "-m", "coverage", "report", "-m"], cwd=tmp_path)
    assert b"75%" in shown.stdout, str(shown)
