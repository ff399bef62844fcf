"""Objects that only the cyclic collector can free.

80 cycles of 1 MB are garbage that stays until gc.collect() frees them; then 50 MB follow. The peak is the 80 MB; frees that the
collector does must be seen, else it would be 130 MB.
"""
# let: BLOCKS = 80 * bytearray_of(1_000_000)
# expect: peak_heap_bytes ~ BLOCKS
# expect: line BLOCK self ~ BLOCKS
# expect: line BLOCK leaked ~ 0
# expect: line LATER self < 1%
# expect: line LATER allocated ~ bytearray_of(50_000_000)
# expect: stdout "True\n"

import gc


class Node:
    def __init__(self) -> None:
        self.itself = self
        self.block = bytearray(1_000_000)  # <BLOCK>


gc.disable()
for _ in range(80):
    Node()
print(gc.collect() >= 80)
later = bytearray(50_000_000)  # <LATER>
