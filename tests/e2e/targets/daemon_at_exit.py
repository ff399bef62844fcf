"""Ends while a daemon thread is allocating, after another thread has ended, with an exit handler last."""

import atexit
import threading

started = threading.Event()


def churn() -> None:
    """Allocates and frees for ever."""
    while True:
        blocks = [bytearray(size) for size in (10, 1_000, 100_000)]
        started.set()
        del blocks


def late() -> None:
    """Ends after the main thread has."""
    threading.main_thread().join()
    print("late thread", flush=True)


atexit.register(lambda: print("exit handler", len(bytearray(100_000))))
threading.Thread(target=churn, daemon=True).start()
threading.Thread(target=late).start()
started.wait()
print("main ends", flush=True)
