"""The standard streams, also when they are closed, full, or nobody reads on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

TYPE_CHECKING = False  # as type checkers know it; `typing` itself takes as long as `--version`
if TYPE_CHECKING:
    from typing import TextIO


def reopen_closed() -> None:
    """Give a standard stream that is closed (`>&-`) the null device.

    Otherwise the next file that is opened gets its number, and what is written to the stream.
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


class _ForPeople:
    """A stream for people, whose failures are ignored: when nobody reads any more, work goes on."""

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
def undisturbed() -> Iterator[None]:
    """While the block runs, writing to stderr never fails: a terminal that was closed, a reader
    that went away or a full disk must not end a job that is paid for."""
    before = sys.stderr
    sys.stderr = _ForPeople(before)
    try:
        yield
    finally:
        sys.stderr = before
        try:
            before.flush()
        except OSError:
            _give_up(before)


def give_up_stdout() -> None:
    """Discard what is still to be written to standard output, which cannot be written."""
    _give_up(sys.stdout)


def _give_up(stream: TextIO) -> None:
    """Point a stream's file at the null device, or Python fails when it flushes it at its end."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
