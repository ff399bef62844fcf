"""Least squares in chunks: only sums are kept."""
# needs: import numpy
# expect: no finding

from collections.abc import Iterator

import numpy as np


def chunks(count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    random = np.random.default_rng(15)
    for _ in range(count):
        inputs = random.random((5_000, 20))
        yield inputs, inputs @ np.arange(20) + random.normal(0, 0.1, 5_000)


def fit() -> np.ndarray:
    gram, moment = np.zeros((20, 20)), np.zeros(20)
    for inputs, target in chunks(120):
        gram += inputs.T @ inputs
        moment += inputs.T @ target
    return np.linalg.solve(gram, moment)


print(np.round(fit()).astype(int).tolist())
