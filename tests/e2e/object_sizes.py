"""Arithmetic for expectations: requested bytes of CPython's objects, and the small language they are written in.

Invariant: nothing here looks at heapwise. The few sizes that differ between CPython versions are asked from the
interpreter under test (`sys.getsizeof`, which includes the header of the garbage collector); growth of lists and
bytearrays is computed from the rule that CPython documents in its sources. All sizes are requested bytes.
"""

from __future__ import annotations

import ast
import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_MEASURE = """
import json, sys
print(json.dumps({
    "bytearray": sys.getsizeof(bytearray()),
    "bytes": sys.getsizeof(b""),
    "text": sys.getsizeof(""),
    "list": sys.getsizeof([]),
    "tuple": sys.getsizeof((0, 0)) - 16,
    "float": sys.getsizeof(0.5),
    "dict_of_one": sys.getsizeof({"k": 0}),
}))
"""

POINTER = 8


class ExpressionError(ValueError):
    """An expression in a header is not in the language; the text says what is wrong."""


@dataclass(frozen=True)
class ObjectSizes:
    """Requested bytes of empty objects of one interpreter, garbage collector's header included."""

    bytearray: int
    bytes: int
    text: int
    list: int
    tuple: int
    float: int
    dict_of_one: int

    @classmethod
    def of(cls, python: Path) -> ObjectSizes:
        """Asks `python` for its sizes."""
        text = subprocess.run([python, "-I", "-c", _MEASURE], check=True, capture_output=True, timeout=60).stdout
        return cls(**json.loads(text))

    def functions(self) -> Mapping[str, Callable[..., int]]:
        """The functions that an expression may call, by name."""
        return {
            "bytearray_of": lambda n: self.bytearray + (n + 1 if n else 0),
            "bytes_of": lambda n: self.bytes + n,
            "ascii_str_of": lambda n: self.text + n,
            "list_of": lambda n: self.list + POINTER * n,
            "tuple_of": lambda n: self.tuple + POINTER * n,
            "floats": lambda n: self.float * n,
            "dicts_of_one": lambda n: self.dict_of_one * n,
            "appended_list_buffer": lambda n: POINTER * appended_list_slots(n),
            "extended_bytearray_buffer": extended_bytearray_buffer,
        }


def appended_list_slots(count: int) -> int:
    """Slots of a list that grew by `count` single appends: an eighth and six more each time, rounded down to four."""
    slots = 0
    while slots < count:
        size = slots + 1
        slots = (size + (size >> 3) + 6) & ~3
    return slots


def extended_bytearray_buffer(step: int, times: int) -> int:
    """Bytes of the buffer of an empty bytearray after `times` extensions by `step` bytes.

    A request of at most 1.125 times the buffer adds an eighth and six bytes, a larger one is met exactly; each with
    a closing zero byte.
    """
    buffer = 0
    for size in range(step, step * times + 1, step):
        if size + 1 > buffer:
            buffer = size + (size >> 3) + (3 if size < 9 else 6) if size <= buffer * 1.125 else size + 1
    return buffer


_OPERATORS: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
}

# For checking an expression before any interpreter is known.
NO_SIZES = ObjectSizes(bytearray=0, bytes=0, text=0, list=0, tuple=0, float=0, dict_of_one=0)
_NAMES_OF_FUNCTIONS = frozenset(NO_SIZES.functions())


@dataclass(frozen=True)
class Expression:
    """A checked expression over integers: `+ - * // %`, names, and the functions of `ObjectSizes`."""

    text: str
    names: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Checks `text`; raises `ExpressionError` for anything that is not in the language."""
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except SyntaxError as error:
            raise ExpressionError(f"not an expression: {text!r}") from error
        return cls(text.strip(), frozenset(_names(tree)))

    def value(self, sizes: ObjectSizes, names: Mapping[str, int]) -> int:
        """The number, for one interpreter."""
        return _value(ast.parse(self.text, mode="eval").body, sizes.functions(), names)


def _names(node: ast.expr) -> list[str]:
    match node:
        case ast.Constant(value=value) if type(value) is int:
            return []
        case ast.Name(id=name):
            return [name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _names(left) + _names(right)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _NAMES_OF_FUNCTIONS:
            return [inner for argument in arguments for inner in _names(argument)]
        case _:
            raise ExpressionError(f"not in the language of expectations: {ast.unparse(node)!r}")


def _value(node: ast.expr, functions: Mapping[str, Callable[..., int]], names: Mapping[str, int]) -> int:
    match node:
        case ast.Constant(value=int(value)):
            return value
        case ast.Name(id=name):
            return names[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_value(left, functions, names), _value(right, functions, names))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return functions[name](*(_value(argument, functions, names) for argument in arguments))
        case _:
            raise ExpressionError(f"not in the language of expectations: {ast.unparse(node)!r}")
