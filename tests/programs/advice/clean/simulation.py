"""A random walk of many particles: fitting types, in-place steps, one result kept."""
# needs: import numpy
# expect: no finding

import numpy as np


def walk(particles: int, steps: int) -> np.ndarray:
    random = np.random.default_rng(11)
    position = np.zeros((particles, 2), dtype=np.float32)
    step = np.empty_like(position)
    for _ in range(steps):
        random.standard_normal(out=step, dtype=np.float32)
        position += step
    return position


def main() -> None:
    position = walk(3_000_000, 5)
    radius = np.hypot(position[:, 0], position[:, 1])
    print(position.shape, float(radius.mean()) > 0, float(position.mean()) < 1)


main()
