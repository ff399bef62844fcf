"""`python -m heapwise` becomes the installed program."""

from pathlib import Path

import pytest
from environment import Installed, install


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    return install(tmp_path / "env")


def test_it_becomes_the_program_with_its_arguments_and_this_interpreter(installed: Installed) -> None:
    installed.write_program('printf "%s|" "$@"; echo "$HEAPWISE_PYTHON $KEPT"; exit 7')
    done = installed.run("-m", "heapwise", "run", "a b", "--", "-x", KEPT="kept")
    assert done.stdout == f"run|a b|--|-x|{installed.python} kept\n"
    assert (done.returncode, done.stderr) == (7, "")


def test_a_missing_program_is_named_with_what_to_do(installed: Installed) -> None:
    done = installed.run("-m", "heapwise", "run", "x.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("heapwise: the heapwise program is missing; looked for ")
    assert str(installed.program) in done.stderr
    assert "-m pip install --force-reinstall heapwise" in done.stderr


def test_a_program_that_cannot_start_is_named(installed: Installed) -> None:
    installed.program.write_text("#!/no/such/shell\n")
    installed.program.chmod(0o755)
    done = installed.run("-m", "heapwise")
    assert done.returncode == 1
    assert done.stderr.startswith(f"heapwise: cannot start {installed.program}: No such file or directory. ")
