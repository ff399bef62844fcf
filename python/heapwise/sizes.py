"""Sizes of objects, measured by the agent library: ``heapwise.sizeof`` and ``heapwise.explain_size``.

Invariant: the numbers are the agent's; here they are only put into words. Nothing is recorded by importing this.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from heapwise import _agent

__all__ = ["Size", "explain_size", "sizeof"]

_MOST_PARTS = 20
_WIDEST_NAME = 40


@dataclass(frozen=True, repr=False)
class Size:
    """An object, or a part of one, with its bytes."""

    name: str
    """What to write behind the object to reach the part, such as ``['rows']`` or ``.cache``; empty for the object."""
    type: str
    """The type with its module: ``dict``, ``numpy.ndarray``, ``app.Order``."""
    bytes: int
    """Bytes that it keeps alive, itself included, each once. Parts may have bytes in common."""
    own_bytes: int
    """Of these, what would be freed with it: of the object, with its last name; of a part, by removing it alone."""
    dtype: str | None = None
    """The element type of arrays and columns."""
    shape: tuple[int, ...] | None = None
    """The shape of arrays and frames."""
    length: int | None = None
    """The number of elements of what has no shape."""
    parts: tuple[Size, ...] = ()
    """Elements and attributes that hold at least a hundredth, largest first; at most 40, and three deep."""

    @property
    def shared_bytes(self) -> int:
        """Bytes that others keep alive too."""
        return self.bytes - self.own_bytes

    def __repr__(self) -> str:
        return f"<{self._said()}: {_bytes(self.bytes)}>"

    def __str__(self) -> str:
        total = _bytes(self.bytes)
        if self.shared_bytes:
            total += f", {_bytes(self.own_bytes)} of it held by nothing else"
        rows = list(self._rows(0))
        width = max((len(name) for name, *_ in rows), default=0)
        sizes = max((len(size) for _, size, _ in rows), default=0)
        return "\n".join(
            [f"{self._said()}: {total}", *(f"{name:<{width}}  {size:>{sizes}}  {said}" for name, size, said in rows)]
        )

    def _rows(self, depth: int) -> Iterator[tuple[str, str, str]]:
        """A line for each part, and for its parts: name, bytes, what it is."""
        indent = "  " * (depth + 1)
        for part in self.parts[:_MOST_PARTS]:
            name = part.name.removeprefix(self.name)
            if len(name) > _WIDEST_NAME:
                name = name[: _WIDEST_NAME - 3] + "..."
            yield indent + name, _bytes(part.bytes), part._said()
            yield from part._rows(depth + 1)
        left = len(self.parts) - _MOST_PARTS
        if left > 0:
            yield indent + f"... {left} more", _bytes(sum(part.own_bytes for part in self.parts[_MOST_PARTS:])), ""

    def _said(self) -> str:
        words = self.type
        if self.dtype is not None:
            words += f" {self.dtype}"
        if self.shape is not None:
            words += f" ({' x '.join(f'{length:,}' for length in self.shape)})"
        elif self.length is not None:
            words += f" of {self.length:,}"
        return words


def sizeof(obj: object) -> int:
    """See ``heapwise.sizeof``."""
    return _agent.sizeof(obj)


def explain_size(obj: object) -> Size:
    """See ``heapwise.explain_size``."""
    return _size(json.loads(_agent.explain_size(obj))["objects"][0])


def _size(found: dict[str, Any]) -> Size:
    shape = found.get("shape")
    return Size(
        name=found["name"],
        type=found["type"],
        bytes=found["bytes"],
        own_bytes=found["own_bytes"],
        dtype=found.get("dtype"),
        shape=None if shape is None else tuple(shape),
        length=found.get("length"),
        parts=tuple(_size(part) for part in found.get("parts", ())),
    )


def _bytes(count: int) -> str:
    """As the reports write it: 1 MB is 1,000,000 bytes."""
    if count < 1000:
        return f"{count} B"
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1e3:.1f} kB"
