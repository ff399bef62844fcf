"""A deque of 1,000 times 20,000 bytes."""
# let: BLOCK = bytes_of(20_000)
# expect: peak_heap_bytes ~ 1_000 * BLOCK within 4%
# expect: object waiting bytes ~ 1_000 * BLOCK

from collections import deque

waiting = deque(bytes(20_000) for _ in range(1_000))
