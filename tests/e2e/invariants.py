"""What holds for every report, whatever the program: the numbers of a report must agree with each other.

Invariant: pure functions over a report; each broken rule is one sentence.
"""

from __future__ import annotations

from collections import defaultdict

from report_json import Report


def broken_invariants(report: Report) -> list[str]:
    """Every rule that `report` breaks."""
    broken: list[str] = []
    peak = report["peak"]["heap_bytes"]
    lines = report["lines"]
    # In the sampled mode the numbers of each line, or of each stack that leads to it, are rounded to whole bytes.
    rounding = len(lines) + peak // 50_000 if report["run"]["mode"] == "sampled" else 0
    shares: dict[str, list[int]] = {
        "lines": [line["peak_bytes"] for line in lines],
        "functions": [function["peak_bytes"] for function in report["functions"]],
        "user's lines": [line["peak_bytes"] for line in report["user_lines"]],
        "files": [file["peak_bytes"] for file in report["files"]],
        "libraries": [library["peak_bytes"] for library in report["libraries"]],
    }
    for name, parts in shares.items():
        if abs(sum(parts) - peak) > rounding:
            broken.append(f"the {name} hold {sum(parts):_} bytes at the peak, the heap is {peak:_}")
    for line in lines:
        where = f"{line['file']}:{line['line']} ({line['function']})"
        if line["peak_bytes_total"] < line["peak_bytes"]:
            broken.append(f"{where}: total {line['peak_bytes_total']:_} is below self {line['peak_bytes']:_}")
        if line["peak_bytes_total"] > peak + rounding:
            broken.append(f"{where}: total {line['peak_bytes_total']:_} is above the peak {peak:_}")
        if line["leaked_bytes"] > report["leaked_bytes"] + rounding:
            broken.append(f"{where}: leaks {line['leaked_bytes']:_}, the whole program {report['leaked_bytes']:_}")
        if line["peak_bytes"] > line["allocated_bytes"] + rounding:
            broken.append(f"{where}: holds {line['peak_bytes']:_}, allocated only {line['allocated_bytes']:_}")
        if line["allocated_bytes"] and not line["allocations"]:
            broken.append(f"{where}: {line['allocated_bytes']:_} bytes in no allocation")
        if min(line["peak_bytes"], line["allocated_bytes"], line["allocations"], line["leaked_bytes"]) < 0:
            broken.append(f"{where}: a negative number")
    keys = [(line["file"], line["line"], line["function"]) for line in lines]
    if len(set(keys)) != len(keys):
        broken.append("a line is listed twice")
    broken.extend(_broken_functions(report, rounding))
    broken.extend(_broken_times(report))
    return broken


def _broken_functions(report: Report, rounding: int) -> list[str]:
    """A function holds what its lines hold, and with callees at least what any of its lines does."""
    broken: list[str] = []
    own: defaultdict[tuple[str, str], int] = defaultdict(int)
    with_callees: defaultdict[tuple[str, str], int] = defaultdict(int)
    for line in report["lines"]:
        key = (line["file"], line["function"])
        own[key] += line["peak_bytes"]
        with_callees[key] = max(with_callees[key], line["peak_bytes_total"])
    functions: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for function in report["functions"]:
        # Functions of one name in one file (lambdas) differ by their first line only, which a line does not tell.
        entry = functions[function["file"], function["function"]]
        entry[0] += function["peak_bytes"]
        entry[1] += function["peak_bytes_total"]
        if function["peak_bytes_total"] < function["peak_bytes"]:
            broken.append(f"function {function['function']}: total below self")
    for key, held in own.items():
        listed_own, listed_total = functions.get(key, [0, 0])
        if abs(listed_own - held) > rounding:
            broken.append(f"function {key[1]} of {key[0]} holds {listed_own:_}, its lines {held:_}")
        if listed_total + rounding < with_callees[key]:
            broken.append(f"function {key[1]} of {key[0]}: total below that of one of its lines")
    return broken


def _broken_times(report: Report) -> list[str]:
    broken: list[str] = []
    duration, peak = report["run"]["duration_s"], report["peak"]
    if not 0 <= peak["time_s"] <= duration:
        broken.append(f"the peak is at {peak['time_s']} s of {duration} s")
    times = [moment["time_s"] for moment in report["timeline"]]
    if times != sorted(times):
        broken.append("the time line goes back in time")
    if times and not (times[0] >= 0 and times[-1] <= duration):
        broken.append(f"the time line leaves the run: {times[0]} s to {times[-1]} s of {duration} s")
    highest = max((moment["heap_bytes"] for moment in report["timeline"]), default=0)
    if times and highest != peak["heap_bytes"]:
        broken.append(f"the time line reaches {highest:_} bytes, the peak is {peak['heap_bytes']:_}")
    return broken
