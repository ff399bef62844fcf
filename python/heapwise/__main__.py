"""``python -m heapwise``: the ``heapwise`` program, for this interpreter.

It replaces the process by the program that was installed with this package and names this
interpreter as the one to profile with. It never interprets an argument itself.
"""

import os
import sys
import sysconfig

PROGRAM = "heapwise"


def places() -> list[str]:
    """Every path where an installer can have put the program, the likeliest first."""
    directories = [
        sysconfig.get_path("scripts"),
        sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user")),
    ]
    if sys.executable:
        directories.append(os.path.dirname(sys.executable))
    return list(dict.fromkeys(os.path.join(directory, PROGRAM) for directory in directories))


def main() -> None:
    """Becomes the ``heapwise`` program; returns only by an error message and exit code 1."""
    candidates = places()
    for program in candidates:
        if os.path.isfile(program) and os.access(program, os.X_OK):
            environment = dict(os.environ)
            if sys.executable:
                environment["HEAPWISE_PYTHON"] = sys.executable
            try:
                os.execve(program, [PROGRAM, *sys.argv[1:]], environment)
            except OSError as error:
                sys.exit(f"heapwise: cannot start {program}: {error.strerror}. {REINSTALL}")
    looked = ", ".join(candidates)
    sys.exit(f"heapwise: the {PROGRAM} program is missing; looked for {looked}. {REINSTALL}")


REINSTALL = f"Install the package again: {sys.executable or 'python'} -m pip install --force-reinstall heapwise"

if __name__ == "__main__":
    main()
