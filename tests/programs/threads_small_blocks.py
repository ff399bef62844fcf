"""Four threads fill lists with small objects at the same time; each line keeps its own count.

400,000 tuples of two (56 bytes) for each of the first two, 200,000 for each of the others: 22.4, 22.4, 11.2 and 11.2 MB, and lists
made beforehand with 1,200,000 slots in all: 9.6 MB. Importing threading takes up to 1.5 MB.
"""
# let: LARGE = 400_000 * tuple_of(2)
# let: SMALL = 200_000 * tuple_of(2)
# let: ALL = 2 * LARGE + 2 * SMALL + 8 * 1_200_000
# expect: peak_heap_bytes ~ ALL .. ALL + 1_500_000
# expect: line A self ~ LARGE
# expect: line B self ~ LARGE
# expect: line C self ~ SMALL
# expect: line D self ~ SMALL
# expect: line A allocations ~ 400_000 within exact 0.5%, sampled 10%
# expect: line D allocations ~ 200_000 within exact 0.5%, sampled 10%
# expect: line RUN total ~ 2 * LARGE + 2 * SMALL

import threading
from collections.abc import Callable

Slots = list[object]


def a(slots: Slots) -> None:
    for turn in range(len(slots)):
        slots[turn] = (slots, None)  # <A>


def b(slots: Slots) -> None:
    for turn in range(len(slots)):
        slots[turn] = (slots, None)  # <B>


def c(slots: Slots) -> None:
    for turn in range(len(slots)):
        slots[turn] = (slots, None)  # <C>


def d(slots: Slots) -> None:
    for turn in range(len(slots)):
        slots[turn] = (slots, None)  # <D>


def run(job: Callable[[Slots], None], slots: Slots) -> None:
    job(slots)  # <RUN>


lists: list[Slots] = [[None] * count for count in (400_000, 400_000, 200_000, 200_000)]
threads = [threading.Thread(target=run, args=pair) for pair in zip((a, b, c, d), lists)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
