"""A module that allocates when it is imported."""

TABLE = bytearray(35_000_000)  # <AT_IMPORT>
