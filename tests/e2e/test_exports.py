"""`heapwise report --format ...`: programs that others wrote read the exports, and find the numbers of the JSON report.

Invariant: a reader that is not installed is a skipped test that says how to install it, never a passed one.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from interpreters import REPOSITORY, Environment, found_interpreters
from runner import finish, record

# The formats do not depend on the interpreter: one is enough.
pytestmark = pytest.mark.parametrize(
    "environment", found_interpreters()[:1], ids=[one.label for one in found_interpreters()[:1]], indirect=True
)

READERS = Path(os.environ.get("HEAPWISE_TEST_READERS", REPOSITORY / "target" / "readers"))
TARGETS = Path(__file__).with_name("targets")
VALUES = ("peak", "allocated", "leaked", "temporary")
# What each format gives a meaning: separators, quotes, markup, a formula, line ends, right-to-left text.
HOSTILE = "=1+1;a,b\t\"<img src=x>'\n\u202e\u00e9 12"
PROGRAM = f"""
import os

HOSTILE = {HOSTILE!r}

def hold():
    return bytearray(2_000_000)

def pass_by():
    return len(bytearray(700_000))

def hostile():
    return bytearray(400_000)

names = dict(co_name=HOSTILE, co_filename=HOSTILE + ".py")
if hasattr(hostile.__code__, "co_qualname"):
    names["co_qualname"] = HOSTILE
hostile.__code__ = hostile.__code__.replace(**names)

def deep(left):
    return hostile() if left == 0 else deep(left - 1)

kept = [hold(), deep(700)]
pass_by()
os._exit(0)
"""


@pytest.fixture
def capture(environment: Environment, tmp_path: Path) -> Path:
    """An exact capture of a program with known blocks and hostile names."""
    script = tmp_path / "app.py"
    script.write_text(PROGRAM, encoding="utf-8")
    path = tmp_path / "app.heapwise"
    done = record(environment, [script], path, "exact")
    assert done.status == 0, done
    return path


def _export(environment: Environment, capture: Path, kind: str, *options: str) -> Path:
    """The export as a file; nothing is said about it."""
    path = capture.with_suffix(f".{kind}")
    done = finish([environment.heapwise, "report", capture, "--format", kind, "-o", path, *options])
    assert (done.status, done.stdout, done.stderr) == (0, b"", b""), done
    return path


def _report(environment: Environment, capture: Path) -> dict[str, Any]:
    done = finish([environment.heapwise, "report", capture, "--format", "json"])
    assert done.status == 0, done
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def _totals(report: dict[str, Any]) -> dict[str, int]:
    return {
        "peak": report["peak"]["heap_bytes"],
        "allocated": sum(line["allocated_bytes"] for line in report["lines"]),
        "leaked": report["leaked_bytes"],
        "temporary": report["temporary"]["bytes"],
    }


def _reader(package: str) -> Path:
    """The folder of a reader from npm."""
    path = READERS / "node_modules" / package
    if not path.is_dir():
        pytest.skip(f"the reader {package} is not installed: make readers (it needs node and npm)")
    return path


@pytest.mark.parametrize("value", VALUES)
def test_collapsed_stacks_are_read_by_gprof2dot(
    environment: Environment, capture: Path, value: str, tmp_path: Path
) -> None:
    gprof2dot = pytest.importorskip("gprof2dot", reason="pip install -r requirements/dev.txt")
    path = _export(environment, capture, "collapsed", "--value", value)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert sum(int(line.rsplit(" ", 1)[1]) for line in lines) == _totals(_report(environment, capture))[value]
    assert max(line.count(";") for line in lines) <= 512
    with path.open(encoding="utf-8") as opened:
        profile = gprof2dot.CollapseParser(opened).parse()
    held = sum(function[gprof2dot.SAMPLES] for function in profile.functions.values() if function.name == "hold")
    assert (held >= 2_000_000) == (value != "temporary"), held


def test_speedscope_agrees_with_its_own_schema(environment: Environment, capture: Path) -> None:
    schema = json.loads((_reader("speedscope") / "dist" / "release" / "file-format-schema.json").read_bytes())
    written = json.loads(_export(environment, capture, "speedscope", "--value", "leaked").read_bytes())
    jsonschema.Draft7Validator(schema).validate(written)
    frames = written["shared"]["frames"]
    assert any(frame["name"] == HOSTILE and frame["file"] == HOSTILE + ".py" for frame in frames)
    totals = _totals(_report(environment, capture))
    assert written["profiles"][written["activeProfileIndex"]]["name"] == "leaked"
    for value, profile in zip(VALUES, written["profiles"], strict=True):
        assert (profile["startValue"], profile["endValue"]) == (0, totals[value])
        _check_nesting(profile["events"], profile["endValue"])
        under = _bytes_under(
            profile["events"], {number for number, frame in enumerate(frames) if frame["name"] == "hold"}
        )
        assert (under >= 2_000_000) == (value != "temporary"), (value, under)


def _check_nesting(events: list[dict[str, Any]], end: int) -> None:
    """Frames close in the reverse order of their opening, and the position never goes back."""
    opened: list[int] = []
    at = 0
    for event in events:
        assert at <= event["at"] <= end
        at = event["at"]
        if event["type"] == "O":
            opened.append(event["frame"])
        else:
            assert opened.pop() == event["frame"]
    assert not opened


def _bytes_under(events: list[dict[str, Any]], frames: set[int]) -> int:
    """Bytes between the opening and the closing of any of `frames`."""
    return sum(event["at"] * (1 if event["type"] == "C" else -1) for event in events if event["frame"] in frames)


def test_pprof_is_read_by_another_reader(environment: Environment, capture: Path) -> None:
    _reader("pprof-format")
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not on PATH: install Node.js to read pprof files with npm's pprof-format")
    path = _export(environment, capture, "pprof", "--value", "allocated")
    done = finish([node, REPOSITORY / "tests" / "e2e" / "readers" / "read_pprof.js", READERS, path])
    assert done.status == 0, done
    read = json.loads(done.stdout)
    assert read["chosen"] == "alloc_space"
    names = [name for name, _ in read["types"]]
    totals = _totals(_report(environment, capture))
    for value, name in zip(VALUES, ("inuse_space", "alloc_space", "leaked_space", "temporary_space"), strict=True):
        place = names.index(name)
        assert read["types"][place][1] == "bytes"
        assert sum(sample["values"][place] for sample in read["samples"]) == totals[value]
    held = [sample for sample in read["samples"] if sample["frames"] and sample["frames"][0]["name"] == "hold"]
    assert sum(sample["values"][names.index("inuse_space")] for sample in held) >= 2_000_000
    hostile = [sample["frames"] for sample in read["samples"] if sample["frames"][0]["name"] == HOSTILE]
    assert hostile
    # The middle of a deep recursion is left out: both ends are there.
    assert {len(frames) for frames in hostile} == {512}
    assert {frames[-1]["name"] for frames in hostile} == {"<module>"}
    assert all(any(frame["name"] == "<frames left out>" for frame in frames) for frames in hostile)


def test_the_firefox_profile_holds_together(environment: Environment, capture: Path) -> None:
    written = json.loads(_export(environment, capture, "firefox").read_bytes())
    totals = _totals(_report(environment, capture))
    strings = written["shared"]["stringArray"] if "shared" in written else None
    assert [thread["name"] for thread in written["threads"]] == [
        "live at the peak",
        "allocated in all",
        "leaked",
        "temporary",
    ]
    for value, thread in zip(VALUES, written["threads"], strict=True):
        names = strings if strings is not None else thread["stringArray"]
        samples, stacks, frames, functions = (
            thread[table] for table in ("samples", "stackTable", "frameTable", "funcTable")
        )
        assert samples["weightType"] == "bytes"
        assert sum(samples["weight"]) == totals[value]
        assert len(samples["weight"]) == samples["length"]
        own: Counter[str] = Counter()
        for stack, weight in zip(samples["stack"], samples["weight"], strict=True):
            own[names[functions["name"][frames["func"][stacks["frame"][stack]]]]] += weight
        assert all(prefix is None or prefix < stack for stack, prefix in enumerate(stacks["prefix"]))
        if value == "peak":
            assert any(name.startswith("hold (") and weight >= 2_000_000 for name, weight in own.items())
            assert any(HOSTILE in name for name in own)
    heap = written["counters"][0]["samples"]
    counts = heap["count"]
    live = [sum(counts[: end + 1]) for end in range(len(counts))]
    assert max(live) == totals["peak"]


def test_csv_is_read_by_duckdb_and_by_python(environment: Environment, capture: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="pip install -r requirements/dev.txt")
    path = _export(environment, capture, "csv")
    rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8"), newline="")))
    report = _report(environment, capture)
    expected = {(line["file"], line["line"], line["function"]): line for line in report["lines"]}
    read = {(row["file"].removeprefix("'"), int(row["line"]), row["function"].removeprefix("'")): row for row in rows}
    assert expected.keys() <= read.keys()
    for place, line in expected.items():
        for column in ("peak_bytes", "peak_bytes_total", "allocated_bytes", "allocations", "leaked_bytes"):
            assert int(read[place][column]) == line[column], (place, column)
    # A spreadsheet must not take a name for a formula.
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert sum(int(row["user_peak_bytes"]) for row in rows) == report["peak"]["heap_bytes"]
    (sums,) = duckdb.sql(
        f"select count(*), sum(peak_bytes), sum(leaked_bytes) from read_csv('{path}', header = true, quote = '\"')"
    ).fetchall()
    assert sums == (len(rows), report["peak"]["heap_bytes"], report["leaked_bytes"])


def test_parquet_is_read_by_duckdb(environment: Environment, capture: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="pip install -r requirements/dev.txt")
    path = _export(environment, capture, "parquet")
    report = _report(environment, capture)
    (ends,) = duckdb.sql(f"select max(heap_bytes), last(heap_bytes order by sequence) from '{path}'").fetchall()
    assert ends == (report["peak"]["heap_bytes"], report["leaked_bytes"])
    # What was allocated, by the innermost line, without help from heapwise.
    allocated = dict(
        duckdb.sql(
            f"select function, sum(size)::bigint from '{path}' "
            "where event = 'allocation' and file like '%/app.py' group by 1"
        ).fetchall()
    )
    ours: Counter[str] = Counter()
    for line in report["lines"]:
        if line["file"].endswith("/app.py"):
            ours[line["function"]] += line["allocated_bytes"]
    assert allocated == {name: size for name, size in ours.items() if size}
    wanted = f"select count(*) from '{path}' where function = ? and user_file = ?"
    hostile = duckdb.execute(wanted, [HOSTILE, HOSTILE + ".py"])
    assert hostile.fetchall()[0][0] >= 1
    kinds = {kind for (kind,) in duckdb.sql(f"select distinct event from '{path}'").fetchall()}
    assert {"allocation", "free"} <= kinds


def test_exports_are_of_all_processes(environment: Environment, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="pip install -r requirements/dev.txt")
    path = tmp_path / "family.heapwise"
    done = record(environment, [TARGETS / "family.py", "fork"], path, "exact")
    assert done.status == 0, done
    report = _report(environment, path)
    totals = _totals(report)
    assert totals["peak"] >= 150_000_000
    for value in VALUES:
        text = _export(environment, path, "collapsed", "--value", value).read_text(encoding="utf-8")
        assert sum(int(line.rsplit(" ", 1)[1]) for line in text.splitlines()) == totals[value]
    speedscope = json.loads(_export(environment, path, "speedscope").read_bytes())
    assert [profile["endValue"] for profile in speedscope["profiles"]] == [totals[value] for value in VALUES]
    csv_path = _export(environment, path, "csv")
    rows = list(csv.DictReader(io.StringIO(csv_path.read_bytes().decode("utf-8"), newline="")))
    assert sum(int(row["peak_bytes"]) for row in rows) == totals["peak"]
    parquet = _export(environment, path, "parquet")
    peaks = dict(duckdb.sql(f"select process, max(heap_bytes)::bigint from '{parquet}' group by 1").fetchall())
    assert peaks == {process["pid"]: process["peak_heap_bytes"] for process in report["run"]["processes"]}


@pytest.mark.parametrize("kind", ["pprof", "parquet"])
def test_bytes_are_not_sent_to_a_terminal(environment: Environment, capture: Path, kind: str) -> None:
    ours, theirs = os.openpty()
    command = [str(environment.heapwise), "report", str(capture), "--format", kind]
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 2
    assert done.stderr.decode().startswith(f"heapwise: error: {kind} is not for a terminal\nhint: "), done


def test_a_value_is_refused_where_it_says_nothing(environment: Environment, capture: Path) -> None:
    done = finish([environment.heapwise, "report", capture, "--format", "csv", "--value", "leaked"])
    assert (done.status, done.stdout) == (2, b""), done
    assert b"--value leaked is for the formats that tell of stacks" in done.stderr, done


def test_a_capture_without_allocations_gives_valid_exports(environment: Environment, tmp_path: Path) -> None:
    """The shortest program that there is; what Python itself needs at its end is all there may be."""
    duckdb = pytest.importorskip("duckdb", reason="pip install -r requirements/dev.txt")
    path = tmp_path / "empty.heapwise"
    done = record(environment, ["-c", "import os; os._exit(0)"], path)
    assert done.status == 0, done
    for kind in ("collapsed", "speedscope", "pprof", "firefox", "csv", "parquet"):
        assert _export(environment, path, kind).exists()
    assert duckdb.sql(f"select count(*) from '{tmp_path / 'empty.parquet'}'").fetchall()[0][0] >= 0
    assert isinstance(json.loads((tmp_path / "empty.speedscope").read_bytes())["profiles"], list)
