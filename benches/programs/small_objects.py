"""Small objects: builds and drops millions of instances, tuples, dicts and sets, some of which live for a while."""

import sys

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 12


class Event:
    """One booking; an ordinary class with a __dict__."""

    def __init__(self, key: int, amount: float, tags: tuple[str, ...]) -> None:
        self.key = key
        self.amount = amount
        self.tags = tags


def build(n: int, turn: int) -> list[Event]:
    return [Event(i * 7 + turn, i * 0.5, ("eur", str(i % 97))) for i in range(n)]


def index(events: list[Event]) -> dict[int, dict[str, float]]:
    table: dict[int, dict[str, float]] = {}
    for event in events:
        row = table.setdefault(event.key % 20_011, {"count": 0.0, "sum": 0.0})
        row["count"] += 1.0
        row["sum"] += event.amount
    return table


def main() -> None:
    kept: list[list[tuple[int, float]]] = []
    total = 0.0
    for turn in range(ROUNDS):
        events = build(60_000, turn)
        table = index(events)
        kept.append([(key, row["sum"]) for key, row in table.items()])
        if len(kept) > 4:
            kept.pop(0)
        pairs = {(event.key % 1000, event.tags) for event in events}
        total += len(pairs) + sum(row["sum"] for row in table.values())
    print(total, sum(map(len, kept)))


main()
