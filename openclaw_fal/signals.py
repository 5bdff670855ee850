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
    """What is known of stop signals. Only the main thread changes it, except `overdue`."""

    stopped = False  # the first signal came
    held = False  # the first signal has to wait for `release`
    pending = False  # the first signal came and waits
    overdue = False  # the first signal has waited for `grace_s` seconds
    exits = True  # the second signal ends the process
    alarm: threading.Timer | None = None
    grace_s = math.inf
    notice = ""
    printing = False  # the result is being printed
    status = INTERRUPTED  # with what the second signal ends the process
    before_exit: Callable[[], object] | None = (
        None  # called when the second signal ends the process
    )


def hold(notice: str = "", grace_s: float = math.inf) -> None:
    """Delay the first stop signal until `release`, for `grace_s` seconds at most.

    `notice` is printed when it comes; the second signal still ends the process at once.
    """
    if _in_main_thread():
        _State.notice, _State.grace_s = notice, grace_s
        _State.held = True


def release() -> None:
    """Stop delaying. Raises KeyboardInterrupt if a stop signal came in the meantime."""
    if _in_main_thread():
        _State.held = False
        if _State.alarm is not None:
            _State.alarm.cancel()
            _State.alarm = None
        if _State.pending:
            _State.pending = False
            raise KeyboardInterrupt


def on_second_signal(before_exit: Callable[[], object]) -> None:
    """Set what is called before the second stop signal ends the process, to print the document of
    --json. It must not wait for anything."""
    _State.before_exit = before_exit


@contextmanager
def printing(status: int) -> Iterator[None]:
    """A block that prints the result of a command that ends with `status`: only the third stop
    signal ends the process in it, without calling what `on_second_signal` set. From then on the
    first one has no effect, and the second one ends the process with `status`."""
    hold()
    _State.before_exit, _State.printing = None, True
    try:
        yield
        _State.status = status
    finally:
        _State.printing = False


@contextmanager
def delay_interrupts() -> Iterator[None]:
    """A block that the first stop signal does not interrupt: KeyboardInterrupt comes at its end."""
    hold()
    try:
        yield
    finally:
        release()


@contextmanager
def handle_stop_signals(*, process_ends: bool = False) -> Iterator[None]:
    """Turn the first stop signal into a KeyboardInterrupt; the second one ends the process at once.
    If the process ends after the block, signals are ignored then: its result is printed already.

    Does nothing outside the main thread, where Python delivers no signals.
    """
    if not _in_main_thread():
        yield
        return
    with _handled(
        ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"), exits=True, process_ends=process_ends
    ):
        yield


@contextmanager
def handle_library_interrupts() -> Iterator[None]:
    """For the public functions: `hold` delays Ctrl-C as it does for a command, but the second one
    raises KeyboardInterrupt instead of ending the process.

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
def _handled(names: tuple[str, ...], *, exits: bool, process_ends: bool = False) -> Iterator[None]:
    _State.stopped = _State.held = _State.pending = _State.overdue = _State.printing = False
    _State.exits, _State.status = exits, INTERRUPTED
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
            signal.signal(number, signal.SIG_IGN if process_ends else handler)


def _stop(number: int, frame: FrameType | None) -> None:
    if _State.overdue:  # sent by `_alarm`, perhaps after `release`
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
        # Not through the display: the interrupted code may hold its lock.
        with suppress(OSError):
            os.write(2, f"\n{_State.notice}\n".encode())
    if _State.grace_s < math.inf:
        _State.alarm = threading.Timer(_State.grace_s, _alarm, (number,))
        _State.alarm.daemon = True
        _State.alarm.start()


def _end_now() -> None:
    """The second stop signal: end the process, or raise KeyboardInterrupt in a program."""
    if not _State.exits:
        _State.pending = False
        raise KeyboardInterrupt
    if _State.before_exit is not None:
        with suppress(Exception):
            _State.before_exit()
    os._exit(_State.status)


def _alarm(number: int) -> None:
    """Send the signal to the main thread again: only a signal ends a blocked call there."""
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
