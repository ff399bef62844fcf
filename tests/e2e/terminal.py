"""Runs a command on a pseudo-terminal, as a person at a keyboard would.

Invariant: every read has a deadline; nothing waits by sleeping.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from runner import TIME_LIMIT, clean_environ

# A session leader without a terminal gets the first one it opens as its own.
_TAKE_TERMINAL = 'exec "$@" <"$0" >"$0" 2>&1'


class Terminal:
    """A command that runs on a terminal of its own, `columns` wide."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        columns: int = 80,
        cwd: Path | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._seen = b""
        self._deadline = time.monotonic() + TIME_LIMIT
        self._child = subprocess.Popen(
            ["sh", "-c", _TAKE_TERMINAL, os.ttyname(slave), *map(str, command)],
            cwd=cwd,
            env=clean_environ({"TERM": "xterm-256color", **(environ or {})}),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
        os.close(self._master)

    def read_until(self, wanted: bytes) -> bytes:
        """Everything shown so far, once `wanted` is in it."""
        while wanted not in self._seen:
            if not self._read_more():
                raise AssertionError(f"the terminal closed before {wanted!r} was shown: {self._seen!r}")
        return self._seen

    def type(self, keys: bytes) -> None:
        """Types `keys`; b"\\x03" is Ctrl-C, b"\\x04" Ctrl-D."""
        os.write(self._master, keys)

    def finish(self) -> tuple[int, bytes]:
        """Waits for the end; returns the status as `subprocess` has it, and everything that was shown."""
        while self._read_more():
            pass
        self._child.wait(timeout=max(0.0, self._deadline - time.monotonic()))
        return self._child.returncode, self._seen.replace(b"\r\n", b"\n")

    def _read_more(self) -> bool:
        """Reads what is there; false when the terminal is closed on the other side."""
        left = self._deadline - time.monotonic()
        if left <= 0 or not select.select([self._master], [], [], left)[0]:
            raise AssertionError(f"nothing more was shown within {TIME_LIMIT:.0f} s: {self._seen!r}")
        try:
            chunk = os.read(self._master, 65_536)
        except OSError:
            return False
        self._seen += chunk
        return bool(chunk)
