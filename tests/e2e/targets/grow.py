"""Keeps one megabyte more at each step and says so: the number of the step and the bytes it holds by then.

Between two announcements it also allocates and frees small objects, so that a kill falls into recorded work.
First line: its process id. After the last step it waits for ever, for the end of its input.
"""

import os
import sys

STEP = 1_000_000

held: list[bytearray] = []
print(os.getpid(), flush=True)
for step in range(1, int(sys.argv[1]) + 1):
    held.append(bytearray(STEP))
    small = [(step, turn) for turn in range(3_000)]
    del small
    os.write(1, b"%d %d\n" % (step, step * STEP))
sys.stdin.buffer.read()
