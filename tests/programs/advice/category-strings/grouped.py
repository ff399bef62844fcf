"""Columns with few values that are keys of groups: before pandas 3 categories need `observed=True` there."""
# needs: import pandas below 3
# expect: finding category-strings at READ symbol orders

import tempfile

import numpy as np
import pandas as pd

CARRIERS = ["United Air Lines", "JetBlue Airways", "Delta Air Lines", "Envoy Air"]
HUBS = ["Chicago", "New York", "Atlanta", "Dallas"]


def main() -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("carrier,hub,delay\n")
        file.writelines(f"{CARRIERS[row % 4]},{HUBS[row % 4]},{row % 90}\n" for row in range(1_000_000))
        file.flush()
        orders = pd.read_csv(file.name)  # <READ> #-
        #+ orders = pd.read_csv(file.name, dtype={"carrier": "category", "hub": "category"})
    distances = np.zeros(30_000_000)
    print(float(distances.sum()))
    del distances
    print(orders.groupby(["carrier", "hub"])["delay"].sum().to_dict()) #-
    #+ print(orders.groupby(["carrier", "hub"], observed=True)["delay"].sum().to_dict())
    print(orders.groupby("hub")["delay"].max().to_dict()) #-
    #+ print(orders.groupby("hub", observed=True)["delay"].max().to_dict())
    table = orders.pivot_table("delay", index="carrier", columns="hub", aggfunc="sum") #-
    #+ table = orders.pivot_table("delay", index="carrier", columns="hub", aggfunc="sum", observed=True)
    print(table.to_dict())


main()
