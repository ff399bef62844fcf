"""Allocation while an exception is on its way: in except, finally, __exit__, and the locals that a traceback keeps alive.

40 MB are held by a local of the function that raised, which the stored exception keeps; 20 MB are made in an except clause, 10 MB in a
finally clause on the way out, 15 MB in __exit__, 15 MB in the handler of a nested exception.
"""
# let: MB = 1_000_000
# expect: peak_heap_bytes ~ 100 * MB
# expect: line LOCAL self ~ 40 * MB
# expect: line RAISE self < 1%
# expect: line FINALLY self ~ 10 * MB
# expect: line EXIT self ~ 15 * MB
# expect: line NESTED self ~ 15 * MB
# expect: line EXCEPT self ~ 20 * MB
# expect: line WITH total ~ 50 * MB
# expect: function __exit__ self ~ 15 * MB
# expect: function fail self ~ 50 * MB
# expect: stdout "ValueError\n"

kept: list[object] = []


class Guard:
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        kept.append(bytearray(15_000_000))  # <EXIT>


def fail() -> None:
    local = bytearray(40_000_000)  # <LOCAL>
    try:
        raise ValueError(len(local))  # <RAISE>
    finally:
        kept.append(bytearray(10_000_000))  # <FINALLY>


def attempt() -> None:
    with Guard():
        fail()  # <WITH>


try:
    attempt()
except ValueError as error:
    kept.append(error)
    kept.append(bytearray(20_000_000))  # <EXCEPT>
    try:
        raise KeyError from error
    except KeyError:
        kept.append(bytearray(15_000_000))  # <NESTED>
    print(type(error).__name__)
