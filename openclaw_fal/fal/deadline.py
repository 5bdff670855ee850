"""A deadline that all network operations of a command share."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

TURN = 0.5  # seconds; a pause checks this often whether the deadline was stopped


class Deadline:
    """A point in time `seconds` from now, on the monotonic clock; None: there is no limit."""

    def __init__(
        self, seconds: float | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._end = math.inf if seconds is None else clock() + max(0.0, seconds)

    def remaining(self) -> float:
        """Seconds until the deadline; 0 when it has passed, infinite without a limit."""
        return max(0.0, self._end - self._clock())

    @property
    def expired(self) -> bool:
        return self.remaining() <= 0.0

    def stop(self) -> None:
        """Make the deadline pass now, which soon ends every operation under it, in any thread."""
        self._end = -math.inf

    def sub(self, seconds: float) -> Deadline:
        """A deadline `seconds` from now, or at the same time as this one if that is earlier."""
        return Deadline(min(seconds, self.remaining()), clock=self._clock)

    def pause(self, seconds: float, *, sleep: Callable[[float], object] = time.sleep) -> None:
        """Sleep for `seconds`, but at most until the deadline passes or is stopped."""
        rest = min(seconds, self.remaining())
        while rest > 0 and not self.expired:
            turn = min(rest, TURN)
            sleep(turn)
            rest -= turn
