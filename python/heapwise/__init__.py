"""heapwise, a memory profiler for Python programs.

This package is imported at the start of every profiled process, so it imports nothing
and does nothing: the version is all there is here. The profiler itself is the ``heapwise``
program (see ``heapwise.__main__``) and the agent library (see ``heapwise._start``).
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
