"""Blocks made by one thread and freed by another.

The producer makes 50 blocks of 2 MB, the consumer drops them all, then the main thread makes 60 MB. The peak is the producer's
100 MB; frees that get lost between threads would make it 160 MB, and a leak. Importing threading and queue takes up to 1.5 MB.
"""
# let: BLOCKS = 50 * bytearray_of(2_000_000)
# expect: peak_heap_bytes ~ BLOCKS .. BLOCKS + 1_500_000
# expect: line MAKE self ~ BLOCKS
# expect: line MAKE leaked ~ 0
# expect: line LATER self < 1%
# expect: line LATER allocated ~ bytearray_of(60_000_000)

import queue
import threading

blocks: queue.SimpleQueue[bytearray | None] = queue.SimpleQueue()
all_made = threading.Event()


def produce() -> None:
    for _ in range(50):
        blocks.put(bytearray(2_000_000))  # <MAKE>
    blocks.put(None)
    all_made.set()


def consume() -> None:
    all_made.wait()
    while blocks.get() is not None:
        pass


threads = [threading.Thread(target=produce), threading.Thread(target=consume)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
later = bytearray(60_000_000)  # <LATER>
