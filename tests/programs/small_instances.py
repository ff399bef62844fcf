"""Instances: with __slots__, and with attributes in a dictionary; 400,000 of each.

Slotted: 16 bytes of collector's header, 16 of object header, two slots of 8: 48 bytes.
Plain, with two attributes, collector's and object header included:
  3.10: 48 with the pointers to dict and weak references; the dict, 64; its values, five slots: 40. Three blocks, 152 bytes;
        the last two are made by the first assignment, in __init__
  3.11: 56 with two pointers in front and one behind; values of three slots and 8 bytes of their own: 32. Two blocks, 88 bytes
  3.12: 48 with two pointers in front; values as before. Two blocks, 80 bytes
  3.13: 48 as before and, in the same block, values of four slots and 8 bytes of their own: 88 bytes
The very first instances of a class get values with more slots. The two lists made beforehand are 3.2 MB each.
"""
# let: COUNT = 400_000
# let: SLOTTED = 48 * COUNT
# let[3.10]: PLAIN = 48 * COUNT
# let[3.10]: ATTRIBUTES = 104 * COUNT
# let[3.11]: PLAIN = 88 * COUNT
# let[3.12]: PLAIN = 80 * COUNT
# let[3.13+]: PLAIN = 88 * COUNT
# let[3.11+]: ATTRIBUTES = 0
# expect: peak_heap_bytes ~ SLOTTED + PLAIN + ATTRIBUTES + 2 * list_of(COUNT)
# expect: line SLOTTED self ~ SLOTTED
# expect: line PLAIN self ~ PLAIN
# expect: line PLAIN total ~ PLAIN + ATTRIBUTES
# expect: line ASSIGN self ~ ATTRIBUTES


class Slotted:
    __slots__ = ("first", "second")

    def __init__(self) -> None:
        self.first = self.second = None


class Plain:
    def __init__(self) -> None:
        self.first = self.second = None  # <ASSIGN>


slotted: list[object] = [None] * 400_000
plain: list[object] = [None] * 400_000
for turn in range(400_000):
    slotted[turn] = Slotted()  # <SLOTTED>
for turn in range(400_000):
    plain[turn] = Plain()  # <PLAIN>
