"""200,000 dicts with a float each, in a list that grew."""
# let: ROWS = list_of(0) + appended_list_buffer(200_000) + dicts_of_one(200_000) + floats(200_000)
# expect: peak_heap_bytes ~ ROWS within exact 2%, sampled 3%
# expect: object rows bytes ~ ROWS
# expect: object rows made ROWS

rows = []
for number in range(200_000):
    rows.append({"k": number + 0.5})  # <ROWS>
