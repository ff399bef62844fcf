"""Reading results and telling differences: each kind of outcome is told apart, and a lost file is no empty one."""

from __future__ import annotations

from pathlib import Path

from outcomes import Difference, differences, read_junit

RESULTS = """<testsuites><testsuite>
<testcase name="a.passes" status="run" result="completed"/>
<testcase name="a.fails"><failure type="X">text</failure></testcase>
<testcase classname="b" name="errs"><error type="X">text</error></testcase>
<testcase name="a.skips"><skipped>why</skipped></testcase>
<testcase name="a.twice"/><testcase name="a.twice"><failure/></testcase>
</testsuite></testsuites>"""


def test_outcomes_are_read(tmp_path: Path) -> None:
    file = tmp_path / "result.xml"
    file.write_text(RESULTS)
    assert read_junit(file) == {
        "a.passes": "passed",
        "a.fails": "failed",
        "b.errs": "error",
        "a.skips": "skipped",
        "a.twice": "failed",
    }


def test_a_file_that_is_not_whole_is_none(tmp_path: Path) -> None:
    file = tmp_path / "result.xml"
    assert read_junit(file) is None
    file.write_text(RESULTS[:100])
    assert read_junit(file) is None


def test_what_ends_differently_or_is_missing_is_a_difference() -> None:
    assert differences(
        {"a": "passed", "b": "failed", "c": "passed"}, {"a": "passed", "b": "passed", "d": "failed"}
    ) == [
        Difference("b", "failed", "passed"),
        Difference("c", "passed", "missing"),
        Difference("d", "missing", "failed"),
    ]
