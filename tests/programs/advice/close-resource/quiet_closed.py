"""Each file is closed by its with block."""
# expect: no finding close-resource

import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    total = 0
    for number in range(100):
        path = Path(folder) / f"{number}.txt"
        path.write_text("7\n" * 1000)
        with open(path) as file:
            total += int(file.readline())
    print(total, len(bytes(20_000_000)))
