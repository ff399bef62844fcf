"""Six hundred files are opened to read one line of each and stay open, each with its buffer."""
# expect: finding close-resource at OPEN

import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    for number in range(600):
        (Path(folder) / f"{number}.txt").write_text("7\n" * 100)
    files = []
    total = 0
    for path in Path(folder).iterdir():
        file = open(path, buffering=1 << 17)  # <OPEN> #-
        files.append(file)  #-
        total += int(file.readline())  #-
        #+ with open(path, buffering=1 << 17) as file:
        #+     total += int(file.readline())
    print(total)
