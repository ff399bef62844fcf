"""A column with few values that is a key of groups: before pandas 3 a category needs `observed=True` there."""
# needs: import pandas below 3
# expect: finding category-strings at MADE symbol orders

import numpy as np
import pandas as pd

CARRIERS = ["United Air Lines", "JetBlue Airways", "Delta Air Lines", "Envoy Air", "SkyWest"]
ROWS = 20_000


def main() -> None:
    names = pd.Series([CARRIERS[row % 5] for row in range(ROWS)])
    orders = pd.DataFrame({"week": np.arange(ROWS) % 5, "delay": np.arange(ROWS) % 90})
    orders["carrier"] = names.str.ljust(2_000)  # <MADE> #-
    #+ orders["carrier"] = names.str.ljust(2_000).astype("category")
    distances = np.zeros(10_000_000)
    print(float(distances.sum()))
    del distances
    print(orders.groupby(["carrier", "week"])["delay"].sum().to_list()) #-
    #+ print(orders.groupby(["carrier", "week"], observed=True)["delay"].sum().to_list())
    print(orders.groupby("carrier")["delay"].max().to_list()) #-
    #+ print(orders.groupby("carrier", observed=True)["delay"].max().to_list())
    table = orders.pivot_table("delay", index="carrier", columns="week", aggfunc="sum") #-
    #+ table = orders.pivot_table("delay", index="carrier", columns="week", aggfunc="sum", observed=True)
    print(table.to_numpy().tolist())


main()
