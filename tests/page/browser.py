"""The page in a real browser: Debian's Chromium, driven by Playwright.

Owns how the browser is found, how pages are made, and what is watched while one is open. Invariant: a page that writes
to the console, throws, opens a dialog or asks the network for anything fails the test that opened it.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, expect, sync_playwright

MISSING = "no Chromium on this machine, so the page was not tested in a browser; on Debian: apt install chromium"
# As `npm run build` in web/ writes it.
ASSET = Path(__file__).parents[2] / "crates" / "heapwise_page" / "assets" / "page.html"
PAYLOAD = re.compile(r'(id="payload">)([^<]*)(<)')
TIME_LIMIT = 120
# A page that was made, and the JSON report of the same capture.
Made = tuple[Path, dict[str, Any]]


def find_chromium() -> str | None:
    """The program of Debian's Chromium, or of another that is on PATH."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; where there is none, the program that wants it ends and says so."""
    program = find_chromium()
    if program is None:
        raise SystemExit(MISSING)
    # Its sandbox does not work for root, and needs namespaces that containers often lack.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser, path: Path, hash_: str = "", *, width: int = 1280, height: int = 900, dark: bool = False
) -> Iterator[Page]:
    """The page at `path`, ready."""
    with plainly_opened(browser, path, hash_, width=width, height=height, dark=dark) as page:
        # Not by a text that is a function: the page's policy refuses to make functions of texts.
        expect(page.locator("html")).to_have_attribute("data-ready", re.compile("."), timeout=TIME_LIMIT * 1000)
        assert page.get_attribute("html", "data-ready") == "yes", page.inner_text("#app")
        yield page


@contextmanager
def plainly_opened(
    browser: Browser, path: Path, hash_: str = "", *, width: int = 1280, height: int = 900, dark: bool = False
) -> Iterator[Page]:
    """The page at `path`, which need not have a program."""
    noise: list[str] = []
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )

    def console(message: ConsoleMessage) -> None:
        noise.append(f"console: {message.text}")

    def error(error: object) -> None:
        noise.append(f"error: {error}")

    def dialog(dialog: Dialog) -> None:
        noise.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def request(request: Request) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            noise.append(f"request: {request.url}")

    page = context.new_page()
    page.on("console", console)
    page.on("pageerror", error)
    page.on("dialog", dialog)
    page.on("request", request)
    try:
        page.goto(f"file://{quote(str(path))}{'#' + hash_ if hash_ else ''}")
        yield page
    finally:
        context.close()
    assert noise == []


def heapwise(*arguments: str | Path, folder: Path) -> bytes:
    """What `heapwise ARGUMENTS` writes to stdout."""
    program = Path(sys.executable).parent / "heapwise"
    unwanted = ("PYTHON", "HEAPWISE", "PYTEST", "BROWSER", "DISPLAY", "WAYLAND")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    done = subprocess.run(
        [program, *arguments], cwd=folder, env=environ, capture_output=True, timeout=TIME_LIMIT, check=False
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


def make_page(folder: Path, program: str) -> Made:
    """The page of a program that was recorded exactly, and its JSON report."""
    (folder / "known.py").write_text(program, encoding="utf-8", errors="surrogatepass")
    heapwise("run", "--exact", "--no-report", "-o", "known.heapwise", "known.py", folder=folder)
    heapwise("report", "known.heapwise", "--format", "html", "-o", "known.html", folder=folder)
    report = json.loads(heapwise("report", "known.heapwise", "--format", "json", folder=folder))
    return folder / "known.html", report


def payload_of(path: Path) -> dict[str, Any]:
    """What a page was given."""
    found = PAYLOAD.search(path.read_text(encoding="utf-8"))
    assert found is not None
    unpacked: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(found.group(2))))
    return unpacked


def with_payload(path: Path, payload: dict[str, Any], name: str) -> Path:
    """A page like that at `path` that is given something else."""
    page = PAYLOAD.sub(
        lambda found: found.group(1) + _packed(payload) + found.group(3), path.read_text(encoding="utf-8")
    )
    changed = path.with_name(name)
    changed.write_text(page, encoding="utf-8")
    return changed


def filled(payload: dict[str, Any], path: Path) -> Path:
    """The page as it is built, around a payload."""
    text = ASSET.read_text(encoding="utf-8").replace("<!--heapwise:title-->", "known · heapwise")
    text = text.replace("<!--heapwise:text-->", "as text").replace("<!--heapwise:payload-->", _packed(payload))
    path.write_text(text, encoding="utf-8")
    return path


def _packed(payload: dict[str, Any]) -> str:
    return base64.b64encode(gzip.compress(json.dumps(payload).encode())).decode()


def painted(page: Page) -> None:
    """Waits until all is drawn: a frame tells the page its sizes, and the next one has what it draws for them."""
    page.evaluate(
        "document.fonts.ready.then(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))"
    )


def byte_counts(page: Page, cells: str) -> list[int]:
    """The numbers of bytes that cells have in their titles, such as `1,234 bytes`."""
    titles = page.eval_on_selector_all(cells, "cells => cells.map(cell => cell.getAttribute('title'))")
    return [int(title.split()[0].replace(",", "")) for title in titles]


def selected_bytes(page: Page) -> int:
    """The bytes of what is selected."""
    return int(page.get_attribute("#selected", "data-bytes") or -1)


def walk(page: Page, steps: int = 12) -> list[str]:
    """What the keyboard meets in the flame graph, going inwards along the largest frames."""
    page.focus(".flame")
    told: list[str] = []
    for _ in range(steps):
        page.keyboard.press("ArrowDown")
        text = page.inner_text(".status")
        if told and told[-1] == text:
            break
        told.append(text)
    return told
