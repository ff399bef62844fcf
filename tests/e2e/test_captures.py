"""Where captures and reports go: names, refusals, and what is printed when."""

from __future__ import annotations

from pathlib import Path

from interpreters import Environment
from runner import Finished, finish, read_report

PROGRAM = """\
import sys
block = bytearray(20_000_000)
print("to stdout")
sys.stderr.write("to stderr\\n")
sys.exit(3)
"""


def _run(environment: Environment, folder: Path, *options: str | Path) -> Finished:
    (folder / "work.py").write_text(PROGRAM)
    return finish([environment.heapwise, "run", *options, "work.py"], cwd=folder)


def _captures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.heapwise")}


def test_the_report_comes_after_the_programs_own_words_and_on_stderr(environment: Environment, tmp_path: Path) -> None:
    done = _run(environment, tmp_path)
    assert done.status == 3
    assert done.stdout == b"to stdout\n"
    before, program, after = done.stderr.partition(b"to stderr\n")
    assert (before, program) == (b"", b"to stderr\n")
    assert b"work.py" in after
    assert b"MB" in after
    (name,) = _captures(tmp_path)
    assert name.encode() in after, "the reader learns where the capture is"


def test_without_a_report_heapwise_says_nothing(environment: Environment, tmp_path: Path) -> None:
    done = _run(environment, tmp_path, "--no-report")
    assert (done.status, done.stdout, done.stderr) == (3, b"to stdout\n", b"to stderr\n")
    assert len(_captures(tmp_path)) == 1


def test_a_default_name_tells_the_program_and_never_overwrites(environment: Environment, tmp_path: Path) -> None:
    _run(environment, tmp_path, "--no-report")
    first = _captures(tmp_path)
    assert all("work" in name for name in first)
    for _ in range(2):
        _run(environment, tmp_path, "--no-report")
    captures = _captures(tmp_path)
    assert len(captures) == 3
    assert {name: captures[name] for name in first} == first
    for name in captures:
        report = read_report(environment, tmp_path / name)
        assert 20_000_000 <= report["peak"]["heap_bytes"] <= 22_000_000


def test_a_file_that_is_there_is_not_replaced_unasked(environment: Environment, tmp_path: Path) -> None:
    wanted = tmp_path / "mine.txt"
    wanted.write_text("precious")
    done = _run(environment, tmp_path, "-o", wanted)
    assert done.status == 2
    assert done.stdout == b"", "the program was not started"
    assert b"mine.txt" in done.stderr
    assert b"--force" in done.stderr
    assert b"to stderr" not in done.stderr
    assert wanted.read_text() == "precious"


def test_force_replaces_it(environment: Environment, tmp_path: Path) -> None:
    wanted = tmp_path / "mine.heapwise"
    wanted.write_text("old")
    done = _run(environment, tmp_path, "--no-report", "--force", "-o", wanted)
    assert (done.status, done.stdout) == (3, b"to stdout\n")
    assert read_report(environment, wanted)["run"]["exit"] == {"code": 3}
    assert [path.name for path in tmp_path.iterdir() if path.name != "work.py"] == ["mine.heapwise"]


def test_a_capture_cannot_go_where_there_is_no_folder(environment: Environment, tmp_path: Path) -> None:
    done = _run(environment, tmp_path, "-o", tmp_path / "absent" / "one.heapwise")
    assert done.status == 2
    assert done.stdout == b""
    assert b"absent" in done.stderr


def test_a_report_can_be_written_to_a_file(environment: Environment, tmp_path: Path) -> None:
    _run(environment, tmp_path, "--no-report", "-o", "one.heapwise")
    shown = finish([environment.heapwise, "report", "one.heapwise", "--format", "json"], cwd=tmp_path)
    written = finish([*shown.command, "-o", "report.json"], cwd=tmp_path)
    assert (shown.status, written.status) == (0, 0)
    assert (tmp_path / "report.json").read_bytes() == shown.stdout
    assert written.stdout == b""


def test_a_capture_is_read_only_to_its_reader(environment: Environment, tmp_path: Path) -> None:
    _run(environment, tmp_path, "--no-report", "-o", "one.heapwise")
    capture = tmp_path / "one.heapwise"
    before = capture.read_bytes()
    read_report(environment, capture)
    assert capture.read_bytes() == before


def test_the_report_stays_true_after_an_edit(environment: Environment, tmp_path: Path) -> None:
    _run(environment, tmp_path, "--no-report", "-o", "one.heapwise")
    before = finish([environment.heapwise, "report", "one.heapwise"], cwd=tmp_path)
    assert b"bytearray(20_000_000)" in before.stdout
    (tmp_path / "work.py").write_text("# nothing is left of it\n" * 5)
    after = finish([environment.heapwise, "report", "one.heapwise"], cwd=tmp_path)
    assert after.stdout == before.stdout
