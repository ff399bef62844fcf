"""The text is split into lines that are sorted: all of it is needed at once."""
# expect: no finding chunked-read

import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "lines.txt"
    with path.open("w") as file:
        for number in range(600_000):
            file.write(f"{number * 7919 % 600_011:039d}\n")
    text = path.read_text()
lines = sorted(text.splitlines())
print(lines[0], len(lines), len(text))
