"""Views of an array hold nothing themselves, copies do; a view keeps its whole array alive.

80 MB of which only a view is left, a thousand views of it, a copy of half of it (40 MB), and 60 MB as 32-bit numbers.
Importing NumPy takes up to 60 MB.
"""
# needs: import numpy
# expect: peak_heap_bytes ~ 180_000_000 .. 240_000_000
# expect: line BASE self ~ 80_000_000
# expect: line VIEWS self < 1%
# expect: line COPY self ~ 40_000_000
# expect: line SMALLER self ~ 60_000_000
# expect: line BASE leaked ~ 0

import numpy as np


def tail() -> object:
    base = np.zeros(10_000_000)  # <BASE>
    return base[5_000_000:]


view = np.asarray(tail())
views = [view[start:] for start in range(1_000)]  # <VIEWS>
copy = view.copy()  # <COPY>
smaller = np.zeros(15_000_000, dtype=np.float32)  # <SMALLER>
