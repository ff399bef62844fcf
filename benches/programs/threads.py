"""Threads: four at once, each with NumPy arrays and Python objects, and blocks that one makes and the next frees."""

import queue
import sys
import threading

import numpy as np

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 100
THREADS = 4


def work(number: int, inbox: "queue.Queue[np.ndarray]", outbox: "queue.Queue[np.ndarray]", sums: list[float]) -> None:
    recent: list[dict[str, float]] = []
    total = 0.0
    for turn in range(ROUNDS):
        block = np.sqrt(np.arange(60_000, dtype=np.float64) + number + turn)
        outbox.put(block * 2.0)
        received = inbox.get()
        total += float(np.sort(received)[::1000].sum())
        rows = [{"key": float(i), "value": i * 0.5, "turn": float(turn)} for i in range(8_000)]
        recent = [row for row in rows if row["value"] % 3 == 0.5] + recent[:2_000]
        total += len(recent)
    sums[number] = total


def main() -> None:
    # Each thread hands its block to its right neighbour, so every block is freed by another thread than made it.
    boxes: list[queue.Queue[np.ndarray]] = [queue.Queue() for _ in range(THREADS)]
    sums = [0.0] * THREADS
    workers = [
        threading.Thread(target=work, args=(i, boxes[i], boxes[(i + 1) % THREADS], sums)) for i in range(THREADS)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print([round(s, 3) for s in sums])


main()
