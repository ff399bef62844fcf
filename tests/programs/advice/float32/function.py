"""Counts of photons in a stack of pictures, kept as float64."""
# needs: import numpy
# expect: finding float32 at STACK symbol pictures

import numpy as np


def expose(count: int, side: int) -> np.ndarray:
    random = np.random.default_rng(9)
    pictures = np.zeros((count, side, side))  # <STACK> #-
    #+ pictures = np.zeros((count, side, side), dtype=np.float32)
    for picture in pictures:
        picture += random.poisson(40.0, (side, side))
    return pictures


def main() -> None:
    pictures = expose(24, 640)
    brightest = pictures.max(axis=0)
    print(pictures.shape, float(brightest.max()), float(pictures.min()))


main()
