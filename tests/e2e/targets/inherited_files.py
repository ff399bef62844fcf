"""Prints which files a child that is started by fork and exec finds open."""

import os
import sys

CHILD = """
import os
for number in sorted(map(int, os.listdir("/proc/self/fd"))):
    try:
        # Pipes and sockets have a number of their own behind the colon.
        print(number, os.readlink(f"/proc/self/fd/{number}").split(":")[0])
    except OSError:
        pass
"""

pid = os.fork()
if pid == 0:
    os.execv(sys.executable, [sys.executable, "-I", "-c", CHILD])
os.waitpid(pid, 0)
