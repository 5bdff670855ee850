"""Ctrl-C, SIGTERM and SIGHUP all stop a command the same way."""

from __future__ import annotations

import math
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

INTERRUPTED = 130


class _State:
    """Where the command stands with stop signals. Only the main thread changes it, but for
    `overdue`."""

    stopped = False  # one came
    held = False  # the first one has to wait
    pending = False  # it came, and waits
    overdue = False  # it has waited for as long as it may
    alarm: threading.Timer | None = None
    grace_s = math.inf
    notice = ""


def hold(notice: str = "", grace_s: float = math.inf) -> None:
    """Hold the first stop signal back until `release`, but not longer than `grace_s` seconds.

    `notice` is a line for whoever sent it; the second signal still ends the process at once.
    """
    if _in_main_thread():
        _State.notice, _State.grace_s = notice, grace_s
        _State.held = True


def release() -> None:
    """Let stop signals through again. Raises KeyboardInterrupt for one that was held back."""
    if _in_main_thread():
        _State.held = False
        if _State.alarm is not None:
            _State.alarm.cancel()
            _State.alarm = None
        if _State.pending:
            _State.pending = False
            raise KeyboardInterrupt


@contextmanager
def unbroken() -> Iterator[None]:
    """A block that the first stop signal does not break: it has its effect at the end."""
    hold()
    try:
        yield
    finally:
        release()


@contextmanager
def stop_signals() -> Iterator[None]:
    """Turn the first stop signal into a KeyboardInterrupt; the second one ends the process at once.

    Does nothing outside the main thread, where Python delivers no signals.
    """
    if not _in_main_thread():
        yield
        return
    _State.stopped = _State.held = _State.pending = _State.overdue = False
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    before = {}
    for name in names:
        number = getattr(signal, name, None)
        # `nohup` ignores SIGHUP on purpose: leave what is ignored ignored.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    if _State.overdue:  # the alarm of a signal that was held back, perhaps late
        _State.overdue = False
        if _State.pending:
            _State.pending = False
            raise KeyboardInterrupt
        return
    if _State.stopped:
        os._exit(INTERRUPTED)
    _State.stopped = True
    if not _State.held:
        raise KeyboardInterrupt
    _State.pending = True
    if _State.notice:
        # Not through the display: the code that this interrupts may hold its lock.
        with suppress(OSError):
            os.write(2, f"\n{_State.notice}\n".encode())
    if _State.grace_s < math.inf:
        _State.alarm = threading.Timer(_State.grace_s, _alarm, (number,))
        _State.alarm.daemon = True
        _State.alarm.start()


def _alarm(number: int) -> None:
    """Send the signal again, to the main thread: only so a blocked call there ends."""
    if not _State.pending:
        return
    _State.overdue = True
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, number)
    else:
        import _thread

        _thread.interrupt_main(signal.Signals(number))


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
