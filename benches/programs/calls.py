"""Call-heavy: small functions and methods call each other; all values are small integers, so little is allocated."""

import sys

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 1600


class Node:
    """A cell of a dataflow graph that pulls its value from its inputs."""

    __slots__ = ("inputs", "stamp", "value", "weight")

    def __init__(self, weight: int) -> None:
        self.inputs: list[Node] = []
        self.stamp = -1
        self.value = 0
        self.weight = weight

    def fresh(self, now: int) -> bool:
        return self.stamp == now

    def combine(self, left: int, right: int) -> int:
        return (left ^ right) + self.weight & 0x7F

    def pull(self, now: int) -> int:
        if not self.fresh(now):
            total = self.weight
            for source in self.inputs:
                total = self.combine(total, source.pull(now))
            self.value = total
            self.stamp = now
        return self.value


def fibonacci(n: int) -> int:
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def graph(layers: int, width: int) -> list[Node]:
    before: list[Node] = []
    for layer in range(layers):
        row = [Node((layer * width + i) % 101 + 1) for i in range(width)]
        for i, node in enumerate(row):
            node.inputs = [before[i - 1], before[i], before[(i + 1) % width]] if before else []
        before = row
    return before


def main() -> None:
    sinks = graph(layers=60, width=50)
    checksum = 0
    for now in range(ROUNDS):
        for sink in sinks:
            checksum = (checksum + sink.pull(now)) & 0x7F
        checksum ^= fibonacci(13)
    print(checksum)


main()
