"""A mask of zeros and ones as int64."""
# needs: import numpy
# expect: finding bitmask at MASK symbol mask

import numpy as np


def main() -> None:
    mask = np.zeros(10_000_000, dtype=np.int64)  # <MASK> #-
    #+ mask = np.zeros(10_000_000, dtype=np.bool_)
    mask[::3] = 1
    print(int(mask.sum()), mask.shape)


main()
