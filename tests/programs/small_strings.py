"""300,000 different ASCII strings of 300 characters: the object's header and one byte each, and a closing zero.

An empty str has 49 bytes before CPython 3.12 and 41 since; each string comes from one format operation.
"""
# let: STRINGS = 300_000 * ascii_str_of(300)
# expect: peak_heap_bytes ~ STRINGS + list_of(300_000)
# expect: line FILL self ~ STRINGS
# expect: line SLOTS self ~ list_of(300_000)

names: list[str] = [""] * 300_000  # <SLOTS>
for turn in range(300_000):
    names[turn] = f"{turn:0300}"  # <FILL>
