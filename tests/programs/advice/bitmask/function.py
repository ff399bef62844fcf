"""Which of ten million users opened a mail: 0 or 1 in eight bytes each."""
# needs: import numpy
# expect: finding bitmask at OPENED symbol opened

import numpy as np


def campaign(users: int, rate: float) -> tuple[int, float]:
    random = np.random.default_rng(11)
    opened = np.zeros(users, dtype=int)  # <OPENED> #-
    #+ opened = np.zeros(users, dtype=bool)
    opened[random.integers(0, users, int(users * rate))] = 1
    clicked = opened[::10]
    return int(opened.sum()), float(clicked.mean())


for rate in (0.1, 0.3):
    print(campaign(10_000_000, rate))
