"""The result is as large as the intermediate."""
# needs: import numpy
# expect: no finding broadcast-temporary

import numpy as np

points = np.linspace(0, 1, 3_000)
table = np.abs(points[:, None] - points[None, :])
print(table.shape, float(table.max()))
