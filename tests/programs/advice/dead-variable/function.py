"""In a function: the raw table of 60 MB stays alive while the next stage works on its own result."""
# needs: import numpy
# expect: finding dead-variable at LOADED symbol raw

import numpy as np


def load() -> np.ndarray:
    return np.arange(7_500_000, dtype=np.float64)


def main() -> None:
    raw = load()  # <LOADED>
    mean = raw.mean()
    #+ del raw
    stages = [np.full(2_500_000, mean) for _ in range(4)]
    print(sum(float(stage[0]) for stage in stages))


main()
