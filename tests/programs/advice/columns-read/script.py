"""A table of twelve columns of which two are used."""
# needs: import pandas
# expect: finding columns-read at READ symbol trips

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "trips.csv.gz"
    random = np.random.default_rng(4)
    columns = [f"sensor_{number}" for number in range(10)] + ["distance", "fare"]
    pd.DataFrame(random.random((200_000, 12)).round(5), columns=columns).to_csv(path, index=False, compression={"method": "gzip", "compresslevel": 1})
    trips = pd.read_csv(path)  # <READ> #-
    #+ trips = pd.read_csv(path, usecols=["distance", "fare"])
far = trips["distance"] > 0.5
print(len(trips), int(far.sum()))
print(round(float(trips["fare"][far].mean()), 4))
draws = random.choice(trips["fare"].to_numpy(), (60, len(trips)))
print(draws.shape, float(draws.mean(axis=1).std()) < 0.01)
