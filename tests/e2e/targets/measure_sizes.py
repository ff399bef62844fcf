"""Measures objects by heapwise.sizeof and by what is freed when they die; prints JSON.

`measure_sizes.py GROUP`: for each case of the group `[bytes freed, sizeof, own bytes of explain_size]`. The object is
held by one name alone, so that all that it keeps alive ends with it. What is freed is what tracemalloc and Arrow's pool
say; of Polars, whose allocator tells nobody, the memory of the process that is given back to the system.
"""

from __future__ import annotations

import array
import collections
import dataclasses
import gc
import importlib
import json
import os
import sys
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import heapwise

COUNT = 20_000


class Plain:
    def __init__(self, number: int) -> None:
        self.price = number + 0.5
        self.name = f"name {number}"


class Slotted:
    __slots__ = ("name", "price")

    def __init__(self, number: int) -> None:
        self.price = number + 0.5
        self.name = f"name {number}"


class Derived(Slotted):
    """Slots and a `__dict__`."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.more = bytes(30)


class Row(dict[str, float]):
    """A dict with attributes."""


@dataclasses.dataclass
class Order:
    price: float
    name: str


class Link:
    other: Link
    load: bytes


def names() -> list[str]:
    return [f"name {number}" for number in range(COUNT)]


def floats() -> list[float]:
    return [number + 0.5 for number in range(COUNT)]


def rows() -> list[Row]:
    made = []
    for number in range(COUNT // 10):
        row = Row(price=number + 0.5)
        row.__dict__["seen"] = f"at {number}"
        made.append(row)
    return made


def cycles() -> list[Any]:
    made: list[Any] = []
    for _ in range(1_000):
        one, other = Link(), Link()
        one.other, other.other, one.load = other, one, bytes(500)
        made.append(one)
    made.append(made)
    return made


def nested() -> list[Any]:
    inner: list[Any] = []
    for _ in range(100_000):
        inner = [inner]
    return inner


def closure() -> Callable[[], bytes]:
    kept = bytes(300_000)
    return lambda: kept


def suspended() -> Iterator[int]:
    kept = floats()
    yield len(kept)
    yield len(kept)


def started() -> Iterator[int]:
    generator = suspended()
    next(generator)
    return generator


def watched() -> list[Any]:
    orders = [Plain(number) for number in range(COUNT)]
    return [orders, weakref.WeakValueDictionary(enumerate(orders))]


BUILTIN: dict[str, Callable[[], object]] = {
    "list of floats": floats,
    "list of ints": lambda: [number + 10**6 for number in range(COUNT)],
    "list of large ints": lambda: list(range(2**40, 2**40 + COUNT)),
    "dict": lambda: dict(zip(names(), floats(), strict=True)),
    "dict of int keys": lambda: {number + 10**6: None for number in range(COUNT)},
    "list of dicts": lambda: [{"price": number + 0.5, "name": f"name {number}"} for number in range(COUNT)],
    "set": lambda: set(names()),
    "frozenset": lambda: frozenset(floats()),
    "tuples": lambda: [(number + 0.5,) for number in range(COUNT)],
    "complex": lambda: [complex(number, 1) for number in range(COUNT)],
    "instances": lambda: [Plain(number) for number in range(COUNT)],
    "slots": lambda: [Slotted(number) for number in range(COUNT)],
    "slots and dict": lambda: [Derived(number) for number in range(COUNT)],
    "subclass of dict": rows,
    "dataclass": lambda: [Order(number + 0.5, f"name {number}") for number in range(COUNT)],
    "deque": lambda: collections.deque(floats()),
    "OrderedDict": lambda: collections.OrderedDict(zip(names(), floats(), strict=True)),
    "defaultdict": lambda: collections.defaultdict(list, {name: [name + "!"] for name in names()}),
    "Counter": lambda: collections.Counter(names()),
    "array": lambda: array.array("d", range(COUNT)),
    "bytearray": lambda: bytearray(300_000),
    "bytes": lambda: bytes(300_000),
    "memoryview of bytes": lambda: memoryview(bytes(300_000)),
    "memoryview of a part": lambda: memoryview(array.array("d", range(COUNT)))[10:20],
    "latin text": lambda: ["\xe9" * number for number in range(1000)],
    "wide text": lambda: ["\u0416" * number for number in range(500)] + ["\U0001f600" * n for n in range(500)],
    "cycles": cycles,
    "nested 100,000 deep": nested,
    "closure": closure,
    "generator": started,
    "weak references": watched,
}


def arrays() -> dict[str, Callable[[], object]]:
    np: Any = importlib.import_module("numpy")

    def records() -> object:
        made = np.zeros(COUNT, dtype=[("price", "f8"), ("name", "O"), ("pair", "O", (2,))])
        made["name"] = names()
        made["pair"][:, 1] = floats()
        return made

    return {
        "array of floats": lambda: np.arange(COUNT * 1.0),
        "strided view": lambda: np.arange(COUNT * 1.0)[::7].reshape(-1, 1),
        "array of objects": lambda: np.array(names(), dtype=object),
        "array of text": lambda: np.array(names()),
        "records": lambda: np.zeros(COUNT, dtype=[("price", "f8"), ("count", "i4")]),
        "records with objects": records,
        "masked array": lambda: np.ma.masked_greater(np.arange(COUNT * 1.0), 5000),
        "many small arrays": lambda: [np.zeros(10) for _ in range(5000)],
        "scalars": lambda: list(np.arange(COUNT * 1.0)),
    }


def frames() -> dict[str, Callable[[], object]]:
    np: Any = importlib.import_module("numpy")
    pd: Any = importlib.import_module("pandas")

    return {
        "frame": lambda: pd.DataFrame({"price": floats(), "count": np.arange(COUNT)}),
        "frame of object text": lambda: pd.DataFrame(
            {"price": floats(), "name": pd.Series(names(), dtype=object), "count": np.arange(COUNT)}
        ),
        "shared text": lambda: pd.DataFrame(
            {"name": pd.Series([name * 10 for name in names()[:16]] * 5000, dtype=object)}
        ),
        "categorical": lambda: pd.DataFrame({"kind": pd.Categorical([str(number % 16) for number in range(200_000)])}),
        "object index": lambda: pd.Series(floats(), index=pd.Index(names(), dtype=object)),
        "nullable": lambda: pd.Series(range(COUNT), dtype="Int64"),
        "dates": lambda: pd.DataFrame({"at": pd.date_range("2020-01-01", periods=COUNT, freq="s")}),
    }


def matrices() -> dict[str, Callable[[], object]]:
    np: Any = importlib.import_module("numpy")
    sp: Any = importlib.import_module("scipy.sparse")

    return {"CSR": lambda: sp.csr_matrix(np.eye(3000)), "COO": lambda: sp.coo_matrix(np.eye(3000))}


def arrow() -> dict[str, Callable[[], object]]:
    np: Any = importlib.import_module("numpy")
    pa: Any = importlib.import_module("pyarrow")

    def table() -> Any:
        return pa.table(
            {"name": pa.array(names()), "price": pa.array(floats()), "pair": [[n, n] for n in range(COUNT)]}
        )

    return {
        "Arrow array": lambda: pa.array(floats()),
        "Arrow text": lambda: pa.array(names()),
        "Arrow text, large": lambda: pa.array(names(), type=pa.large_string()),
        "Arrow numbers with nulls": lambda: pa.array([None if number % 3 else number for number in range(COUNT)]),
        "Arrow dictionary": lambda: pa.array([str(number % 16) for number in range(COUNT)]).dictionary_encode(),
        "Arrow records": lambda: pa.array([{"price": number + 0.5, "name": str(number)} for number in range(COUNT)]),
        "Arrow chunks": lambda: pa.chunked_array([pa.array(floats()), pa.array(floats())]),
        "Arrow table": table,
        "Arrow batch": lambda: table().to_batches()[0],
        "a part of an Arrow array": lambda: pa.array(floats())[10:20],
        "a part of a buffer": lambda: pa.array(floats()).buffers()[1].slice(8, 800),
        "an array of NumPy in Arrow and by itself": lambda: [
            array := np.arange(COUNT * 1.0),
            pa.array(array),
        ],
    }


def arrow_frames() -> dict[str, Callable[[], object]]:
    pd: Any = importlib.import_module("pandas")
    importlib.import_module("pyarrow")
    return {
        "frame of Arrow text": lambda: pd.DataFrame({"name": pd.Series(names(), dtype="string[pyarrow]")}),
        "frame of Arrow numbers": lambda: pd.DataFrame({"price": pd.Series(floats(), dtype="double[pyarrow]")}),
        "index of Arrow text": lambda: pd.Series(floats(), index=pd.Index(names(), dtype="string[pyarrow]")),
    }


def polars_frames() -> dict[str, Callable[[], object]]:
    pl: Any = importlib.import_module("polars")
    many = 4_000_000

    def texts(length: int) -> list[str]:
        return [f"{number:0{length}d}" for number in range(many)]

    return {
        "Polars floats": lambda: pl.DataFrame({"price": pl.Series(range(many)).cast(pl.Float64)}),
        "Polars ints": lambda: pl.DataFrame({"count": pl.Series(range(many)), "half": pl.Series(range(many))}),
        "Polars short text": lambda: pl.DataFrame({"name": texts(8)}),
        "Polars long text": lambda: pl.DataFrame({"name": texts(40)}),
        "Polars categories": lambda: pl.DataFrame(
            {"kind": pl.Series([str(number % 16) for number in range(2 * many)]).cast(pl.Categorical)}
        ),
        "Polars series": lambda: [pl.Series(range(many)), {"other": pl.Series(range(many))}],
    }


def resident() -> int:
    """Bytes of the process that are in memory."""
    with open("/proc/self/statm", encoding="ascii") as numbers:
        return int(numbers.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def allocated() -> int:
    """Bytes of Python's objects, and of Arrow's pool where Arrow is there."""
    arrow: Any = sys.modules.get("pyarrow")
    return tracemalloc.get_traced_memory()[0] + (arrow.total_allocated_bytes() if arrow else 0)


def measure(make: Callable[[], object], bytes_in_use: Callable[[], int]) -> list[int]:
    """Bytes freed, `sizeof`, own bytes."""
    # What the libraries keep from the first time is theirs.
    made: object = make()
    heapwise.sizeof(made)
    del made
    gc.collect()
    if bytes_in_use is allocated:
        tracemalloc.start()
    made = make()
    gc.collect()
    said = heapwise.sizeof(made)
    own = heapwise.explain_size(made).own_bytes
    gc.collect()
    before = bytes_in_use()
    del made
    gc.collect()
    freed = before - bytes_in_use()
    tracemalloc.stop()
    return [freed, said, own]


def main() -> None:
    groups = {
        "builtin": lambda: BUILTIN,
        "numpy": arrays,
        "pandas": frames,
        "scipy": matrices,
        "pyarrow": arrow,
        "pandas with pyarrow": arrow_frames,
        "polars": polars_frames,
    }
    group = sys.argv[1]
    if group == "polars":
        # Read when Polars is loaded: its allocator gives back at once what is freed.
        os.environ["_RJEM_MALLOC_CONF"] = "dirty_decay_ms:0,muzzy_decay_ms:0"
    bytes_in_use = resident if group == "polars" else allocated
    print(json.dumps({name: measure(make, bytes_in_use) for name, make in groups[group]().items()}))


if __name__ == "__main__":
    main()
