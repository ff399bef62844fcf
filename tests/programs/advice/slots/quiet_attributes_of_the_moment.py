"""Every instance has attributes of its own names: no slots could hold them."""
# expect: no finding slots


class Record:
    def __init__(self, fields: dict[str, int]) -> None:
        for name, value in fields.items():
            setattr(self, name, value)


records = [Record({f"field{number % 5_000}": number, f"other{number % 300}": number}) for number in range(200_000)]
print(len(records))
