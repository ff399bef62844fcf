"""A child made by fork allocates; that is the child's memory, not the parent's.

The parent holds 60 MB, forks a child that takes 150 MB, waits for it, and takes 40 MB more: 100 MB. After the fork the parent's line is
the one that counts.
"""
# expect: peak_heap_bytes ~ 100_000_000
# expect: line PARENT self ~ 60_000_000
# expect: line CHILD self < 1%
# expect: line LATER self ~ 40_000_000
# expect: stdout "child 150000000\nparent 0\n"

import os

parent = bytearray(60_000_000)  # <PARENT>
pid = os.fork()
if pid == 0:
    child = bytearray(150_000_000)  # <CHILD>
    os.write(1, f"child {len(child)}\n".encode())
    os._exit(0)
_, status = os.waitpid(pid, 0)
later = bytearray(40_000_000)  # <LATER>
print("parent", status)
