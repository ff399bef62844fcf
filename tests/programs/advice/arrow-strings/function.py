"""Names of customers in a table with `dtype=object`, as code from before pandas 3 writes it."""
# needs: import pandas
# needs: import pyarrow
# expect: finding arrow-strings at LOAD symbol customers

import gzip
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd


def write(path: Path) -> None:
    with gzip.open(path, "wt", compresslevel=1) as file:
        file.write("customer,name,city\n")
        for number in range(400_000):
            file.write(f"{number},Name {number * 31 % 400_009} of House {number % 977},City {number * 17 % 399_989}\n")


def load(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"name": object, "city": object})  # <LOAD> #-
    #+ return pd.read_csv(path, dtype={"name": "string[pyarrow]", "city": "string[pyarrow]"})


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "customers.csv.gz"
        write(path)
        customers = load(path)
    spent = np.random.default_rng(1).gamma(2.0, 30.0, (24, len(customers)))
    best = int(spent.sum(axis=0).argmax())
    print(customers.loc[best, "name"], customers.loc[best, "city"])
    print(spent.shape, round(float(spent.mean()), 1))


main()
