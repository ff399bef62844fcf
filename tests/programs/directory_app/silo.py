"""A module found only when the directory itself is on sys.path."""


def fill() -> list[bytearray]:
    """Thirty blocks of one megabyte."""
    return [bytearray(1_000_000) for _ in range(30)]  # <FILL>
