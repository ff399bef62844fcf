"""Sets with something in them."""
# expect: no finding idle-collections

nodes = [{number, number + 1, number + 2, number + 3} for number in range(150_000)]
print(len(nodes))
