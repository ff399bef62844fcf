"""An empty dict and an empty set for each of 200,000 nodes."""
# expect: finding idle-collections at EMPTY symbol nodes

nodes = []
for number in range(200_000):
    nodes.append([number, dict(), set(), list()])  # <EMPTY> #-
    #+ nodes.append([number, None, None, None])
for _ in range(10):
    total = sum(node[0] for node in nodes)
print(total, len(nodes[7]))
