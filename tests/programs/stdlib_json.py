"""json.loads makes many small objects in C, called from a Python line of the standard library.

A text of 1,500,000 numbers becomes as many floats of 24 bytes in a list that grew by append. The decoder's innermost Python line is in the
json package; the user's line has it all in its total. Importing json takes up to 2 MB, the text is 4 bytes a number.
"""
# let: FLOATS = floats(1_500_000) + appended_list_buffer(1_500_000)
# let: TEXT = ascii_str_of(6_000_001)
# expect: peak_heap_bytes ~ FLOATS + TEXT .. FLOATS + TEXT + 2_000_000
# expect: line TEXT self ~ TEXT
# expect: line LOAD self < 3%
# expect: line LOAD total ~ FLOATS
# expect: line LOAD allocations < 1_000

import json

count = 1_500_000
text = json.dumps([0.5]).replace("0.5", "0.5," * (count - 1) + "0.5")  # <TEXT>
values = json.loads(text)  # <LOAD>
