"""What a page is given, made by hand: a run whose numbers never change, so that its pictures can be compared.

Invariant: the payload is one that `heapwise_page` could have written; its parts add up as those of a real run do.
"""

from __future__ import annotations

from typing import Any

MOMENTS = 80
PEAK = 52
MB = 1_000_000
SOURCE = """\
import json
import numpy as np
import pandas as pd

def load(path):
    orders = pd.read_csv(path)
    orders["day"] = pd.to_datetime(orders["time"])
    return orders

def features(orders):
    wide = pd.get_dummies(orders, columns=["customer", "day"])
    return np.column_stack([wide.to_numpy(), np.ones(len(wide))])

def main():
    orders = load("orders.csv")
    design = features(orders)
    settings = json.load(open("settings.json"))
    print(design.shape, settings)

main()
"""
FILES = [
    ("", "", 0, ""),
    ("/home/ana/orders/report.py", "report.py", 3, ""),
    ("/opt/venv/lib/python3.12/site-packages/pandas/io/parsers.py", "pandas/io/parsers.py", 1, "pandas"),
    ("/opt/venv/lib/python3.12/site-packages/pandas/core/reshape.py", "pandas/core/reshape.py", 1, "pandas"),
    ("/opt/venv/lib/python3.12/site-packages/numpy/lib/shape.py", "numpy/lib/shape.py", 1, "numpy"),
    ("/usr/lib/python3.12/json/decoder.py", "json/decoder.py", 0, "json"),
]
# Name, file, line of the def.
FUNCTIONS = [
    ("<no Python>", 0, 0),
    ("<module>", 1, 1),
    ("main", 1, 14),
    ("load", 1, 5),
    ("features", 1, 10),
    ("read_csv", 2, 800),
    ("get_dummies", 3, 40),
    ("column_stack", 4, 220),
    ("raw_decode", 5, 340),
]
# Function, line, parent line, bytes held at the peak, the moments of the first and the last byte.
CALLS = [
    (0, 0, -1, 0.4, 0, 80),
    (1, 20, -1, 0.1, 0, 80),
    (1, 3, -1, 34.2, 1, 80),
    (2, 15, 1, 0.0, 4, 80),
    (3, 6, 3, 1.2, 5, 74),
    (5, 812, 4, 96.3, 6, 74),
    (3, 7, 3, 18.4, 22, 74),
    (2, 16, 1, 0.0, 26, 80),
    (4, 11, 7, 2.6, 27, 60),
    (6, 66, 8, 141.0, 27, 60),
    (4, 12, 7, 0.3, 40, 78),
    (7, 231, 10, 152.8, 44, 78),
    (2, 17, 1, 0.0, 60, 70),
    (8, 356, 12, 9.5, 61, 70),
]


def payload() -> dict[str, Any]:
    """The whole of it."""
    lines = sorted({(0, 0)} | {(function, line) for function, line, *_ in CALLS})
    number = {place: at for at, place in enumerate(lines)}
    peak_of = [round(held * MB) if first <= PEAK < last else 0 for _, _, _, held, first, last in CALLS]
    total_of = list(peak_of)
    for at in reversed(range(len(CALLS))):
        if CALLS[at][2] >= 0:
            total_of[CALLS[at][2]] += total_of[at]
    own, total, user = ([0] * len(lines) for _ in range(3))
    for at, (function, line, parent, *_) in enumerate(CALLS):
        place = number[function, line]
        own[place] += peak_of[at]
        total[place] += total_of[at]
        nearest = at
        while FILES[FUNCTIONS[CALLS[nearest][0]][1]][2] < 3 and parent >= 0:
            nearest = parent
            parent = CALLS[nearest][2]
        user[number[CALLS[nearest][0], CALLS[nearest][1]]] += peak_of[at]
    heap = [_heap(moment) for moment in range(MOMENTS)]
    assert max(heap) == heap[PEAK] == sum(peak_of)
    times = [moment * 50 for moment in range(MOMENTS)]
    return {
        "run": {
            "command": ["/opt/venv/bin/python", "report.py", "--year", "2024"],
            "folder": "/home/ana/orders",
            "python": "3.12.4",
            "mode": "sampled",
            "sampling": {"threshold_bytes": 16384, "interval_bytes": 524288},
            "duration_s": 4.02,
            "exit": {"code": 0},
            "recording": "complete",
            "resident_kind": "rss",
            "processes": [],
            "problems": [],
        },
        "peak": {"heap_bytes": heap[PEAK], "error_bytes": 900_000, "time_s": times[PEAK] / 1000, "rss_bytes": 561 * MB},
        "tiny": False,
        "leaked_bytes": heap[-1],
        "temporary": {"bytes": 81 * MB, "allocations": 40_213},
        "resident": None,
        "timeline": {
            "time_ms": times,
            "heap": heap,
            "anonymous": [round(held * 1.04) + 12 * MB for held in heap],
            "file": [61 * MB] * MOMENTS,
            "shared": [0] * MOMENTS,
        },
        "moments": {"time_ms": times, "heap": heap, "peak": PEAK},
        "threads": [{"name": "MainThread", "os_id": 4711, "process": 0}],
        "processes": [{"pid": 4711, "name": "python", "own_peak_bytes": 1, "peak_bytes": 1, "start_s": 0, "end_s": 4}],
        "places": {
            "files": [
                {"name": name, "short": short, "nearness": near, "library": library}
                for name, short, near, library in FILES
            ],
            "functions": {
                "name": [name for name, _, _ in FUNCTIONS],
                "file": [file for _, file, _ in FUNCTIONS],
                "line": [line for _, _, line in FUNCTIONS],
                "own": [sum(own[number[it]] for it in lines if it[0] == at) for at in range(len(FUNCTIONS))],
                "total": [max(total[number[it]] for it in lines if it[0] == at) for at in range(len(FUNCTIONS))],
            },
            "lines": {
                "function": [function for function, _ in lines],
                "line": [line for _, line in lines],
                "own": own,
                "total": total,
                "user": user,
            },
        },
        "nodes": _nodes(number),
        "sources": [{"file": 1, "parts": [[1, SOURCE.rstrip("\n")]], "lines": SOURCE.count("\n")}],
        "looks": [{"process": 4711, "time_ms": at, "complete": True, "garbage_bytes": 0} for at in (400, 1500, 2650)],
        "objects": [
            {
                "name": "features.wide",
                "type": "pandas.DataFrame",
                "shape": [120_000, 147],
                "bytes": 141 * MB,
                "own_bytes": 141 * MB,
                "holder": {"kind": "local", "function": "features", "file": FILES[1][0], "line": 11},
                "allocated_at": {"file": FILES[1][0], "line": 11, "function": "features"},
            }
        ],
        "findings": [
            {
                "id": "dead-wide",
                "rule": "dead-variable",
                "file": FILES[1][0],
                "line": 12,
                "title": "`wide` is not used after line 12, but kept through the peak",
                "message": "Put `del wide` behind line 12.",
                "peak_saving_bytes": 97 * MB,
                "new_peak_bytes": heap[PEAK] - 97 * MB,
                "fix": None,
                "verified": {
                    "peak_before_bytes": heap[PEAK],
                    "peak_after_bytes": heap[PEAK] - 96 * MB,
                    "same_output": True,
                },
            },
            {
                "id": "dtype-orders",
                "rule": "smaller-dtype",
                "file": FILES[1][0],
                "line": 6,
                "title": "4 columns of `orders` hold small whole numbers in wide types",
                "message": "Name the types where the table is read.",
                "peak_saving_bytes": 31 * MB,
                "new_peak_bytes": heap[PEAK] - 31 * MB,
                "fix": None,
                "verified": None,
            },
        ],
        "folded": dict.fromkeys(
            ("calls", "call_bytes", "lines", "line_bytes", "source_lines", "objects", "findings", "threads"), 0
        ),
    }


def _heap(moment: int) -> int:
    return sum(round(held * MB) for _, _, _, held, first, last in CALLS if first <= moment < last)


def _nodes(number: dict[tuple[int, int], int]) -> dict[str, list[int]]:
    """The tree of calls in columns: the program, one thread, then the calls."""
    nodes: dict[str, list[int]] = {"up": [0, 1], "line": [0, 0], "steps": [0, 0]}
    steps: dict[str, list[int]] = {name: [] for name in ("gap", "change", "surplus", "kept")}
    for at, (function, line, parent, held, first, last) in enumerate(CALLS):
        nodes["up"].append(at - parent if parent >= 0 else at + 1)
        nodes["line"].append(number[function, line])
        bytes_ = round(held * MB)
        ends = last < MOMENTS
        nodes["steps"].append((1 + ends) if bytes_ else 0)
        if bytes_:
            steps["gap"] += [first + 1] + [last - first] * ends
            steps["change"] += [bytes_] + [-bytes_] * ends
            steps["surplus"] += [0] + [0] * ends
            steps["kept"] += [0 if ends else bytes_] + [0] * ends
    return {**nodes, **steps}
