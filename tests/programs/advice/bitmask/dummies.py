"""Half a million orders by country, as forty columns of 0.0 and 1.0."""
# needs: import pandas
# expect: finding bitmask at DUMMIES symbol dummies

import numpy as np
import pandas as pd

random = np.random.default_rng(5)
orders = pd.DataFrame({"country": random.integers(0, 40, 500_000), "paid": random.random(500_000)})
dummies = pd.get_dummies(orders["country"], dtype=float)  # <DUMMIES> #-
#+ dummies = pd.get_dummies(orders["country"], dtype=bool)
weights = np.linspace(0, 1, dummies.shape[1])
share = dummies @ weights
print(round(float(share.mean()), 3), int(dummies.to_numpy().sum()), len(orders))
