"""Half of it is not zero: no sparse form is smaller by much."""
# needs: import numpy
# expect: no finding sparse

import numpy as np

matrix = np.zeros((2_000, 5_000))
matrix[:, ::2] = 1 / 3
print(float(matrix.sum()))
