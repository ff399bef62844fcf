"""Half a million addresses of pages, each another one: pandas 2 keeps them as Python objects."""
# needs: import pandas below 3
# needs: import pyarrow
# expect: finding arrow-strings at READ symbol visits

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "visits.csv"
    with path.open("w") as file:
        file.write("url,seconds\n")
        for number in range(500_000):
            file.write(f"/articles/{number * 7919 % 1_000_003:07d}/comments,{number % 600}\n")
    visits = pd.read_csv(path)  # <READ> #-
    #+ visits = pd.read_csv(path, dtype={"url": "string[pyarrow]"})
draws = np.random.default_rng(0).choice(visits["seconds"].to_numpy(), (20, len(visits)))
low, high = np.percentile(draws.mean(axis=1), [5, 95])
print(round(low, 1), round(high, 1))
longest = visits["seconds"].idxmax()
print(visits.loc[longest, "url"])
