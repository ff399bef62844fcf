"""A view keeps the whole array: of 5,000,000 floats, 40 MB, only ten are left to be seen."""
# needs: import numpy
# expect: peak_heap_bytes ~ 40_000_000 .. 103_000_000
# expect: object tail bytes ~ 40_000_000
# expect: object tail made BASE

import numpy as np


def last(count: int) -> np.ndarray:
    base = np.ones(5_000_000)  # <BASE>
    return base[-count:]


tail = last(10)
