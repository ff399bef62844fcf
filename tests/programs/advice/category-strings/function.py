"""A column read from a file, with four values."""
# needs: import pandas
# expect: finding category-strings at READ symbol orders

import tempfile

import numpy as np
import pandas as pd

CARRIERS = ["United Air Lines", "JetBlue Airways", "Delta Air Lines", "Envoy Air"]


def main() -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("carrier\n")
        file.writelines(CARRIERS[row % 4] + "\n" for row in range(2_000_000))
        file.flush()
        orders = pd.read_csv(file.name)  # <READ> #-
        #+ orders = pd.read_csv(file.name, dtype={"carrier": "category"})
    distances = np.zeros(60_000_000)
    counts = [int(orders["carrier"].eq(name).sum()) for name in CARRIERS]
    print(counts, float(distances.sum()))


main()
