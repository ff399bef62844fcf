"""Samples of a chain are put behind those that are there already, with vstack."""
# needs: import numpy
# expect: finding growing-array at STACK symbol chain

import numpy as np


def sample(steps: int, walkers: int) -> np.ndarray:
    random = np.random.default_rng(1)
    position = np.zeros((walkers, 10))
    chain = np.empty((0, 10)) #-
    #+ chain = np.empty((steps * walkers, 10))
    for step in range(steps):
        position = position + random.normal(size=position.shape)
        chain = np.vstack([chain, position])  # <STACK> #-
        #+ chain[step * walkers : (step + 1) * walkers] = position
    return chain


def main() -> None:
    chain = sample(30, 20_000)
    print(chain.shape, np.round(chain[:20_000].std(axis=0).mean(), 2))


main()
