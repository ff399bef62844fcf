"""An index of its own: 1,500,000 integers for the labels and as many floats, 12 + 12 MB."""
# needs: import pandas
# expect: peak_heap_bytes ~ 24_000_000 .. 120_000_000
# expect[3.11+]: object prices bytes ~ 24_000_000
# expect[3.11+]: object prices.index bytes ~ 12_000_000

import numpy as np
import pandas as pd

prices = pd.Series(np.ones(1_500_000), index=np.arange(1_500_000) * 3)
