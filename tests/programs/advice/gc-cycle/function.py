"""Parents and children."""
# needs: import numpy
# expect: finding gc-cycle at NODE symbol Parent

import numpy as np


class Child:
    def __init__(self, parent: object) -> None:
        self.parent = parent  #-
        #+ pass


class Parent:
    def __init__(self) -> None:
        self.values = np.ones(250_000)  # <NODE>
        self.child = Child(self)


def main() -> None:
    total = 0.0
    for _ in range(40):
        total += float(Parent().values.sum())
    print(total)


main()
