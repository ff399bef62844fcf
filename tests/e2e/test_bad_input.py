"""Programs that cannot run, interpreters that cannot be profiled, places that cannot be written to, and captures that
cannot be read: each is met by a clear word and the right exit code, never by a panic, and leaves no litter."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from interpreters import Environment, found_interpreters, make_bare_environment
from report_json import parse_report
from runner import Finished, finish, plain, record, report_command

# The launcher and the reader are one program, whatever the interpreter: one stands for all where only they are at work.
NEWEST = found_interpreters()[-1:]
newest_only = pytest.mark.parametrize("environment", NEWEST, ids=[one.label for one in NEWEST], indirect=True)
WORK = "block = bytearray(20_000_000)\nprint('done', len(block))\n"


def _run(environment: Environment, folder: Path, *arguments: str, python: Path | None = None) -> Finished:
    """`heapwise run` in `folder`, with the environment's interpreter or another one."""
    environ = {"HEAPWISE_PYTHON": str(python or environment.python)}
    done = finish([environment.heapwise, "run", *arguments], cwd=folder, environ=environ)
    assert b"panicked" not in done.stderr
    return done


def _captures(folder: Path) -> list[Path]:
    return list(folder.glob("*.heapwise"))


# Programs


@newest_only
@pytest.mark.parametrize("name", ["absent.py", "dangling.py", "file.py/inside.py"])
def test_a_missing_script_is_named(environment: Environment, tmp_path: Path, name: str) -> None:
    (tmp_path / "file.py").write_text(WORK)
    (tmp_path / "dangling.py").symlink_to("nowhere")
    done = _run(environment, tmp_path, name)
    assert (done.status, done.stdout) == (2, b"")
    assert name.encode() in done.stderr
    assert _captures(tmp_path) == []


@newest_only
def test_a_script_that_may_not_be_read_is_named(environment: Environment, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read every file")
    script = tmp_path / "secret.py"
    script.write_text(WORK)
    script.chmod(0)
    done = _run(environment, tmp_path, "secret.py")
    assert (done.status, done.stdout) == (2, b"")
    assert b"secret.py" in done.stderr
    assert _captures(tmp_path) == []


def test_a_directory_without_main_gets_pythons_own_message(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    alone = plain(environment, ["folder"], cwd=tmp_path)
    done = _run(environment, tmp_path, "folder")
    assert (done.status, done.stdout, done.stderr) == (alone.status, alone.stdout, alone.stderr)
    assert b"__main__" in done.stderr
    assert _captures(tmp_path) == []


@pytest.mark.parametrize(
    "source",
    ["print('never')\ndef broken(:\n    pass\n", "x = 1\n  y = 2\n", "text = '''never closed\n"],
    ids=["syntax", "indentation", "unterminated"],
)
def test_a_script_that_does_not_compile_gets_pythons_own_message(
    environment: Environment, tmp_path: Path, source: str
) -> None:
    (tmp_path / "broken.py").write_text(source)
    alone = plain(environment, ["broken.py"], cwd=tmp_path)
    done = _run(environment, tmp_path, "--no-report", "broken.py")
    assert (done.status, done.stdout, done.stderr) == (1, b"", alone.stderr)
    assert b"Error" in done.stderr


@pytest.mark.parametrize("module", ["nothing_of_this_name", "os.nothing", "json.tool.nothing", ".relative"])
def test_a_module_that_is_not_found_gets_pythons_own_message(
    environment: Environment, tmp_path: Path, module: str
) -> None:
    alone = plain(environment, ["-m", module], cwd=tmp_path)
    done = _run(environment, tmp_path, "--no-report", "-m", module)
    assert (done.status, done.stdout, done.stderr) == (1, b"", alone.stderr)


# Interpreters


@newest_only
@pytest.mark.parametrize("python", ["/nonexistent/python", "no-such-python", "/", "/etc/passwd"])
def test_an_interpreter_that_cannot_be_run_is_named(environment: Environment, tmp_path: Path, python: str) -> None:
    (tmp_path / "work.py").write_text(WORK)
    done = _run(environment, tmp_path, "work.py", python=Path(python))
    assert (done.status, done.stdout) == (2, b"")
    assert b"HEAPWISE_PYTHON" in done.stderr
    assert python.encode() in done.stderr
    assert _captures(tmp_path) == []


@newest_only
def test_a_program_that_is_no_python_is_named(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(WORK)
    done = _run(environment, tmp_path, "work.py", python=Path("/bin/false"))
    assert (done.status, done.stdout) == (1, b"")
    assert b"/bin/false" in done.stderr
    assert _captures(tmp_path) == []


def test_a_python_without_heapwise_is_named_with_what_to_do(environment: Environment, tmp_path: Path) -> None:
    bare = make_bare_environment(environment.interpreter, tmp_path / "bare")
    (tmp_path / "work.py").write_text(WORK)
    done = _run(environment, tmp_path, "work.py", python=bare)
    assert done.stdout == b"done 20000000\n"
    assert str(bare).encode() in done.stderr
    assert b"install" in done.stderr
    assert _captures(tmp_path) == []


@pytest.mark.parametrize(
    ("pretend", "named"),
    [
        ("sys.implementation.name = 'pypy'", b"PyPy"),
        ("sys.abiflags = 't'", b"free-threaded"),
        ("sys.version_info = (3, 9, 0, 'final', 0)", b"3.9"),
        ("sys.version_info = (3, 99, 0, 'final', 0)", b"3.99"),
    ],
)
def test_an_interpreter_that_is_not_supported_is_named_with_what_to_do(
    environment: Environment, tmp_path: Path, pretend: str, named: bytes
) -> None:
    """An interpreter that says of itself, before heapwise's hook asks, that it is another one."""
    bare = make_bare_environment(environment.interpreter, tmp_path / "bare")
    (installed,) = environment.folder.glob("lib/python3*/site-packages")
    (packages,) = (tmp_path / "bare").glob("lib/python3*/site-packages")
    (packages / "a.pth").write_text(f"import sys; {pretend}\n")
    (packages / "b.pth").write_text(f"import site; site.addsitedir({str(installed)!r})\n")
    (tmp_path / "work.py").write_text(WORK)
    done = _run(environment, tmp_path, "work.py", python=bare)
    assert (done.status, done.stdout) == (2, b"")
    (line,) = done.stderr.splitlines()
    assert named in line
    assert b"CPython 3.10 to 3.14" in line or b"standard build" in line
    assert _captures(tmp_path) == []


# Disks


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", folder], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"cannot mount a small file system: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


# Some hundred thousand events: more than a few megabytes of capture in the exact mode.
BUSY = """
import sys
kept = [(number, str(number)) for number in range(400_000)]
block = bytearray(30_000_000)
print("done", len(kept), len(block))
sys.exit(5)
"""


def _says_once_that_recording_stopped(environment: Environment, done: Finished, capture: Path) -> None:
    """The program went on, one line says what happened, and the report tells what is missing."""
    assert (done.status, done.stdout) == (5, b"done 400000 30000000\n")
    (line,) = done.stderr.splitlines()
    assert b"heapwise" in line
    report = report_command(environment, capture)
    assert report.status == 3, report
    found = parse_report(report.stdout)
    assert found["run"]["recording"] == "stopped_early"
    assert found["run"]["problems"] != []
    assert found["run"]["exit"] == {"code": 5}
    assert found["peak"]["heap_bytes"] > 0


def test_a_disk_that_fills_up_stops_the_recording_only(
    environment: Environment, small_disk: Path, tmp_path: Path
) -> None:
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    capture = small_disk / "busy.heapwise"
    done = record(environment, [script], capture, "exact")
    _says_once_that_recording_stopped(environment, done, capture)


def test_a_limit_on_file_size_stops_the_recording_only(environment: Environment, tmp_path: Path) -> None:
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    capture = tmp_path / "busy.heapwise"
    limit = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000)); "
    wrapper: list[str | Path] = [environment.python, "-I", "-c", limit + "os.execv(sys.argv[1], sys.argv[1:])"]
    done = finish([*wrapper, environment.heapwise, "run", "--exact", "--no-report", "-o", capture, script])
    _says_once_that_recording_stopped(environment, done, capture)


@newest_only
def test_a_disk_that_is_full_from_the_start(environment: Environment, small_disk: Path, tmp_path: Path) -> None:
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    with (small_disk / "filler").open("wb") as filler:
        filler.write(bytes(shutil.disk_usage(small_disk).free))
    done = record(environment, [script], small_disk / "busy.heapwise", "exact")
    assert (done.status, done.stdout) == (5, b"done 400000 30000000\n")
    assert len(done.stderr.splitlines()) == 1
    assert b"heapwise" in done.stderr


@newest_only
def test_a_folder_that_cannot_be_written_to(environment: Environment, tmp_path: Path) -> None:
    folder = tmp_path / "read_only"
    folder.mkdir()
    (folder / "work.py").write_text(WORK)
    folder.chmod(0o555)
    if os.access(folder, os.W_OK):  # root writes wherever the file system lets it
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", folder], capture_output=True).returncode != 0:
            pytest.skip("root may write to every folder, and a read-only file system cannot be mounted")
        try:
            done = _run(environment, folder, str(_beside(tmp_path)))
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)
    else:
        done = _run(environment, folder, "work.py")
    assert (done.status, done.stdout) == (0, b"done 20000000\n")
    (line,) = done.stderr.splitlines()
    assert b"heapwise" in line
    assert b"-o" in line, "it says what to do"


def _beside(folder: Path) -> Path:
    script = folder / "work.py"
    script.write_text(WORK)
    return script


MANY_EVENTS = "rows = [bytearray(20_000) for _ in range(40_000)]\ndel rows\n"


@newest_only
@pytest.mark.parametrize("then", ["", MANY_EVENTS], ids=["no more chunks", "more chunks"])
def test_a_capture_removed_while_the_program_runs(environment: Environment, tmp_path: Path, then: str) -> None:
    (tmp_path / "remove.py").write_text("import pathlib\npathlib.Path('one.heapwise').unlink()\n" + then + WORK)
    done = _run(environment, tmp_path, "-o", "one.heapwise", "remove.py")
    assert (done.status, done.stdout) == (0, b"done 20000000\n")
    (line,) = done.stderr.splitlines()
    assert b"one.heapwise" in line


# Captures


@pytest.fixture
def sound(environment: Environment, tmp_path: Path) -> Path:
    """A capture without a fault."""
    script = tmp_path / "work.py"
    script.write_text(f"rows = [[number, str(number)] for number in range(3_000)]\n{WORK}")
    capture = tmp_path / "sound.heapwise"
    assert record(environment, [script], capture, "exact").status == 0
    return capture


@newest_only
@pytest.mark.parametrize(
    "content",
    [b"", b"\x89PNG\r\n\x1a\n" + bytes(5_000), b"not a capture, but a text\n" * 300, bytes(10_000), b"HEAPWISE"],
    ids=["empty", "picture", "text", "zeros", "mark-only"],
)
def test_what_is_no_capture_is_refused(environment: Environment, tmp_path: Path, content: bytes) -> None:
    capture = tmp_path / "odd.heapwise"
    capture.write_bytes(content)
    _refused(environment, capture)


@newest_only
@pytest.mark.parametrize("name", ["absent.heapwise", "."])
def test_what_is_no_file_is_refused(environment: Environment, tmp_path: Path, name: str) -> None:
    _refused(environment, tmp_path / name)


@newest_only
def test_a_capture_of_a_newer_version_is_refused_by_that_name(environment: Environment, sound: Path) -> None:
    content = bytearray(sound.read_bytes())
    content[8:12] = (200).to_bytes(4, "little")  # the format version, in the table of the capture format's header
    sound.write_bytes(content)
    done = _refused(environment, sound)
    assert b"newer" in done.stderr
    assert b"200" in done.stderr


def _refused(environment: Environment, capture: Path) -> Finished:
    """Asserts that the capture is refused in a few plain words."""
    done = report_command(environment, capture)
    assert (done.status, done.stdout) == (2, b""), done
    assert done.stderr.startswith(b"heapwise: error: ")
    assert str(capture.name).encode() in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    return done


@newest_only
def test_a_capture_cut_off_anywhere_gives_what_is_left(environment: Environment, sound: Path) -> None:
    whole = sound.read_bytes()
    complete = report_command(environment, sound).stdout
    cut = sound.with_name("cut.heapwise")
    chance = random.Random("cut")
    partial = 0
    for length in sorted(chance.randrange(1, len(whole)) for _ in range(50)):
        cut.write_bytes(whole[:length])
        done = report_command(environment, cut)
        about = f"cut to {length} of {len(whole)} bytes\n{done}"
        assert b"panicked" not in done.stderr, about
        if done.status == 3:
            partial += 1
            assert parse_report(done.stdout)["run"]["problems"] != [], about
            assert b"heapwise: warning: " in done.stderr, about
        elif done.status == 2:
            assert done.stdout == b"", about
            assert done.stderr.startswith(b"heapwise: error: "), about
        else:
            # Only what is behind the last record may be cut off without harm.
            assert (done.status, done.stdout) == (0, complete), about
    assert partial >= 25, "most of a capture is readable"


@newest_only
def test_a_capture_with_wrong_bytes_never_breaks_the_reader(environment: Environment, sound: Path) -> None:
    whole = sound.read_bytes()
    flipped = sound.with_name("flipped.heapwise")
    chance = random.Random("flipped")
    # Most of the file is events; the header and the first chunks have the lengths and counts, so they get a part of
    # the flips to themselves.
    places = [chance.randrange(8, 256) for _ in range(40)] + [chance.randrange(8, len(whole)) for _ in range(80)]
    noticed = 0
    for place in places:
        content = bytearray(whole)
        content[place] ^= 1 << chance.randrange(8)
        flipped.write_bytes(content)
        done = report_command(environment, flipped)
        about = f"a bit flipped in byte {place} of {len(whole)}\n{done.stderr.decode(errors='replace')}"
        assert b"panicked" not in done.stderr, about
        assert done.status in (0, 2, 3), about
        noticed += done.status != 0
        if done.status != 2:
            parse_report(done.stdout)
    assert noticed > 0
