"""Counts words of a log file, a line at a time."""
# expect: no finding

import tempfile
from collections import Counter
from pathlib import Path


def write(path: Path) -> None:
    with path.open("w") as file:
        file.writelines(f"{number % 977} status={number % 7} path=/page/{number % 31}\n" for number in range(300_000))


def count(path: Path) -> Counter[str]:
    words: Counter[str] = Counter()
    with path.open() as file:
        for line in file:
            words.update(line.split()[1:])
    return words


with tempfile.TemporaryDirectory() as folder:
    log = Path(folder) / "server.log"
    write(log)
    print(count(log).most_common(2))
