"""concat inside a loop."""
# needs: import pandas
# expect: finding growing-array at CONCAT symbol table

import numpy as np
import pandas as pd


def month(number: int) -> pd.DataFrame:
    return pd.DataFrame({"a": np.full(200_000, number / 3), "b": np.full(200_000, number / 7)})


def main() -> None:
    table = month(0)
    for number in range(1, 20):
        table = pd.concat([table, month(number)], ignore_index=True)  # <CONCAT>
    print(len(table), float(table["a"].sum()) > 0)


main()
