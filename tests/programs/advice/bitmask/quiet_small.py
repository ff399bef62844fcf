"""Flags of 1 MB below something large and well made."""
# needs: import numpy
# expect: no finding

import numpy as np

flags = [True] * 100_000
table = np.random.default_rng(3).random(15_000_000)
print(len(flags), float(table.sum()) > 0)
