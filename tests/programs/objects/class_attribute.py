"""What a class holds for all of its instances: 22 MB."""
# expect: peak_heap_bytes ~ 22_000_000
# expect: object Model.table bytes ~ bytearray_of(22_000_000)
# expect: object Model.table made TABLE


class Model:
    table = bytearray(22_000_000)  # <TABLE>
