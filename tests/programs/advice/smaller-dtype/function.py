"""A column of a DataFrame with months as int64."""
# needs: import pandas
# expect: finding smaller-dtype at MONTHS symbol frame

import numpy as np
import pandas as pd


def months(count: int) -> np.ndarray:
    return np.tile(np.arange(1, 13), count // 12)  # <MONTHS> #-
    #+ return np.tile(np.arange(1, 13, dtype=np.int8), count // 12)


def main() -> None:
    frame = pd.DataFrame({"month": months(8_000_000)}, copy=False)
    for _ in range(60):
        highest = frame["month"].max()
    print(highest)
    print(frame["month"].iloc[-1])


main()
