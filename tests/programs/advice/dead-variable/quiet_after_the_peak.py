"""Dead only after the highest moment: to delete it would change nothing."""
# needs: import numpy
# expect: no finding

import numpy as np


def main() -> None:
    readings = np.ones(10_000_000)
    order = np.argsort(readings)
    print(float((readings + order).max()))
    small = np.ones(1_000_000)
    print(float(small.sum()))


main()
