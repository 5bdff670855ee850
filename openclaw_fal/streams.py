"""The standard streams when they are closed, full, or no longer read."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

TYPE_CHECKING = False  # as type checkers know it; `typing` itself takes as long as `--version`
if TYPE_CHECKING:
    from typing import TextIO


def open_closed_streams() -> None:
    """Open the null device for standard streams that are closed (`>&-`).

    Otherwise the next file that is opened would get the stream's number, and its text.
    """
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= 2:
        descriptor = os.open(os.devnull, os.O_RDWR)
    os.close(descriptor)
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


class _ErrorTolerantStream:
    """A text stream whose write errors are ignored."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


@contextmanager
def ignore_stderr_errors() -> Iterator[None]:
    """A block in which writing to stderr never fails: a closed terminal, a reader that ended or a
    full disk must not end a job that is paid for."""
    before = sys.stderr
    sys.stderr = _ErrorTolerantStream(before)
    try:
        yield
    finally:
        sys.stderr = before
        try:
            before.flush()
        except OSError:
            _discard(before)


def discard_stdout() -> None:
    """Discard the buffered text of standard output after a write to it failed."""
    _discard(sys.stdout)


def _discard(stream: TextIO) -> None:
    """Redirect a stream to the null device, so that Python's last flush at exit does not fail."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
