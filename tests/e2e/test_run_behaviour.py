"""`heapwise run` behaves like the program alone: each test runs a program with plain Python and with heapwise and
compares what can be seen from outside, byte for byte."""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from interpreters import Environment
from report_json import Report
from runner import Finished, finish, plain, read_report, record

TARGETS = Path(__file__).parent / "targets"


def _same(
    environment: Environment,
    arguments: Sequence[str | Path],
    folder: Path,
    *,
    cwd: Path | None = None,
    stdin: bytes = b"",
    environ: Mapping[str, str] | None = None,
) -> tuple[Finished, Report]:
    """Runs the program both ways and asserts that status, stdout and stderr are the same; returns what plain Python
    gave, and the report."""
    alone = plain(environment, arguments, cwd=cwd, stdin=stdin, environ=environ)
    # The same name of the interpreter, for messages that begin with it.
    with_python = {**(environ or {}), "HEAPWISE_PYTHON": str(environment.python)}
    capture = Path(tempfile.mkdtemp(dir=folder)) / "run.heapwise"
    profiled = record(environment, arguments, capture, cwd=cwd, stdin=stdin, environ=with_python)
    assert (profiled.status, profiled.stdout, profiled.stderr) == (alone.status, alone.stdout, alone.stderr)
    report = read_report(environment, capture)
    expected = {"code": alone.status} if alone.status >= 0 else {"signal": -alone.status}
    assert report["run"]["exit"] == expected
    return alone, report


def _script(folder: Path, text: str, name: str = "script.py") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def _commands(environment: Environment, capture: Path, script: Path) -> list[list[str | Path]]:
    """The program alone, and under heapwise."""
    return [[environment.python, script], [environment.heapwise, "run", "--no-report", "-o", capture, script]]


def test_arguments_after_the_script_are_its_own(environment: Environment, tmp_path: Path) -> None:
    words = ["-o", "x", "--exact", "--no-report", "--help", "--", "-m", "-c", "", "a b", "größe", "*", "'\"\\"]
    done, _ = _same(environment, [TARGETS / "facts.py", *words], tmp_path)
    assert b'"--exact"' in done.stdout


def test_a_program_sees_the_same_facts_as_a_script(environment: Environment, tmp_path: Path) -> None:
    _same(environment, [TARGETS / "facts.py"], tmp_path)


def test_a_program_sees_the_same_facts_as_a_module(environment: Environment, tmp_path: Path) -> None:
    done, _ = _same(environment, ["-m", "facts", "-o", "one"], tmp_path, cwd=TARGETS)
    assert b'"__spec__": "facts"' in done.stdout


def test_a_program_sees_the_same_facts_as_code(environment: Environment, tmp_path: Path) -> None:
    code = (TARGETS / "facts.py").read_text()
    done, _ = _same(environment, ["-c", code, "-o", "one"], tmp_path)
    assert b'"__file__": null' in done.stdout


def test_a_program_sees_the_same_facts_from_stdin(environment: Environment, tmp_path: Path) -> None:
    _same(environment, ["-", "one"], tmp_path, stdin=(TARGETS / "facts.py").read_bytes())


def test_a_script_is_found_relative_to_the_working_directory(environment: Environment, tmp_path: Path) -> None:
    _script(tmp_path, "import helper\nhelper.fail()\n", "some folder/main.py")
    _script(tmp_path, "def fail():\n    raise LookupError(__file__)\n", "some folder/helper.py")
    done, _ = _same(environment, ["some folder/main.py"], tmp_path, cwd=tmp_path)
    assert done.status == 1
    assert b"LookupError" in done.stderr


def test_a_directory_and_a_zip_file_are_scripts_too(environment: Environment, tmp_path: Path) -> None:
    _script(tmp_path, "import sys\nprint(__name__, sys.path[0] in __file__, sys.argv[1:])\n", "app/__main__.py")
    _same(environment, [tmp_path / "app", "one"], tmp_path)
    zipped = finish([environment.python, "-m", "zipapp", tmp_path / "app", "-o", tmp_path / "app.pyz"])
    assert zipped.status == 0
    done, _ = _same(environment, [tmp_path / "app.pyz", "two"], tmp_path / "app")
    assert done.stdout == b"__main__ True ['two']\n"


def test_stdin_stdout_and_stderr_pass_through_unchanged(environment: Environment, tmp_path: Path) -> None:
    script = _script(
        tmp_path,
        "import sys\n"
        "text = sys.stdin.buffer.read()\n"
        "sys.stdout.buffer.write(text)\n"
        "sys.stderr.buffer.write(text[::-1])\n",
    )
    everything = bytes(range(256)) * 1_000
    done, _ = _same(environment, [script], tmp_path, stdin=everything)
    assert done.stdout == everything


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("raise SystemExit", 0),
        ("import sys; sys.exit(3)", 3),
        ("import sys; sys.exit('a message')", 1),
        ("import sys; sys.exit(258)", 2),
        ("import sys; sys.exit(-1)", 255),
        ("import os; print('lost'); os._exit(5)", 5),
        ("import os; os.abort()", -6),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -15),
        ("import os, signal; signal.signal(signal.SIGSEGV, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGSEGV)", -11),
        ("import atexit, os; atexit.register(os._exit, 9)", 9),
        ("raise KeyboardInterrupt", -2),
        ("1 / 0", 1),
        ("def f(): f()\nf()", 1),
        ("try:\n    {}['key']\nexcept KeyError as error:\n    raise ValueError('while handling') from error", 1),
        ("import threading; t = threading.Thread(target=lambda: 1 / 0, name='t'); t.start(); t.join()", 0),
        ("import sys; sys.stdout.close(); sys.stderr.write('still here\\n')", 0),
        ("assert False, 'größe'", 1),
        ("b = ' \\udc80'; raise ValueError(b)", 1),
    ],
)
def test_the_end_is_the_same(environment: Environment, tmp_path: Path, code: str, status: int) -> None:
    assert _same(environment, [_script(tmp_path, code)], tmp_path)[0].status == status


@pytest.mark.parametrize(("code", "status"), [("import sys; sys.exit('a message')", 1), ("1 / 0", 1), ("", 0)])
def test_the_end_of_code_is_the_same(environment: Environment, tmp_path: Path, code: str, status: int) -> None:
    assert _same(environment, ["-c", code], tmp_path)[0].status == status


def test_tracebacks_show_the_same_lines(environment: Environment, tmp_path: Path) -> None:
    text = """\
    def outer(value):
        return inner(
            value,
        )


    def inner(value):
        return [][value]


    outer(3)
    """
    done, _ = _same(environment, [_script(tmp_path, text)], tmp_path)
    assert b"in outer" in done.stderr
    assert b"return [][value]" in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfprint(ascii('gr\xc3\xb6\xc3\x9fe'))\n1 / 0  # gr\xc3\xb6\xc3\x9fe\n",
        b"# -*- coding: latin-1 -*-\nprint(ascii('gr\xf6\xdfe'))\n1 / 0  # gr\xf6\xdfe\n",
        b"#!/usr/bin/env python3\r\nprint(1)\r\n1 / 0\r\n",
        b"print(1)\n\x0c\n1 / 0",
        b"",
    ],
    ids=["bom", "latin-1", "crlf", "form-feed", "empty"],
)
def test_source_files_in_every_encoding(environment: Environment, tmp_path: Path, text: bytes) -> None:
    script = tmp_path / "script.py"
    script.write_bytes(text)
    _same(environment, [script], tmp_path)


@pytest.mark.parametrize("name", ["größe 漢字.py", "new\nline.py", "percent%s{}.py", "no_extension"])
def test_odd_names_of_files(environment: Environment, tmp_path: Path, name: str) -> None:
    script = _script(tmp_path, "block = bytearray(5_000_000)\nprint(ascii(__file__))\n", name)
    _, report = _same(environment, [script], tmp_path, cwd=tmp_path)
    assert max(report["lines"], key=lambda line: line["peak_bytes"])["file"].endswith(name)


def test_code_with_file_names_that_are_not_text(environment: Environment, tmp_path: Path) -> None:
    text = """\
    names = {}
    exec(compile("x = bytearray(5_000_000)", "<odd \\udcff>", "exec"), names)
    print(len(names["x"]))
    """
    done, report = _same(environment, [_script(tmp_path, text)], tmp_path)
    assert done.stdout == b"5000000\n"
    assert max(report["lines"], key=lambda line: line["peak_bytes"])["file"].startswith("<odd ")


def test_classes_of_main_are_pickled_and_children_work(environment: Environment, tmp_path: Path) -> None:
    done, _ = _same(environment, [TARGETS / "spawn_children.py"], tmp_path)
    assert done.stdout.count(b"[2, 4]") == 3


def test_fork_prints_no_warning_that_plain_python_does_not(environment: Environment, tmp_path: Path) -> None:
    script = TARGETS / "fork_without_threads.py"
    done, _ = _same(environment, [script], tmp_path, environ={"PYTHONWARNINGS": "always"})
    assert b"Warning" not in done.stderr
    assert done.stdout == b"child 2000000\nparent 3\n"


def test_daemon_threads_may_be_alive_at_exit(environment: Environment, tmp_path: Path) -> None:
    done, _ = _same(environment, [TARGETS / "daemon_at_exit.py"], tmp_path)
    assert done.stdout == b"main ends\nlate thread\nexit handler 100000\n"


def test_children_inherit_no_file_of_heapwise(environment: Environment, tmp_path: Path) -> None:
    done, _ = _same(environment, [TARGETS / "inherited_files.py"], tmp_path)
    assert done.stdout.startswith(b"0 pipe\n1 pipe\n2 pipe\n")


def test_a_program_that_closes_every_file_is_still_recorded(environment: Environment, tmp_path: Path) -> None:
    text = """\
    import os
    os.closerange(3, 1_024)
    block = bytearray(50_000_000)
    print(len(block))
    """
    _, report = _same(environment, [_script(tmp_path, text)], tmp_path)
    assert 50_000_000 <= report["peak"]["heap_bytes"] < 52_000_000


def test_a_program_may_change_folder_limits_and_environment(environment: Environment, tmp_path: Path) -> None:
    text = """\
    import os, resource
    os.chdir("/")
    os.environ.clear()
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    block = bytearray(50_000_000)
    print(os.getcwd(), len(block))
    """
    _, report = _same(environment, [_script(tmp_path, text)], tmp_path)
    assert 50_000_000 <= report["peak"]["heap_bytes"] < 52_000_000


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_may_be_closed_from_the_start(environment: Environment, tmp_path: Path, closed: str) -> None:
    text = f"""\
    import sys
    with open({str(tmp_path / "seen")!r}, "w") as seen:
        print([stream is None for stream in (sys.stdin, sys.stdout, sys.stderr)], file=seen)
    print("out")
    """
    script = _script(tmp_path, text)
    seen: list[tuple[int, bytes, bytes, str]] = []
    for command in _commands(environment, tmp_path / "capture.heapwise", script):
        done = finish(["sh", "-c", f'exec "$@" {closed}', "sh", *command])
        seen.append((done.status, done.stdout, done.stderr, (tmp_path / "seen").read_text()))
    assert seen[0] == seen[1]
    assert read_report(environment, tmp_path / "capture.heapwise")["run"]["exit"] == {"code": seen[0][0]}


def test_a_reader_that_has_had_enough(environment: Environment, tmp_path: Path) -> None:
    script = _script(tmp_path, "for number in range(100_000):\n    print(number)\n")
    pipeline = '"$@" | head -n 1; echo "${PIPESTATUS[0]}"'
    seen: list[tuple[bytes, bytes]] = []
    for command in _commands(environment, tmp_path / "capture.heapwise", script):
        done = finish(["bash", "-c", pipeline, "bash", *command])
        seen.append((done.stdout, done.stderr))
    assert seen[0] == seen[1]


def test_python_m_heapwise_is_the_same(environment: Environment, tmp_path: Path) -> None:
    script = _script(tmp_path, "import sys\nprint(sys.argv[1:], sys.flags.optimize)\nsys.exit(3)\n")
    capture = tmp_path / "capture.heapwise"
    done = finish([environment.python, "-m", "heapwise", "run", "-o", capture, "--no-report", script, "-o", "x"])
    assert (done.status, done.stdout, done.stderr) == (3, b"['-o', 'x'] 0\n", b"")
    assert read_report(environment, capture)["run"]["exit"] == {"code": 3}


def test_a_profiled_program_may_run_heapwise(environment: Environment, tmp_path: Path) -> None:
    inner = _script(tmp_path, "block = bytearray(70_000_000)\nprint('inner')\n", "inner.py")
    command = [str(environment.heapwise), "run", "--no-report", "-o", str(tmp_path / "inner.heapwise"), str(inner)]
    text = f"""\
    import subprocess
    block = bytearray(30_000_000)
    subprocess.run({command!r}, check=True)
    """
    done = record(environment, [_script(tmp_path, text, "outer.py")], tmp_path / "outer.heapwise")
    assert (done.status, done.stdout, done.stderr) == (0, b"inner\n", b"")
    for name, size in (("inner", 70_000_000), ("outer", 30_000_000)):
        report = read_report(environment, tmp_path / f"{name}.heapwise")
        held = [line["peak_bytes"] for line in report["lines"] if Path(line["file"]).name == f"{name}.py"]
        assert size <= max(held) <= size + 64_000
