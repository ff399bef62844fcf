"""A picture in bytes, blurred row by row into one buffer."""
# needs: import numpy
# expect: no finding

import numpy as np


def blur(image: np.ndarray) -> np.ndarray:
    result = np.empty_like(image)
    for row in range(image.shape[0]):
        window = image[max(row - 1, 0) : row + 2]
        result[row] = window.mean(axis=0)
    return result


def main() -> None:
    image = np.random.default_rng(14).integers(0, 256, (4_000, 6_000), dtype=np.uint8)
    blurred = blur(image)
    print(blurred.shape, bool((blurred <= image.max()).all()))


main()
