"""The page of `heapwise diff`: its numbers are those of the JSON, and it can be read everywhere."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from browser import Made, heapwise, plainly_opened
from playwright.sync_api import Browser

SCHEMA = Path(__file__).parents[2] / "schema" / "diff.schema.json"
# Walking the numbers is work in Python, between whose instructions the objects are looked at while both are held.
OLD = """\
def load():
    return bytearray(40_000_000)

def scratch():
    return list(range(500_000))

def main():
    table = load()
    numbers = scratch()
    total = 0
    for number in numbers:
        total += number
    print(len(table), total)

main()
"""
NEW = "# A comment moves every line.\n" + OLD.replace("40_000_000", "60_000_000")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The page of a comparison, and its JSON."""
    folder = tmp_path_factory.mktemp("comparison")
    for name, program in (("old", OLD), ("new", NEW)):
        (folder / name).mkdir()
        (folder / name / "app.py").write_text(program, encoding="utf-8")
        heapwise("run", "--exact", "--no-report", "-o", f"../{name}.heapwise", "app.py", folder=folder / name)
    heapwise("diff", "old.heapwise", "new.heapwise", "--format", "html", "-o", "diff.html", folder=folder)
    compared = json.loads(heapwise("diff", "old.heapwise", "new.heapwise", "--format", "json", folder=folder))
    return folder / "diff.html", compared


def test_the_json_is_as_its_schema_says(made: Made) -> None:
    _, compared = made
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_bytes())).validate(compared)
    line = compared["lines"][0]
    assert (line["growth_bytes"], line["matched"]) == (20_000_000, "edited")
    assert line["new"]["line"] == line["old"]["line"] + 1
    table = next(it for it in compared["objects"] if it["new"]["name"] == "main.table")
    assert table["matched"] == "same"
    assert 19_900_000 <= table["growth_bytes"] <= 20_100_000


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_the_page_has_the_numbers_of_the_json(browser: Browser, made: Made, width: int, dark: bool) -> None:
    path, compared = made
    with plainly_opened(browser, path, width=width, dark=dark) as page:
        assert page.inner_text("h1").startswith("The peak grew by 20.0 MB")
        peaks = page.eval_on_selector_all("dd b", "all => all.map(it => Number(it.dataset.bytes))")
        assert peaks == [compared["old"]["peak_bytes"], compared["new"]["peak_bytes"]]
        for name in ("Lines", "Objects"):
            cells = page.locator(f"section[aria-label='{name}'] td[data-bytes]")
            shown = cells.evaluate_all("all => all.map(it => Number(it.dataset.bytes))")
            expected = [change["growth_bytes"] for change in compared[name.lower()]]
            assert shown == expected[:300]
        assert "main.table" in page.inner_text("section[aria-label='Objects']")
        assert page.locator(".course path").count() == 2
        assert page.locator("script").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.is_visible("td .note >> nth=0")
