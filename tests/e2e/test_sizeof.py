"""heapwise.sizeof and heapwise.explain_size: the truth, and that nothing of the program notices."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from interpreters import Environment, lacking

TARGETS = Path(__file__).resolve().parent / "targets"


def run(environment: Environment, *arguments: str) -> str:
    """What Python prints; it must end well."""
    done = subprocess.run([environment.python, *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


GROUPS = ["builtin", "numpy", "pandas", "scipy", "pyarrow", "pandas with pyarrow", "polars"]


@pytest.mark.parametrize("group", GROUPS)
def test_it_says_what_dying_frees(environment: Environment, group: str) -> None:
    for module in group.split(" with ") if group != "builtin" else ():
        if reason := lacking(environment, module):
            pytest.skip(reason)
    measured = json.loads(run(environment, str(TARGETS / "measure_sizes.py"), group))
    assert measured
    wrong = {
        name: (freed, said, own)
        for name, (freed, said, own) in measured.items()
        if abs(said - freed) > 0.02 * freed or abs(own - freed) > 0.02 * freed
    }
    assert not wrong, "bytes freed, sizeof, own bytes"


SHARED = """
import heapwise
kept = [str(number) * 5 for number in range(10_000)]
both = {"kept": kept, "own": bytes(50_000)}
size = heapwise.explain_size(both)
assert size.bytes == heapwise.sizeof(both)
assert 50_000 < size.own_bytes < 51_000, size.own_bytes
# The keys are the program's too, where constants are objects that can end.
assert 0 <= size.shared_bytes - heapwise.sizeof(kept) < 200, (size.shared_bytes, heapwise.sizeof(kept))
assert [part.name for part in size.parts] == ["['kept']", "['own']"]
assert (size.parts[0].type, size.parts[0].length, size.parts[0].bytes) == ("list", 10_000, heapwise.sizeof(kept))
# The same object twice counts once.
assert heapwise.sizeof([kept, kept]) - heapwise.sizeof(kept) < 100
print(size)
"""


def test_what_others_hold_is_told_apart(environment: Environment) -> None:
    lines = run(environment, "-c", SHARED).splitlines()
    assert lines[0].startswith("dict of 2: ")
    assert lines[0].endswith(" kB of it held by nothing else")
    assert lines[1].split()[0] == "['kept']"
    assert lines[1].endswith("list of 10,000")
    assert max(map(len, lines)) <= 80


HOSTILE = """
import gc, sys, weakref
import heapwise

def refuse(*arguments, **named):
    raise AssertionError("called")

class Meta(type):
    __len__ = __eq__ = __iter__ = refuse
    __hash__ = type.__hash__

class Hostile(metaclass=Meta):
    __len__ = __eq__ = __getattr__ = __getattribute__ = __sizeof__ = __iter__ = __repr__ = __bool__ = __dir__ = refuse
    __class__ = property(refuse)
    __dict__ = property(refuse)
    __slots__ = ("kept", "__weakref__")

class HostileList(list):
    __len__ = __getitem__ = __iter__ = __sizeof__ = __getattribute__ = refuse

hostile = Hostile()
object.__setattr__(hostile, "kept", bytes(100_000))
half = Hostile.__new__(Hostile)
items = HostileList([hostile, half])
everything = [
    hostile, half, items, weakref.proxy(hostile), type, Hostile, sys, refuse, (x for x in ()), iter([1]), lambda: half,
    property(refuse), object(), NotImplemented, range(5), slice(1), memoryview(b"x"), sys._getframe(), ValueError("x"),
    compile("1", "x", "eval"), {}.keys(), [].append, classmethod(refuse), super(Hostile, hostile),
]
def counts():
    return [sys.getrefcount(each) for each in everything] + [sys.getrefcount(each) for each in (Hostile, Meta)]

class Watch:
    def __del__(self):
        refuse()

held = [Watch()]
tracked = [gc.is_tracked(each) for each in everything]
heapwise.sizeof(everything), heapwise.explain_size(everything)
before = counts()
for _ in range(3):
    assert heapwise.sizeof(everything) > 100_000
    for each in everything:
        assert heapwise.sizeof(each) > 0, type(each)
        str(heapwise.explain_size(each))
    heapwise.sizeof(held)
each = None
assert counts() == before, (before, counts())
assert tracked == [gc.is_tracked(each) for each in everything]
del Watch.__del__
print("nothing called")
"""


def test_nothing_of_the_program_is_called_or_held(environment: Environment) -> None:
    assert run(environment, "-c", HOSTILE) == "nothing called\n"


ALONE = """
import os, sys
before = set(os.listdir("."))
import heapwise
assert "heapwise._agent" not in sys.modules
assert heapwise.sizeof(bytes(1000)) == sys.getsizeof(bytes(1000))
assert set(os.listdir(".")) == before
assert "heapwise" not in {entry.name for entry in os.scandir("/proc/self/task")}
print(sorted(os.listdir("/proc/self/task")) == [str(os.getpid())])
"""


def test_nothing_is_recorded_by_asking(environment: Environment, tmp_path: Path) -> None:
    program = tmp_path / "alone.py"
    program.write_text(ALONE)
    done = subprocess.run([environment.python, program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["alone.py"]


RECORDED = """
import heapwise
rows = [{"price": number + 0.5} for number in range(20_000)]
first = heapwise.sizeof(rows)
assert 0 <= first - heapwise.explain_size(rows).own_bytes < 100
print(first)
"""


@pytest.mark.parametrize("options", [[], ["--exact"]])
def test_it_is_the_same_in_a_recording(environment: Environment, tmp_path: Path, options: list[str]) -> None:
    program = tmp_path / "recorded.py"
    program.write_text(RECORDED)
    capture = tmp_path / "run.heapwise"
    command = ["-m", "heapwise", "run", "--no-report", *options, "-o", str(capture), str(program)]
    assert run(environment, *command) == run(environment, str(program))
    assert capture.exists()
