"""A dense matrix of 80 MB in which one number of two hundred is not zero."""
# needs: import scipy
# expect: finding sparse at DENSE symbol matrix

import numpy as np
import scipy.sparse

random = np.random.default_rng(2)
rows, columns = random.integers(0, 2_000, 50_000), random.integers(0, 5_000, 50_000)
matrix = np.zeros((2_000, 5_000))  # <DENSE> #-
matrix[rows, columns] = 1.5  #-
#+ matrix = scipy.sparse.csr_array((np.full(50_000, 1.5), (rows, columns)), shape=(2_000, 5_000))
print(float(matrix.sum(axis=1).max()) > 0)
print(float(matrix.sum(axis=0).max()) > 0)
