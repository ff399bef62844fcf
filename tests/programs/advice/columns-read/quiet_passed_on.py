"""The frame is given to a function that may use any column."""
# needs: import pandas
# expect: no finding columns-read

from tempfile import NamedTemporaryFile

import numpy as np
import pandas as pd

with NamedTemporaryFile("w", suffix=".csv") as file:
    pd.DataFrame(np.random.default_rng(8).random((150_000, 10)), columns=list("abcdefghij")).to_csv(file, index=False)
    file.flush()
    table = pd.read_csv(file.name)
work = np.zeros(8_000_000)
print(float(table["a"].sum()) > 0, float(work.sum()))
print(table.describe().shape)
