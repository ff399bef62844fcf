"""How right and how fast heapwise.sizeof is, beside the other ways to measure an object.

    python benches/sizeof.py [--count 1000000] [--update benches/RESULTS.md]

Each structure is measured by every tool that is installed; the truth is what tracemalloc and Arrow's pool see freed
when it dies, of Polars' frames the memory of the process that is given back then. heapwise must be installed in this
Python. Times are CPU time of the process, of one call, of the best of so many calls as fit into two seconds, three
at most. The last column is left empty where Pympler does not look at the whole structure.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import platform
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from results import replace_block

Measure = Callable[[Any], int]
TOOLS = ("heapwise", "Pympler", "getsizeof", "pandas", "Polars", "dask")


@dataclass(frozen=True)
class Case:
    """A structure; `count` is about how many objects it consists of."""

    name: str
    make: Callable[[int], object]
    needs: tuple[str, ...] = ()
    # Whose memory only the system knows of.
    of_polars: bool = False


class Order:
    def __init__(self, number: int) -> None:
        self.price = number + 0.5
        self.name = f"order {number}"


class SlottedOrder:
    __slots__ = ("name", "price")

    def __init__(self, number: int) -> None:
        self.price = number + 0.5
        self.name = f"order {number}"


def library(name: str) -> Any:
    return importlib.import_module(name)


def names(count: int) -> list[str]:
    return [f"order {number}" for number in range(count)]


def text_frame(count: int) -> object:
    pd = library("pandas")
    return pd.DataFrame({"name": pd.Series(names(count), dtype=object), "count": range(count)})


def repeated_frame(count: int) -> object:
    pd = library("pandas")
    kinds = [f"kind {number} of the orders" for number in range(16)]
    return pd.DataFrame({"kind": pd.Series([kinds[number % 16] for number in range(count)], dtype=object)})


def floats(count: int) -> list[float]:
    return [number + 0.5 for number in range(count)]


def arrow_frame(count: int) -> object:
    pd = library("pandas")
    return pd.DataFrame({"name": pd.Series(names(count), dtype="string[pyarrow]")})


def arrow_table(count: int) -> object:
    return library("pyarrow").table({"name": names(count), "price": floats(count)})


def polars_categories(count: int) -> object:
    pl = library("polars")
    return pl.DataFrame({"kind": pl.Series([str(number % 16) for number in range(4 * count)]).cast(pl.Categorical)})


CASES = (
    Case("records (dicts)", lambda count: [{"price": n + 0.5, "name": f"order {n}"} for n in range(count // 3)]),
    Case("instances", lambda count: [Order(number) for number in range(count // 3)]),
    Case("slotted instances", lambda count: [SlottedOrder(number) for number in range(count // 3)]),
    Case("dict of text", lambda count: {name: name + "!" for name in names(count // 2)}),
    Case("set of floats", lambda count: {number + 0.5 for number in range(count)}),
    Case("one text many times", lambda count: [str(count) * 200] * count),
    Case("view of an array", lambda count: library("numpy").arange(count * 1.0)[::1000], ("numpy",)),
    Case("array of objects", lambda count: library("numpy").array(names(count), dtype=object), ("numpy",)),
    Case("frame, text", text_frame, ("pandas",)),
    Case("frame, 16 texts", repeated_frame, ("pandas",)),
    Case("frame, Arrow text", arrow_frame, ("pandas", "pyarrow")),
    Case("Arrow table", arrow_table, ("pyarrow",)),
    Case("Polars, floats", lambda count: library("polars").DataFrame({"price": floats(count)}), ("polars",), True),
    Case("Polars, text", lambda count: library("polars").DataFrame({"name": names(count)}), ("polars",), True),
    Case("Polars, 16 categories", polars_categories, ("polars",), True),
)


def pandas_size(measured: Any) -> int:
    return int(measured.memory_usage(deep=True).sum())


def polars_size(measured: Any) -> int:
    return int(measured.estimated_size())


def tools() -> dict[str, Measure]:
    """Those that are installed."""
    found: dict[str, Measure] = {"heapwise": library("heapwise").sizeof, "getsizeof": sys.getsizeof}
    sources: dict[str, tuple[str, Callable[[Any], Measure]]] = {
        "Pympler": ("pympler.asizeof", lambda module: module.asizeof),
        "pandas": ("pandas", lambda _: pandas_size),
        "Polars": ("polars", lambda _: polars_size),
        "dask": ("dask.sizeof", lambda module: module.sizeof),
    }
    for name, (module, measure) in sources.items():
        try:
            found[name] = measure(library(module))
        except ImportError:
            continue
    return found


def resident() -> int:
    """Bytes of the process that are in memory."""
    with open("/proc/self/statm", encoding="ascii") as numbers:
        return int(numbers.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def allocated() -> int:
    """Bytes of Python's objects, and of Arrow's pool."""
    arrow = sys.modules.get("pyarrow")
    return tracemalloc.get_traced_memory()[0] + (arrow.total_allocated_bytes() if arrow else 0)


def freed(case: Case, count: int) -> int:
    """Bytes that end with the structure."""
    gc.collect()
    in_use = resident if case.of_polars else allocated
    if not case.of_polars:
        tracemalloc.start()
    made: object = case.make(count)
    gc.collect()
    before = in_use()
    del made
    gc.collect()
    truth = before - in_use()
    tracemalloc.stop()
    return truth


def timed(measure: Measure, measured: object) -> tuple[int, float]:
    """What the tool says, and the CPU seconds of its fastest call."""
    times: list[float] = []
    said = 0
    while len(times) < 3 and sum(times) < 2:
        begun = time.process_time()
        said = measure(measured)
        times.append(time.process_time() - begun)
    return said, min(times)


def row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def error(said: int, truth: int) -> str:
    share = said / truth - 1
    mark = "" if abs(share) <= 0.02 else " ✗"
    return (f"{share:+.1%}" if abs(share) < 10 else f"{share + 1:,.0f} x") + mark


def duration(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.1f} ms" if seconds >= 1e-4 else "0 ms"


def tables(count: int) -> str:
    known = tools()
    columns = [name for name in TOOLS if name in known]
    errors = [row(["structure", "truth, MB", *columns]), row(["---", "---:", *["---:"] * len(columns)])]
    times = [row(["structure", *columns, "Pympler / heapwise"]), row(["---", *["---:"] * (len(columns) + 1)])]
    for case in CASES:
        try:
            for module in case.needs:
                library(module)
        except ImportError:
            continue
        case.make(1000)
        truth = freed(case, count)
        made = case.make(count)
        wrong: list[str] = []
        took: dict[str, float] = {}
        saw_all = False
        for name in columns:
            # The other libraries measure their own frames only.
            method = {"pandas": "memory_usage", "Polars": "estimated_size"}.get(name)
            if method and not hasattr(made, method):
                wrong.append("")
                continue
            try:
                said, took[name] = timed(known[name], made)
            except Exception as problem:
                print(f"{name}, {case.name}: {problem!r}", file=sys.stderr)
                wrong.append("fails")
                continue
            wrong.append(error(said, truth))
            saw_all |= name == "Pympler" and said >= 0.9 * truth
        del made
        gc.collect()
        print(f"{case.name}: {wrong}", file=sys.stderr)
        errors.append(row([case.name, f"{truth / 1e6:.1f}", *wrong]))
        ratio = f"{took['Pympler'] / took['heapwise']:,.0f}" if saw_all else ""
        times.append(row([case.name, *(duration(took[name]) if name in took else "" for name in columns), ratio]))
    missing = [name for name in TOOLS if name not in known]
    parts = [
        heading(count, missing),
        "**Error** against the bytes that are freed when the structure dies; ✗ where it is off by more than 2 %",
        "\n".join(errors),
        "**CPU time** of one call",
        "\n".join(times),
    ]
    return "\n\n".join(parts)


def heading(count: int, missing: list[str]) -> str:
    packages = [f"heapwise {library('heapwise').__version__}"]
    for package in ("pympler", "numpy", "pandas", "pyarrow", "polars", "dask"):
        try:
            packages.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    lacks = f" Not installed: {', '.join(missing)}." if missing else ""
    return (
        f"Measured {when} with `python benches/sizeof.py --count {count}`; "
        f"load of the machine {os.getloadavg()[0]:.1f}.\n"
        f"CPython {platform.python_version()}; {'; '.join(packages)}.{lacks}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000, help="objects of each structure, about")
    parser.add_argument("--update", type=Path, metavar="FILE", help="replace the marked block of this Markdown file")
    options = parser.parse_args()
    # Read when Polars is loaded: its allocator gives back at once what is freed.
    os.environ["_RJEM_MALLOC_CONF"] = "dirty_decay_ms:0,muzzy_decay_ms:0"
    block = tables(options.count)
    print(block)
    if options.update:
        replace_block(options.update, "sizeof.py", block)


if __name__ == "__main__":
    main()
