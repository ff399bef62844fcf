"""A local of a running function: 4,000,000 floats of 8 bytes, 32 MB."""
# needs: import numpy
# expect: peak_heap_bytes ~ 32_000_000 .. 95_000_000
# expect: object load.samples bytes ~ 32_000_000
# expect: object load.samples made SAMPLES
# expect: object load.samples is numpy.ndarray

import numpy as np


def mean(values: np.ndarray) -> float:
    return float(values.mean())


def load() -> float:
    samples = np.ones(4_000_000)  # <SAMPLES>
    return max(mean(samples) for _ in range(30))


load()
