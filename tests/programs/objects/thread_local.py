"""A local of a function that another thread runs, while the main one waits for it: 30 MB."""
# expect: peak_heap_bytes ~ 30_000_000 .. 32_000_000
# expect: object work.load bytes ~ bytes_of(30_000_000)
# expect: object work.load made LOAD

import threading


def count(load: bytes) -> int:
    return sum(load[place] for place in range(0, len(load), 10))


def work() -> int:
    load = bytes(30_000_000)  # <LOAD>
    return count(load)


worker = threading.Thread(target=work)
worker.start()
worker.join()
