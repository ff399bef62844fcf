"""Ten columns are read and two are used."""
# needs: import pandas
# expect: finding columns-read at READ symbol table

from tempfile import NamedTemporaryFile

import numpy as np
import pandas as pd

with NamedTemporaryFile("w", suffix=".csv") as file:
    pd.DataFrame(np.random.default_rng(8).random((150_000, 10)), columns=list("abcdefghij")).to_csv(file, index=False)
    file.flush()
    table = pd.read_csv(file.name)  # <READ> #-
    #+ table = pd.read_csv(file.name, usecols=["a", "b"])
work = np.zeros(8_000_000)
print(float((table["a"] * table["b"]).sum()) > 0, float(work.sum()))
