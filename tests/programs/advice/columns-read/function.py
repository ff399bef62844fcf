"""In a function; the columns that are used stand in a list."""
# needs: import pandas
# expect: finding columns-read at READ symbol table

from tempfile import NamedTemporaryFile

import numpy as np
import pandas as pd


def write(path: str) -> None:
    values = np.random.default_rng(8).random((400_000, 10)).round(3)
    pd.DataFrame(values, columns=list("abcdefghij")).to_csv(path, index=False)


def main() -> None:
    with NamedTemporaryFile("w", suffix=".csv") as file:
        write(file.name)
        table = pd.read_csv(file.name)  # <READ> #-
        #+ table = pd.read_csv(file.name, usecols=["a", "c"])
    work = np.zeros(100_000_000)
    print(table[["a", "c"]].mean().sum() > 0, float(work.sum()))
    print(len(table["a"]))


main()
