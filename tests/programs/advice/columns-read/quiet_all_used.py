"""All columns are used, by name, by a list, and by a loop."""
# needs: import pandas
# expect: no finding columns-read

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "points.csv"
    names = [f"axis_{number}" for number in range(8)]
    pd.DataFrame(np.random.default_rng(4).random((200_000, 8)).round(5), columns=names).to_csv(path, index=False)
    points = pd.read_csv(path)
for name in names[2:]:
    print(name, round(float(points[name].mean()), 2))
print(points[["axis_0", "axis_1"]].shape)
