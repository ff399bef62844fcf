"""Forks in a process that has no second thread of Python's; CPython 3.12 and later warn on a fork with threads."""

import os
import sys

pid = os.fork()
if pid == 0:
    block = bytearray(2_000_000)
    print("child", len(block), flush=True)
    sys.stderr.write("child's stderr\n")
    sys.exit(3)
print("parent", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
