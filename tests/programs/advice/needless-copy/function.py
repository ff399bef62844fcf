"""DataFrame.copy before a read-only use."""
# needs: import pandas
# expect: finding needless-copy at COPY symbol work

import numpy as np
import pandas as pd


def summary(table: pd.DataFrame) -> float:
    work = table.copy()  # <COPY> #-
    #+ work = table
    return float((work["a"] * work["b"]).sum())


frame = pd.DataFrame(np.random.default_rng(5).random((3_000_000, 4)), columns=list("abcd"))
print(summary(frame) > 0)
print(len(frame))
