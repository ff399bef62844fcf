"""An index of its own: 1,500,000 integers for the labels and as many floats, 12 + 12 MB."""
# needs: import pandas
# expect: peak_heap_bytes ~ 24_000_000 .. 180_000_000
# expect: object prices bytes ~ 24_000_000
# expect: object prices.index bytes ~ 12_000_000

import numpy as np
import pandas as pd

prices = pd.Series(np.ones(1_500_000), index=np.arange(1_500_000) * 3)
behind = bytearray(60_000_000)
