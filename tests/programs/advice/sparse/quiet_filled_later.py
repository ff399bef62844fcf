"""All zero at the first look, filled later."""
# needs: import numpy
# expect: no finding sparse

import numpy as np

matrix = np.zeros((2_000, 5_000))
for row in range(2_000):
    matrix[row] = np.linspace(0.1, 7.3, 5_000) / 3
print(float(matrix.sum()))
