"""Sampling is unbiased and knows how sure it is: many runs of one program, whose answer is known.

Chance fails these tests less than once in ten thousand runs of the suite: four standard errors are the limit.
"""

from __future__ import annotations

import math
import statistics
from pathlib import Path

import pytest
from expectations import read_program
from interpreters import REPOSITORY, Environment, found_interpreters
from runner import read_report, record

PROGRAMS = REPOSITORY / "tests" / "programs"
RUNS = 24
NEWEST = found_interpreters()[-1:]


@pytest.mark.parametrize("environment", NEWEST, ids=[one.label for one in NEWEST], indirect=True)
def test_sampled_numbers_are_unbiased_and_their_error_is_true(environment: Environment, tmp_path: Path) -> None:
    program = read_program(PROGRAMS / "periodic_small_blocks.py", PROGRAMS)
    # Bytes objects of 7,000 and 4,000 bytes, 15,000 of each, in lists made beforehand; see the program's header.
    sizes = environment.sizes.functions()
    truth = 15_000 * (sizes["bytes_of"](7_000) + sizes["bytes_of"](4_000)) + 2 * sizes["list_of"](15_000)
    first_line = 15_000 * sizes["bytes_of"](7_000)
    peaks, errors, lines = [], [], []
    for run in range(RUNS):
        capture = tmp_path / f"{run}.heapwise"
        assert record(environment, [program.path], capture).status == 0
        report = read_report(environment, capture)
        peaks.append(report["peak"]["heap_bytes"])
        errors.append(report["peak"]["error_bytes"])
        lines.append(max(line["peak_bytes"] for line in report["lines"]))
        capture.unlink()
    stated = statistics.fmean(errors)
    assert len(set(peaks)) > RUNS // 2, "each run draws its own sample"
    assert 0 < stated <= 0.01 * truth
    # Python's own start is in the peak too: below 0.3 MB.
    off = statistics.fmean(peaks) - truth
    allowed = 4 * stated / math.sqrt(RUNS)
    assert -allowed <= off <= allowed + 300_000
    # So far may the spread of that many runs be from the true one; a stated error may be too cautious.
    assert statistics.stdev(peaks) <= stated * (1 + 4 / math.sqrt(2 * RUNS))
    # Of the blocks of this line nearly all are sampled: there is little spread, and a thousandth is a lot.
    assert statistics.fmean(lines) == pytest.approx(first_line, rel=0.001)
