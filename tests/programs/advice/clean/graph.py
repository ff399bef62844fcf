"""Breadth-first search in a grid: a deque, a bytearray of marks, an array of distances."""
# expect: no finding

from __future__ import annotations

from array import array
from collections import deque

WIDTH = 1_500


def distances() -> array[int]:
    found = array("i", [-1]) * (WIDTH * WIDTH)
    found[0] = 0
    queue = deque([0])
    while queue:
        place = queue.popleft()
        row, column = divmod(place, WIDTH)
        for other, inside in ((place + 1, column + 1 < WIDTH), (place + WIDTH, row + 1 < WIDTH)):
            if inside and found[other] < 0:
                found[other] = found[place] + 1
                queue.append(other)
    return found


result = distances()
print(result[-1], len(result))
