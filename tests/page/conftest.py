"""Fixtures of the page's tests: one browser for all of them, and one page for the program of each module.

Invariant: every test opens pages in a context of its own, so none sees what another did.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import MISSING, Made, chromium, find_chromium, make_page
from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Skips loudly where there is none."""
    if find_chromium() is None:
        pytest.skip(MISSING)
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The page of the `PROGRAM` of the test's module, and its JSON report."""
    return make_page(tmp_path_factory.mktemp("page"), request.module.PROGRAM)
