"""A method keeps the object that it is bound to: 23 MB."""
# expect: peak_heap_bytes ~ 23_000_000
# expect: object callback bytes ~ bytearray_of(23_000_000)
# expect: object callback made LOAD


class Reader:
    def __init__(self) -> None:
        self.load = bytearray(23_000_000)  # <LOAD>

    def read(self) -> int:
        return self.load[0]


callback = Reader().read
