"""One-hot columns made dense."""
# needs: import scipy
# expect: finding sparse at DENSE

import numpy as np
import scipy.sparse


def one_hot(codes: np.ndarray, width: int) -> np.ndarray:
    onehot = np.zeros((len(codes), width))  # <DENSE> #-
    onehot[np.arange(len(codes)), codes] = 1.0  #-
    #+ onehot = scipy.sparse.csr_array((np.ones(len(codes)), (np.arange(len(codes)), codes)), shape=(len(codes), width))
    print(float(onehot.sum(axis=0).max()))
    return onehot


matrix = one_hot(np.arange(60_000) % 200, 200)
print(matrix.shape)
