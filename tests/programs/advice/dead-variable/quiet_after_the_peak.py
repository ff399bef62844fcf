"""Dead only after the highest moment: to delete it would change nothing."""
# needs: import numpy
# expect: no finding

import numpy as np


def main() -> None:
    readings = np.linspace(0.0, 1.0, 10_000_000)
    waves = np.cos(readings)
    print(float((readings + waves).max()))
    small = np.ones(1_000_000)
    print(float(small.sum()))


main()
