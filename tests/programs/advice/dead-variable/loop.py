"""The variable of a loop holds the last chunk of 48 MB when the loop is over."""
# needs: import numpy
# expect: finding dead-variable at CHUNK symbol chunk

import numpy as np


def main() -> None:
    total = 0.0
    for number in range(3):
        chunk = np.full(6_000_000, float(number))  # <CHUNK>
        total += float(chunk.sum())
        #+ del chunk
    summary = np.full(10_000_000, total)
    print(total, float(summary.max()))


main()
