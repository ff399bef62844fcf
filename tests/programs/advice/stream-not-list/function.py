"""All lines of a file in a list, to look at each once."""
# expect: finding stream-not-list at LINES

import tempfile
from pathlib import Path


def longest(path: Path) -> int:
    with path.open() as file:
        best = 0
        for line in file.readlines():  # <LINES> #-
        #+ for line in file:
            best = max(best, len(line))
        return best


with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "lines.txt"
    with path.open("w") as file:
        for number in range(500_000):
            file.write(f"{number:040d}\n")
    print(longest(path))
