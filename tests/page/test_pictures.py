"""Pictures of the page compared with committed ones, in light and dark, at 1,280 and at 400 pixels.

Fonts differ between machines, so pictures are compared in blocks of 32 by 32 pixels: a block differs if its mean
colour does, and a picture if too many blocks do. At 1,280 pixels other fonts change less than 1 of 100 blocks; what a
person would call another page changes more, which `test_another_page_is_told` holds to. At 400 pixels other fonts break
lines elsewhere, so where they are not those of the pictures this comparison is skipped, and says so. To renew the
pictures, after looking at what changed:

    HEAPWISE_RENEW_PICTURES=1 .venv/bin/python -m pytest tests/page/test_pictures.py

Where a comparison fails, the picture as it is now stands beside the test's other files, and the message names it.
"""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path

import pytest
from browser import filled, opened, painted
from known_payload import payload
from playwright.sync_api import Browser, Page

PICTURES = Path(__file__).with_name("pictures")
RENEW = bool(os.environ.get("HEAPWISE_RENEW_PICTURES"))
# How wide the font of the pictures writes a text; another width is another font.
FONT = PICTURES / "font-width.txt"
# The share of blocks that may differ: a little more than what other fonts change.
MOST = 0.012
LOOKS = [(width, dark) for width in (1280, 400) for dark in (False, True)]
COMPARE = """async ([now, before]) => {
    const blocks = async (picture) => {
        const image = new Image();
        image.src = `data:image/jpeg;base64,${picture}`;
        await image.decode();
        const canvas = new OffscreenCanvas(image.width, image.height);
        const context = canvas.getContext("2d", {willReadFrequently: true});
        context.drawImage(image, 0, 0);
        const {data} = context.getImageData(0, 0, image.width, image.height);
        const across = Math.floor(image.width / 32), down = Math.floor(image.height / 32);
        const means = new Float64Array(across * down * 3);
        for (let y = 0; y < down * 32; y++)
            for (let x = 0; x < across * 32; x++)
                for (let colour = 0; colour < 3; colour++)
                    means[((y >>5) * across + (x >>5)) * 3 + colour] += data[(y * image.width + x) * 4 + colour] / 1024;
        return {across, down, means};
    };
    const [a, b] = [await blocks(now), await blocks(before)];
    if (a.across !== b.across || a.down !== b.down) return 1;
    let different = 0;
    for (let block = 0; block < a.across * a.down; block++) {
        const apart = (colour) => Math.abs(a.means[block * 3 + colour] - b.means[block * 3 + colour]);
        if ([0, 1, 2].some((colour) => apart(colour) > 24)) different++;
    }
    return different / (a.across * a.down);
}"""

FONT_WIDTH = """() => {
    const context = document.createElement("canvas").getContext("2d");
    context.font = "14px " + getComputedStyle(document.body).fontFamily;
    return context.measureText("Held at the peak by 0123456789").width.toFixed(2);
}"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(payload(), tmp_path_factory.mktemp("pictures") / "known.html")


def _picture(page: Page) -> bytes:
    painted(page)
    return page.screenshot(type="jpeg", quality=60)


def _restyled(path: Path, style: str, folder: Path) -> Path:
    """A page with another style added, which its policy, that knows styles by their hash, is changed to allow."""
    text = re.sub("style-src 'sha256-[^']*'", "style-src 'unsafe-inline'", path.read_text(encoding="utf-8"), count=1)
    changed = folder / "changed.html"
    changed.write_text(text.replace("</head>", f"<style>{style}</style></head>"), encoding="utf-8")
    return changed


def _difference(browser: Browser, now: bytes, before: bytes) -> float:
    """The share of blocks that differ."""
    context = browser.new_context()
    page = context.new_page()
    texts = [base64.b64encode(picture).decode() for picture in (now, before)]
    share: float = page.evaluate(COMPARE, texts)
    context.close()
    return share


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_it_looks_as_it_did(browser: Browser, path: Path, tmp_path: Path, width: int, dark: bool) -> None:
    committed = PICTURES / f"page-{width}-{'dark' if dark else 'light'}.jpg"
    with opened(browser, path, width=width, height=1400, dark=dark) as page:
        now = _picture(page)
        font = page.evaluate(FONT_WIDTH)
    if RENEW:
        committed.parent.mkdir(exist_ok=True)
        committed.write_bytes(now)
        FONT.write_text(f"{font}\n")
        return
    if width == 400 and font != FONT.read_text().strip():
        pytest.skip("the fonts here are not those of the pictures, so the page at 400 pixels breaks lines elsewhere")
    share = _difference(browser, now, committed.read_bytes())
    seen = tmp_path / committed.name
    seen.write_bytes(now)
    assert share <= MOST, f"{share:.1%} of {seen} differ from {committed}; if that is meant, renew it (see this file)"


@pytest.mark.skipif(RENEW, reason="the pictures are being renewed")
@pytest.mark.parametrize(
    ("what", "hash_", "change"),
    [
        ("no time line", "", ".timeline { visibility: hidden; }"),
        ("no flame graph", "", ".flame { visibility: hidden; }"),
        ("no colours", "", ":root { --user: #fff; --library: #fff; --heap-fill: #fff; --rss-anonymous-fill: #fff; }"),
        ("text in one heap", "", ".card { display: block; }"),
        ("shifted", "", ".summary { margin-bottom: 60px; }"),
        ("another moment", "at=20", ""),
    ],
)
def test_another_page_is_told(browser: Browser, path: Path, tmp_path: Path, what: str, hash_: str, change: str) -> None:
    changed = path
    if change:
        changed = _restyled(path, change, tmp_path)
    with opened(browser, changed, hash_, height=1400) as page:
        now = _picture(page)
    share = _difference(browser, now, (PICTURES / "page-1280-light.jpg").read_bytes())
    assert share > MOST, f"{what}: only {share:.1%} differ"


@pytest.mark.skipif(RENEW, reason="the pictures are being renewed")
@pytest.mark.parametrize("font", ["serif", "monospace"])
def test_other_fonts_are_no_difference(browser: Browser, path: Path, tmp_path: Path, font: str) -> None:
    changed = _restyled(path, f"body {{ font-family: {font}; }}", tmp_path)
    with opened(browser, changed, height=1400) as page:
        now = _picture(page)
    share = _difference(browser, now, (PICTURES / "page-1280-light.jpg").read_bytes())
    assert share <= MOST, f"{share:.1%} differ"
