"""Sampling is unbiased and knows how sure it is: many runs of one program, whose answer is known.

Five standard errors of a mean are the limit: chance fails a test less than once in ten thousand runs.
"""

from __future__ import annotations

import math
import statistics
from pathlib import Path

import pytest
from interpreters import Environment, found_interpreters
from report_json import Report
from runner import read_report, record

TAKE_TURNS = Path(__file__).parent / "targets" / "take_turns.py"
COUNT = 60_000
RUNS = 24
NEWEST = found_interpreters()[-1:]
newest_only = pytest.mark.parametrize("environment", NEWEST, ids=[one.label for one in NEWEST], indirect=True)


def _reports(environment: Environment, folder: Path) -> list[Report]:
    """Independent sampled runs."""
    reports = []
    for run in range(RUNS):
        capture = folder / f"{run}.heapwise"
        assert record(environment, [TAKE_TURNS, str(run)], capture).status == 0
        reports.append(read_report(environment, capture))
        capture.unlink()
    return reports


def _line_with(text: str) -> int:
    lines = TAKE_TURNS.read_text(encoding="utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines, start=1) if line.endswith(text)]
    return number


@newest_only
def test_sampled_numbers_are_unbiased_and_their_error_is_true(environment: Environment, tmp_path: Path) -> None:
    reports = _reports(environment, tmp_path)
    bytes_of = environment.sizes.functions()["bytes_of"]
    spread = 0.0
    for text, size in (("# the first line", bytes_of(500)), ("# the second line", bytes_of(200))):
        number = _line_with(text)
        rows = [
            row
            for report in reports
            for row in report["lines"]
            if row["line"] == number and Path(row["file"]).name == TAKE_TURNS.name
        ]
        assert len(rows) == RUNS
        for found, truth in (
            ([row["peak_bytes"] for row in rows], COUNT * size),
            ([row["allocated_bytes"] for row in rows], COUNT * size),
            ([row["allocations"] for row in rows], COUNT),
        ):
            assert len(set(found)) > RUNS // 2, "the runs are samples of their own"
            error = statistics.stdev(found) / math.sqrt(RUNS)
            assert abs(statistics.fmean(found) - truth) <= 5 * error, f"{text}: {found} for {truth}"
        spread += statistics.variance([row["peak_bytes"] for row in rows])
    stated = statistics.fmean(report["peak"]["error_bytes"] for report in reports)
    # The spread of so many runs is within this of the true one; a stated error may be somewhat too cautious.
    assert math.sqrt(spread) <= stated * (1 + 4 / math.sqrt(2 * RUNS))
    assert stated <= 3 * math.sqrt(spread)
