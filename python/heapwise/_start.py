"""Starts the agent in a profiled process, before the user's program begins.

``heapwise.pth`` imports this module while the interpreter starts, only if ``HEAPWISE_CAPTURE``
is in the environment. Importing the agent library is what starts it; it reads its settings from the
environment itself. With ``HEAPWISE_OVERLAY``, which ``heapwise fix --verify`` sets, some files of the program
have another text: ``heapwise._overlay``.

Invariant: a process that heapwise cannot profile runs as if heapwise were not there. The one exception
is the interpreter which the launcher itself started (``HEAPWISE_LAUNCHER_PID`` is its parent): it says why
and ends with code 78 (``EX_CONFIG``), because the person asked for a profile and nothing of the program ran yet.
Of any other process of the run a note is left beside the capture, so that the report can name it.
"""

import os
import sys

OLDEST = (3, 10)
NEWEST = (3, 14)
SUPPORTED = "CPython 3.10 to 3.14"
EXIT_UNSUPPORTED = 78
# Where a capture says how its process ended (``heapwise_capture::header``).
ENDING = 48


def unsupported() -> tuple[str, str] | None:
    """Why this interpreter cannot be profiled, and what to do; None if it may be tried."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if sys.implementation.name != "cpython":
        name = {"pypy": "PyPy", "graalpy": "GraalPy"}.get(sys.implementation.name, sys.implementation.name)
        return f"it is {name} {version}, not CPython", f"Run the program with {SUPPORTED}"
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        return f"it is Python {version}", f"Run the program with {SUPPORTED}"
    if "t" in sys.abiflags:
        return (
            f"it is a free-threaded build of Python {version}",
            f"Run the program with the standard build of the same version (python{version}, not python{version}t)",
        )
    return None


def start() -> tuple[str, str] | None:
    """Loads the agent, which starts it; otherwise the reason and what to do."""
    refusal = unsupported()
    if refusal is not None:
        return refusal
    try:
        import heapwise._agent  # noqa: F401
    except ModuleNotFoundError:
        return "the agent library is missing from the installed package", "Install heapwise again"
    except Exception as error:  # whatever is wrong with the agent, the program must not see it
        reason = str(error).strip().rstrip(".") or type(error).__name__
        return reason, f"Run the program without heapwise, or with another interpreter of {SUPPORTED}"
    return None


def started_by_launcher() -> bool:
    """Whether this is the process that ``heapwise run`` itself started, not a child of the program."""
    return os.environ.get("HEAPWISE_LAUNCHER_PID") == str(os.getppid())


def in_subinterpreter() -> bool:
    """Whether this is not the main interpreter of the process, which the agent is loaded into already.

    One with a GIL of its own (3.12 and newer) refuses such libraries. The one function that the main interpreter
    refuses tells them apart; where it is missing, no interpreter refuses.
    """
    import _imp

    check = getattr(_imp, "_override_multi_interp_extensions_check", None)
    try:
        return check is not None and check(check(0)) is not None
    except RuntimeError:
        return False


def refuse(reason: str, advice: str) -> None:
    """Ends the process with one line on stderr."""
    line = f"heapwise: cannot profile this interpreter: {reason}. {advice}.\n"
    try:
        os.write(2, line.encode("utf-8", "backslashreplace"))
    finally:
        os._exit(EXIT_UNSUPPORTED)


def leave_note(reason: str) -> None:
    """Leaves word of this process, which runs without a profile, where the processes of the run record."""
    try:
        capture = os.environ["HEAPWISE_CAPTURE"]
        # Without a launcher nobody reads it; and once the launcher has stamped the capture, the run is over.
        if "HEAPWISE_LAUNCHER_PID" not in os.environ:
            return
        with open(capture, "rb") as run:
            run.seek(ENDING)
            if run.read(4) != b"\0\0\0\0":
                return
        folder = capture + ".children"
        os.makedirs(folder, exist_ok=True)
        words = "\0".join([sys.executable or "python", *getattr(sys, "orig_argv", sys.argv)[1:]])
        text = f"{os.getpid()} {os.getppid()}\n{reason}\n{words}"
        with open(f"{folder}/{os.getpid()}.note", "wb") as note:
            note.write(text.encode("utf-8", "backslashreplace"))
    except Exception:  # whatever is wrong, the program must not see it
        return


if "HEAPWISE_CAPTURE" in os.environ:
    _refusal = start()
    if _refusal is not None and not in_subinterpreter():
        if started_by_launcher():
            refuse(*_refusal)
        else:
            leave_note(_refusal[0])
if "HEAPWISE_OVERLAY" in os.environ:
    try:
        import heapwise._overlay  # noqa: F401
    except Exception as error:  # to run the files as they are would prove something else than was asked
        refuse(f"the edited files cannot be read ({error})", "Run heapwise fix --verify again")
