"""Takes the README's pictures of a page: `screenshots.py PAGE FOLDER`.

Invariant: a picture shows what a person sees first, or after the one click that its name tells.
"""

from __future__ import annotations

import sys
from pathlib import Path

from browser import chromium, opened, painted

# Name, part of the address behind #, width, height, dark.
PICTURES = [
    ("page-light", "", 1280, 800, False),
    ("page-dark", "", 1280, 800, True),
]


def main(page_path: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for name, hash_, width, height, dark in PICTURES:
            with opened(browser, page_path.resolve(), hash_, width=width, height=height, dark=dark) as page:
                painted(page)
                page.screenshot(path=folder / f"{name}.png")
                print(folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
