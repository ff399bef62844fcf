"""`heapwise fix` through the command line: what is shown, what is proven, what is written, and what is refused.

The program and its fix are the same on every interpreter, so the newest stands for all but where a proof itself is
tested. Nothing waits for time: a program that must be met in the middle of a run says through a pipe that it is there.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from advice_programs import SAVING_SHARE, find_advice_programs
from fix_proofs import FixAnswer, answer, edits, missing, tried
from interpreters import REPOSITORY, Environment, found_interpreters
from runner import TIME_LIMIT, Finished, finish, record, start
from terminal import Terminal

NEWEST = found_interpreters()[-1:]
newest_only = pytest.mark.parametrize("environment", NEWEST, ids=[one.label for one in NEWEST], indirect=True)
# It has pandas 2.
OLDEST = found_interpreters()[:1]
oldest_only = pytest.mark.parametrize("environment", OLDEST, ids=[one.label for one in OLDEST], indirect=True)
PROGRAMS = {it.name: it for it in find_advice_programs(REPOSITORY / "tests" / "programs" / "advice")}

# `loaded` is dead while `work` is made: 110 MB at the peak, 60 MB without.
HEAD = """\
def load(size: int) -> bytearray:
    return bytearray(size)


"""
MAIN = """\
def main() -> None:
    loaded = load(50_000_000)
    total = loaded.count(0)
    work = load(60_000_000)
    for _ in range(10):
        total += work.count(0)
    {last}


{start}"""
START = 'if __name__ == "__main__":\n    main()\n'


def source(last: str = 'print("total", total)', head: str = HEAD, start: str = START) -> str:
    """The program; `last` is what `main` does at its end."""
    return head + MAIN.format(last=last, start=start)


EDITED = source().replace("loaded.count(0)\n", "loaded.count(0)\n    del loaded\n")


@dataclass(frozen=True)
class Project:
    """A folder with `app.py` and a capture of a run of it."""

    environment: Environment
    folder: Path

    @property
    def script(self) -> Path:
        """The program."""
        return self.folder / "app.py"

    @property
    def capture(self) -> Path:
        """What its run left."""
        return self.folder / "app.heapwise"

    def heapwise(self, *arguments: str | Path, stdin: bytes = b"") -> Finished:
        """A command of heapwise in the folder."""
        done = finish([self.environment.heapwise, *arguments], cwd=self.folder, stdin=stdin, limit=4 * TIME_LIMIT)
        assert b"panicked" not in done.stderr, done
        return done

    def record(self, stdin: bytes = b"") -> None:
        """Runs the program; an older capture is replaced."""
        self.capture.unlink(missing_ok=True)
        done = record(self.environment, ["app.py"], self.capture, cwd=self.folder, stdin=stdin)
        assert done.status == 0, done

    def fix(self, *options: str | Path) -> Finished:
        """`heapwise fix` on the capture."""
        return self.heapwise("fix", self.capture.name, *options)

    def fixed(self, *options: str | Path) -> FixAnswer:
        """The same as JSON, which holds to the schema."""
        said = answer(self.fix(*options, "--format", "json"))
        schema("fix").validate(said)
        return said

    def names(self) -> list[str]:
        """What is in the folder."""
        return sorted(path.name for path in self.folder.iterdir())


def schema(name: str) -> jsonschema.protocols.Validator:
    """A validator of the committed schema."""
    return jsonschema.Draft202012Validator(json.loads((REPOSITORY / "schema" / f"{name}.schema.json").read_bytes()))


Make = Callable[..., Project]


@pytest.fixture
def make(environment: Environment, tmp_path: Path) -> Make:
    """Writes a program and records it."""

    def make(text: str | bytes = source(), *, stdin: bytes = b"") -> Project:
        folder = tmp_path / "project"
        folder.mkdir()
        project = Project(environment, folder)
        project.script.write_bytes(text if isinstance(text, bytes) else text.encode())
        project.record(stdin)
        return project

    return make


def only_id(said: FixAnswer) -> str:
    """The finding's."""
    (finding,) = [it for it in said["findings"] if it["rule"] == "dead-variable"]
    assert finding["symbol"] == "loaded"
    return finding["id"]


# What is shown


@newest_only
def test_the_edit_is_shown_and_no_file_changes(make: Make) -> None:
    project = make()
    before = project.names()
    done = project.fix()
    assert done.status == 0, done
    assert b"--- a/app.py\n+++ b/app.py\n" in done.stdout
    assert b"\n+    del loaded\n" in done.stdout
    assert b"heapwise fix app.heapwise --verify" in done.stdout
    assert (project.script.read_text(), project.names()) == (source(), before)
    said = project.fixed()
    assert (said["applied"], said["undo"], said["together"], said["runs"]) == ([], None, None, [])


@newest_only
def test_an_edit_that_must_be_proven_first_is_shown_and_not_applied(make: Make) -> None:
    text = PROGRAMS["chunked-read/script"].path.read_text()
    project = make(text)
    done = project.fix()
    assert done.status == 0, done
    assert b"to be proven" in done.stdout
    assert b"\n+    while piece := file.read(1 << 20):\n" in done.stdout
    done = project.fix("--apply")
    assert (done.status, b"nothing was applied" in done.stderr) == (5, True), done
    assert project.script.read_text() == text


@newest_only
def test_names_that_are_wrong_are_told_with_those_that_are_right(make: Make) -> None:
    project = make()
    wanted = only_id(project.fixed())
    done = project.fix("nonsense")
    assert (done.status, done.stdout) == (2, b"")
    assert b"there is no finding nonsense" in done.stderr
    assert wanted.encode() in done.stderr
    assert [it["id"] for it in project.fixed(wanted)["findings"]] == [wanted]


# Proofs


def test_a_proof(make: Make) -> None:
    project = make()
    said = project.fixed("--verify")
    wanted = only_id(said)
    (finding,) = [it for it in said["findings"] if it["id"] == wanted]
    verified, together = finding["verified"], said["together"]
    assert verified is not None
    assert together is not None
    assert verified["same_output"]
    saved = verified["peak_before_bytes"] - verified["peak_after_bytes"]
    assert abs(finding["peak_saving_bytes"] - saved) <= SAVING_SHARE * saved
    assert together["ids"] == [wanted]
    assert [run["id"] for run in said["runs"]] == ["unedited", wanted]
    assert project.script.read_text() == source()
    patched = subprocess.run(
        ["patch", "-p1"], input=together["diff"].encode(), cwd=project.folder, capture_output=True, check=True
    )
    assert b"app.py" in patched.stdout
    assert project.script.read_text() == EDITED


@newest_only
def test_the_table_fits_a_narrow_terminal(make: Make) -> None:
    done = make().fix("--verify")
    assert done.status == 0, done
    table = done.stdout.decode().split("\n---")[0]
    assert all(len(line) <= 80 for line in table.splitlines()), table
    assert "Predicted" in table
    assert " same " in table


@newest_only
def test_reports_and_advice_say_what_is_proven(make: Make) -> None:
    project = make()
    verified = next(it["verified"] for it in project.fixed("--verify")["findings"])
    assert verified is not None

    def shown(*command: str) -> bytes:
        done = project.heapwise(*command)
        assert done.status == 0, done
        return done.stdout

    for command, name in ((("report", "app.heapwise"), "report"), (("advise", "app.heapwise"), "advice")):
        said: dict[str, Any] = json.loads(shown(*command, "--format", "json"))
        schema(name).validate(said)
        assert said["findings"][0]["verified"] == verified
    log = json.loads(shown("advise", "app.heapwise", "--format", "sarif"))
    result = log["runs"][0]["results"][0]
    assert result["properties"]["verified"] == verified
    assert "Proven: " in result["message"]["text"]
    assert b"Proven: " in shown("advise", "app.heapwise")
    assert b"proven: " in shown("report", "app.heapwise")
    page = shown("report", "app.heapwise", "--format", "html")
    (packed,) = re.findall(rb">(H4sI[A-Za-z0-9+/=]+)<", page)
    assert json.loads(gzip.decompress(base64.b64decode(packed)))["findings"][0]["verified"] == verified
    # The same name, another run.
    project.record()
    for name in ("report", "advise"):
        said = json.loads(shown(name, "app.heapwise", "--format", "json"))
        assert said["findings"][0]["verified"] is None


@newest_only
@pytest.mark.parametrize(
    "name",
    [
        "bounded-cache/function",
        "chunked-read/function",
        "chunked-read/script",
        "dead-variable/function",
        "in-place/script",
        "needless-copy/script",
        "slots/script",
        "stream-not-list/script",
        "view-not-copy/script",
    ],
)
def test_planted_programs_are_proven(environment: Environment, tmp_path: Path, name: str) -> None:
    check_proven(environment, tmp_path, name)


@oldest_only
def test_groups_before_pandas_3_are_proven(environment: Environment, tmp_path: Path) -> None:
    diff = check_proven(environment, tmp_path, "category-strings/grouped")
    added = [line for line in diff.splitlines() if line.startswith("+ ")]
    assert ['.astype("category")' in line for line in added] == [True, False, False, False]
    assert ["observed=True" in line for line in added] == [False, True, True, True]


def check_proven(environment: Environment, folder: Path, name: str) -> str:
    """Proves the edit for the waste that a program has; returns its diff."""
    program = PROGRAMS[name]
    if reason := missing(environment, program):
        pytest.skip(reason)
    rows, said = tried(environment, program, folder)
    schema("fix").validate(said)
    assert program.expected is not None
    row = next(row for row in rows if row.finding["rule"] == program.expected.rule)
    assert row.is_proven, row
    assert row.predicted_right, row
    assert row.finding["fix"] is not None
    return row.finding["fix"]["diff"]


@newest_only
@pytest.mark.parametrize("name", [name for name in PROGRAMS if "/quiet_" in name])
def test_no_look_alike_is_edited(environment: Environment, tmp_path: Path, name: str) -> None:
    check_not_edited(environment, tmp_path, name)


@oldest_only
def test_groups_that_cannot_be_told_are_not_edited(environment: Environment, tmp_path: Path) -> None:
    check_not_edited(environment, tmp_path, "category-strings/quiet_grouped_options")


def check_not_edited(environment: Environment, folder: Path, name: str) -> None:
    """Holds that a look-alike is not edited for what it looks like."""
    program = PROGRAMS[name]
    if reason := missing(environment, program):
        pytest.skip(reason)
    assert [it for it in edits(environment, program, folder) if program.quiet in ("*", it["rule"])] == []


# What is written


@newest_only
def test_what_is_proven_is_written_and_can_be_undone(make: Make) -> None:
    project = make()
    project.script.chmod(0o754)
    said = project.fixed("--verify", "--apply")
    assert said["applied"] == [only_id(said)]
    assert project.script.read_text() == EDITED
    assert project.script.stat().st_mode & 0o777 == 0o754
    assert project.names() == ["app.heapwise", "app.heapwise.proofs.json", "app.py", "app.undo.diff"]
    assert said["undo"] is not None
    undo = (project.folder / said["undo"]).read_bytes()
    subprocess.run(["patch", "-p1"], input=undo, cwd=project.folder, capture_output=True, check=True)
    assert project.script.read_text() == source()


@newest_only
def test_a_proof_of_before_is_enough_to_apply_and_says_how_to_undo(make: Make) -> None:
    project = make()
    assert project.fix("--verify").status == 0
    done = project.fix("--apply")
    assert done.status == 0, done
    assert b"To undo it: patch -p1 -d " in done.stdout
    assert project.script.read_text() == EDITED
    done = project.fix("--apply")
    assert done.status == 5, done
    assert b"the file changed since the run" in done.stdout
    assert project.script.read_text() == EDITED


@newest_only
def test_git_applies_the_diff_and_the_way_back(make: Make) -> None:
    project = make()

    def git(*arguments: str, stdin: bytes = b"") -> None:
        done = finish(["git", *arguments], cwd=project.folder, stdin=stdin)
        assert done.status == 0, done

    git("init", "--quiet")
    git("add", "app.py")
    said = project.fixed("--verify")
    assert said["together"] is not None
    git("apply", stdin=said["together"]["diff"].encode())
    assert project.script.read_text() == EDITED
    git("checkout", "app.py")
    assert project.fixed("--apply")["applied"] == [only_id(said)]
    git("apply", "app.undo.diff")
    assert project.script.read_text() == source()


BYTES = source().encode()


@newest_only
@pytest.mark.parametrize(
    "text",
    [
        BYTES.replace(b"\n", b"\r\n"),
        BYTES.replace(b"    ", b"\t"),
        b"\xef\xbb\xbf" + BYTES,
        b"# coding: utf-8\n" + BYTES + "# größer\n".encode(),
        BYTES.replace(b"loaded.count(0)\n", b"loaded.count(0)  # all\f\n").rstrip(b"\n"),
    ],
    ids=["crlf", "tabs", "mark", "declared", "unended"],
)
def test_the_rest_of_the_file_stays_to_the_byte(make: Make, text: bytes) -> None:
    project = make(text)
    said = project.fixed("--verify", "--apply")
    assert said["applied"] == [only_id(said)], said
    old, new = text.splitlines(keepends=True), project.script.read_bytes().splitlines(keepends=True)
    (added,) = [line for line in new if line not in old]
    assert added.strip() == b"del loaded"
    new.remove(added)
    assert new == old
    around = next(line for line in old if line.lstrip().startswith(b"total ="))
    indent = around[: len(around) - len(around.lstrip())]
    ending = b"\r\n" if around.endswith(b"\r\n") else b"\n"
    assert added == indent + b"del loaded" + ending


# Files that cannot be edited


def change(path: Path) -> None:
    """One more comment."""
    path.write_text(source() + "# later\n")


def to_latin(path: Path) -> None:
    """A byte that is no UTF-8."""
    path.write_bytes(BYTES + b"# gr\xf6\xdfer\n")


@newest_only
@pytest.mark.parametrize(
    ("happens", "word"),
    [
        (change, "the file changed since the run"),
        (Path.unlink, "the file cannot be read"),
        (to_latin, "only UTF-8 can be edited"),
    ],
    ids=["changed", "gone", "not_utf8"],
)
def test_a_file_that_is_not_what_was_run_is_left_alone(make: Make, happens: Callable[[Path], None], word: str) -> None:
    project = make()
    happens(project.script)
    before = project.script.read_bytes() if project.script.exists() else None
    for options in ((), ("--verify",), ("--apply",), ("--verify", "--apply")):
        done = project.fix(*options)
        assert done.status == 5, done
        assert word in " ".join(done.stdout.decode().split()), done
        said = project.fixed(*options)
        assert [word in it["reason"] for it in said["withdrawn"]] == [True]
        assert said["applied"] == []
    assert (project.script.read_bytes() if project.script.exists() else None) == before
    assert "app.undo.diff" not in project.names()


@newest_only
def test_a_file_in_another_encoding_is_left_alone(make: Make) -> None:
    text = b"# -*- coding: latin-1 -*-\n" + BYTES + b"# gr\xf6\xdfer\n"
    project = make(text)
    said = project.fixed("--verify", "--apply")
    assert ["latin-1" in it["reason"] for it in said["withdrawn"]] == [True]
    assert project.script.read_bytes() == text


@newest_only
def test_a_file_that_may_not_be_written_is_named(make: Make) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    project = make()
    assert project.fix("--verify").status == 0
    project.folder.chmod(0o555)
    try:
        done = project.fix("--apply")
    finally:
        project.folder.chmod(0o755)
    assert done.status in (1, 2), done
    assert project.script.read_text() == source()


# Programs that cannot be proven so easily

COUNTED = (
    "import pathlib\nturn = pathlib.Path('turns')\nturn.write_text(turn.read_text() + '.' if turn.exists() else '.')\n"
)


@newest_only
@pytest.mark.parametrize(
    ("head", "last"),
    [
        ("import random\n", "print(random.random())"),
        ("import os\n", "print(os.getpid())"),
        (COUNTED, "print(turn.read_text())"),
    ],
    ids=["random", "pid", "state"],
)
def test_a_program_that_is_not_deterministic_is_met_with_what_to_do(make: Make, head: str, last: str) -> None:
    project = make(source(last, head=head + HEAD))
    done = project.fix("--verify", "--apply")
    assert (done.status, done.stdout) == (2, b""), done
    assert b"does not do the same twice, even unedited: line 1 of its stdout" in done.stderr
    assert b"--check" in done.stderr
    assert project.script.read_text() == source(last, head=head + HEAD)
    said = project.fixed("--verify", "--check", "true")
    assert said["together"] is not None
    assert said["together"]["ids"] == [only_id(said)]


@newest_only
@pytest.mark.parametrize(
    ("head", "last", "note"),
    [
        ("import time\nbegin = time.perf_counter()\n", 'print(f"took {time.perf_counter() - begin} s")', "Times"),
        ("import datetime\n", "print(datetime.datetime.now())", "Times"),
        ("class Thing: pass\n", "print(Thing())", "Addresses"),
    ],
    ids=["duration", "clock", "address"],
)
def test_times_and_addresses_are_no_difference(make: Make, head: str, last: str, note: str) -> None:
    said = make(source(last, head=head + HEAD)).fixed("--verify")
    assert said["together"] is not None, said
    assert [text.split()[0] for text in said["notes"]] == [note]


@newest_only
def test_numbers_may_differ_within_the_tolerance_that_is_given(make: Make) -> None:
    head = "import os\n" + HEAD
    project = make(source("print(1 + os.getpid() * 1e-12)", head=head))
    assert project.fix("--verify").status == 2
    said = project.fixed("--verify", "--tolerance", "1e-3")
    assert said["together"] is not None
    done = project.fix("--verify", "--tolerance", "1e-3")
    assert b"a relative tolerance of 0.001" in done.stdout


READER = 'import sys\nwords = sys.stdin.read().split()\nif not words:\n    sys.exit("no words")\n'


@newest_only
def test_a_program_that_reads_stdin_needs_to_be_given_it(make: Make, tmp_path: Path) -> None:
    project = make(source("print(total, words)", head=READER + HEAD), stdin=b"three small words")
    done = project.fix("--verify")
    assert done.status == 2, done
    assert b"ended with exit code 1 instead of exit code 0 as recorded and said: no words" in done.stderr
    assert b"--stdin FILE" in done.stderr
    given = tmp_path / "words"
    given.write_bytes(b"three small words")
    assert project.fixed("--verify", "--stdin", given)["together"] is not None


@newest_only
def test_a_run_that_does_other_work_without_its_input_is_no_proof(make: Make) -> None:
    head = "import sys\nmuch = len(sys.stdin.read())\n" + HEAD
    text = source(head=head).replace("0_000_000)", "0_000_000 if much else 0)")
    project = make(text, stdin=b"much")
    done = project.fix("--verify")
    assert done.status == 2, done
    assert b"did not do the same work again" in done.stderr
    assert b"--stdin FILE" in done.stderr


@newest_only
def test_a_check_stands_for_the_output(make: Make) -> None:
    project = make()
    check = f"{project.environment.python} -c 'import app; app.main()'"
    assert project.fixed("--verify", "--check", check)["together"] is not None
    asks = "import app, dis, sys; sys.exit(any(it.opname == 'DELETE_FAST' for it in dis.get_instructions(app.main)))"
    done = project.fix("--verify", "--apply", "--check", f'{project.environment.python} -c "{asks}"')
    assert done.status == 5, done
    assert b"withdrawn: the check fails with exit code 1" in done.stdout
    assert project.script.read_text() == source()
    done = project.fix("--verify", "--check", "echo never; exit 3")
    assert done.status == 2, done
    assert b"the check fails without any edit, with exit code 3: never" in done.stderr


@newest_only
def test_a_program_that_does_not_end_is_met_with_what_to_do(make: Make) -> None:
    head = "import pathlib, threading\nif pathlib.Path('stop').exists():\n    threading.Event().wait()\n"
    project = make(source(head=head + HEAD))
    (project.folder / "stop").touch()
    done = project.fix("--verify", "--timeout", "0.5")
    assert (done.status, done.stdout) == (2, b""), done
    assert b"the program did not end within 0.5 s, unedited" in done.stderr
    assert b"--timeout SECONDS" in done.stderr


# Edits that are withdrawn

# What happens when `loaded` goes while the program still works.
OBJECT = """\
import os
import threading

kept = []
busy = True


class Block:
    def __init__(self, size: int) -> None:
        self.block = bytearray(size)

    def count(self, what: int) -> int:
        return self.block.count(what)

    def __del__(self) -> None:
        if busy and len(self.block) == 50_000_000:
            {happens}


def load(size: int) -> Block:
    return Block(size)


"""
DONE = 'global busy\n    busy = False\n    print("total", total)'


@newest_only
@pytest.mark.parametrize(
    ("happens", "options", "word"),
    [
        ("os._exit(3)", (), "the program ends with exit code 3"),
        ("os.abort()", (), "the program ends with signal 6"),
        ("threading.Event().wait()", ("--timeout", "3"), "with it the program does not end within 3 s"),
        ("kept.append(bytearray(150_000_000))", (), "the peak is higher with it"),
        ("kept.append(self)", (), "the peak is no lower with it"),
        ('print("gone")', (), "line 1 of its stdout is “gone” instead of “total 650000000”"),
    ],
    ids=["fails", "crashes", "hangs", "takes_more", "takes_as_much", "prints_otherwise"],
)
def test_an_edit_that_changes_the_program_is_withdrawn(
    make: Make, happens: str, options: tuple[str, ...], word: str
) -> None:
    text = source(DONE, head=OBJECT.format(happens=happens))
    project = make(text)
    done = project.fix("--verify", "--apply", *options)
    assert done.status == 5, done
    assert word in " ".join(done.stdout.decode().split()), done
    assert project.script.read_text() == text
    assert "app.undo.diff" not in project.names()
    # What was tried and did not hold is not applied later either.
    if not options:
        assert project.fix("--apply").status == 5
        assert project.script.read_text() == text


@newest_only
def test_files_that_are_left_count_in_a_sandbox(make: Make) -> None:
    text = source(DONE, head=OBJECT.format(happens='open("gone", "w").close()'))
    project = make(text)
    done = project.fix("--verify", "--sandbox")
    assert done.status == 5, done
    assert b"withdrawn: it leaves another gone" in done.stdout
    assert "gone" not in project.names()


# In the middle

MEETING = """\
import os
import pathlib

if pathlib.Path("here").exists():
    with open("here", "w") as pipe:
        pipe.write("ready")
    with open("never") as pipe:
        pipe.read()
"""


@newest_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_everything_as_it_was(make: Make, tmp_path: Path, number: signal.Signals) -> None:
    text = source(head=MEETING + HEAD)
    project = make(text)
    for name in ("here", "never"):
        os.mkfifo(project.folder / name)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    before = project.names()
    command: list[str | Path] = [project.environment.heapwise, "fix", project.capture.name, "--verify", "--apply"]
    child = start(command, cwd=project.folder, environ={"TMPDIR": str(temporary)})
    try:
        assert (project.folder / "here").read_text() == "ready"
        child.send_signal(number)
        child.communicate(timeout=TIME_LIMIT)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
    assert child.returncode == -number
    assert (project.script.read_text(), project.names()) == (text, before)
    assert list(temporary.iterdir()) == []


# heapwise run --fix


@newest_only
def test_run_fix_does_not_wait_where_nobody_can_answer(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(source())
    done = finish([environment.heapwise, "run", "--fix", "app.py"], cwd=tmp_path, limit=4 * TIME_LIMIT)
    assert done.status == 0, done
    assert done.stdout.startswith(b"total ")
    assert b"+    del loaded\n" in done.stdout
    assert b"there is no terminal to ask on" in done.stderr
    assert b"heapwise fix app.heapwise --apply" in done.stderr
    assert (tmp_path / "app.py").read_text() == source()


@newest_only
@pytest.mark.parametrize(("key", "text"), [(b"n\r", source()), (b"\x04", source()), (b"y\r", EDITED)])
def test_run_fix_asks(environment: Environment, tmp_path: Path, key: bytes, text: str) -> None:
    (tmp_path / "app.py").write_text(source())
    with Terminal([environment.heapwise, "run", "--fix", "app.py"], cwd=tmp_path) as terminal:
        terminal.read_until(b"? [y/N] ")
        terminal.type(key)
        status, _ = terminal.finish()
    assert status == 0
    assert (tmp_path / "app.py").read_text() == text


def test_patch_is_there() -> None:
    assert shutil.which("patch"), "the tests apply diffs with patch; on Debian: apt install patch"


@newest_only
def test_of_several_processes_the_first_alone_is_looked_at(make: Make) -> None:
    child = 'subprocess.run([sys.executable, "-c", "pass"], check=True)'
    project = make(source(last=child, head="import subprocess\nimport sys\n\n\n" + HEAD))
    done = project.fix()
    assert b"\n+    del loaded\n" in done.stdout
    assert b"are of the first process of this run alone, which had 2\n" in done.stderr
    advice = project.heapwise("advise", project.capture.name)
    assert b"it is given for a run of one process, and this run had 2." in b" ".join(advice.stdout.split())
