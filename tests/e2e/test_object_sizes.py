"""The arithmetic of expectations agrees with CPython itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from interpreters import Environment
from object_sizes import NO_SIZES, Expression, ObjectSizes, appended_list_slots, extended_bytearray_buffer


def test_a_list_grows_as_computed() -> None:
    grown: list[None] = []
    empty = sys.getsizeof(grown)
    for count in range(1, 5_000):
        grown.append(None)
        assert sys.getsizeof(grown) == empty + 8 * appended_list_slots(count), count


@pytest.mark.parametrize("step", [1, 7, 100, 4_096])
def test_a_bytearray_grows_as_computed(step: int) -> None:
    grown = bytearray()
    empty = sys.getsizeof(grown)
    for times in range(1, 500):
        grown += bytes(step)
        assert sys.getsizeof(grown) == empty + extended_bytearray_buffer(step, times), times


def test_sizes_are_those_of_the_interpreter(environment: Environment) -> None:
    ask = """
import json, sys
print(json.dumps([sys.getsizeof(x) for x in (bytearray(1000), bytes(1000), "x" * 1000, [None] * 1000, (1, 2, 3))]))
"""
    answer = subprocess.run([environment.python, "-c", ask], check=True, capture_output=True, text=True).stdout
    functions = environment.sizes.functions()
    computed = [functions[f"{name}_of"](1_000) for name in ("bytearray", "bytes", "ascii_str", "list")]
    assert [*computed, functions["tuple_of"](3)] == [int(size) for size in answer.strip("[]\n").split(",")]


def test_an_expression_is_evaluated() -> None:
    sizes = ObjectSizes.of(Path(sys.executable))
    expression = Expression.parse("2 * BLOCK + bytes_of(10 - 3) // 1 - 7 % 4")
    assert expression.names == {"BLOCK"}
    assert expression.value(sizes, {"BLOCK": 100}) == 200 + sys.getsizeof(b"x" * 7) - 3
    assert Expression.parse("floats(3)").value(NO_SIZES, {}) == 0
