"""A text of 40 MB is split into lines, each looked at once."""
# expect: finding chunked-read at READ

import tempfile
from pathlib import Path


def count(path: Path) -> int:
    found = 0
    for line in path.read_text().splitlines():  # <READ> #-
    #+ for line in path.open():
        found += "7" in line
    return found


with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "lines.txt"
    with path.open("w") as file:
        for number in range(1_000_000):
            file.write(f"{number:039d}\n")
    print(count(path))
