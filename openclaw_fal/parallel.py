"""Several things at once, in threads that never keep the process from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

TURN_S = 0.2
"""How long Windows may take to notice Ctrl-C: a wait cannot be interrupted there."""

LAST_WORDS_S = 2.0
"""How long work that was asked to stop may take to do so."""


def all_of(
    work: Callable[[int], T], count: int, *, at_once: int, stop: Callable[[], object]
) -> list[T | Exception]:
    """`work(0)`, … `work(count - 1)`: what each one returned or raised, in that order.

    On Ctrl-C, no more work is begun, `stop` is called, and the work under way gets a moment to end;
    then KeyboardInterrupt goes on.
    """
    results: dict[int, T | Exception] = {}
    waiting = iter(range(count))
    lock = threading.Lock()
    stopped = threading.Event()

    def some() -> None:
        while not stopped.is_set():
            with lock:
                index = next(waiting, None)
            if index is None:
                return
            try:
                results[index] = work(index)
            except Exception as error:
                results[index] = error

    threads = [threading.Thread(target=some, daemon=True) for _ in range(min(count, at_once))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(TURN_S)
    except KeyboardInterrupt:
        stopped.set()
        stop()
        for thread in threads:
            if thread.ident is not None:
                thread.join(LAST_WORDS_S / len(threads))
        raise
    return [results[index] for index in range(count)]
