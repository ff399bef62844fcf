"""`heapwise diff` through the command line: what grew between two real runs, as text and JSON, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from interpreters import REPOSITORY, Environment, found_interpreters
from runner import Finished, finish, record

NEWEST = found_interpreters()[-1:]
newest_only = pytest.mark.parametrize("environment", NEWEST, ids=[one.label for one in NEWEST], indirect=True)

# The second edition has a comment above, and more in one of the lines.
OLD = """\
def kept() -> bytearray:
    return bytearray(20_000_000)


first = kept()
second = bytearray(30_000_000)
print(len(first) + len(second))
"""
NEW = '"""Larger."""\n\n' + OLD.replace("30_000_000", "50_000_000")


def _captures(environment: Environment, folder: Path, *texts: str) -> list[Path]:
    """Runs each text as `app.py` of the same folder."""
    captures = []
    for number, text in enumerate(texts):
        (folder / "app.py").write_text(text)
        captures.append(folder / f"{number}.heapwise")
        done = record(environment, ["app.py"], captures[-1], "exact", cwd=folder)
        assert done.status == 0, done
    return captures


def _diff(environment: Environment, *arguments: str | Path) -> Finished:
    done = finish([environment.heapwise, "diff", *arguments])
    assert b"panicked" not in done.stderr, done
    return done


def test_what_grew(environment: Environment, tmp_path: Path) -> None:
    old, new = _captures(environment, tmp_path, OLD, NEW)
    done = _diff(environment, old, new, "--format", "json")
    assert done.status == 0, done
    said: dict[str, Any] = json.loads(done.stdout)
    schema = json.loads((REPOSITORY / "schema" / "diff.schema.json").read_bytes())
    jsonschema.Draft202012Validator(schema).validate(said)
    # Beside the 20 MB there is what the interpreter itself keeps, of the text above for one.
    assert abs(said["peak_growth_bytes"] - 20_000_000) < 100_000
    assert said["peak_growth_error_bytes"] == 0
    most = said["lines"][0]
    assert (most["old"]["line"], most["new"]["line"]) == (6, 8)
    assert abs(most["growth_bytes"] - 20_000_000) < 1_000
    assert all(abs(line["growth_bytes"]) < 100_000 for line in said["lines"][1:])
    back = json.loads(_diff(environment, new, old, "--format", "json").stdout)
    assert back["peak_growth_bytes"] == -said["peak_growth_bytes"]


@newest_only
def test_text_says_the_same_and_fits(environment: Environment, tmp_path: Path) -> None:
    old, new = _captures(environment, tmp_path, OLD, NEW)
    for width in ("80", "120"):
        done = _diff(environment, old, new, "--width", width)
        assert done.status == 0, done
        text = done.stdout.decode()
        assert text.startswith("The peak grew by 20.0 MB (+")
        assert "app.py:8" in text
        assert all(len(line) <= int(width) for line in text.splitlines()), text
    written = tmp_path / "diff.txt"
    assert _diff(environment, old, new, "-o", written).status == 0
    assert written.read_text().startswith("The peak grew by 20.0 MB")
    assert _diff(environment, old, old).stdout.startswith(b"The peak is the same: ")


@newest_only
def test_growth_fails_only_beyond_the_limit_that_is_given(environment: Environment, tmp_path: Path) -> None:
    old, new = _captures(environment, tmp_path, OLD, NEW)
    for limit, status in (("", 4), ("5%", 4), ("50%", 0), ("19MB", 4), ("21MB", 0), ("0", 4)):
        options = ["--fail-on-growth", limit] if limit else ["--fail-on-growth"]
        done = _diff(environment, old, new, *options)
        assert done.status == status, done
        assert (b"the peak grew beyond --fail-on-growth" in done.stderr) == (status == 4)
        assert done.stdout.startswith(b"The peak grew by 20.0 MB")
    assert _diff(environment, new, old, "--fail-on-growth", "0").status == 0
    assert _diff(environment, old, old, "--fail-on-growth", "0").status == 0


@newest_only
def test_what_cannot_be_compared_is_named(environment: Environment, tmp_path: Path) -> None:
    (old,) = _captures(environment, tmp_path, OLD)
    (tmp_path / "text.heapwise").write_text("no capture")
    for arguments, word in (
        ((old, tmp_path / "absent.heapwise"), b"absent.heapwise"),
        ((tmp_path / "text.heapwise", old), b"text.heapwise"),
        ((old, old, "--fail-on-growth", "much"), b"write a size such as 5MB"),
        ((old, old, "-o", old), b"it is the capture itself"),
    ):
        done = _diff(environment, *arguments)
        assert (done.status, done.stdout) == (2, b""), done
        assert word in done.stderr
