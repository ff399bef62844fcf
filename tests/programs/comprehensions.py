"""Comprehensions of every kind, and a generator expression; before CPython 3.12 they are frames, since then only code.

20 + 25 + 15 + 20 + 20 MB, each on its own line: the line is the same on all versions, the function is not.
"""
# let: MB = 1_000_000
# expect: peak_heap_bytes ~ 100 * MB
# expect: line LIST self ~ 20 * MB
# expect: line DICT self ~ 25 * MB
# expect: line SET self ~ 15 * MB
# expect: line INNER self ~ 20 * MB
# expect: line GENERATOR self ~ 20 * MB
# expect: line LIST total ~ 20 * MB
# expect: line GENERATOR total ~ 20 * MB
# expect: line NESTED total ~ 20 * MB
# expect[3.12+]: line LIST in build
# expect[3.10-3.11]: line LIST in <listcomp>
# expect: function nested total ~ 20 * MB
# expect: function build total ~ 100 * MB


def nested() -> list[list[bytearray]]:
    return [
        [bytearray(500_000) for _ in range(2)]  # <INNER>
        for _ in range(20)
    ]


def build() -> list[object]:
    blocks: list[object] = []
    blocks.append([bytearray(1_000_000) for _ in range(20)])  # <LIST>
    blocks.append({key: bytearray(1_000_000) for key in range(25)})  # <DICT>
    blocks.append({bytes(1_000_000 + length) for length in range(15)})  # <SET>
    blocks.append(nested())  # <NESTED>
    return blocks + list(bytearray(1_000_000) for _ in range(20))  # <GENERATOR>


everything = build()
