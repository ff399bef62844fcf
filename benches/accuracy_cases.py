"""Small programs whose peak, and whose lines at the peak, are known by reading them.

Every source has a line `# begin`: what comes before it are imports, which each tool measures alone first, so that the
truth below is only what the program itself asks for. `#: name` marks a line whose bytes at the peak are known.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """A program, the bytes it holds at its highest point, and how they are shared out among its marked lines."""

    name: str
    peak_bytes: int
    source: str
    lines: dict[str, int] = field(default_factory=dict)

    def imports(self) -> str:
        return self.source.partition("# begin")[0]

    def marked(self) -> dict[str, int]:
        """Line number of each mark."""
        numbered = enumerate(self.source.splitlines(), start=1)
        return {text.partition("#: ")[2]: number for number, text in numbered if "#: " in text}


MB = 1_000_000

CASES = (
    Case(
        "one array of 200 MB",
        200 * MB,
        """import numpy as np
# begin
kept = np.ones(25_000_000)  #: array
print(kept.sum())
""",
        {"array": 200 * MB},
    ),
    Case(
        "realloc 64 to 300 MB, mmap 200 MB, bytes 50 MB",
        550 * MB,
        """import mmap
import numpy as np
# begin
grown = np.ones(8_000_000)  #: first size
grown.resize(37_500_000, refcheck=False)  #: realloc
mapped = mmap.mmap(-1, 200_000_000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  #: mmap
text = bytes(50_000_000)  #: bytes
print(len(grown), len(mapped), len(text))
""",
        {"first size": 0, "realloc": 300 * MB, "mmap": 200 * MB, "bytes": 50 * MB},
    ),
    Case(
        "two lines in turn: 0.7 and 0.4 MB, 300 times",
        330 * MB,
        """# begin
def a():
    return bytearray(700_000)  #: a


def b():
    return bytearray(400_000)  #: b


kept = []
for _ in range(300):
    kept.append(a())
    kept.append(b())
print(len(kept))
""",
        {"a": 210 * MB, "b": 120 * MB},
    ),
    Case(
        "load, temporary, features in turn (NumPy)",
        286 * 1_200_000 + 480_000,
        """import numpy as np
# begin
def load():
    return np.ones(100_000)  #: load


def scratch():
    return np.ones(60_000).sum()  #: scratch


def features():
    return np.ones(50_000)  #: features


kept = []
for _ in range(286):
    kept.append(load())
    scratch()
    kept.append(features())
scratch()
print(len(kept))
""",
        {"load": 286 * 800_000, "scratch": 480_000, "features": 286 * 400_000},
    ),
    Case(
        "a peak of 300 MB, then a plateau of 80 MB",
        300 * MB,
        """# begin
def early():
    return len(bytearray(300_000_000))  #: early


early()
kept = bytearray(80_000_000)  #: plateau
print(len(kept))
""",
        {"early": 300 * MB, "plateau": 0},
    ),
    Case(
        "temporaries within one expression",
        240 * MB,
        """import numpy as np
# begin
x = np.ones(10_000_000)  #: operand
y = float(np.dot(x + 1.0, x * 2.0))  #: temporaries
print(y)
""",
        {"operand": 80 * MB, "temporaries": 160 * MB},
    ),
    Case(
        "a million small bytes objects",
        133 * MB + 8 * MB,
        """# begin
kept = [None] * 1_000_000  #: list
for i in range(1_000_000):
    kept[i] = bytes(100)  #: objects
print(len(kept))
""",
        {"list": 8 * MB, "objects": 133 * MB},
    ),
    Case(
        "four threads, 40 MB each at once",
        160 * MB,
        """import threading
# begin
together = threading.Barrier(4)


def work():
    block = bytearray(40_000_000)  #: threads
    together.wait()
    return len(block)


threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
""",
        {"threads": 160 * MB},
    ),
    Case(
        "recursion, 900 levels with 0.1 MB each",
        90 * MB,
        """import sys
# begin
sys.setrecursionlimit(2000)


def descend(depth):
    block = bytearray(100_000)  #: level
    return len(block) if depth == 1 else descend(depth - 1)


print(descend(900))
""",
        {"level": 90 * MB},
    ),
    Case(
        "mmap 10 MB, mremap to 250 MB",
        250 * MB,
        """import mmap
# begin
mapped = mmap.mmap(-1, 10_000_000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
mapped.resize(250_000_000)  #: mremap
print(len(mapped))
""",
        {"mremap": 250 * MB},
    ),
    Case(
        "reserve 400 MB without access, use 100 MB",
        100 * MB,
        """import mmap
# begin
reserved = mmap.mmap(-1, 400_000_000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=0)  #: reserved
kept = bytearray(100_000_000)  #: used
print(len(kept))
""",
        {"reserved": 0, "used": 100 * MB},
    ),
    Case(
        "map a file of 300 MB, use 50 MB",
        50 * MB,
        """import mmap
import tempfile
# begin
file = tempfile.TemporaryFile()
file.truncate(300_000_000)
mapped = mmap.mmap(file.fileno(), 0)  #: file
kept = bytearray(50_000_000)  #: used
print(len(mapped), len(kept))
""",
        {"file": 0, "used": 50 * MB},
    ),
    Case(
        "malloc 150 MB through ctypes",
        150 * MB,
        """import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
# begin
block = libc.malloc(150_000_000)  #: malloc
print(bool(block))
""",
        {"malloc": 150 * MB},
    ),
)
