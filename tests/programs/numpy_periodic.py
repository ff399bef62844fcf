"""NumPy in a loop: two lines whose arrays are kept, and one whose array is gone at once.

300 turns: 800,000 bytes kept, 460,000 bytes temporary, 400,000 bytes kept: 240 MB, at most one temporary, 120 MB.
Importing NumPy takes up to 60 MB, some of it buffers of its linear algebra.
"""
# needs: import numpy
# expect: peak_heap_bytes ~ 360_000_000 .. 420_000_000
# expect: line LOAD self ~ 240_000_000
# expect: line TEMPORARY self < 1%
# expect: line TEMPORARY allocated ~ 300 * 460_000
# expect: line FEATURE self ~ 120_000_000
# expect: line CALL_LOAD total ~ 240_000_000
# expect: line CALL_FEATURE total ~ 120_000_000

from typing import Any

import numpy as np


def load() -> Any:
    return np.empty(100_000)  # <LOAD>


def temporary() -> int:
    return int(np.empty(57_500).size)  # <TEMPORARY>


def feature() -> Any:
    return np.zeros(50_000)  # <FEATURE>


kept: list[Any] = []
for _ in range(300):
    kept.append(load())  # <CALL_LOAD>
    temporary()
    kept.append(feature())  # <CALL_FEATURE>
