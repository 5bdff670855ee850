"""Runs a function several times in parallel, in daemon threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

JOIN_TIMEOUT_S = 0.2
"""Seconds until Ctrl-C is noticed on Windows, where a wait for a thread cannot be interrupted."""

STOP_TIMEOUT_S = 2.0
"""Seconds that calls which were asked to stop have to end."""


def run_parallel(
    function: Callable[[int], T], count: int, *, at_once: int, stop: Callable[[], object]
) -> list[T | Exception]:
    """Call `function(0)` … `function(count - 1)`, `at_once` at a time; return what each returned or
    raised, in that order.

    After Ctrl-C, starts no more calls, calls `stop`, waits shortly for the running calls, and
    raises KeyboardInterrupt.
    """
    results: dict[int, T | Exception] = {}
    indexes = iter(range(count))
    lock = threading.Lock()
    stopped = threading.Event()

    def run_calls() -> None:
        while not stopped.is_set():
            with lock:
                index = next(indexes, None)
            if index is None:
                return
            try:
                results[index] = function(index)
            except Exception as error:
                results[index] = error

    threads = [threading.Thread(target=run_calls, daemon=True) for _ in range(min(count, at_once))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(JOIN_TIMEOUT_S)
    except KeyboardInterrupt:
        stopped.set()
        stop()
        for thread in threads:
            if thread.ident is not None:
                thread.join(STOP_TIMEOUT_S / len(threads))
        raise
    return [results[index] for index in range(count)]
