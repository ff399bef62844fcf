"""Decorators: the wrapper's own memory and the wrapped function's, a property, and a context manager made of a generator.

20 MB in the wrapper, 30 MB in the function below it, 15 MB in a property, 35 MB in a generator behind contextlib.
Importing contextlib and functools takes up to 1 MB.
"""
# let: MB = 1_000_000
# expect: peak_heap_bytes ~ 100 * MB .. 101 * MB
# expect: line WRAPPER self ~ 20 * MB
# expect: line WRAPPED self ~ 30 * MB
# expect: line PASS_ON total ~ 30 * MB
# expect: line CALL total ~ 50 * MB
# expect: line PROPERTY self ~ 15 * MB
# expect: line GET total ~ 15 * MB
# expect: line MANAGER self ~ 35 * MB
# expect: line WITH self < 1%
# expect: line WITH total ~ 35 * MB
# expect: function wrapper self ~ 20 * MB
# expect: function load self ~ 30 * MB

import contextlib
import functools
from collections.abc import Callable, Iterator


def keeping(function: Callable[[], bytearray]) -> Callable[[], list[bytearray]]:
    @functools.wraps(function)
    def wrapper() -> list[bytearray]:
        own = bytearray(20_000_000)  # <WRAPPER>
        return [own, function()]  # <PASS_ON>

    return wrapper


@keeping
def load() -> bytearray:
    return bytearray(30_000_000)  # <WRAPPED>


class Table:
    @property
    def column(self) -> bytearray:
        return bytearray(15_000_000)  # <PROPERTY>


@contextlib.contextmanager
def scratch() -> Iterator[bytearray]:
    yield bytearray(35_000_000)  # <MANAGER>


loaded = load()  # <CALL>
column = Table().column  # <GET>
with scratch() as space:  # <WITH>
    size = len(space)
