"""NumPy: many temporaries of 8 KB to 2 MB, then matrices of tens of MB."""

import sys

import numpy as np

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 12


def series(n: int, phase: float) -> float:
    t = np.linspace(0.0, 20.0, n)
    signal = np.sin(t + phase) * np.exp(-t / 7.0) + 0.1 * np.cos(5 * t)
    smooth = np.cumsum(signal) / np.arange(1, n + 1)
    return float(np.abs(signal - smooth).max() + (signal[signal > 0] ** 2).sum())


def matrices(n: int, turn: int) -> float:
    a = np.arange(n * n, dtype=np.float64).reshape(n, n) % (turn + 11)
    b = (a.T + 1.0) / (a + 2.0)
    c = a @ b[:, : n // 4]
    order = np.argsort(c, axis=0)[:64]
    return float(np.take_along_axis(c, order, axis=0).mean() + np.sqrt(b).std())


def main() -> None:
    total = 0.0
    kept: list[np.ndarray] = []
    for turn in range(ROUNDS):
        for size in (1_000, 10_000, 100_000, 250_000):
            total += sum(series(size, phase / 10) for phase in range(2_000_000 // (size + 40_000)))
        total += matrices(1100, turn)
        kept.append(np.full((300, 1000), float(turn)))
    print(round(total, 3), len(kept))


main()
