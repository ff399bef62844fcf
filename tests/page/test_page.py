"""The page shows the numbers of the JSON report, at any moment, and can be used as a person uses pages."""

from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path

import pytest
from browser import (
    Made,
    byte_counts,
    heapwise,
    make_page,
    opened,
    painted,
    payload_of,
    selected_bytes,
    walk,
    with_payload,
)
from playwright.sync_api import Browser, expect

# At first `scratch` holds 10 MB; at the peak, when that is gone, `load` holds 40 MB; 5 MB are never freed.
PROGRAM = """\
import ctypes
import json
import threading
import time

def pass_time():
    until = time.perf_counter() + 0.03
    while time.perf_counter() < until:
        pass

def scratch():
    return bytearray(10_000_000)

def load():
    return bytearray(40_000_000)

def keep():
    kept = bytearray(5_000_000)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))

def main():
    first = scratch()
    pass_time()
    del first
    pass_time()
    json.loads("[" + "1.5," * 10_000 + "2.5]")
    second = load()
    pass_time()
    del second
    thread = threading.Thread(target=keep, name="keeper")
    thread.start()
    thread.join()
    pass_time()

main()
"""

FINDING = {
    "id": "f1",
    "rule": "smaller-dtype",
    "file": "known.py",
    "line": 15,
    "title": "load() keeps 8 bytes for values that fit in 1",
    "message": "All values lie between 0 and 100.",
    "evidence": {"minimum": 0, "maximum": 100, "held_bytes": 40_000_000},
    "peak_saving_bytes": 35_000_000,
    "new_peak_bytes": 5_300_000,
    "fix": {
        "safety": "safe",
        "diff": "--- a/known.py\n+++ b/known.py\n-    return bytearray(40_000_000)\n+    return 1",
    },
    "verified": {"peak_before_bytes": 40_300_000, "peak_after_bytes": 5_400_000, "same_output": True},
}
OBJECT = {
    "name": "frame['hour']",
    "type": "pandas.Series",
    "dtype": "int64",
    "shape": [5_000_000],
    "bytes": 40_000_000,
    "own_bytes": 30_000_000,
    "holder": {"kind": "local", "function": "main", "file": "known.py", "line": 27},
    "shared_with": [{"name": "backup", "bytes": 10_000_000}],
    "parts": [{"name": "frame['hour'].index", "bytes": 1_000_000, "type": "pandas.Index"}],
    "facts": {"minimum": 0, "maximum": 23, "zero_share": 0.25},
}


def test_the_numbers_are_those_of_the_json_report(browser: Browser, made: Made) -> None:
    path, report = made
    with opened(browser, path) as page:
        assert int(page.get_attribute("#peak", "data-bytes") or 0) == report["peak"]["heap_bytes"]
        assert selected_bytes(page) == report["peak"]["heap_bytes"]
        for more in page.query_selector_all(".details .more:not([hidden])"):
            more.click()
        users = [line["peak_bytes"] for line in report["user_lines"] if line["peak_bytes"] > 0]
        shown = byte_counts(page, "td.bytes .amount")
        assert [number for number in shown if number > 0] == sorted(users, reverse=True)
        page.keyboard.press("l")
        while page.is_visible(".details .more"):
            page.click(".details .more")
        lines = report["lines"]
        own = [line["peak_bytes"] for line in lines if line["peak_bytes_total"] > 0]
        total = [line["peak_bytes_total"] for line in lines if line["peak_bytes_total"] > 0]
        assert byte_counts(page, "td.bytes .amount") == sorted(own, reverse=True)
        assert sorted(byte_counts(page, "td.total span")) == sorted(total)
        page.keyboard.press("2")
        while page.is_visible(".details .more"):
            page.click(".details .more")
        functions = [function["peak_bytes"] for function in report["functions"]]
        assert byte_counts(page, "td.bytes .amount") == sorted(functions, reverse=True)


def test_a_moment_changes_everything_below(browser: Browser, made: Made) -> None:
    path, _ = made
    moments = payload_of(path)["moments"]
    with opened(browser, path) as page:
        at_peak = walk(page)
        assert any(text.startswith("load known.py:15: 40.0 MB") for text in at_peak), at_peak
        assert not any("scratch" in text for text in at_peak)
    early = next(at for at, heap in enumerate(moments["heap"]) if 10_000_000 <= heap < 40_000_000)
    with opened(browser, path, f"at={early}") as page:
        assert selected_bytes(page) == moments["heap"][early]
        told = walk(page)
        assert any(text.startswith("scratch known.py:12: 10.0 MB") for text in told), told
        assert not any("load known.py" in text for text in told)
        assert "known.py:12" in page.inner_text("tbody tr:first-child")
        page.keyboard.press("3")
        assert "10.0 MB" in page.inner_text('.code .row[data-line="12"]')
        assert "MB" not in page.inner_text('.code .row[data-line="15"]')


def test_the_time_line_is_clicked_and_dragged(browser: Browser, made: Made) -> None:
    path, report = made
    with opened(browser, path) as page:
        box = page.locator(".u-over").bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + 2, box["y"] + 40)
        assert selected_bytes(page) < 10_000_000
        assert "at=" in page.url
        page.mouse.move(box["x"] + 1, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 40, steps=4)
        page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 40, steps=4)
        page.mouse.up()
        assert "allocated=" in page.url
        assert page.get_attribute('[data-mode="allocated"]', "aria-pressed") == "true"
        allocated = sum(line["allocated_bytes"] for line in report["lines"])
        assert 50_000_000 < selected_bytes(page) <= allocated
        page.focus(".timeline")
        page.keyboard.press("End")
        assert selected_bytes(page) == report["leaked_bytes"]


def test_what_was_allocated_and_never_freed_adds_up(browser: Browser, made: Made) -> None:
    path, report = made
    with opened(browser, path) as page:
        page.keyboard.press("a")
        assert selected_bytes(page) == sum(line["allocated_bytes"] for line in report["lines"])
        page.keyboard.press("e")
        assert selected_bytes(page) == report["leaked_bytes"]
        # Another thread made them.
        page.keyboard.press("t")
        assert any(text.startswith("keep known.py:18: 5.0 MB") for text in walk(page))
        page.click('[data-mode="live"]')
        assert selected_bytes(page) == report["peak"]["heap_bytes"]


def test_search_narrows_and_escape_ends_it(browser: Browser, made: Made) -> None:
    path, _ = made
    with opened(browser, path) as page:
        rows = page.locator("tbody tr").count()
        page.keyboard.press("/")
        page.keyboard.type("LOAD")
        assert page.inner_text(".found").startswith("40.")
        texts = page.locator("tbody tr").all_inner_texts()
        assert 0 < len(texts) < rows
        assert all("load" in text.lower() for text in texts)
        assert "search=LOAD" in page.url
        page.keyboard.press("Escape")
        assert page.inner_text(".found") == ""
        assert page.locator("tbody tr").count() == rows
        page.keyboard.press("/")
        page.keyboard.type("nothing is called so")
        assert "Nothing matches" in page.inner_text(".details")


def test_frames_too_narrow_to_be_drawn_are_not_passed_over(browser: Browser, tmp_path: Path) -> None:
    program = """\
source = "def allocate(kept):\\n" + "    kept.append(bytearray(20_000))\\n" * 3_000
space = {}
exec(compile(source, "/srv/many.py", "exec"), space)
space["allocate"](kept := [])
"""
    path, _ = make_page(tmp_path, program)
    with opened(browser, path) as page:
        painted(page)
        # Below the line that called them, where nothing would be, stands one box as wide as all of them.
        colour = """canvas => {
            const {data} = canvas.getContext('2d').getImageData(0, 22 * 2.2, canvas.width, 1);
            return [0.3, 0.6].map(at => data.slice(Math.floor(canvas.width * at) * 4).slice(0, 4).join());
        }"""
        assert page.locator(".flame canvas").evaluate(colour) == ["233,228,238,255"] * 2


def test_a_link_brings_the_view_back_and_back_goes_back(browser: Browser, made: Made) -> None:
    path, _ = made
    with opened(browser, path) as page:
        walk(page)
        page.keyboard.press("Enter")
        assert "zoom=" in page.url
        crumbs = page.inner_text(".crumbs")
        page.keyboard.press("2")
        page.click("th.total button")
        address = page.url
        rows = page.locator("tbody tr").all_inner_texts()
        # The address changes first, then what is seen.
        page.evaluate("history.back()")
        expect(page.locator('[data-tab="lines"]')).to_have_attribute("aria-selected", "true")
        page.keyboard.press("Backspace")
        expect(page.locator(".crumbs")).to_have_text("")
        assert "zoom=" not in page.url
    with opened(browser, path, address.split("#", 1)[1]) as page:
        assert page.locator("tbody tr").all_inner_texts() == rows
        assert page.inner_text(".crumbs") == crumbs
        assert page.get_attribute('[data-tab="functions"]', "aria-selected") == "true"


@pytest.mark.parametrize(
    "hash_",
    [
        "at=-7&zoom=9.9_x&tab=none&file=4000&line=-1&sort=%00",
        "allocated=5..1",
        "leaked=a..b",
        "zoom=" + "2.1_" * 999,
        "%",
    ],
)
def test_a_broken_link_still_shows_the_page(browser: Browser, made: Made, hash_: str) -> None:
    path, report = made
    with opened(browser, path, hash_) as page:
        assert int(page.get_attribute("#peak", "data-bytes") or 0) == report["peak"]["heap_bytes"]
        assert selected_bytes(page) > 0


def test_keys_and_names_for_everyone(browser: Browser, made: Made) -> None:
    path, _ = made
    with opened(browser, path) as page:
        page.keyboard.press("?")
        assert page.is_visible("dialog")
        page.keyboard.press("Escape")
        expect(page.locator("dialog")).to_be_hidden()
        for key, tab in enumerate(("lines", "functions", "source", "objects", "advice", "run"), 1):
            page.keyboard.press(str(key))
            assert page.get_attribute(f'[data-tab="{tab}"]', "aria-selected") == "true"
            unnamed = page.eval_on_selector_all(
                "button, input, select, [tabindex='0']:not(tr)",
                "all => all.filter(it => !(it.innerText || it.ariaLabel || it.labels?.length)).map(it => it.outerHTML)",
            )
            assert unnamed == []
        page.keyboard.press("1")
        page.focus("tbody tr")
        page.keyboard.press("Enter")
        assert "load" in page.inner_text(".code .row.chosen") or "bytearray" in page.inner_text(".code .row.chosen")


def test_what_was_resident_adds_up(browser: Browser, made: Made) -> None:
    path, report = made
    with opened(browser, path, "tab=run") as page:
        parts = page.eval_on_selector_all(".parts b", "all => all.map(it => Number(it.dataset.bytes))")
        assert sum(parts) == report["resident"]["rss_bytes"]


def test_a_place_is_copied(browser: Browser, made: Made) -> None:
    path, report = made
    with opened(browser, path) as page:
        # What a page from disk may do with the clipboard is the browser's affair; what it was given is looked at.
        page.evaluate("navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }")
        told = walk(page)
        page.keyboard.press("c")
        place = page.evaluate("window.copied")
        assert place.endswith("known.py:15"), (place, told)
        expect(page.locator(".toast")).to_have_text(f"Copied {place}")
        page.click("tbody tr:first-child .copy")
        assert page.evaluate("window.copied") == f"{report['user_lines'][0]['file']}:15"
        page.click("tbody tr:first-child td.function")
        page.click('.code .row[data-line="12"] .line-number')
        assert page.evaluate("window.copied").endswith("known.py:12")


# What each kind of colour-blindness makes of light: Machado and others, 2009, severity 1.
BLIND = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def _lab(colour: str, blind: list[list[float]]) -> tuple[float, float, float]:
    """CIE L*a*b* of a colour such as #7cb8e6 as it is seen."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    light = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    seen = [min(1.0, max(0.0, sum(a * b for a, b in zip(row, light, strict=True)))) for row in blind]
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    white = (0.9505, 1.0, 1.089)
    xyz = [sum(a * b for a, b in zip(row, seen, strict=True)) / most for row, most in zip(to_xyz, white, strict=True)]
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("kind", BLIND)
def test_colours_are_told_apart_by_the_colour_blind(browser: Browser, made: Made, kind: str, dark: bool) -> None:
    path, _ = made
    with opened(browser, path, dark=dark) as page:
        read = "names => names.map(it => getComputedStyle(document.documentElement).getPropertyValue(it).trim())"
        for group in (["user", "library", "python"], ["heap", "rss-anonymous", "part"], ["mark", "user"]):
            seen = [_lab(colour, BLIND[kind]) for colour in page.evaluate(read, [f"--{name}" for name in group])]
            for first, second in combinations(zip(group, seen, strict=True), 2):
                assert math.dist(first[1], second[1]) >= 15, (first[0], second[0])


@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read_in_both_lights(browser: Browser, made: Made, dark: bool) -> None:
    path, _ = made
    contrast = """names => {
        const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
        const light = name => {
            canvas.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
            canvas.fillRect(0, 0, 1, 1);
            const part = it => (it /= 255) <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4;
            const [r, g, b] = canvas.getImageData(0, 0, 1, 1).data;
            return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
        };
        return names.map(([ink, paper]) => {
            const [a, b] = [light(ink), light(paper)].sort((x, y) => y - x);
            return (a + 0.05) / (b + 0.05);
        });
    }"""
    pairs = [["--text", "--back"], ["--text", "--panel"], ["--muted", "--back"], ["--muted", "--panel"]]
    pairs += [["--accent", "--panel"], ["--saving", "--panel"], ["--warning", "--warning-back"]]
    with opened(browser, path, dark=dark) as page:
        back = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert back == ("rgb(18, 22, 27)" if dark else "rgb(245, 246, 248)")
        for pair, ratio in zip(pairs, page.evaluate(contrast, pairs), strict=True):
            assert ratio >= 4.5, pair
        inks = [[f"--{name}-ink", f"--{name}"] for name in ("user", "library", "python", "program", "smaller")]
        for pair, ratio in zip(inks, page.evaluate(contrast, inks), strict=True):
            assert ratio >= 3, pair


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_sticks_out(browser: Browser, made: Made, width: int) -> None:
    path, _ = made
    with opened(browser, path, width=width) as page:
        for key in "123456":
            page.keyboard.press(key)
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_prints(browser: Browser, made: Made) -> None:
    path, _ = made
    with opened(browser, path) as page:
        page.emulate_media(media="print")
        assert page.is_visible("#peak")
        assert page.is_visible("tbody tr")
        assert not page.is_visible(".segments")
        assert page.pdf().startswith(b"%PDF")


def test_objects_and_advice_are_shown_with_what_they_rest_on(browser: Browser, made: Made) -> None:
    path, report = made
    payload = payload_of(path)
    finding = {**FINDING, "file": next(it["name"] for it in payload["places"]["files"] if it["short"] == "known.py")}
    again = {**OBJECT, "name": "table['hour']", "same_as": OBJECT["name"]}
    path = with_payload(path, {**payload, "objects": [OBJECT, again], "findings": [finding]}, "advice.html")
    with opened(browser, path) as page:
        card = page.inner_text(".summary .card:first-child")
        assert "35.0 MB" in card
        assert "known.py:15" in card
        page.click(".summary .card >> nth=0")
        advice = page.inner_text(".finding")
        for words in (
            "40.0 MB",
            "Predicted",
            "Proven: 40.3 MB → 5.4 MB, same output",
            "+    return 1",
            "smaller-dtype",
        ):
            assert words in advice or words in page.inner_html(".finding")
        page.keyboard.press("4")
        for summary in page.query_selector_all(".object > summary"):
            summary.click()
        objects = page.inner_text(".objects")
        for words in ("frame['hour']", "5,000,000", "local · main", "backup (10.0 MB)", "zero share 25 %", ".index"):
            assert words in objects
        assert "the same object as table['hour']" in objects
        assert page.inner_text("[data-tab='objects'] .count") == "1"
    assert report["peak"]["heap_bytes"] > 0


@pytest.mark.parametrize(
    ("after", "same", "words"),
    [
        (30_000_000, True, "Proven: 40.3 MB → 30.0 MB, same output."),
        (30_000_000, False, "Tried: 40.3 MB → 30.0 MB, but the output differs."),
        (40_250_000, True, "Tried: 40.3 MB → 40.3 MB, but the peak is not lower."),
        (None, True, "Not proven yet"),
    ],
)
def test_what_a_run_with_the_change_showed_is_told(
    browser: Browser, made: Made, after: int | None, same: bool, words: str
) -> None:
    path, _ = made
    verified = {"peak_before_bytes": 40_300_000, "peak_after_bytes": after, "same_output": same} if after else None
    finding = {**FINDING, "verified": verified}
    path = with_payload(path, {**payload_of(path), "findings": [finding]}, "verdict.html")
    with opened(browser, path, "tab=advice") as page:
        assert words in page.inner_text(".finding")
        told = words.startswith("Proven")
        assert ("· proven" in page.inner_text(".summary")) == told


def test_a_page_without_time_line_objects_or_sources_says_so(browser: Browser, made: Made) -> None:
    path, _ = made
    payload = payload_of(path)
    line = {name: column[:1] for name, column in payload["timeline"].items()}
    nothing: dict[str, object] = {key: [] for key in ("sources", "looks", "objects", "findings")}
    path = with_payload(path, {**payload, **nothing, "timeline": line, "resident": None}, "less.html")
    with opened(browser, path) as page:
        assert "no time line" in page.inner_text("#app")
        for key, words in (("3", "No source text"), ("4", "No objects"), ("5", "No advice")):
            page.keyboard.press(key)
            assert words in page.inner_text(".details")


def test_a_program_that_allocated_nothing_has_a_page(browser: Browser, made: Made) -> None:
    path, _ = made
    payload = payload_of(path)
    nothing = {
        **payload,
        "peak": {"heap_bytes": 0, "error_bytes": 0, "time_s": 0, "rss_bytes": 0},
        "timeline": {name: [] for name in payload["timeline"]},
        "moments": {"time_ms": [0], "heap": [0], "peak": 0},
        "threads": [],
        "processes": [],
        "places": {
            "files": [{"name": "", "short": "", "nearness": 0, "library": ""}],
            "functions": {"name": ["<no Python>"], "file": [0], "line": [0], "own": [0], "total": [0]},
            "lines": {"function": [0], "line": [0], "own": [0], "total": [0], "user": [0]},
        },
        "nodes": {"up": [0], "line": [0], "steps": [0], "gap": [], "change": [], "surplus": [], "kept": []},
        "sources": [],
        "objects": [],
        "findings": [],
    }
    with opened(browser, with_payload(path, nothing, "nothing.html")) as page:
        assert "Nothing was allocated" in page.inner_text("h1")
        assert "Nothing was held" in page.inner_text(".details")


def test_without_a_program_the_report_is_there_as_text(browser: Browser, made: Made) -> None:
    path, report = made
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert f"Peak heap {report['peak']['heap_bytes'] / 1e6:.1f} MB" in page.inner_text("body")
    assert "known.py:15" in page.inner_text("body")
    context.close()


def test_view_prints_where_the_page_is_if_there_is_no_browser(made: Made) -> None:
    folder = made[0].parent
    shown = heapwise("view", "known.heapwise", "-o", "seen.html", folder=folder).decode().strip()
    assert Path(shown) == (folder / "seen.html").resolve()
    assert payload_of(Path(shown))["peak"] == payload_of(made[0])["peak"]
