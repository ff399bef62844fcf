"""Starts one command, waits for it, and writes what it cost: wall, user, system seconds, max RSS in KiB, exit status.

Run as `python -I -S timed.py RESULT COMMAND...`. It imports next to nothing on purpose: Linux counts the image from
which a process was spawned into that process's max RSS, so a starter larger than a bare Python would hide the
difference between profilers on small programs. User and system time are of the command and all its reaped
descendants; max RSS is of the largest single process among them.
"""

import posix
import sys
import time


def main() -> None:
    result, *command = sys.argv[1:]
    started = time.perf_counter()
    child = posix.posix_spawn(command[0], command, posix.environ)
    _, status, usage = posix.wait4(child, 0)
    wall = time.perf_counter() - started
    exit_code = posix.waitstatus_to_exitcode(status)
    with open(result, "w") as out:
        out.write(f"{wall} {usage.ru_utime} {usage.ru_stime} {usage.ru_maxrss} {exit_code}")


main()
