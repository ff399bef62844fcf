"""A frame column by column: 2,000,000 rows of float64, int64 and int8, 16 + 16 + 2 MB."""
# needs: import pandas
# expect: peak_heap_bytes ~ 34_000_000 .. 200_000_000
# expect: object summary.orders bytes ~ 34_000_000
# expect: object summary.orders is pandas.DataFrame
# expect: object orders['price'] bytes ~ 16_000_000
# expect: object orders['price'] made FRAME
# expect: object orders['number'] bytes ~ 16_000_000
# expect: object orders['kind'] bytes ~ 2_000_000

import numpy as np
import pandas as pd


def load() -> pd.DataFrame:
    return pd.DataFrame(  # <FRAME>
        {
            "price": pd.Series(np.linspace(0.0, 1.0, 2_000_000)),
            "number": pd.Series(np.arange(2_000_000)),
            "kind": pd.Series(np.ones(2_000_000, dtype=np.int8)),
        }
    )


def summary() -> float:
    orders = load()
    behind = bytearray(60_000_000)
    return max(float(orders["price"].mean()), float(orders["number"].max()), len(behind))


summary()
