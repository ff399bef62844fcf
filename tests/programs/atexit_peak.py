"""The peak is in an exit handler, after the last line of the script.

40 MB while the script runs, 80 MB more in the handler; nothing of it is leaked.
"""
# expect: peak_heap_bytes ~ 120_000_000
# expect: line SCRIPT self ~ 40_000_000
# expect: line HANDLER self ~ 80_000_000
# expect: line HANDLER leaked ~ 0
# expect: function at_exit self ~ 80_000_000
# expect: stdout "120000000\n"

import atexit


def at_exit() -> None:
    late = bytearray(80_000_000)  # <HANDLER>
    print(len(early) + len(late))


atexit.register(at_exit)
early = bytearray(40_000_000)  # <SCRIPT>
