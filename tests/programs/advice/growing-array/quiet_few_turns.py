"""Two arrays are put behind one another once, outside of any loop, and a short list grows in one."""
# needs: import numpy
# expect: no finding growing-array

import numpy as np

random = np.random.default_rng(2)
first, second = random.random(4_000_000), random.random(4_000_000)
both = np.concatenate([first, second])
tail = np.empty(0)
for number in range(50):
    tail = np.append(tail, both[number])
print(tail.shape, both.shape, bool(both.max() < 1))
