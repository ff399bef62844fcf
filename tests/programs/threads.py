"""Eight Python threads, each with a line and an amount of its own, all holding at once.

5, 10, ... 40 MB: 180 MB. A barrier keeps every block alive until the last thread has its own. Importing threading takes up to
1.5 MB.
"""
# let: MB = 1_000_000
# expect: peak_heap_bytes ~ 180 * MB .. 180 * MB + 1_500_000
# expect: line T1 self ~ 5 * MB
# expect: line T2 self ~ 10 * MB
# expect: line T3 self ~ 15 * MB
# expect: line T4 self ~ 20 * MB
# expect: line T5 self ~ 25 * MB
# expect: line T6 self ~ 30 * MB
# expect: line T7 self ~ 35 * MB
# expect: line T8 self ~ 40 * MB
# expect: line RUN self < 1%
# expect: line RUN total ~ 180 * MB
# expect: function hold total ~ 180 * MB
# expect: line T1 leaked ~ 0

import threading
from collections.abc import Callable

JOBS: list[Callable[[], bytearray]] = [
    lambda: bytearray(5_000_000),  # <T1>
    lambda: bytearray(10_000_000),  # <T2>
    lambda: bytearray(15_000_000),  # <T3>
    lambda: bytearray(20_000_000),  # <T4>
    lambda: bytearray(25_000_000),  # <T5>
    lambda: bytearray(30_000_000),  # <T6>
    lambda: bytearray(35_000_000),  # <T7>
    lambda: bytearray(40_000_000),  # <T8>
]
all_hold = threading.Barrier(len(JOBS))


def hold(job: Callable[[], bytearray]) -> None:
    block = job()  # <RUN>
    all_hold.wait()
    del block


threads = [threading.Thread(target=hold, args=(job,)) for job in JOBS]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
