"""A tree in which every node has a list of children and a set of tags: most are leaves, and few have tags."""
# expect: finding idle-collections at NODE symbol nodes


class Node:
    __slots__ = ("children", "number", "tags")

    def __init__(self, number: int) -> None:
        self.number = number
        self.children = []  #-
        #+ self.children = None
        self.tags = set()  #-
        #+ self.tags = None


def main() -> None:
    nodes = []
    for number in range(250_000):
        node = Node(number)
        nodes.append(node)  # <NODE>
        if number and number % 20 == 0:
            parent = nodes[number // 20]
            #+ if parent.children is None:
            #+     parent.children = []
            parent.children.append(node)
    depth = 0
    node = nodes[0]
    while node.children:
        node = node.children[0]
        depth += 1
    print(len(nodes), depth, sum(1 for node in nodes if node.children))


main()
