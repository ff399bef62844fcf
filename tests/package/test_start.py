"""What happens when an interpreter starts: heapwise.pth and heapwise._start."""

import os
import sys
from pathlib import Path

import pytest
from environment import Installed, install

LOADED = "import sys; print(sorted(name for name in sys.modules if name.startswith('heapwise')))"
# Asks for a capture from within, where the start-up hook has seen none.
WANTED = "import os; os.environ['HEAPWISE_CAPTURE'] = '/nowhere/x.heapwise'"
RECORDING = {"HEAPWISE_CAPTURE": "/nowhere/x.heapwise"}


def by_launcher() -> dict[str, str]:
    """The variables that a launcher sets: here this test process is the launcher."""
    return {**RECORDING, "HEAPWISE_LAUNCHER_PID": str(os.getpid())}


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    return install(tmp_path / "env")


def test_nothing_is_loaded_and_no_name_is_left_without_a_capture(installed: Installed) -> None:
    installed.write_agent("raise AssertionError('loaded')")
    done = installed.run("-c", f"{LOADED}; print([name for name in globals() if name[0] != '_'])")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n['sys']\n", "")


def test_the_start_up_hook_is_one_silent_line(installed: Installed) -> None:
    lines = (installed.site_packages / "heapwise.pth").read_text().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("import ")


def test_the_agent_is_loaded_before_the_program(installed: Installed) -> None:
    installed.write_agent("import sys; assert '__main__' in sys.modules; print('agent')")
    done = installed.run("-c", f"print('program'); {LOADED}", **by_launcher())
    assert done.stdout == "agent\nprogram\n['heapwise', 'heapwise._agent', 'heapwise._start']\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_a_refusal_of_the_agent_is_one_line_and_code_78(installed: Installed) -> None:
    installed.write_agent("raise ImportError('frames of this build read differently.')")
    done = installed.run("-c", "print('program')", **by_launcher())
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr == (
        "heapwise: cannot profile this interpreter: frames of this build read differently. "
        "Run the program without heapwise, or with another interpreter of CPython 3.10 to 3.14.\n"
    )


def test_a_package_without_its_agent_says_so(installed: Installed) -> None:
    done = installed.run("-c", "print('program')", **by_launcher())
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr == (
        "heapwise: cannot profile this interpreter: the agent library is missing from the installed package. "
        "Install heapwise again.\n"
    )


@pytest.mark.parametrize("agent", ["raise ImportError('no')", "raise SystemError('no')", None])
def test_any_other_process_goes_on_in_silence(installed: Installed, agent: str | None) -> None:
    if agent is not None:
        installed.write_agent(agent)
    # Another parent than the launcher: a child that the profiled program started, for one.
    for launcher in ({}, {"HEAPWISE_LAUNCHER_PID": "1"}, {"HEAPWISE_LAUNCHER_PID": "nonsense"}):
        done = installed.run("-c", "print('program')", **RECORDING, **launcher)
        assert (done.returncode, done.stdout, done.stderr) == (0, "program\n", "")


def test_a_child_that_cannot_be_profiled_leaves_a_note(installed: Installed, tmp_path: Path) -> None:
    capture = tmp_path / "run.heapwise"
    capture.write_bytes(bytes(4096))
    installed.write_agent("raise ImportError('frames of this build read differently')")
    launcher = {"HEAPWISE_CAPTURE": str(capture), "HEAPWISE_LAUNCHER_PID": "1"}
    done = installed.run("-c", "import os; print(os.getpid(), os.getppid())", **launcher)
    assert (done.returncode, done.stderr) == (0, "")
    (note,) = (tmp_path / "run.heapwise.children").iterdir()
    ids, reason, words = note.read_text().split("\n", 2)
    assert ids == done.stdout.strip()
    assert reason == "frames of this build read differently"
    assert words.split("\0")[1] == "-c"
    # The run is over: there is nobody to read it.
    note.unlink()
    capture.write_bytes(bytes(48) + b"\1" + bytes(4047))
    assert installed.run("-c", "pass", **launcher).returncode == 0
    assert list((tmp_path / "run.heapwise.children").iterdir()) == []


@pytest.mark.parametrize(
    ("pretend", "reason", "advice"),
    [
        ("sys.implementation.name = 'pypy'", "it is PyPy 3.", "Run the program with CPython 3.10 to 3.14."),
        ("sys.version_info = (3, 9, 18)", "it is Python 3.9", "Run the program with CPython 3.10 to 3.14."),
        ("sys.version_info = (3, 15, 0)", "it is Python 3.15", "Run the program with CPython 3.10 to 3.14."),
        ("sys.abiflags = 't'", "it is a free-threaded build of Python 3.", "Run the program with the standard build"),
    ],
)
def test_other_interpreters_are_named_with_what_to_do(
    installed: Installed, pretend: str, reason: str, advice: str
) -> None:
    installed.write_agent("raise AssertionError('loaded')")
    code = f"import sys; {pretend}; {WANTED}; import heapwise._start"
    done = installed.run("-c", code, HEAPWISE_LAUNCHER_PID=str(os.getpid()))
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr.startswith(f"heapwise: cannot profile this interpreter: {reason}")
    assert advice in done.stderr
    assert done.stderr.count("\n") == 1


def test_importing_the_package_imports_nothing_else(installed: Installed) -> None:
    done = installed.run(
        "-c", "import sys; before = set(sys.modules); import heapwise; print(set(sys.modules) - before)"
    )
    assert done.stdout == "{'heapwise'}\n"


def test_the_start_itself_imports_nothing_else(installed: Installed) -> None:
    installed.write_agent("")
    new = "print(sorted(set(sys.modules) - before))"
    code = f"import sys; {WANTED}; before = set(sys.modules); import heapwise._start; {new}"
    done = installed.run("-c", code)
    assert done.stdout == "['heapwise', 'heapwise._agent', 'heapwise._start']\n", sys.version
