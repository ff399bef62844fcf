"""Names in a program are only ever text in the page: nothing of them runs, loads, hides or moves anything."""

from __future__ import annotations

import pytest
from browser import Made, opened, payload_of
from playwright.sync_api import Browser

MARKUP = "</script><script>window.ran=1</script><img src=x onerror=window.ran=1>"
NAMES = [
    MARKUP,
    "<!--heapwise:payload-->",
    "'\"><svg onload=window.ran=1>",
    "javascript:window.ran=1",
    "${window.ran=1}{{7*7}}",
    "n" * 10_000,
    "\u202egnp.exe\u2066 \u0645\u0631\u062d\u0628\u0627",
    "\ud800 half \udfff",
    "nul\x00 esc\x1b[31m \x7f",
    "\U0001f4be \u4f60\u597d e\u0301\u0301\u0301",
    " ",
    "__proto__",
    "constructor",
]

PROGRAM = f"""\
NAMES = {NAMES!a}
KEPT = []
SOURCE = "def allocate(size, kept):\\n    kept.append(bytearray(size))\\n"
for at, name in enumerate(NAMES):
    space = {{}}
    exec(compile(SOURCE, "<x>", "exec"), space)
    code = space["allocate"].__code__
    renamed = {{"co_name": name, "co_filename": "/srv/" + name.replace("\\0", "") + ".py"}}
    if hasattr(code, "co_qualname"):
        renamed["co_qualname"] = name
    space["allocate"].__code__ = code.replace(**renamed)
    space["allocate"](1_000_000 + at * 1000, KEPT)
TEXT = {MARKUP!a}
KEPT.append([TEXT + str(number) for number in range(20_000)])
"""


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_runs_and_nothing_moves(browser: Browser, made: Made, width: int) -> None:
    path, _ = made
    with opened(browser, path, width=width) as page:
        assert page.title() == "known.py · heapwise"
        for key in ("1", "2", "3", "4", "5", "6", "l", "t", "a", "e", "p", "1"):
            page.keyboard.press(key)
            assert page.evaluate("window.ran") is None
            assert page.locator("img, svg, iframe, object, embed, link[rel=stylesheet]").count() == 0
            assert page.locator("script").count() == 2
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.keyboard.press("/")
        page.keyboard.type("<script>")
        assert page.locator("tbody tr").count() >= 1
        page.mouse.move(width / 2, 500)
        assert page.evaluate("window.ran") is None


def test_every_name_is_there_and_what_is_not_seen_is_made_visible(browser: Browser, made: Made) -> None:
    path, _ = made
    names = payload_of(path)["places"]["functions"]["name"]
    assert MARKUP in names
    with opened(browser, path, "tab=functions") as page:
        text = page.inner_text(".details")
        assert "<img src=x onerror" in text
        assert "\\u202egnp.exe" in text
        assert "\u202e" not in page.inner_text("body")
        assert "\\u0000" in text or "nul" in text
        totals = page.locator("td.bytes").all_inner_texts()
        assert sum(total.startswith("1.0 MB") for total in totals) >= len(NAMES)
