"""A child made by fork allocates: its memory counts beside the parent's, as long as it lives.

The parent holds 60 MB and forks a child that takes 150 MB: 210 MB. When that is gone it takes 40 MB more: 100 MB. What the child has of the
parent's since the fork is the parent's alone.
"""
# expect: peak_heap_bytes ~ 210_000_000
# expect: line PARENT self ~ 60_000_000
# expect: line CHILD self ~ 150_000_000
# expect: line LATER self < 1%
# expect: stdout "child 150000000\nparent 0\n"

import os
import time


def tick() -> None:
    """Returns when the coarse clock of the system, by which events are dated, has gone on twice."""
    for _ in range(2):
        before = time.clock_gettime(6)
        while time.clock_gettime(6) == before:
            pass


parent = bytearray(60_000_000)  # <PARENT>
pid = os.fork()
if pid == 0:
    child = bytearray(150_000_000)  # <CHILD>
    tick()
    os.write(1, f"child {len(child)}\n".encode())
    os._exit(0)
_, status = os.waitpid(pid, 0)
later = bytearray(40_000_000)  # <LATER>
print("parent", status)
