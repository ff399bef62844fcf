"""__del__ that allocates: run by del, by the cyclic collector, and at the end of the interpreter.

Three finalizers keep 40 MB each; the one at the end of the interpreter makes the peak: 120 MB, of which a global list of a module
that is still there holds all.
"""
# let: MB = 1_000_000
# expect: peak_heap_bytes ~ 120 * MB
# expect: line FINAL self ~ 120 * MB
# expect: line DEL self < 1%
# expect: line DEL total ~ 40 * MB
# expect: line COLLECT total ~ 40 * MB
# expect: function __del__ self ~ 120 * MB
# expect: function __del__ total ~ 120 * MB

import gc


class Last:
    kept: list[bytearray] = []

    def __del__(self, kept: list[bytearray] = kept) -> None:
        kept.append(bytearray(40_000_000))  # <FINAL>


first = Last()
del first  # <DEL>
cycle = Last()
cycle.itself = cycle  # type: ignore[attr-defined]
del cycle
gc.collect()  # <COLLECT>
at_the_end = Last()
