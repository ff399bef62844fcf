"""Four million strings that take four values."""
# needs: import pandas
# expect: finding category-strings at STATES symbol frame

import numpy as np
import pandas as pd

states = np.array(["delivered", "returned", "lost", "on the way"], dtype=object)
codes = np.tile(np.arange(4, dtype=np.int8), 1_000_000)
frame = pd.DataFrame({"state": pd.Series(states[codes], dtype=object)}, copy=False)  # <STATES> #-
#+ frame = pd.DataFrame({"state": pd.Categorical.from_codes(codes, list(states))}, copy=False)
print(len(frame), frame["state"].iloc[-1])
print((frame["state"] == "lost").sum())
