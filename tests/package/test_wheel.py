"""What the built wheel holds: one file for every supported Python of a platform."""

import os
import re
import zipfile
from pathlib import Path

import heapwise
import pytest
from environment import REPOSITORY


@pytest.fixture(scope="module")
def wheel() -> Path:
    if given := os.environ.get("HEAPWISE_WHEEL"):
        return Path(given)
    (only,) = (REPOSITORY / "dist").glob("heapwise-*.whl")
    return only


def test_it_is_for_any_python_3_of_its_platform(wheel: Path) -> None:
    assert re.fullmatch(rf"heapwise-{re.escape(heapwise.__version__)}-py3-none-\w*linux\w*\.whl", wheel.name)


def test_it_holds_the_package_the_agent_the_program_and_the_start_up_hook(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    data = f"heapwise-{heapwise.__version__}.data"
    modules = {
        "__init__.py",
        "__main__.py",
        "_agent.pyi",
        "_agent.so",
        "_overlay.py",
        "_start.py",
        "py.typed",
        "sizes.py",
    }
    assert names == {f"heapwise/{name}" for name in modules} | {
        f"{data}/platlib/heapwise.pth",
        f"{data}/scripts/heapwise",
    }


def test_the_agent_has_no_link_time_symbol_of_cpython(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        undefined = undefined_symbols(archive.read("heapwise/_agent.so"))
    assert "malloc" in undefined or "mmap" in undefined or "mmap64" in undefined
    assert [name for name in undefined if name.startswith(("Py", "_Py"))] == []


def undefined_symbols(library: bytes) -> list[str]:
    """Names in the dynamic symbol table of a 64-bit little-endian ELF library that it does not define itself."""

    def number(at: int, size: int) -> int:
        return int.from_bytes(library[at : at + size], "little")

    assert library[:6] == b"\x7fELF\x02\x01"
    sections, size, count = number(0x28, 8), number(0x3A, 2), number(0x3C, 2)
    names = []
    for header in range(sections, sections + size * count, size):
        if number(header + 4, 4) != 11:  # SHT_DYNSYM
            continue
        table, length = number(header + 0x18, 8), number(header + 0x20, 8)
        strings = number(sections + size * number(header + 0x28, 4) + 0x18, 8)
        for symbol in range(table, table + length, 24):
            if number(symbol + 6, 2) == 0:  # SHN_UNDEF
                start = strings + number(symbol, 4)
                names.append(library[start : library.index(b"\0", start)].decode())
    return names
