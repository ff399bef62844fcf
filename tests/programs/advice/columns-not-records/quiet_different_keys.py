"""Dicts of many shapes are no table."""
# expect: no finding columns-not-records

rows = [{f"key{number % 900}": number, f"other{number % 700}": str(number)} for number in range(150_000)]
print(len(rows))
