"""Prints what a program can see of how it was started, as JSON: the same with and without heapwise."""

import gc
import json
import os
import resource
import signal
import sys
import threading

import __main__


def disposition(number: int) -> str:
    """How a signal is handled."""
    handler = signal.getsignal(number)
    return handler.name if isinstance(handler, signal.Handlers) else str(handler)


facts = {
    "__name__": __name__,
    "__file__": globals().get("__file__"),
    "__package__": __package__,
    "__spec__": getattr(__spec__, "name", None),
    "__main__": sorted(vars(__main__)),
    "main is this module": vars(__main__) is globals(),
    "argv": sys.argv,
    "path": sys.path,
    "flags": str(sys.flags),
    "warnoptions": sys.warnoptions,
    "trace and profile functions": [sys.gettrace(), sys.getprofile()],
    "hooks": [sys.displayhook is sys.__displayhook__, sys.excepthook is sys.__excepthook__],
    "encodings": [sys.stdin.encoding, sys.stdout.encoding, sys.stderr.errors, sys.getfilesystemencoding()],
    "recursion limit": sys.getrecursionlimit(),
    "limits": [resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_CORE)],
    "gc": [gc.isenabled(), gc.get_threshold(), len(gc.callbacks)],
    "threads": [thread.name for thread in threading.enumerate()],
    "signals": {int(number): disposition(number) for number in sorted(signal.valid_signals())},
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
    "cwd": os.getcwd(),
    "umask": os.umask(0o22),
    "terminals": [os.isatty(number) for number in range(3)],
    # Some shells note in `_` what they start.
    "environment": {
        name: value for name, value in sorted(os.environ.items()) if name != "_" and not name.startswith("HEAPWISE_")
    },
}
print(json.dumps(facts, indent=1, default=str))
