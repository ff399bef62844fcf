"""In a function, with a local that nobody else holds."""
# needs: import numpy
# expect: finding in-place at STEP symbol field

import numpy as np


def relax(count: int) -> float:
    field = np.ones((2_000, 5_000))
    for _ in range(count):
        field = field + 1.0  # <STEP> #-
        #+ field += 1.0
    return float(field.sum())


print(relax(3))
