"""Month by month: the readings of the month before are still there while the next ones are loaded."""
# needs: import numpy
# expect: finding dead-variable at LOAD symbol readings

import numpy as np


def load(month: int) -> np.ndarray:
    return np.linspace(0, month, 5_000_000)


def main() -> None:
    means = []
    for month in range(1, 13):
        readings = load(month)  # <LOAD>
        means.append(float(readings.mean()))
        #+ del readings
    print(sum(means))


main()
