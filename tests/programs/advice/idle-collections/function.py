"""Instances, with slots, whose sets are nearly all empty."""
# expect: finding idle-collections at EMPTY symbol graph


class Vertex:
    __slots__ = ("marks", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.marks = set()  # <EMPTY> #-
        #+ self.marks = None


def main() -> None:
    graph = [Vertex(number) for number in range(300_000)]
    for _ in range(10):
        total = sum(vertex.number for vertex in graph)
    print(total, graph[9].number)


main()
