"""Long recursion: a walk 900 to 2,000 frames deep that allocates at every depth, and a deep nested structure."""

import sys

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 550
sys.setrecursionlimit(5_000)

Chain = tuple[str, "Chain | None"]


def descend(depth: int, path: list[str]) -> int:
    """Allocates while going down, so blocks are made under stacks of every depth."""
    path.append(f"node-{depth}-{len(path)}")
    if depth == 0:
        return sum(map(len, path))
    scratch = [depth] * 40
    return descend(depth - 1, path) + scratch[0] % 3


def chain(depth: int) -> Chain | None:
    return None if depth == 0 else (f"link {depth}", chain(depth - 1))


def unchain(link: Chain | None) -> int:
    return 0 if link is None else len(link[0] + "!") + unchain(link[1])


def bottom(depth: int, turn: int) -> int:
    """All allocations at the bottom: thousands of blocks share one stack of 900 frames."""
    if depth > 0:
        return bottom(depth - 1, turn)
    rows: list[dict[str, object]] = [{"turn": turn, "text": str(i), "weights": [i, i + 1]} for i in range(3_000)]
    return sum(len(str(row["text"])) for row in rows)


def main() -> None:
    total = 0
    for turn in range(ROUNDS):
        total += descend(2_000, [])
        total += unchain(chain(1_500))
        total += bottom(900, turn)
    print(total)


main()
