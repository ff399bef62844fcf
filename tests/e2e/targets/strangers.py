"""Starts children that heapwise is not in, and waits until the launcher has looked at them; prints their process ids.

The launcher looks from a thread of its own, which sleeps between two looks. That it has gone to sleep some times more
is how this program knows that it has looked.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

LAUNCHER = Path(f"/proc/{os.getppid()}/task")
LOOKS = 20
# Bytes that a program without Python holds.
LARGE = 80_000_000


def sleeps() -> int:
    """How often the thread of the launcher that looks has gone to sleep."""
    for thread in LAUNCHER.iterdir():
        if (thread / "comm").read_text() == "descendants\n":
            lines = (thread / "status").read_text().splitlines()
            return next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))
    # Without heapwise nobody looks.
    return sys.maxsize


def child(*command: str, environment: "dict[str, str] | None" = None) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment)


python = [sys.executable, "-c", "input()"]
children = {
    "followed": child(*python),
    "cleared": child(*python, environment={}),
    "by env": child("/usr/bin/env", "-i", *python),
    "without site": child(sys.executable, "-S", "-c", "input()"),
    "small": child("cat"),
    # It keeps a line that does not end, and waits for more of it.
    "large": child("sort"),
}
large = children["large"].stdin
assert large is not None
large.write(b"x" * LARGE)
large.flush()
before = sleeps()
while sleeps() < before + LOOKS and before < sys.maxsize:
    pass
print(json.dumps({name: process.pid for name, process in children.items()}))
for process in children.values():
    process.communicate(b"\n")
