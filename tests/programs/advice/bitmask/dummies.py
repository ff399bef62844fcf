"""Half a million orders by country, as forty columns of 0.0 and 1.0."""
# needs: import pandas
# expect: finding bitmask at DUMMIES symbol dummies

import numpy as np
import pandas as pd

random = np.random.default_rng(5)
orders = pd.DataFrame({"country": random.integers(0, 40, 500_000), "paid": random.random(500_000)})
dummies = pd.get_dummies(orders["country"], dtype=float)  # <DUMMIES> #-
#+ dummies = pd.get_dummies(orders["country"], dtype=bool)
share = [float(dummies[country].mean()) for country in range(40)]
draws = random.random((20, len(orders)))
print(round(max(share), 3), round(float(draws.max()), 2), int(dummies[7].sum()))
