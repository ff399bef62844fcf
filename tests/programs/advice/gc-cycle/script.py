"""Nodes that refer to each other hold 2 MB each until the collector runs."""
# expect: finding gc-cycle at NODE symbol Node


class Node:
    def __init__(self) -> None:
        self.payload = bytearray(2_000_000)  # <NODE>
        self.me = self  #-


def main() -> None:
    total = 0
    for _ in range(40):
        total += len(Node().payload)
    print(total)


main()
