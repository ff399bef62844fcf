"""A graph in which every node has three neighbours: the lists are used."""
# expect: no finding idle-collections

COUNT = 200_000
neighbours = {node: [(node * factor + 1) % COUNT for factor in (2, 3, 5)] for node in range(COUNT)}
seen = {0}
front = [0]
while front:
    front = [other for node in front for other in neighbours[node] if other not in seen]
    seen.update(front)
print(len(seen))
