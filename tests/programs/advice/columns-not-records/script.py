"""A list of 300,000 dicts with the same three keys."""
# expect: finding columns-not-records at ROWS symbol rows

#+ from array import array

rows = [{"id": number, "price": number / 3, "count": number * 1000} for number in range(300_000)]  # <ROWS> #-
#+ ids = array("q", range(300_000))
#+ prices = array("d", (number / 3 for number in range(300_000)))
#+ counts = array("q", (number * 1000 for number in range(300_000)))
for _ in range(5):  #-
    total = sum(row["price"] for row in rows)  #-
print(total)  #-
print(len(rows))  #-
#+ print(sum(prices))
#+ print(len(ids))
