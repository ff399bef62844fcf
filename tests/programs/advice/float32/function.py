"""In a function, a two-dimensional grid of half steps."""
# needs: import numpy
# expect: finding float32 at GRID symbol grid

import numpy as np


def main() -> None:
    grid = np.tile(np.arange(0, 2_000) * 0.5, (6_000, 1))  # <GRID> #-
    #+ grid = np.tile((np.arange(0, 2_000) * 0.5).astype(np.float32), (6_000, 1))
    print(grid.shape, float(grid[17, 19]), float(grid.max()))


main()
