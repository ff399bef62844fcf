"""Freed at once, one after the other; one is kept."""
# needs: import numpy
# expect: no finding gc-cycle

import numpy as np


class Parent:
    def __init__(self) -> None:
        self.values = np.ones(2_500_000)


def main() -> None:
    total = 0.0
    for _ in range(10):
        total += float(Parent().values.sum())
    print(total)


main()
