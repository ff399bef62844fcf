"""Half a million instances, each with a __dict__."""
# expect: finding slots at CLASS symbol Point


class Point:  # <CLASS>
    #+ __slots__ = ("x", "y", "label")

    def __init__(self, x: int, y: int) -> None:
        self.x = x
        self.y = y
        self.label = None


points = [Point(number, -number) for number in range(500_000)]
for _ in range(10):
    total = sum(point.x for point in points)
print(total)
