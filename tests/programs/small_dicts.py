"""Half a million dicts of one key: an object and a table of keys each, together what sys.getsizeof says.

232 bytes before CPython 3.11, 184 since: 116 MB or 92 MB, in a list made beforehand of 4 MB.
"""
# let: DICTS = dicts_of_one(500_000)
# expect: peak_heap_bytes ~ DICTS + list_of(500_000)
# expect: line FILL self ~ DICTS
# expect: line FILL allocations ~ 1_000_000
# expect: line SLOTS self ~ list_of(500_000)

records: list[object] = [None] * 500_000  # <SLOTS>
for turn in range(500_000):
    records[turn] = {"id": None}  # <FILL>
