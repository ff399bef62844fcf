"""Two columns of dummies, as bools, beside twenty of measurements."""
# needs: import pandas
# expect: no finding bitmask

import numpy as np
import pandas as pd

random = np.random.default_rng(6)
values = pd.DataFrame(random.random((400_000, 20)), columns=[f"at_{hour}" for hour in range(20)])
values["side"] = np.where(random.random(400_000) < 0.5, "left", "right")
table = pd.get_dummies(values, columns=["side"])
print(table.shape, round(float(table["at_3"].mean()), 2), int(table["side_left"].sum()))
