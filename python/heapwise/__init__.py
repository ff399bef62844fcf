"""heapwise, a memory profiler for Python programs.

``sizeof`` and ``explain_size`` measure one object. All else is done by the ``heapwise`` program (see
``heapwise.__main__``) and the agent library (see ``heapwise._start``).

Invariant: this package is imported at the start of every profiled process, so it imports nothing and does nothing.
"""

__all__ = ["__version__", "explain_size", "sizeof"]

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from heapwise.sizes import Size


def sizeof(obj: object) -> int:
    """Bytes that ``obj`` keeps alive: itself and all that it refers to, each object and each buffer once.

    A view of an array counts with the whole array that it is a view of. What belongs to the interpreter is left out:
    modules, classes, code, and objects that never end. Arrow's arrays and tables and Polars' frames and series count
    with their buffers; what Polars keeps beside these, the names of categories for one, and what a lazy frame would
    read are not seen. Nothing is sampled, and no method of the user's classes is called. Raises RuntimeError in an
    interpreter whose objects cannot be read.
    """
    from heapwise.sizes import sizeof

    return sizeof(obj)


def explain_size(obj: object) -> "Size":
    """What the bytes of ``sizeof(obj)`` are: the object with its parts, largest first. Print it to read it."""
    from heapwise.sizes import explain_size

    return explain_size(obj)
