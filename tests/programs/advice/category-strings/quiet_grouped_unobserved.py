"""The column is one of several keys, and groups are asked for that do not occur: of strings there are none."""
# needs: import pandas
# expect: no finding category-strings

import numpy as np
import pandas as pd

states = np.array(["delivered", "returned", "lost"], dtype=object)
rows = np.arange(2_000_000)
frame = pd.DataFrame({"state": pd.Series(states[rows % 3], dtype=object), "week": rows % 52})
print(frame.groupby(["state", "week"], observed=False).size().sum())
