"""Starts children that hold memory while the parent holds some, in the way that the first argument names.

Each child holds 40 MB and says so through a pipe; the parent then holds 30 MB, lets the clock of the system tick, and
lets the children go. All hold it at one moment, so the peak of all is 30 MB and 40 MB for each child.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from typing import Any

CHILDREN = 3
# Of Linux; the time module has no name for it.
MONOTONIC_COARSE = 6

# What a process keeps to its very end.
lasting: list[bytearray] = []


def tick() -> None:
    """Returns when the coarse clock, by which events are dated, has gone on twice."""
    for _ in range(2):
        before = time.clock_gettime(MONOTONIC_COARSE)
        while time.clock_gettime(MONOTONIC_COARSE) == before:
            pass


def hold(ready: Connection, go: Connection) -> None:
    block = bytearray(40_000_000)  # <CHILD>
    ready.send_bytes(b"held")
    go.recv_bytes()
    assert len(block) == 40_000_000


def with_processes(method: str) -> None:
    # typeshed's base class of contexts does not tell of `Process`
    context: Any = multiprocessing.get_context(method)
    workers = []
    for _ in range(CHILDREN):
        here, ready = context.Pipe()
        worker = context.Process(target=hold, args=(ready, ready))
        worker.start()
        workers.append((worker, here))
    for _, pipe in workers:
        pipe.recv_bytes()
    block = bytearray(30_000_000)  # <PARENT>
    tick()
    for worker, pipe in workers:
        pipe.send_bytes(b"go")
        worker.join()
    print(len(block), [worker.exitcode for worker, _ in workers])


def with_forks(end: str) -> None:
    """Children that end by `os._exit` or are killed."""
    children = []
    for _ in range(CHILDREN):
        ready, tell = os.pipe()
        wait, go = os.pipe()
        pid = os.fork()
        if pid == 0:
            block = bytearray(40_000_000)  # <FORKED>
            tick()
            os.write(tell, b"1")
            os.read(wait, 1)
            sign = bytearray(100_000)
            os.write(tell, b"1")
            os.read(wait, 1)
            os._exit(3 + (len(block) + len(sign)) % 2)
        os.read(ready, 1)
        children.append((pid, ready, go))
    block = bytearray(30_000_000)  # <PARENT>
    tick()
    # Of a process that is killed nothing is known behind the last that was heard of it.
    for _, ready, go in children:
        os.write(go, b"1")
        os.read(ready, 1)
    statuses = []
    for pid, _, go in children:
        if end == "kill":
            os.kill(pid, signal.SIGKILL)
        else:
            os.write(go, b"1")
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    print(len(block), statuses)


def with_subprocesses() -> None:
    code = "block = bytearray(40_000_000); print(len(block), flush=True); input()"
    children = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(CHILDREN)
    ]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    block = bytearray(30_000_000)  # <PARENT>
    tick()
    for child in children:
        child.communicate(b"\n")
    subprocess.run(["true"], check=True)
    print(len(block), [child.returncode for child in children])


def with_shared_pages() -> None:
    """Children that read what the parent holds, and hold nothing."""
    block = bytearray(120_000_000)  # <PARENT>
    for _ in range(CHILDREN):
        pid = os.fork()
        if pid == 0:
            os._exit(block.count(1))
        assert os.waitpid(pid, 0)[1] == 0
    print(len(block), [0, 0, 0])


def fill_pages() -> None:
    block = bytearray(120_000_000)  # <PARENT>
    block[::4096] = bytes([1]) * len(range(0, len(block), 4096))
    lasting.append(block)


def with_brief_children() -> None:
    """Children that have the parent's 120 MB, allocate something and end at once, by way of Python's own end, which
    gives the memory back."""
    fill_pages()
    statuses = []
    for _ in range(CHILDREN):
        pid = os.fork()
        if pid == 0:
            kept = bytearray(1_000_000)
            sys.exit(len(kept) % 2)
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    print(statuses)


def with_mapped_pages() -> None:
    """Children that have all that the parent holds in their memory, at one moment, and allocate something."""
    fill_pages()
    children = []
    for _ in range(CHILDREN):
        ready, tell = os.pipe()
        wait, go = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(tell, b"1")
            os.read(wait, 1)
            kept = bytearray(1_000_000)
            os.write(tell, b"1")
            os.read(wait, 1)
            sys.exit(len(kept) % 2)
        os.read(ready, 1)
        children.append((pid, ready, go))
    for _, ready, go in children:
        os.write(go, b"1")
        os.read(ready, 1)
    # Each has a capture now, and looks at its memory when it ends: one after the other, while the others are there.
    statuses = []
    for pid, _, go in children:
        os.write(go, b"1")
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    print(len(lasting[0]), statuses)


if __name__ == "__main__":
    how = sys.argv[1]
    if how in ("fork", "spawn", "forkserver"):
        with_processes(how)
    elif how in ("exit", "kill"):
        with_forks(how)
    elif how == "subprocess":
        with_subprocesses()
    elif how == "mapped":
        with_mapped_pages()
    elif how == "brief":
        with_brief_children()
    else:
        with_shared_pages()
