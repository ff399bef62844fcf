"""One expression whose intermediate dwarfs input and result."""
# needs: import numpy
# expect: finding broadcast-temporary at OUTER

import numpy as np


def kernel(points: np.ndarray) -> float:
    return float(np.abs(points[:, None] - points[None, :]).max(axis=1).sum())  # <OUTER> #-
    #+ return float(sum(np.abs(points - point).max() for point in points))


print(kernel(np.linspace(0, 1, 2_500)) > 0)
