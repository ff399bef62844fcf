"""Power iteration on a sparse matrix."""
# needs: import scipy
# expect: no finding

import numpy as np
import scipy.sparse


def transition(size: int) -> scipy.sparse.csr_array:
    random = np.random.default_rng(13)
    rows, columns = random.integers(0, size, (2, size * 20), dtype=np.int32)
    matrix = scipy.sparse.csr_array((random.random(size * 20), (rows, columns)), shape=(size, size))
    matrix.data /= 20
    return matrix


def main() -> None:
    matrix = transition(60_000)
    vector = np.full(60_000, 1 / 60_000)
    for _ in range(10):
        vector = matrix @ vector
        vector /= vector.sum()
    print(matrix.shape, round(float(vector.sum()), 6))


main()
