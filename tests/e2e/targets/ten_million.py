"""Ten million floats in a list, and a hundred thousand dicts."""

floats = [number + 0.5 for number in range(10_000_000)]
rows = [{"price": number + 0.5} for number in range(100_000)]
