"""Ctrl-C, SIGTERM and SIGHUP all stop a command the same way."""

from __future__ import annotations

import math
import os
import signal
import threading
from collections.abc import Callable, Iterator
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
    exits = True  # the second one ends the process
    alarm: threading.Timer | None = None
    grace_s = math.inf
    notice = ""
    printing = False  # the outcome is being printed
    last_words: Callable[[], object] | None = None  # right before the second one ends the process


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


def say_at_exit(last_words: Callable[[], object]) -> None:
    """`last_words` is called when the second stop signal ends the process: a document that was
    promised to a program is then still printed. It must not wait for anything."""
    _State.last_words = last_words


@contextmanager
def printing() -> Iterator[None]:
    """A block that prints the outcome: the second stop signal does not break into it, the third
    one ends the process at once, without last words."""
    _State.last_words, _State.printing = None, True
    try:
        yield
    finally:
        _State.printing = False


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
    with _handled(("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"), exits=True):
        yield


@contextmanager
def interrupts_of_a_program() -> Iterator[None]:
    """For the public functions: Ctrl-C is held back at the moments that `hold` names, as for a
    command. One that was held back until the end has its effect then; the second one comes through
    at once.

    Does nothing outside the main thread, and where the program handles SIGINT itself.
    """
    if not _in_main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    with _handled(("SIGINT",), exits=False):
        yield
    if _State.pending:
        raise KeyboardInterrupt


@contextmanager
def _handled(names: tuple[str, ...], *, exits: bool) -> Iterator[None]:
    _State.stopped = _State.held = _State.pending = _State.overdue = _State.printing = False
    _State.exits = exits
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
        if not _State.printing:
            _end_now()
        _State.printing = False
        return
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


def _end_now() -> None:
    """The second stop signal: no more waiting."""
    if not _State.exits:
        _State.pending = False
        raise KeyboardInterrupt
    if _State.last_words is not None:
        with suppress(Exception):
            _State.last_words()
    os._exit(INTERRUPTED)


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
