"""The column is changed by string methods and added to, which categories cannot do."""
# needs: import pandas
# expect: no finding category-strings

import numpy as np
import pandas as pd

states = np.array(["delivered", "returned", "lost"], dtype=object)
frame = pd.DataFrame({"state": states[np.arange(2_000_000) % 3]})
labels = frame["state"] + "!"
print(labels.iloc[-1], len(frame))
