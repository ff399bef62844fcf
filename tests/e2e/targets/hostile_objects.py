"""Objects that answer nothing: every method of theirs that is called is counted, and the count is printed at the end.

Proxies, half-built instances, cycles, a list that is 100,000 deep, and enough bytes that the heap reaches new heights
with each of them alive.
"""

from __future__ import annotations

import weakref
from typing import Any

calls: list[str] = []


def refuse(*_: Any, **__: Any) -> Any:
    calls.append("called")
    raise AssertionError("called")


class Meta(type):
    __len__ = __eq__ = __iter__ = __getattr__ = refuse
    __hash__ = type.__hash__


class Hostile(metaclass=Meta):
    __len__ = __eq__ = __getattr__ = __getattribute__ = __sizeof__ = __iter__ = __repr__ = __bool__ = __dir__ = refuse
    __class__ = property(refuse)
    __dict__ = property(refuse)
    __slots__ = ("__weakref__", "kept")


class HostileList(list):  # type: ignore[type-arg]
    __len__ = __getitem__ = __iter__ = __sizeof__ = __getattribute__ = refuse


class HostileDict(dict):  # type: ignore[type-arg]
    __len__ = __getitem__ = __iter__ = __sizeof__ = __getattribute__ = keys = items = refuse


class Link:
    pass


def made() -> list[Any]:
    hostile = Hostile()
    object.__setattr__(hostile, "kept", bytes(6_000_000))
    half = Hostile.__new__(Hostile)
    one, other = Link(), Link()
    one.other, other.other, one.load = other, one, bytes(7_000_000)  # type: ignore[attr-defined]
    deep: list[Any] = [bytes(8_000_000)]
    for _ in range(100_000):
        deep = [deep]
    everything = [
        hostile,
        half,
        HostileList([hostile, half]),
        HostileDict(a=hostile),
        weakref.proxy(hostile),
        one,
        deep,
    ]
    everything.append(everything)
    return everything


everything = made()
grown = [bytes(1_000_000) for _ in range(40)]
print(len(calls))
