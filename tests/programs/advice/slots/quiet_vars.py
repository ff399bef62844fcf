"""Records that are written out with vars(): with slots there would be no dict to write."""
# expect: no finding slots

import json


class Event:
    def __init__(self, number: int, kind: str) -> None:
        self.number = number
        self.kind = kind


events = [Event(number, "click") for number in range(300_000)]
print(sum(len(json.dumps(vars(event))) for event in events))
