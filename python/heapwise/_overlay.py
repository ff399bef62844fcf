"""Runs a program with other text in some of its files, which stay as they are on disk.

``heapwise fix --verify`` starts a program's own command with ``HEAPWISE_OVERLAY`` in the environment: the path of a
file with pairs of paths, a zero byte behind each: the file that has other text, and the file that has it. Then
``heapwise._start`` imports this module before the program begins.

Invariants: paths, ``__file__``, ``sys.argv``, ``sys.path``, ``__main__`` and the working directory are what they are
without it; no compiled file is read or written for a file with other text; a file that is not named is not touched.
"""

from __future__ import annotations

import io
import os
import sys
from _frozen_importlib_external import SourceFileLoader

# Names for the type checker alone: to import them would change what the program finds imported.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any, NoReturn

VARIABLE = "HEAPWISE_OVERLAY"


def read_overlay(index: str) -> dict[str, bytes]:
    """The text of every file that has another one, by its path."""
    with open(index, "rb") as opened:
        paths = [os.fsdecode(path) for path in opened.read().split(b"\0")[:-1]]
    texts = {}
    for path, replacement in zip(paths[::2], paths[1::2], strict=True):
        with open(replacement, "rb") as opened:
            texts[path] = opened.read()
    return texts


def install(texts: dict[str, bytes]) -> None:
    """Makes the import system, and the interpreter where it runs a script, take those texts."""

    def text_of(path: str) -> bytes | None:
        return texts.get(path) or texts.get(os.path.abspath(path))

    original_get_code = SourceFileLoader.get_code
    original_get_data = SourceFileLoader.get_data
    original_open_code = io.open_code

    def get_code(self: Any, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        text = text_of(path)
        # The compiled file beside it is that of the text on disk, and the one made here must not be kept.
        code: CodeType | None = original_get_code(self, fullname) if text is None else self.source_to_code(text, path)
        return code

    def get_data(self: Any, path: str) -> bytes:
        text = text_of(path)
        data: bytes = original_get_data(self, path) if text is None else text
        return data

    def open_code(path: str) -> Any:
        # runpy reads a script through it, for multiprocessing's children.
        text = text_of(path)
        return original_open_code(path) if text is None else io.BytesIO(text)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
    SourceFileLoader.get_data = get_data  # type: ignore[method-assign]
    io.open_code = open_code
    _take_over_script(text_of)


def _take_over_script(text_of: Any) -> None:
    """Runs the script when the interpreter is about to open it, in the same ``__main__``."""
    waiting = True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal waiting
        if not waiting or event != "cpython.run_file":
            return
        waiting = False
        path = os.fspath(arguments[0])
        text = text_of(path)
        if text is not None:
            _run_script(path, text)

    # Else the interpreter switches tracing off in it, and with it in the program: debuggers, coverage.
    hook.__cantrace__ = True  # type: ignore[attr-defined]
    sys.addaudithook(hook)


def _run_script(path: str, text: bytes) -> NoReturn:
    """As the interpreter does it. Ends with an exception, so that the interpreter does not run the file as well."""
    namespace = sys.modules["__main__"].__dict__
    loader = SourceFileLoader("__main__", path)
    namespace.update(__file__=path, __cached__=None, __loader__=loader)
    try:
        exec(compile(text, path, "exec", dont_inherit=True), namespace)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        # Without the call from here.
        traceback = error.__traceback__.tb_next if error.__traceback__ is not None else None
        sys.excepthook(type(error), error.with_traceback(traceback), traceback)
        raise SystemExit(1) from None
    raise SystemExit(0)


install(read_overlay(os.environ[VARIABLE]))
