"""Two lines take turns with small blocks that are kept, in a thread that is started after a number of others.

The argument is that number. A sampler may draw the same numbers in each run, but not the same in each thread: so runs
with different arguments are independent samples.
"""

import sys
import threading

COUNT = 60_000

first: list[bytes] = [b""] * COUNT
second: list[bytes] = [b""] * COUNT


def fill() -> None:
    """Makes the blocks."""
    for turn in range(COUNT):
        first[turn] = bytes(500)  # the first line
        second[turn] = bytes(200)  # the second line


for _ in range(int(sys.argv[1])):
    before = threading.Thread(target=bytearray, args=(100_000,))
    before.start()
    before.join()
worker = threading.Thread(target=fill)
worker.start()
worker.join()
