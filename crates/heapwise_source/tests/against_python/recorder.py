"""Runs generated programs and tells which values were read after which marks.

Reads programs from stdin, each behind a line with its length in bytes. Prints for each a line of JSON: `live`, the
(line, name) of every `mark()` at which the name had a value that was read through that name later, and `reads`, all
reads in their order. Invariant: a program is run in a process of its own, which ends when so many helpers were called.
"""

import contextlib
import json
import os
import random
import sys

MOST_CALLS = 600
NAMES = ("a", "b", "c")


class Value:
    """What variables are given: every one is another."""

    def __init__(self):
        self.serial = recorder.number()

    def __iadd__(self, name):
        recorder.read(self, name)
        return Value()


class TroubleError(Exception):
    """What programs raise and catch."""

    def __init__(self):
        super().__init__()
        self.serial = recorder.number()


class Recorder:
    """What happened in one program."""

    def __init__(self, seed, out):
        self.random = random.Random(seed)
        self.out = out
        self.calls = 0
        self.serial = 0
        self.kept = []
        self.marks = {}
        self.live = set()
        self.reads = []

    def call(self):
        self.calls += 1
        if self.calls > MOST_CALLS:
            self.end("endless")

    def number(self):
        self.serial += 1
        return self.serial

    def chance(self, share):
        self.call()
        return self.random.random() < share

    def read(self, value, name):
        self.call()
        serial = getattr(value, "serial", None)
        self.live.update(self.marks.get((serial, name), ()))
        self.reads.append((name, serial))

    def end(self, how):
        result = {"live": sorted(self.live), "reads": self.reads, "end": how}
        self.out.write(json.dumps(result) + "\n")
        self.out.flush()
        os._exit(0)


def mark():
    """A statement at which it is asked what is dead."""
    recorder.call()
    frame = sys._getframe(1)
    code = frame.f_code
    own = {*code.co_varnames, *code.co_cellvars, *code.co_freevars}
    for name in NAMES:
        variables = frame.f_locals if name in own else frame.f_globals
        serial = getattr(variables.get(name), "serial", None)
        if serial is not None:
            recorder.marks.setdefault((serial, name), set()).add((frame.f_lineno, name))


def use(value, name):
    recorder.read(value, name)


def test(value, name):
    recorder.read(value, name)
    return recorder.chance(0.5)


def new():
    recorder.call()
    return Value()


def maybe():
    return recorder.chance(0.5)


def risky():
    if recorder.chance(0.3):
        raise TroubleError


def values():
    for _ in range(recorder.random.randrange(4)):
        recorder.call()
        yield Value()


async def async_values():
    for value in values():
        yield value


def pick():
    recorder.call()
    return recorder.random.choice([lambda: [Value(), Value()], lambda: {"k": Value()}, Value, lambda: 7])()


@contextlib.contextmanager
def hold():
    """Swallows an exception now and then."""
    try:
        yield Value()
    except TroubleError:
        if maybe():
            raise


@contextlib.asynccontextmanager
async def async_hold():
    with hold() as value:
        yield value


async def tick(value, name):
    recorder.read(value, name)


def keep(later):
    recorder.call()
    recorder.kept.append(later)


def run():
    """Runs something that was kept."""
    recorder.call()
    if recorder.kept:
        later = recorder.random.choice(recorder.kept)
        with contextlib.suppress(StopIteration, Exception):
            next(later) if hasattr(later, "__next__") else later()


def drive(coroutine):
    """Runs a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("it waits")


def passed(function):
    return function


HELPERS = (
    async_hold, async_values, drive, hold, keep, mark, maybe, new, passed, pick, risky, run, test, tick, use, values,
    TroubleError
)  # fmt: skip


def run_program(text, seed):
    names = {"__name__": "__main__", **{helper.__name__: helper for helper in HELPERS}}
    how = "done"
    try:
        exec(compile(text, "program.py", "exec"), names)
    except SyntaxError as error:
        recorder.end(f"SyntaxError: {error}")
    except Exception as error:
        how = type(error).__name__
    for later in [*recorder.kept]:
        with contextlib.suppress(Exception):
            next(later) if hasattr(later, "__next__") else later()
    recorder.end(how)


sys.setrecursionlimit(200)
source = sys.stdin.buffer
while length := source.readline():
    number, size = map(int, length.split())
    program = source.read(size).decode()
    child = os.fork()
    if child == 0:
        recorder = Recorder(number, sys.stdout)
        run_program(program, number)
    _, status = os.waitpid(child, 0)
    if status:
        print(json.dumps({"live": [], "reads": [], "end": f"status {status}"}), flush=True)
