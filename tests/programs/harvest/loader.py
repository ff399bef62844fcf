"""A module with a function that allocates."""

from harvest.columns import TABLE


def load(megabytes: int) -> list[bytearray]:
    """Blocks of one megabyte, beside the table that is already there."""
    return [bytearray(1_000_000) for _ in range(megabytes)] if TABLE else []  # <LOAD>
