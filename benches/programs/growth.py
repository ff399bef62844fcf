"""Growth: lists, byte strings and text that grow by realloc, in small and large steps."""

import io
import sys

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 22


def lists(n: int) -> int:
    plain: list[int] = []
    for i in range(n):
        plain.append(i & 255)
    columns: list[list[int]] = [[] for _ in range(500)]
    for i in range(n):
        columns[i % 500].append(i & 255)
    return len(plain) + sum(map(len, columns))


def buffers(n: int) -> int:
    raw = bytearray()
    for i in range(n):
        raw += b"record %d;" % i
    stream = io.BytesIO()
    for _ in range(n // 10):
        stream.write(b"0123456789" * 20)
    return len(raw) + stream.tell()


def texts(n: int) -> int:
    line = ""
    for i in range(n):
        line += chr(97 + i % 26)
    parts = [f"{i:x},{line[i % 100]}" for i in range(n)]
    joined = "\n".join(parts)
    return len(line) + len(joined.split("\n")) + len(joined.replace(",", ", ").upper())


def main() -> None:
    print(sum(lists(250_000) + buffers(120_000) + texts(120_000) for _ in range(ROUNDS)))


main()
