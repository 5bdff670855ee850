"""How often and after which pauses a request is repeated."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

LONGEST_RETRY_AFTER = 24 * 3600.0  # seconds; a longer Retry-After is cut to this


class Retry(NamedTuple):
    """Growing pauses in seconds; the last one repeats. Up to the share `jitter` is added at random.

    `attempts` limits requests that could not be delivered, so that an unreachable server is
    reported soon; repeats that fal asks for (429) are limited by the deadline only.
    """

    attempts: int = 4
    pauses: tuple[float, ...] = (0.3, 0.8, 2.0, 4.0, 8.0)
    jitter: float = 0.25
    sleep: Callable[[float], object] = time.sleep

    def pause(self, failures: int) -> float:
        """Seconds to wait after the given number of failures in a row (from 1)."""
        import random

        base = self.pauses[min(failures, len(self.pauses)) - 1]
        return base * (1.0 + self.jitter * random.random())


def retry_after(value: str | None) -> float | None:
    """The seconds that a `Retry-After` header asks for: a number, or an HTTP date."""
    text = (value or "").strip()
    if not text or len(text) > 64:
        return None
    try:
        seconds = float(text)
    except ValueError:
        return _until(text)
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER) if seconds == seconds else None


def _until(date: str) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return min(max(0.0, moment - time.time()), LONGEST_RETRY_AFTER)
