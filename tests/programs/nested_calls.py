"""Self and total of each level of nested calls.

outer calls middle twice (10 MB of its own and 30 MB through inner, each time) and inner once more (20 MB):
inner holds 80 MB itself, middle 20 MB itself and 80 MB with callees, outer nothing itself and all 100 MB with callees.
"""
# let: MB = 1_000_000
# expect: peak_heap_bytes ~ 100 * MB
# expect: line INNER self ~ 80 * MB
# expect: line INNER total ~ 80 * MB
# expect: line MIDDLE_OWN self ~ 20 * MB
# expect: line MIDDLE_OWN total ~ 20 * MB
# expect: line MIDDLE_CALL self < 1%
# expect: line MIDDLE_CALL total ~ 60 * MB
# expect: line OUTER_FIRST total ~ 40 * MB
# expect: line OUTER_SECOND total ~ 40 * MB
# expect: line OUTER_INNER total ~ 20 * MB
# expect: line TOP self < 1%
# expect: line TOP total ~ 100 * MB
# expect: function inner self ~ 80 * MB
# expect: function inner total ~ 80 * MB
# expect: function middle self ~ 20 * MB
# expect: function middle total ~ 80 * MB
# expect: function outer self ~ 0
# expect: function outer total ~ 100 * MB
# expect: line INNER in inner
# expect: line MIDDLE_OWN in middle


def inner(size: int) -> bytearray:
    return bytearray(size)  # <INNER>


def middle() -> list[bytearray]:
    own = bytearray(10_000_000)  # <MIDDLE_OWN>
    return [own, inner(30_000_000)]  # <MIDDLE_CALL>


def outer() -> list[list[bytearray]]:
    first = middle()  # <OUTER_FIRST>
    second = middle()  # <OUTER_SECOND>
    return [first, second, [inner(20_000_000)]]  # <OUTER_INNER>


everything = outer()  # <TOP>
