"""One deadline over everything that a command does on the network."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

TURN = 0.5  # seconds, after which a pause looks whether it shall go on


class Deadline:
    """A point in time on the monotonic clock, which no change of the wall clock moves.

    `seconds` from now; None means that there is no limit.
    """

    def __init__(
        self, seconds: float | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._end = math.inf if seconds is None else clock() + max(0.0, seconds)

    def remaining(self) -> float:
        """Seconds until the deadline; 0 when it has passed, infinite when there is none."""
        return max(0.0, self._end - self._clock())

    @property
    def expired(self) -> bool:
        return self.remaining() <= 0.0

    def stop(self) -> None:
        """Let the deadline pass now: whatever still keeps it, in any thread, ends soon."""
        self._end = -math.inf

    def sub(self, seconds: float) -> Deadline:
        """A deadline `seconds` from now, or this one if that comes first."""
        return Deadline(min(seconds, self.remaining()), clock=self._clock)

    def pause(self, seconds: float, *, sleep: Callable[[float], object] = time.sleep) -> None:
        """Sleep, but not past the deadline, nor past its being stopped."""
        rest = min(seconds, self.remaining())
        while rest > 0 and not self.expired:
            turn = min(rest, TURN)
            sleep(turn)
            rest -= turn
