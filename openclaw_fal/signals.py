"""Ctrl-C, SIGTERM and SIGHUP all stop a command the same way."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130


class _State:
    """Whether a stop signal came, and whether it has to wait."""

    stopped = False
    pending = False
    held = 0


@contextmanager
def unbroken() -> Iterator[None]:
    """Hold the first stop signal back until the block ends; the second one still ends at once."""
    _State.held += 1
    try:
        yield
    finally:
        _State.held -= 1
    if _State.pending and not _State.held:
        _State.pending = False
        raise KeyboardInterrupt


@contextmanager
def stop_signals() -> Iterator[None]:
    """Turn the first stop signal into a KeyboardInterrupt; the second one ends the process at once.

    Does nothing outside the main thread, where Python delivers no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _State.stopped = _State.pending = False

    def stop(number: int, frame: FrameType | None) -> None:
        if _State.stopped:
            os._exit(INTERRUPTED)
        _State.stopped = True
        if _State.held:
            _State.pending = True
        else:
            raise KeyboardInterrupt

    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    before = {}
    for name in names:
        number = getattr(signal, name, None)
        # `nohup` ignores SIGHUP on purpose: leave what is ignored ignored.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
