"""Instances with a `__dict__`, with slots, and of a dataclass: 500 of each, with 20,000 bytes each."""
# let: EACH = bytes_of(20_000) + 120
# expect: peak_heap_bytes ~ 1_500 * EACH .. 1_500 * EACH + 4_000_000
# expect: object plain bytes ~ 500 * EACH
# expect: object slotted bytes ~ 500 * EACH
# expect: object data bytes ~ 500 * EACH
# expect: object plain made PLAIN
# expect: object slotted made SLOTTED

from dataclasses import dataclass


class Plain:
    def __init__(self) -> None:
        self.load = bytes(20_000)  # <PLAIN>


class Slotted:
    __slots__ = ("load",)

    def __init__(self) -> None:
        self.load = bytes(20_000)  # <SLOTTED>


@dataclass
class Order:
    load: bytes


plain = [Plain() for _ in range(500)]
slotted = [Slotted() for _ in range(500)]
data = [Order(bytes(20_000)) for _ in range(500)]
