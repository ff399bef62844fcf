"""join makes a list of whatever it is given: a generator saves nothing."""
# expect: no finding stream-not-list

text = ",".join([f"{number:020d}" for number in range(600_000)])
print(len(text))
