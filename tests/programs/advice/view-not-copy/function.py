"""Every second element by a list of numbers."""
# needs: import numpy
# expect: finding view-not-copy at EVEN symbol even

import numpy as np


def main() -> None:
    signal = np.random.default_rng(6).random(12_000_000)
    even = signal[range(0, 12_000_000, 2)]  # <EVEN> #-
    #+ even = signal[0:12_000_000:2]
    print(float(even.mean()) > 0, float(signal[0]) < 1)


main()
