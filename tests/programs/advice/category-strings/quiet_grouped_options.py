"""The column is one of several keys, and the text does not tell what else the call is given."""
# needs: import pandas below 3
# expect: no finding category-strings

import numpy as np
import pandas as pd

OPTIONS = {"sort": False}

states = np.array(["delivered", "returned", "lost"], dtype=object)
rows = np.arange(2_000_000)
frame = pd.DataFrame({"state": pd.Series(states[rows % 3], dtype=object), "week": rows % 52})
print(frame.groupby(["state", "week"], **OPTIONS).size().sum())
