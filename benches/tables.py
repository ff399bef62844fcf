"""Turns measurements into tables: medians over rounds of what was paired within a round. Pure functions."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median

from measurement import Measurement

EMPTY = "empty"

# A run, the plain run of the same round, and what the table shows of the two.
Value = Callable[[Measurement, Measurement], float]


def render(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, padded so that it reads as plain text too."""
    every = [list(head), *map(list, rows)]
    widths = [max(len(row[i]) for row in every) for i in range(len(head))]
    lines = []
    for row in every:
        cells = [
            text.rjust(width) if i else text.ljust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(f"| {' | '.join(cells)} |")
    rule = "|".join("-" * (width + 1) + (":" if i else "-") for i, width in enumerate(widths))
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]])


def paired(measurements: Sequence[Measurement], program: str, profiler: str, value: Value) -> float | None:
    """Median of a value over the good runs that have a good plain run in the same round."""
    plain = {m.round: m for m in measurements if m.program == program and m.profiler == "plain" and not m.problem}
    runs = [m for m in measurements if m.program == program and m.profiler == profiler and not m.problem]
    found = [value(m, plain[m.round]) for m in runs if m.round in plain]
    return median(found) if found else None


def cell(found: float | None, form: str) -> str:
    return "failed" if found is None else format(found, form)


def by_program(
    measurements: Sequence[Measurement],
    base: tuple[str, Value, str] | None,
    value: Value,
    form: str,
    ratios: bool,
    absent: Mapping[str, str],
) -> str:
    """A row for each program and a column for each profiler.

    `base` is the title, value and format of a column about plain Python; ratios get a mean and a worst row.
    """
    programs = [p for p in dict.fromkeys(m.program for m in measurements) if p != EMPTY]
    profilers = [p for p in dict.fromkeys(m.profiler for m in measurements) if p != "plain"]
    head = ["program", *([base[0]] if base else []), *profilers, *absent]
    blank = ["-"] * len(absent)
    table = {p: [paired(measurements, program, p, value) for program in programs] for p in profilers}
    rows = []
    for i, program in enumerate(programs):
        plain = [cell(paired(measurements, program, "plain", base[1]), base[2])] if base else []
        rows.append([program, *plain, *(cell(table[p][i], form) for p in profilers), *blank])
    if ratios:
        good = {p: [v for v in column if v is not None] for p, column in table.items()}
        means = [math.exp(sum(map(math.log, v)) / len(v)) if v else None for v in good.values()]
        worst = [max(v, default=None) for v in good.values()]
        pad = [""] if base else []
        rows.append(["geometric mean", *pad, *(cell(v, form) for v in means), *blank])
        rows.append(["worst", *pad, *(cell(v, form) for v in worst), *blank])
    return render(head, rows)


def start_up(measurements: Sequence[Measurement], absent: Mapping[str, str]) -> str:
    """What each profiler adds to a program that does nothing."""

    def row(profiler: str, sign: str, values: Sequence[Value]) -> list[str]:
        found = [paired(measurements, EMPTY, profiler, value) for value in values]
        return [
            cell(v, form) for v, form in zip(found, (f"{sign}.0f", f"{sign}.0f", f"{sign}.1f", ",.0f"), strict=True)
        ]

    own: tuple[Value, ...] = (
        lambda r, b: r.wall_s * 1e3,
        lambda r, b: r.cpu_s * 1e3,
        lambda r, b: r.max_rss_bytes / 1e6,
        lambda r, b: r.output_bytes,
    )
    added: tuple[Value, ...] = (
        lambda r, b: (r.wall_s - b.wall_s) * 1e3,
        lambda r, b: (r.cpu_s - b.cpu_s) * 1e3,
        lambda r, b: (r.max_rss_bytes - b.max_rss_bytes) / 1e6,
        lambda r, b: r.output_bytes,
    )
    profilers = [p for p in dict.fromkeys(m.profiler for m in measurements) if p != "plain"]
    rows = [["plain itself", *row("plain", "", own)], *([p, *row(p, "+", added)] for p in profilers)]
    rows.extend([name, "-", "-", "-", "-"] for name in absent)
    return render(["empty program", "wall, ms", "CPU, ms", "memory, MB", "output, bytes"], rows)


def problems(measurements: Sequence[Measurement], absent: Mapping[str, str]) -> list[str]:
    """Every profiler that did not run and every run that went wrong, once each."""
    lines = [f"{name}: not measured, {why}" for name, why in absent.items()]
    wrong = (f"{m.profiler} on {m.program}: {m.problem}" for m in measurements if m.problem)
    return lines + list(dict.fromkeys(wrong))


def report(measurements: Sequence[Measurement], absent: Mapping[str, str]) -> str:
    """All tables as one Markdown text."""
    parts = []
    if any(m.program != EMPTY for m in measurements):
        wall = by_program(
            measurements,
            ("plain, s", lambda r, b: r.wall_s, ".2f"),
            lambda r, b: r.wall_s / b.wall_s,
            ".2f",
            True,
            absent,
        )
        cpu = by_program(
            measurements, ("plain, s", lambda r, b: r.cpu_s, ".2f"), lambda r, b: r.cpu_s / b.cpu_s, ".2f", True, absent
        )
        memory = by_program(
            measurements,
            ("plain itself", lambda r, b: r.max_rss_bytes / 1e6, ".0f"),
            lambda r, b: (r.max_rss_bytes - b.max_rss_bytes) / 1e6,
            ".1f",
            False,
            absent,
        )
        output = by_program(measurements, None, lambda r, b: r.output_bytes / 1e6, ".3f", False, absent)
        parts += ["**Wall time** as a multiple of plain Python", wall]
        parts += ["**CPU time** (user + system, all processes) as a multiple of plain Python", cpu]
        parts += ["**Extra memory** over plain Python, MB (max RSS of the largest process)", memory]
        parts += ["**Output** written, MB", output]
    if any(m.program == EMPTY for m in measurements):
        parts += [
            "**Start-up**: what an empty program costs more than under plain Python",
            start_up(measurements, absent),
        ]
    wrong = problems(measurements, absent)
    if wrong:
        parts += ["Not measured or wrong:", "\n".join(f"- {line}" for line in wrong)]
    return "\n\n".join(parts)
