"""Slots already."""
# expect: no finding slots


class Point:
    __slots__ = ("x", "y")

    def __init__(self, x: int, y: int) -> None:
        self.x = x
        self.y = y


points = [Point(number, -number) for number in range(500_000)]
print(sum(point.x for point in points))
